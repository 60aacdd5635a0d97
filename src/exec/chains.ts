// Chains: fibers that resumed each other, moved as one. Putting one aside and taking it
// up again changes a link or two: no frame is copied or looked at, so it costs the same
// at any depth.

import { Exhaustion } from "../runtime/traps.js";
import type { Fiber } from "./fiber.js";
import type { FiberSwitch } from "./hooks.js";
import type { Machine } from "./machine.js";

export interface Chain {
  /** Where it goes on: the innermost of its fibers. */
  readonly fiber: Fiber;
  /** The outermost of them, which returns to whoever resumes the chain. */
  readonly outer: Fiber;
}

/**
 * Makes a chain's fibers the innermost ones, above `resumer`, and goes on in them.
 * @throws Exhaustion; then nothing has changed
 */
export function joinChain(
  machine: Machine,
  { fiber: inner, outer }: Chain,
  resumer: Fiber,
  how: FiberSwitch,
): void {
  const moved = resumer.below + resumer.depth - outer.below;
  outer.resumer = resumer;
  if (moved !== 0)
    for (let fiber: Fiber | null = inner; fiber !== resumer; fiber = fiber!.resumer)
      fiber!.below += moved;
  machine.goTo(inner, how);
}

/** Frames count over all fibers that wait for each other. @throws Exhaustion */
export function checkRoom({ maxFrames }: Machine, resumer: Fiber, { fiber, outer }: Chain): void {
  const below = resumer.below + resumer.depth;
  const own = fiber.below + fiber.depth - outer.below;
  if (below + Math.max(own, 1) > maxFrames)
    throw new Exhaustion("call stack exhausted", `${below} frames`);
}

/** Puts aside the current fiber and all between it and `outer`; the machine goes on below. */
export function cutChain(machine: Machine, outer: Fiber): Chain {
  const chain = { fiber: machine.fiber!, outer };
  const { parent } = outer;
  outer.resumer = null;
  machine.goTo(parent!, "suspend");
  return chain;
}
