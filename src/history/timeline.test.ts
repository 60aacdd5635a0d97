// Going to and fro: within a bound of memory, in pieces, and to be left at any time.

import { beforeAll, expect, test } from "@jest/globals";
import { codeOf } from "../exec/lower.js";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { tierOf } from "../forward/choose.js";
import { i32 } from "../runtime/values.js";
import { moduleOf } from "../snapshot/programs.testing.js";
import { History } from "./history.js";
import { compare, formatPosition, parsePosition, type Position } from "./position.js";
import { events, marks } from "./probes.js";
import { firstPlace, stepBack } from "./queries.js";
import { Recorder } from "./recorder.js";
import { finish, type TimelineOptions } from "./timeline.js";

/** Writes somewhere in 4 MiB at each of its rounds. */
const BUSY = `
  (memory 64)
  (func (export "run") (param $n i32) (result i32) (local $x i32)
    (loop $go
      (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 1103515245)) (i32.const 12345)))
      (i32.store (i32.and (local.get $x) (i32.const 0x3ffffc)) (local.get $n))
      (call $tick (local.get $n))
      (br_if $go (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $x))
  (func $tick (param i32) (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 1000))) (then (call $thousand))))
  (func $thousand)`;

const ROUNDS = 40_000;
let recorder: Recorder;
let end: Position;

beforeAll(() => {
  const machine = new Machine({ tier: tierOf("mixed") });
  const instance = instantiate(machine, moduleOf(BUSY));
  recorder = new Recorder(machine, { instances: [instance] });
  machine.invoke(instance.func("run"), [i32(ROUNDS)]);
  recorder.stop();
  ({ end } = recorder);
});

const timelineOf = (options: TimelineOptions = {}) =>
  History.of(recorder, { tier: tierOf("mixed"), ...options }).timeline();

const at = (executed: number): Position => ({ entries: 1, executed, drops: Infinity });

test("checkpoints stay within their bound, and are close where one looks", async () => {
  const maxBytes = 24 * 2 ** 20;
  // Time goes by the look at the clock: how busy the machine is changes nothing.
  let clock = 0;
  const timeline = await timelineOf({ maxBytes, spacing: 5000, now: () => (clock += 5) });
  expect(await finish(timeline.goTo(end))).toBe("there");
  const { points } = timeline;
  expect(points.count).toBeGreaterThan(3);
  expect(points.bytes).toBeLessThanOrEqual(maxBytes);
  const middle = Math.floor(end.executed / 2);
  await finish(timeline.goTo(at(middle)));
  expect(timeline.position.executed).toBe(middle);
  expect(points.bytes).toBeLessThanOrEqual(maxBytes);
  expect(middle - points.before(timeline.position).position.executed).toBeLessThan(
    end.executed / 8,
  );
});

test("pages that did not change are shared", async () => {
  const timeline = await timelineOf({ spacing: 1000 });
  await finish(timeline.goTo(at(20_000)));
  const { points } = timeline;
  // Each alone would take 4 MiB.
  expect(points.count).toBeGreaterThan(8);
  expect(points.bytes).toBeLessThan(points.count * 2 ** 21);
});

test("what takes long tells what it is at, and may be left", async () => {
  const timeline = await timelineOf({ spacing: 1e9 });
  const told: number[] = [];
  let left = 5;
  const outcome = await finish(timeline.goTo(end), {
    onProgress: ({ done, total }) => {
      told.push(done);
      expect(total).toBe(end.executed);
    },
    cancelled: () => --left === 0,
  });
  expect(outcome).toBeNull();
  expect(told).toHaveLength(5);
  expect([...told].sort((a, b) => a - b)).toEqual(told);
  expect(timeline.position.executed).toBeLessThan(end.executed);
  // Wherever it stands now, the next one goes where it wants.
  expect(await finish(timeline.goTo(at(1000)))).toBe("there");
  expect(await finish(timeline.goTo(end))).toBe("there");
});

test("the last time, and the n-th", async () => {
  const timeline = await timelineOf({ spacing: 30_000 });
  const { instances, machine } = timeline.replica;
  const [, , thousand] = instances[0]!.funcs;
  const probe = marks([{ instance: 0, index: thousand!.index, pc: codeOf(thousand!).starts[0]! }]);
  const roundOf = () => {
    const { frames, i32: words } = machine.fiber!;
    return words[frames[0]!.fp];
  };
  const last = await finish(timeline.lastBefore(end, probe));
  await finish(timeline.goTo(last!));
  expect(roundOf()).toBe(1000);
  expect(machine.fiber!.top.func).toBe(thousand);
  const before = await finish(timeline.lastBefore(last!, probe));
  await finish(timeline.goTo(before!));
  expect(roundOf()).toBe(2000);
  const third = await finish(timeline.nth(3, probe));
  await finish(timeline.goTo(third!));
  expect(roundOf()).toBe(ROUNDS - 2000);
  expect(await finish(timeline.nth(ROUNDS / 1000 + 1, probe))).toBeNull();
  expect(
    await finish(
      timeline.lastBefore(
        end,
        events(() => true),
      ),
    ),
  ).toBeNull();
  // Nobody watches any more.
  expect(machine.stopsAt).toBeNull();
});

test("steps back from anywhere, one and many", async () => {
  const timeline = await timelineOf();
  const { replica } = timeline;
  await finish(timeline.goTo(end));
  for (const [count, expected] of [
    [1, end.executed - 1],
    [100_000, end.executed - 100_000],
  ] as const) {
    const found = await finish(stepBack(timeline, end, 1, count));
    expect(found).toEqual({ entries: 1, executed: expected, drops: 0 });
  }
  const first = await finish(firstPlace(timeline));
  expect(await finish(stepBack(timeline, first!, 1))).toBeNull();
  expect(replica.call).toBe(1);
});

test("positions as text", () => {
  for (const text of ["0:0", "3:1204", "3:1204+2"])
    expect(formatPosition(parsePosition(text)!)).toBe(text);
  for (const text of ["", "3", "3:", "3:4+", "-1:2", "3:4 "])
    expect(parsePosition(text)).toBeNull();
  expect(compare(parsePosition("1:5")!, parsePosition("2:5")!)).toBeLessThan(0);
  expect(compare(parsePosition("2:5+1")!, parsePosition("2:5")!)).toBeGreaterThan(0);
});
