// Where to go, as somebody at a debugger asks: a step back, to the call of a frame, to when
// something happened last. Each is a task that ends with a position; the replica is anywhere then.
//
// A place to stop is one where an instruction is about to be executed, or a frame about to be
// dropped by an unwind; not one where the program waits for the host. Calls that the host makes
// while it is asked belong to it: whoever steps back in the call around them does not see them.

import type { FiberView } from "../exec/fiber.js";
import type { Observer } from "../exec/hooks.js";
import { callOf } from "./calls.js";
import type { Log } from "./log.js";
import { compare, type Position } from "./position.js";
import { observed } from "./probes.js";
import type { Task, Timeline } from "./timeline.js";

/** Frames of a fiber and of those that wait for it. */
export const framesOf = ({ below, depth }: Pick<FiberView, "below" | "depth">): number =>
  below + depth;

/** What runs between two entries. */
interface Segment {
  readonly call: number;
  readonly start: Position;
  readonly end: Pick<Position, "executed" | "drops">;
}

/** The segment after so many entries. */
function segmentOf({ replica, points }: Timeline, index: number): Segment {
  const { entries, end } = replica.log;
  const before = entries[index - 1];
  const { executed, drops } = before ?? points.start;
  return {
    call: before?.call ?? replica.firstCall,
    start: { entries: index, executed, drops },
    end: entries[index] ?? end ?? { executed: Infinity, drops: Infinity },
  };
}

/** The calls in whose middle the host makes one, innermost first. */
function around({ entries }: Log, call: number): number[] {
  const froms = new Map<number, number>();
  for (const entry of entries)
    if (entry.deed.kind === "call" && entry.standing === "stopped")
      froms.set(entry.call, entry.from);
  const found: number[] = [];
  for (let at = froms.get(call) ?? 0; at !== 0; at = froms.get(at) ?? 0) found.push(at);
  return found;
}

/**
 * The place before another, `count` times, in the call of that one or around it; null where
 * there is none: the recording starts there.
 */
export function* stepBack(
  timeline: Timeline,
  from: Position,
  call: number,
  count = 1,
): Task<Position | null> {
  let at = from;
  let left = count;
  while (left > 0) {
    // Many at once are instructions.
    if (left > MANY) {
      const far = instructionsBack(timeline, at, call, left - 1);
      if (far === null) return null;
      yield* timeline.goTo(far.position);
      ({ position: at } = timeline);
      left = far.left + 1;
    }
    const found = yield* placeBefore(timeline, at, call);
    if (found === null) return null;
    at = found;
    left--;
  }
  return at;
}
const MANY = 20;

/** Whether a step back in one call may lead to another. */
const visible = (log: Log, call: number) => {
  const nested = new Map<number, boolean>();
  return (other: number): boolean => {
    let hidden = nested.get(other);
    if (hidden === undefined)
      nested.set(other, (hidden = other !== call && around(log, other).includes(call)));
    return !hidden;
  };
};

/** So many instructions back, as far as there are. */
function instructionsBack(
  timeline: Timeline,
  from: Position,
  call: number,
  count: number,
): { position: Position; left: number } | null {
  const sees = visible(timeline.replica.log, call);
  let left = count;
  let { executed } = from;
  for (let index = from.entries; index >= 0; index--) {
    const segment = segmentOf(timeline, index);
    const end = Math.min(executed, segment.end.executed);
    const length = end - segment.start.executed;
    executed = segment.start.executed;
    if (!sees(segment.call)) continue;
    if (left <= length && length > 0)
      return { position: { entries: index, executed: end - left, drops: Infinity }, left: 0 };
    left -= Math.max(0, length);
  }
  return null;
}

function* placeBefore(timeline: Timeline, from: Position, call: number): Task<Position | null> {
  const { replica } = timeline;
  const sees = visible(replica.log, call);
  for (let index = from.entries; index >= 0; index--) {
    const { start, end, call: own } = segmentOf(timeline, index);
    if (!sees(own) || compare(start, from) >= 0) continue;
    // From the last instruction on, then one by one: a few frames that are dropped.
    const last = Math.min(end.executed, from.entries === index ? from.executed : Infinity) - 1;
    const lower: Position =
      last > start.executed ? { entries: index, executed: last, drops: Infinity } : start;
    yield* timeline.goTo(lower);
    let found: Position | null = null;
    for (;;) {
      const { position } = replica;
      if (position.entries !== index || compare(position, from) >= 0) break;
      if (!replica.stands && replica.machine.fiber !== null) found = position;
      else if (replica.stands) break;
      if (replica.tick() === "end") break;
    }
    if (found !== null) return found;
  }
  return null;
}

/** The first place to stop at. */
export function* firstPlace(timeline: Timeline): Task<Position> {
  const { replica, points } = timeline;
  yield* timeline.goTo(points.start);
  while (replica.stands || replica.machine.fiber === null) {
    if (replica.tick() === "end") break;
  }
  return timeline.position;
}

/** Just before the frame was entered that is the `depth`-th of the call; null where that was before the start. */
export function entered(
  timeline: Timeline,
  before: Position,
  call: number,
  depth: number,
): Task<Position | null> {
  const watch = (hit: () => void): Observer => ({
    enter(fiber) {
      if (framesOf(fiber) === depth && callOf(fiber) === call) hit();
    },
  });
  return timeline.lastBefore(before, observed(watch));
}
