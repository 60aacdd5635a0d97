// Moves that wait for the machine: a drag makes more of them than it can answer.

import type { Move } from "./worker/api.js";

/** The same with one more, as few as lead to the same place. */
export function withMove(waiting: readonly Move[], move: Move): readonly Move[] {
  const before = waiting.slice(0, -1);
  const last = waiting.at(-1);
  // Wherever the others would have led.
  if (move.kind === "to" || move.kind === "start" || move.kind === "end") return [move];
  if (last === undefined) return [move];
  if ("count" in move && last.kind === move.kind)
    return [...before, { kind: move.kind, count: last.count + move.count }];
  return [...waiting, move];
}
