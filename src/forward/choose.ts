// The tiers by name.

import type { Tier } from "../exec/hooks.js";
import { ForwardTier } from "./tier.js";

/**
 * `interpreter`: every instruction by the interpreter; `mixed`: what takes time is
 * compiled; `forward`: everything is, at its first call; `alternate`: the two take turns
 * at every chance, which tests that both leave the same frames.
 */
export const TIERS = ["interpreter", "mixed", "forward", "alternate"] as const;
export type TierName = (typeof TIERS)[number];

/** A tier for one machine; null: the interpreter. */
export function tierOf(name: TierName): Tier | null {
  if (name === "interpreter") return null;
  return new ForwardTier({ eager: name === "forward", alternate: name === "alternate" });
}
