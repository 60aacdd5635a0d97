// Files of recordings: what comes out is what went in, and a file that nobody could have
// written is refused, or goes as far as it goes; whatever is in it, nothing crashes.

import { describe, expect, test } from "@jest/globals";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { i32 } from "../runtime/values.js";
import { SnapshotError } from "../snapshot/errors.js";
import { sha256 } from "../snapshot/format.js";
import { importsFor, moduleOf, PROGRAMS } from "../snapshot/programs.testing.js";
import { random } from "../util/random.js";
import { RecordingError } from "./errors.js";
import { isRecording, readRecording, writeRecording } from "./file.js";
import { Recorder } from "./recorder.js";
import { Replica } from "./replica.js";

/** @param late whether the instance is made while it is recorded, and changed by hand */
async function record(wat: string, late = false): Promise<Recorder> {
  const module = moduleOf(wat);
  const machine = new Machine();
  const early = late ? new Recorder(machine) : null;
  const instance = instantiate(machine, module, importsFor(module));
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
  test.each([false, true])(
    `changed at random, with checksums that fit, seeds ${from} to ${to}; made late: %s`,
    async (late) => {
      const bytes = await writeRecording(await record(wat, late), false);
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
