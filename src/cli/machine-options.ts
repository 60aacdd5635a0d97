// The options of a machine that the command line gives.

import type { Tier } from "../exec/hooks.js";
import type { MachineOptions } from "../exec/machine.js";
import { tierOf, type TierName } from "../forward/choose.js";
import { ForwardTier } from "../forward/tier.js";
import type { HostOptions } from "./options.js";

let told = false;

/** A tier by its name. Says, once, where this host lets none but the interpreter execute. */
export function chosenTier(name: TierName, note: (line: string) => void): Tier | null {
  const tier = tierOf(name);
  if (tier instanceof ForwardTier && tier.unavailable !== null && !told) {
    told = true;
    note(`the interpreter executes everything: no code can be made here (${tier.unavailable})`);
  }
  return tier;
}

/** @param note takes what there is to say besides */
export function machineOptions(
  { fuel, maxFrames, tier = "interpreter" }: HostOptions,
  note: (line: string) => void,
): Pick<MachineOptions, "fuel" | "maxFrames" | "tier"> {
  return {
    ...(fuel === undefined ? {} : { fuel }),
    ...(maxFrames === undefined ? {} : { maxFrames }),
    tier: chosenTier(tier, note),
  };
}
