// A record as the frame that it stands for: on a fiber of its own, which nobody runs, so that
// whoever shows frames shows it like any other.

import { Fiber, Frame } from "../../exec/fiber.js";
import { codeOf } from "../../exec/lower.js";
import type { FuncInstance } from "../../runtime/instances.js";
import type { Asyncify } from "./asyncify.js";
import { restoreWords } from "./plans.js";

export interface DecodedFrame {
  readonly fiber: Fiber;
  /** Locals that the record holds: the others are zeros, for nobody reads them. */
  readonly liveLocals: readonly number[];
}

/** Null where the bytes are no record of that function. */
export function decodeRecord(
  asyncify: Asyncify,
  func: FuncInstance,
  address: number,
  size: number,
): DecodedFrame | null {
  const found = asyncify.recordAt(func, address, size);
  if (found === null) return null;
  const fiber = new Fiber(0, null, false);
  const frame = (fiber.frames[0] = new Frame());
  fiber.depth = 1;
  frame.func = func;
  fiber.reserve(codeOf(func).maxWords);
  if (!restoreWords(fiber, found.site, asyncify.references, found.words)) return null;
  fiber.status = "suspended";
  const site = asyncify.roles.sites(func.index).find((s) => s.callIndex === found.site.callIndex);
  return { fiber, liveLocals: site?.liveLocals ?? [] };
}
