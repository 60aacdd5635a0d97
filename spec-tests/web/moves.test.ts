// A drag asks for more places than the machine can go to: only the last one counts.

import { expect, test } from "@jest/globals";
import { withMove } from "../../web/src/moves.js";
import type { Move } from "../../web/src/worker/api.js";

const waiting = (...moves: Move[]): readonly Move[] => moves.reduce<readonly Move[]>(withMove, []);

test("moves that wait are as few as lead to the same place", () => {
  expect(
    waiting({ kind: "to", time: 1 }, { kind: "to", time: 2 }, { kind: "to", time: 3 }),
  ).toEqual([{ kind: "to", time: 3 }]);
  expect(waiting({ kind: "step", count: 1 }, { kind: "next" }, { kind: "start" })).toEqual([
    { kind: "start" },
  ]);
  expect(
    waiting({ kind: "to", time: 5 }, { kind: "step", count: 1 }, { kind: "step", count: 2 }),
  ).toEqual([
    { kind: "to", time: 5 },
    { kind: "step", count: 3 },
  ]);
  // A step and a step back are not nothing: at an end, one of them leads nowhere.
  expect(waiting({ kind: "step", count: 1 }, { kind: "back", count: 1 })).toHaveLength(2);
  expect(waiting({ kind: "event" }, { kind: "event" })).toHaveLength(2);
});
