// Files of recordings: what comes out is what went in, and a file that nobody could have
// written is refused, or goes as far as it goes; whatever is in it, nothing crashes.

import { createHash } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { describe, expect, test } from "@jest/globals";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { Asyncify } from "../fiber/asyncify/asyncify.js";
import { AsyncifyInstances } from "../fiber/asyncify/instances.js";
import { i32 } from "../runtime/values.js";
import { SnapshotError } from "../snapshot/errors.js";
import { sha256 } from "../snapshot/format.js";
import { importsFor, moduleOf, PROGRAMS } from "../snapshot/programs.testing.js";
import { random } from "../util/random.js";
import { RecordingError } from "./errors.js";
import { isRecording, readRecording, writeRecording, writeRecordingAtOnce } from "./file.js";
import { Recorder } from "./recorder.js";
import { Replica } from "./replica.js";

/**
 * @param late whether the instance is made while it is recorded, and changed by hand
 * @param native whether it has native asyncify then
 */
async function record(wat: string, late = false, native = false): Promise<Recorder> {
  const module = moduleOf(wat);
  const machine = new Machine();
  const early = late ? new Recorder(machine) : null;
  const asyncified = new AsyncifyInstances(machine);
  const instance = instantiate(machine, module, importsFor(module), (made) => {
    if (!native) return;
    const asyncify = new Asyncify(module, {
      inSecondaryMemory: true,
      onState: asyncified.stateChanged,
    });
    asyncify.attach(made);
    asyncified.add(asyncify, made);
  });
  const recorder = early ?? new Recorder(machine, { instances: [instance] });
  if (late) {
    machine.start(instance.func("run"), [i32(3)]);
    machine.run({ fuel: 2 });
    const fiber = machine.fiber!;
    recorder.edit({ kind: "slot", fiber, word: 0, value: i32(2) });
    const [memory] = instance.memories;
    if (memory !== undefined)
      recorder.edit({ kind: "memory", memory, at: 8, bytes: Uint8Array.of(1, 2, 3) });
    machine.run({ fuel: 2 });
  }
  for (const n of [2, 4]) {
    // A call that traps is recorded too: one program drops what it needs.
    await machine.invokeAsync(instance.func("run"), [i32(n)]).catch(() => null);
    instance.memories[0]?.view.setInt32(500, n, true);
  }
  recorder.stop();
  return recorder;
}

const WRITES = `
  (import "env" "ask" (func $ask (param i32) (result i32)))
  (memory (export "memory") 1)
  (table (export "table") 2 funcref)
  (global (export "count") (mut i64) (i64.const 0))
  (func (export "run") (param i32) (result i32) (local i32)
    (loop $go
      (i32.store (local.get 0) (call $ask (local.get 0)))
      (global.set 0 (i64.add (global.get 0) (i64.load (local.get 0))))
      (br_if $go (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (i32.load (i32.const 2)))`;
const ALL = { ...PROGRAMS, "memory that the host can reach": WRITES };

test("a log is read as it was written", async () => {
  const recorder = await record(WRITES);
  const bytes = await writeRecording(recorder);
  expect(isRecording(bytes)).toBe(true);
  const { log } = await readRecording(bytes);
  expect(log.entries).toEqual(recorder.entries);
  expect(log.entries.some(({ changes }) => changes !== null)).toBe(true);
  expect(log.end).toEqual(recorder.end);
});

test("native asyncify of an instance that is made late is in the file", async () => {
  const recorder = await record(WRITES, true, true);
  const { log, start, codec } = await readRecording(await writeRecording(recorder));
  expect(log.entries).toEqual(recorder.entries);
  const made = log.entries.find(({ deed }) => deed.kind === "instance")!;
  expect(made.deed).toMatchObject({ asyncify: { overflowLikeBinaryen: false } });
  const replica = await Replica.load(start, log, { codec });
  expect(replica.advance(log.end!)).toBe("there");
  expect(replica.store.asyncifies).toHaveLength(1);
  const changed = { ...made, deed: { ...made.deed, asyncify: null } } as typeof made;
  const entries = log.entries.map((entry) => (entry === made ? changed : entry));
  const other = await Replica.load(start, { ...log, entries }, { codec });
  other.advance(log.end!);
  expect(other.store.asyncifies).toHaveLength(0);
});

test("the file that is made at once says the same", async () => {
  const recorder = await record(WRITES);
  const [sha256AtOnce, deflate] = [
    (bytes: Uint8Array) => createHash("sha256").update(bytes).digest(),
    (bytes: Uint8Array) => deflateRawSync(bytes),
  ];
  // Also where it is wanted before the start is there.
  for (const made of [await record(WRITES), recorder]) {
    const bytes = writeRecordingAtOnce(made, { sha256: sha256AtOnce, deflate });
    const { log, start, codec } = await readRecording(bytes);
    expect(log.entries).toEqual(recorder.entries);
    const replica = await Replica.load(start, log, { codec });
    expect(replica.advance(log.end!)).toBe("there");
  }
});

test("a run that was broken off goes on from its last entry by itself", async () => {
  const module = moduleOf(`(global $n (mut i32) (i32.const 0)) (func (export "run") (loop $l
    (global.set $n (i32.add (global.get $n) (i32.const 1))) (br $l)))`);
  const machine = new Machine();
  const instance = instantiate(machine, module, importsFor(module));
  const recorder = new Recorder(machine, { instances: [instance] });
  machine.start(instance.func("run"), []);
  recorder.cut();
  recorder.stop();
  const { log, start, codec } = await readRecording(await writeRecording(recorder));
  expect(log.end).toBeNull();
  const replica = await Replica.load(start, log, { codec });
  expect(replica.advance({ entries: 1, executed: 5001, drops: 0 })).toBe("there");
  expect(replica.store.globals.list[0]!.words[0]).toBe(1000);
});

test("what is cut, damaged, of another version or another kind is refused", async () => {
  const bytes = await writeRecording(await record(WRITES));
  const refused = (changed: Uint8Array) => expect(readRecording(changed)).rejects;
  for (const length of [0, 5, 8, 40, bytes.length - 1])
    await refused(bytes.slice(0, length)).toThrow(RecordingError);
  const newer = bytes.slice();
  newer[7] = 9;
  await refused(newer).toThrow(/format version 9, written by a later version/);
  const flipped = bytes.slice();
  flipped[bytes.length >> 1]! ^= 1;
  await refused(flipped).toThrow(/damaged \(at byte 0x10\)/);
  await refused(new Uint8Array(100)).toThrow(/this is no recording/);
});

const asked = process.env["BOBBIN_SEEDS"];
const [from = 0, to = 150] = (asked ?? "0:150").split(":").map(Number);

describe.each(Object.entries(ALL))("%s", (_name, wat) => {
  test.each([
    [false, false],
    [true, false],
    [true, true],
  ])(
    `changed at random, with checksums that fit, seeds ${from} to ${to}; made late: %s, natively asyncified: %s`,
    async (late, native) => {
      const bytes = await writeRecording(await record(wat, late, native), false);
      const whole = await readRecording(bytes);
      const again = await Replica.load(whole.start, whole.log, { codec: whole.codec });
      expect(again.advance(whole.log.end!)).toBe("there");
      let opened = 0;
      let refused = 0;
      for (let seed = from; seed < to; seed++) {
        const changed = await damage(bytes, random(seed));
        try {
          const { start, log, codec } = await readRecording(changed);
          const replica = await Replica.load(start, log, { codec });
          opened++;
          replica.advance({ entries: Infinity, executed: Infinity, drops: Infinity }, 20_000);
        } catch (error) {
          if (!(error instanceof RecordingError || error instanceof SnapshotError)) throw error;
          refused++;
        }
      }
      expect(opened).toBeGreaterThan(0);
      expect(refused).toBeGreaterThan(0);
    },
    120_000,
  );
});

/** Changes a few bytes, mostly of the log, which is at the end. */
async function damage(bytes: Uint8Array, next: () => number): Promise<Uint8Array> {
  const changed = bytes.slice();
  for (let left = 1 + (next() % 3); left > 0; left--) {
    const near = Math.max(200, next() % 4 > 0 ? changed.length - 300 : 0);
    const at = near + (next() % (changed.length - near));
    changed[at] = next() % 2 === 0 ? next() : changed[at]! ^ (1 << (next() % 8));
  }
  changed.fill(0, 16, 48);
  changed.set(await sha256(changed), 16);
  return changed;
}
