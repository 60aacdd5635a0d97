// Programs with glue of their own, on the object `WebAssembly` and recorded from before their
// first instance on: memories that the glue makes, functions that it puts into tables, bytes
// that it writes. The file alone gives every state of the run again.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "@jest/globals";
import type { Machine } from "../src/exec/machine.js";
import { tierOf } from "../src/forward/choose.js";
import { readRecording, writeRecording } from "../src/history/file.js";
import { Recorder } from "../src/history/recorder.js";
import { Replica } from "../src/history/replica.js";
import { finish, Timeline } from "../src/history/timeline.js";
import {
  makeWebAssembly,
  type WebAssemblyNamespace,
  type WebAssemblyOptions,
} from "../src/js-api.js";
import { hashOf } from "../src/snapshot/format.js";

const host = globalThis as { WebAssembly?: unknown };
const { WebAssembly: engine } = host;
afterEach(() => {
  host.WebAssembly = engine;
});

/** @param likewise no more than that state has: instances stay, once they have been made */
const stateOf = async (
  { memories, tables, asyncifies }: Recorder["store"],
  { counters }: Machine,
  likewise?: State,
): Promise<State> => ({
  executed: counters.executed,
  nextFiber: counters.nextFiber,
  memories: await Promise.all(
    memories.list.slice(0, likewise?.memories.length).map(({ bytes }) => hashOf(bytes)),
  ),
  tables: tables.list
    .slice(0, likewise?.tables.length)
    .map(({ elements }) => elements.filter((e) => e !== null).length),
  asyncifies: asyncifies
    .slice(0, likewise?.asyncifies.length)
    .map(({ state, data }) => [state, data]),
});
interface State {
  readonly executed: number;
  readonly nextFiber: number;
  readonly memories: readonly string[];
  readonly tables: readonly number[];
  readonly asyncifies: readonly (readonly number[])[];
}

/** Runs a program recorded; then from the file, to the end, and to and fro. */
async function record(
  run: (mark: () => Promise<void>) => Promise<void>,
  options: WebAssemblyOptions = {},
): Promise<void> {
  let recorder: Recorder | null = null;
  host.WebAssembly = makeWebAssembly({
    ...options,
    attachments: [
      {
        machine(machine) {
          recorder = new Recorder(machine, { same: (a, b) => Buffer.compare(a, b) === 0 });
        },
      },
    ],
  });
  const marks: { at: Recorder["end"]; state: State }[] = [];
  const { store, machine, ...recorded } = recorder! as Recorder;
  const mark = async () => {
    marks.push({ at: recorder!.end, state: await stateOf(store, machine) });
  };
  await run(mark);
  await mark();
  expect(recorder!.problem).toBeNull();
  expect(recorded.modules.length).toBeGreaterThan(0);
  const { start, log, codec } = await readRecording(await writeRecording(recorder!));
  const replica = await Replica.load(start, log, { codec, machine: { tier: tierOf("mixed") } });
  const timeline = new Timeline(replica);
  for (const index of [marks.length - 1, 0, 1, marks.length - 1]) {
    const { at, state } = marks[index]!;
    expect(await finish(timeline.goTo(at))).toBe("there");
    expect(await stateOf(replica.store, replica.machine, state)).toEqual(state);
  }
}

test("QuickJS, which calls back", async () => {
  await record(async (mark) => {
    const { newQuickJSWASMModuleFromVariant } = await import("quickjs-emscripten-core");
    const { default: variant } = await import("@jitl/quickjs-wasmfile-release-sync");
    const quickjs = await newQuickJSWASMModuleFromVariant(variant as never);
    await mark();
    const vm = quickjs.newContext();
    const evaluate = (code: string): unknown => {
      const result = vm.evalCode(code);
      return vm.dump(result.error ?? result.value) as unknown;
    };
    const double = vm.newFunction("double", (x) => vm.newNumber(2 * vm.getNumber(x)));
    vm.setProp(vm.global, "double", double);
    await mark();
    expect(evaluate("[3, 1, 2].sort().map(double)")).toEqual([2, 4, 6]);
    await mark();
    expect(evaluate("JSON.stringify({ a: [1, 2], b: 'x'.repeat(3) })")).toBe(
      '{"a":[1,2],"b":"xxx"}',
    );
  });
}, 120_000);

test("SQLite, whose host unwinds it", async () => {
  await record(async (mark) => {
    const sqlite = await import("wa-sqlite");
    const { default: factory } = (await import("wa-sqlite/dist/wa-sqlite-async.mjs" as string)) as {
      default: (options: object) => Promise<object>;
    };
    const file = createRequire(import.meta.url).resolve("wa-sqlite/dist/wa-sqlite-async.wasm");
    const api = sqlite.Factory(await factory({ wasmBinary: readFileSync(file) }));
    await mark();
    const db = await api.open_v2(":memory:");
    await api.exec(db, "create table t (a, b); insert into t values (1, 'x'), (2, 'y'), (3, 'z')");
    await mark();
    const rows: unknown[] = [];
    await api.exec(db, "select sum(a), group_concat(b) from t", (row) => void rows.push(row));
    expect(rows).toEqual([[6, "x,y,z"]]);
  });
}, 120_000);

/** What the fixture's functions need of a host, which unwinds and rewinds them. */
type Exports = Record<string, (...args: number[]) => number>;
interface Sleeper {
  readonly exports: Exports;
  readonly run: (n: number) => number;
}

test("two instances of a module that nobody instrumented, both suspended, one of them made late", async () => {
  const bytes = readFileSync(new URL("../fixtures/wasm/sleep.wasm", import.meta.url));
  await record(
    async (mark) => {
      const api = host.WebAssembly as WebAssemblyNamespace;
      const module = new api.Module(bytes);
      const make = (): Sleeper => {
        let wakes = false;
        const sleep = (): void => {
          wakes = !wakes;
          if (!wakes) return exports["asyncify_stop_rewind"]!() as never;
          const words = new Int32Array(
            (exports["memory"] as unknown as { buffer: ArrayBuffer }).buffer,
          );
          words.set([0x10008, 0x11000], 0x10000 / 4);
          exports["asyncify_start_unwind"]!(0x10000);
        };
        const instance = new api.Instance(module, { env: { sleep, log_i32: () => undefined } });
        const exports = instance.exports as unknown as Exports;
        return { exports, run: (n) => exports["main"]!(n) };
      };
      const suspend = ({ exports, run }: Sleeper) => {
        run(2);
        expect(exports["asyncify_get_state"]!()).toBe(1);
        exports["asyncify_stop_unwind"]!();
      };
      const resume = ({ exports, run }: Sleeper): number => {
        exports["asyncify_start_rewind"]!(0x10000);
        const result = run(2);
        const unwinds = exports["asyncify_get_state"]!() === 1;
        if (unwinds) exports["asyncify_stop_unwind"]!();
        return unwinds ? resume({ exports, run }) : result;
      };
      const first = make();
      suspend(first);
      await mark();
      const second = make();
      suspend(second);
      await mark();
      const results = [resume(first), resume(second)];
      expect(results[0]).toBe(results[1]);
      // In the middle of an unwind of both.
      first.run(2);
      second.run(2);
      await mark();
      first.exports["asyncify_stop_unwind"]!();
    },
    { asyncify: {} },
  );
});
