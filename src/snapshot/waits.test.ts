// Machines that wait at an atomic instruction: the wait begins anew in the new process,
// with the memory that it finds.

import { expect, test } from "@jest/globals";
import { drive } from "../exec/drive.js";
import { notify } from "../exec/waits.js";
import { i32 } from "../runtime/values.js";
import { load, save, start } from "./programs.testing.js";

const program = (timeout: bigint): string => `
  (memory (export "m") 1 1 shared)
  (func (export "run") (param $n i32) (result i32)
    (i32.add (local.get $n)
      (memory.atomic.wait32 (i32.const 8) (i32.const 0) (i64.const ${timeout}))))`;

/** Saved in the middle of the wait, after `before` on its memory. */
async function waiting(timeout: bigint, before: (memory: DataView) => void = () => undefined) {
  const at = start(program(timeout), 10);
  const outcome = await drive(at.machine, { stopBefore: () => true });
  expect(outcome).toMatchObject({ kind: "host", call: { func: { name: "memory.atomic.wait32" } } });
  before(at.instances[0]!.memories[0]!.view);
  const bytes = await save(at);
  const loaded = await load(bytes);
  return { bytes, loaded, memory: loaded.instances[0]!.memories[0]! };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

test("it waits on, and a notification wakes it", async () => {
  const { bytes, loaded, memory } = await waiting(-1n);
  expect(loaded.machine.fiber).toMatchObject({
    status: "waiting",
    hostCall: { func: { name: "memory.atomic.wait32" } },
  });
  expect(await save(loaded)).toEqual(bytes);
  expect(notify(memory, 8, 1)).toBe(0);
  const driven = drive(loaded.machine);
  await turn();
  expect(notify(memory, 12, 1)).toBe(0);
  expect(notify(memory, 8, 5)).toBe(1);
  expect(await driven).toEqual({ kind: "returned", results: [i32(10)] });
});

test("a timeout begins anew", async () => {
  const { loaded } = await waiting(1_000_000n);
  expect(await drive(loaded.machine)).toEqual({ kind: "returned", results: [i32(12)] });
});

test("what the memory does not hold any more is not waited for", async () => {
  const { loaded } = await waiting(-1n, (view) => view.setInt32(8, 5, true));
  expect(loaded.machine.fiber).toMatchObject({ status: "suspended", hostCall: null });
  expect(loaded.machine.run()).toEqual({ kind: "returned", results: [i32(11)] });
});

test("while the original waits, too", async () => {
  const at = start(program(-1n), 10);
  const driven = drive(at.machine);
  await turn();
  const loaded = await load(await save(at));
  const again = drive(loaded.machine);
  await turn();
  for (const { instances } of [at, loaded])
    expect(notify(instances[0]!.memories[0]!, 8, 5)).toBe(1);
  const returned = { kind: "returned", results: [i32(10)] };
  expect(await Promise.all([driven, again])).toEqual([returned, returned]);
});
