// Calls from the host, known by the fibers that they start with.

import type { FiberView } from "../exec/fiber.js";

/** The id of the fiber that the host started a call with, of which this is one. */
export function callOf(fiber: FiberView): number {
  let at = fiber;
  while (at.parent !== null) at = at.parent;
  return at.id;
}
