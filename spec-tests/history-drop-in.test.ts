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
import { makeWebAssembly } from "../src/js-api.js";
import { hashOf } from "../src/snapshot/format.js";

const host = globalThis as { WebAssembly?: unknown };
const { WebAssembly: engine } = host;
afterEach(() => {
  host.WebAssembly = engine;
});

const stateOf = async (store: Recorder["store"], { counters }: Machine) => ({
  executed: counters.executed,
  nextFiber: counters.nextFiber,
  memories: await Promise.all(store.memories.list.map(({ bytes }) => hashOf(bytes))),
  tables: store.tables.list.map(({ elements }) => elements.filter((e) => e !== null).length),
  instances: store.instances.list.length,
});

/** Runs a program recorded; then from the file, to the end, and to and fro. */
async function record(run: (mark: () => Promise<void>) => Promise<void>): Promise<void> {
  let recorder: Recorder | null = null;
  host.WebAssembly = makeWebAssembly({
    attachments: [
      {
        machine(machine) {
          recorder = new Recorder(machine, { same: (a, b) => Buffer.compare(a, b) === 0 });
        },
      },
    ],
  });
  const marks: { at: Recorder["end"]; state: object }[] = [];
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
    expect(await stateOf(replica.store, replica.machine)).toEqual(state);
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
