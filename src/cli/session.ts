// A program ready to run: the module of a file, its machine, its instance, and
// whoever answers its imports. All commands that run programs start here.

import { instantiate } from "../exec/instantiate.js";
import { type Observer, observers } from "../exec/hooks.js";
import { Machine, stackOf } from "../exec/machine.js";
import { listNames, nearNames } from "../debug/names.js";
import type { Fiber } from "../exec/fiber.js";
import type { FuncInstance, Imports, ModuleInstance } from "../runtime/instances.js";
import type { StackEntry } from "../runtime/traps.js";
import type { Value } from "../runtime/values.js";
import { formatValType } from "../syntax/types.js";
import { parseValue } from "../text/values.js";
import { BobbinError, UsageError } from "../util/errors.js";
import type { ValidModule } from "../valid/validate.js";
import type { Context } from "./context.js";
import { HostException } from "./failure.js";
import { type HostScript, loadHost } from "./host-file.js";
import { readValidModule } from "./input.js";
import type { ExecutionOptions } from "./options.js";
import { mergeImports, stubImports } from "./stubs.js";

export interface OpenOptions extends ExecutionOptions {
  readonly observer?: Observer;
  /** Where the host script's `log` goes. Default: stdout. */
  readonly log?: (line: string) => void;
}

export interface Session {
  readonly file: string;
  readonly module: ValidModule;
  readonly machine: Machine;
  readonly instance: ModuleInstance;
  readonly host: HostScript | null;
  /** Calls an export and runs it to its end, through the host script where it wants that. */
  invoke(name: string, args: readonly Value[]): Promise<readonly Value[]>;
  /** What an error of a host function is to be told as. */
  explain(error: unknown): unknown;
}

/** @throws InputError, MalformedError, InvalidError, LinkError; Trap and Exhaustion of the start function */
export async function open(file: string, options: OpenOptions, context: Context): Promise<Session> {
  const module = await readValidModule(file);
  const log = options.log ?? context.out;
  const host =
    options.host === undefined
      ? null
      : await loadHost(options.host, { log: (...values) => log(values.map(String).join(" ")) });
  const pending = new PendingCalls();
  const machine = new Machine({
    ...(options.fuel === undefined ? {} : { fuel: options.fuel }),
    ...(options.maxFrames === undefined ? {} : { maxFrames: options.maxFrames }),
    observer:
      options.observer === undefined ? pending.observer : observers(pending.observer, options.observer),
  });
  const supplied: Imports = mergeImports();
  const imports =
    options.stubImports === true
      ? mergeImports(supplied, stubImports(module, supplied, context.note))
      : supplied;
  let instance: ModuleInstance;
  try {
    instance = instantiate(machine, module, imports);
  } catch (error) {
    throw pending.explain(error);
  }
  return {
    file,
    module,
    machine,
    instance,
    host,
    explain: (error) => pending.explain(error),
    async invoke(name, args) {
      try {
        return await machine.invokeAsync(exportedFunction(instance, name), args);
      } catch (error) {
        throw pending.explain(error);
      }
    },
  };
}

/** The host calls that have not returned: when one throws, they tell which. */
class PendingCalls {
  private readonly calls: { fiber: Fiber | null; func: FuncInstance }[] = [];

  readonly observer: Observer = {
    hostCall: (fiber, func) => {
      this.calls.push({ fiber, func });
    },
    hostReturn: (fiber, func) => {
      const at = this.calls.findLastIndex((call) => call.func === func && call.fiber === fiber);
      this.calls.splice(at, 1);
    },
  };

  explain(error: unknown): unknown {
    const call = this.calls.pop();
    this.calls.length = 0;
    if (call === undefined || error instanceof BobbinError) return error;
    const stack: StackEntry[] = call.fiber === null ? [] : stackOf(call.fiber);
    return new HostException(`import ${call.func.name}`, error, stack);
  }
}

const functionNames = (instance: ModuleInstance): string[] =>
  [...instance.exports].filter(([, { kind }]) => kind === "func").map(([name]) => name);

/** @throws UsageError that lists what could have been meant */
export function exportedFunction(instance: ModuleInstance, name: string): FuncInstance {
  const found = instance.exports.get(name);
  if (found?.kind === "func") return found.func;
  const names = functionNames(instance);
  const near = nearNames(name, names);
  const hint =
    near.length > 0
      ? `did you mean ${near.join(" or ")}?`
      : names.length > 0
        ? `exported functions are ${listNames(names)}`
        : "the module exports no function";
  const what = found === undefined ? "there is no export" : `export is a ${found.kind}, no function:`;
  throw new UsageError(`${what} ${JSON.stringify(name)}: ${hint}`);
}

/** Where a program starts without `--invoke`: null where its start function was all. */
export function defaultExport(instance: ModuleInstance): string | null {
  const names = functionNames(instance);
  const found = ["_start", "main"].find((name) => names.includes(name));
  if (found !== undefined) return found;
  if (names.length === 0 && instance.module.start !== undefined) return null;
  throw new UsageError(
    names.length === 0
      ? "the module exports no function to run"
      : `exports neither _start nor main: choose with --invoke NAME from ${listNames(names)}`,
  );
}

/**
 * Reads arguments by the types of the parameters.
 * @throws UsageError
 */
export function parseArguments(name: string, func: FuncInstance, texts: readonly string[]): Value[] {
  const { params } = func.signature;
  if (texts.length !== params.length) {
    const types = params.length === 0 ? "" : ` (${params.map(formatValType).join(" ")})`;
    const plural = params.length === 1 ? "" : "s";
    throw new UsageError(
      `${name} takes ${params.length} argument${plural}${types}, ${texts.length} given`,
    );
  }
  return texts.map((text, i) => {
    try {
      return parseValue(text, params[i]!);
    } catch (error) {
      throw error instanceof UsageError
        ? new UsageError(`argument ${i + 1} of ${name}: ${error.message}`)
        : error;
    }
  });
}
