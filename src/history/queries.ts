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
import type { Position } from "./position.js";
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

/** Whether a run comes to a position, as far as its log tells. */
export function mayBeAt(timeline: Timeline, { entries, executed, drops }: Position): boolean {
  if (entries > timeline.replica.log.entries.length) return false;
  const { start, end } = segmentOf(timeline, entries);
  const lasts = executed < end.executed || drops <= end.drops;
  return executed >= start.executed && drops >= start.drops && executed <= end.executed && lasts;
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

/** Whether a step back in one call may lead to another: not to one that it makes by way of the host. */
function visibleFrom(log: Log, call: number): (other: number) => boolean {
  const known = new Map<number, boolean>();
  return (other) => {
    let visible = known.get(other);
    if (visible === undefined)
      known.set(other, (visible = other === call || !around(log, other).includes(call)));
    return visible;
  };
}

/**
 * The place that lies `count` steps before another, in the call of that one or around it; null
 * where there are not so many.
 *
 * A step is an instruction, or a frame that is dropped: so the steps between two places are
 * what the two counts of positions differ by. How many frames were dropped where is not known
 * before one is there; that there are not fewer steps than instructions is.
 */
export function* stepBack(
  timeline: Timeline,
  from: Position,
  call: number,
  count = 1,
): Task<Position | null> {
  const { replica } = timeline;
  const visible = visibleFrom(replica.log, call);
  const far = instructionsBack(timeline, from, visible, count);
  if (far === null) yield* firstPlace(timeline);
  else yield* timeline.goTo(far);
  let steps = stepsBetween(timeline, timeline.position, from, visible);
  if (steps < count) return null;
  while (steps > count || replica.stands || !visible(replica.call)) {
    const { executed, drops } = replica.position;
    const counts = visible(replica.call);
    if (replica.tick() === "end") return null;
    const { position } = replica;
    if (counts) steps -= position.executed - executed + position.drops - drops;
  }
  return timeline.position;
}

/** The place that lies so many instructions before another; null where there are not so many. */
function instructionsBack(
  timeline: Timeline,
  from: Position,
  visible: (call: number) => boolean,
  count: number,
): Position | null {
  let left = count;
  for (let index = from.entries; index >= 0; index--) {
    const { call, start, end } = segmentOf(timeline, index);
    const last = index === from.entries ? from.executed : end.executed;
    const length = visible(call) ? last - start.executed : 0;
    if (left <= length) return { entries: index, executed: last - left, drops: Infinity };
    left -= length;
  }
  return null;
}

/** Steps from one place to a later one. */
function stepsBetween(
  timeline: Timeline,
  from: Position,
  to: Position,
  visible: (call: number) => boolean,
): number {
  let steps = 0;
  for (let index = from.entries; index <= to.entries; index++) {
    const { call, start, end } = segmentOf(timeline, index);
    const first = index === from.entries ? from : start;
    const last = index === to.entries ? to : end;
    if (visible(call)) steps += last.executed - first.executed + last.drops - first.drops;
  }
  return steps;
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
