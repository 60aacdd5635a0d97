// For tests: a program as text, on a machine with native asyncify, whose imports unwind when
// they are called, and stop the rewind when they are called again.

import binaryen from "binaryen";
import { decode } from "../../binary/decode.js";
import { instantiate } from "../../exec/instantiate.js";
import { Machine, type MachineOptions } from "../../exec/machine.js";
import { type ExternInstance, FuncInstance, type ModuleInstance } from "../../runtime/instances.js";
import { i32, i64, type Value } from "../../runtime/values.js";
import { validate, type ValidModule } from "../../valid/validate.js";
import { Asyncify, type AsyncifySettings } from "./asyncify.js";
import type { AsyncifyEvent, RecordEvent } from "./events.js";

/** The data pointer, and where its records start. */
export const DATA = 16;
export const BUFFER = 1024;
/** What a host function answers that has no results of its own. */
export const ANSWER = 77;

export function moduleOf(wat: string): ValidModule {
  const parsed = binaryen.parseText(wat);
  // Of all features some are encoded in ways of their own, compact imports for one.
  const { Features } = binaryen;
  parsed.setFeatures(
    Features.ExceptionHandling |
      Features.TailCall |
      Features.ReferenceTypes |
      Features.Multivalue |
      Features.GC |
      Features.BulkMemory |
      Features.Memory64 |
      Features.MultiMemory |
      Features.StackSwitching,
  );
  binaryen.setDebugInfo(true);
  const bytes = parsed.emitBinary();
  parsed.dispose();
  return validate(decode(bytes));
}

export interface ProgramOptions {
  /** Whether imports stop the rewind that they are reached by. Default: yes. */
  readonly stops?: boolean;
  /** Imports of `env` that do something else. */
  readonly env?: Readonly<Record<string, (args: readonly Value[]) => readonly Value[]>>;
  readonly machine?: MachineOptions;
}

export function program(
  wat: string | ValidModule,
  settings: AsyncifySettings = {},
  { stops = true, env = {}, machine: limits = {} }: ProgramOptions = {},
) {
  const module = typeof wat === "string" ? moduleOf(wat) : wat;
  const events: AsyncifyEvent[] = [];
  const asyncify = new Asyncify(module, { ...settings, listener: (event) => events.push(event) });
  const machine = new Machine({ ...limits, interposer: asyncify });
  const call = (name: string, ...args: Value[]) => {
    const found = instance.exports.get(name);
    if (found?.kind !== "func") throw new Error(`no function ${name}`);
    return machine.invoke(found.func, args);
  };
  const pointer = (n: number) =>
    asyncify.roles.memory.pointer === "i64" ? i64(BigInt(n)) : i32(n);
  const slept: number[] = [];
  const own = new Map<string, ExternInstance>();
  for (const { module: from, name, description } of module.imports) {
    if (description.kind !== "func" || from !== "env") continue;
    const type = module.context.defTypes[description.type]!;
    const sleep = (args: readonly Value[]): readonly Value[] => {
      const [x] = args;
      if (asyncify.state === 0) call("asyncify_start_unwind", pointer(DATA));
      else {
        if (x?.type === "i32") slept.push(x.value);
        if (stops) call("asyncify_stop_rewind");
      }
      const { results } = type.sub.comp as { results: readonly unknown[] };
      return results.length === 0 ? [] : [i32(ANSWER)];
    };
    const func = FuncInstance.host(type, `env.${name}`, env[name] ?? sleep);
    own.set(name, { kind: "func", func });
  }
  const imports = new Map([
    ["env", own],
    ["asyncify", new Map(asyncify.imports)],
  ]);
  const instance: ModuleInstance = instantiate(machine, module, imports, (made) =>
    asyncify.attach(made),
  );
  const { view, bytes } = asyncify.records.memory;
  const size = asyncify.records.pointerSize;
  /** Makes the buffer empty. */
  const clear = (end = BUFFER + 512) => {
    view.setInt32(DATA, BUFFER, true);
    view.setInt32(DATA + size, end, true);
  };
  clear();
  const records = () =>
    events.filter((e): e is RecordEvent => e.type === "push" || e.type === "pop");
  /** `push f 0` for each record. */
  const story = () => records().map((e) => `${e.type} ${e.name} ${e.callIndex}`);
  /** Calls an export again and again until it does not unwind: what it returns then. */
  const sleepThrough = (name: string, ...args: Value[]) => {
    for (let turns = 0; turns < 100; turns++) {
      const results = call(name, ...args);
      if (asyncify.state === 0) return results;
      call("asyncify_stop_unwind");
      call("asyncify_start_rewind", pointer(DATA));
    }
    throw new Error(`${name} sleeps for ever`);
  };
  return { asyncify, call, clear, slept, events, records, story, sleepThrough, instance, machine, pointer, view, bytes }; // prettier-ignore
}
