// One concern of the checker. Monitors are told everything in the order in which it
// happens. The shadow state has taken in a runtime call before they hear of it, and a
// record after.

import { type Code, offsetOfPc } from "../../exec/code.js";
import type { Departure } from "../../exec/hooks.js";
import type { FiberView } from "../../exec/fiber.js";
import type { FuncInstance } from "../../runtime/instances.js";
import type { RecordEvent, RuntimeEvent } from "../events.js";
import type { Context } from "./context.js";
import type { Facts, Part } from "./facts.js";
import type { OtherParty } from "./finding.js";
import type { Report } from "./report.js";
import type { PushedRecord } from "./continuations.js";
import type { Shadow } from "./shadow.js";
import type { WriterWatch } from "./writers.js";
import { hex } from "../../util/hex.js";

/** What monitors share. */
export interface Surroundings {
  readonly facts: Facts;
  readonly context: Context;
  readonly shadow: Shadow;
  readonly report: Report;
  /** In a second run. */
  readonly writers: WriterWatch | null;
}

export interface Monitor {
  runtime?(event: RuntimeEvent): void;
  push?(event: RecordEvent): void;
  pop?(event: RecordEvent): void;
  /** A function of the instance was entered, or is about to be left. */
  enter?(fiber: FiberView): void;
  leave?(fiber: FiberView, how: Departure): void;
  hostCall?(fiber: FiberView | null, func: FuncInstance): void;
  hostReturn?(fiber: FiberView | null, func: FuncInstance): void;
  /** A call from the host ended: `error` is undefined where it returned. */
  ended?(func: FuncInstance, error: unknown): void;
  trap?(fiber: FiberView, error: { readonly reason: string; readonly detail: string }): void;
  /** The run is over. */
  finish?(): void;
}

/** `nap (call 0 at byte 0xdb, 16 bytes at 0x3e8)` */
export function describeRecord({ event, site }: PushedRecord): string {
  const at = site === null ? "" : ` at byte ${hex(offsetOfPc(site.func.code as Code, site.pc))}`;
  const address = hex(event.address);
  return `${event.name} (call ${event.callIndex}${at}, ${event.size} bytes at ${address})`;
}

export function partOf({ context, facts }: Surroundings, func: FuncInstance): Part {
  if (func.instance === null) return "import";
  return context.own(func) ? facts.part(func.index) : "plain";
}

/** The unwind under way, as the other party of a finding. */
export const unwindOf = ({ shadow: { unwind } }: Surroundings): OtherParty | null =>
  unwind === null
    ? null
    : { event: unwind.event, text: `start_unwind(${hex(unwind.data)}) by ${unwind.leaf.name}` };
