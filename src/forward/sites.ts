// The places where compiled code may let go of its frame, and how a frame is written back
// there: so that it stands exactly as the interpreter would have it.

import type { FuncInstance } from "../runtime/instances.js";
import { Exhaustion, Trap } from "../runtime/traps.js";
import { CrashError } from "../util/errors.js";
import { type Kind, slotsOf, slotsOfAll } from "./nodes.js";
import type { Operand } from "./operands.js";
import { control, leave, reserveFrame, run, scratch } from "./scratch.js";

export interface Site {
  /**
   * `at`: before an instruction that the interpreter has to execute; `check`: before an
   * instruction, for want of fuel or depth; `call`: at a call, in which the callee was let
   * go of, or after it for want of fuel.
   */
  readonly kind: "at" | "check" | "call";
  readonly pc: number;
  /** Instructions executed, but not yet taken from the fuel variable. */
  readonly count: number;
  readonly operands: readonly Saved[];
  /** Of a call: words of its operands, and the kinds of its results. */
  readonly taken: number;
  readonly results: string;
}
export type Saved = Pick<Operand, "kind" | "slot" | "form" | "of">;

export interface Local {
  readonly kind: Kind;
  readonly slot: number;
  /** Whether it lives in a variable. */
  readonly variable: boolean;
}

/** What is known about a compiled function. */
export interface Layout {
  readonly func: FuncInstance;
  readonly locals: readonly Local[];
  readonly localSlots: number;
  /** The variables that are operands' homes, in the order in which they are handed over, after those of locals. */
  readonly homes: readonly { readonly kind: Kind; readonly slot: number }[];
  readonly sites: readonly Site[];
}

/**
 * What ended compiled code is a trap, which the interpreter will tell about, or a fault of
 * Bobbin. Or the host's own stack is used up, by whoever called: where that was found, there
 * may be no site, so nothing can go on.
 */
export function caught(error: unknown, site: number): number {
  const { message } = error as Error;
  if (/call stack size|too much recursion/.test(message))
    throw new Exhaustion("call stack exhausted", "the stack of the host");
  if (error instanceof Trap || error instanceof RangeError) return ~site;
  throw error;
}

/**
 * Writes the frame back that stands at `at` (inverted where an error was thrown there).
 * `values` are the variables: locals, then homes.
 */
export function letGo(
  layout: Layout,
  at: number,
  p: number,
  fuel: number,
  result: unknown,
  ...values: unknown[]
): 0 {
  const { func, locals, localSlots, homes, sites } = layout;
  const thrown = at < 0;
  const site = sites[thrown ? ~at : at]!;
  const { fiber } = run;
  const fp = reserveFrame(func, p);
  const { operands } = site;
  const last = operands[operands.length - 1];
  const top = last === undefined ? localSlots : last.slot + slotsOf(last.kind);
  fiber.i32.set(scratch.i32.subarray(2 * p, 2 * (p + top)), fp);

  const put = (kind: Kind, slot: number, value: unknown): void => {
    if (kind === "i") fiber.i32[fp + 2 * slot] = value as number;
    else if (kind === "d") fiber.f64[(fp >> 1) + slot] = value as number;
    else fiber.refs[(fp >> 1) + slot] = value;
  };
  let next = 0;
  for (const { kind, slot, variable } of locals) {
    if (variable) put(kind, slot, values[next++]);
    else if (kind === "r") put(kind, slot, scratch.refs[p + slot]);
  }
  for (const { kind, slot, form, of } of operands) {
    if (form === "home") {
      if (kind !== "i" && kind !== "d" && kind !== "r") continue;
      const i = homes.findIndex((home) => home.kind === kind && home.slot === slot);
      put(kind, slot, values[next + i]);
    } else if (form === "local") copySlot(fp, locals[of![0]!]!.slot, slot, kind);
    else if (kind === "r") put(kind, slot, null);
    else {
      fiber.i32[fp + 2 * slot] = of![0]!;
      if (of!.length > 1) fiber.i32[fp + 2 * slot + 1] = of![1]!;
    }
  }

  const sp = fp + 2 * top;
  if (site.kind === "call" && !thrown) {
    if (control[0] !== -1) {
      // The callee returned, with too little fuel to go on.
      control[1] = control[0]!;
      control[0] = -1;
      const to = top - site.taken / 2;
      const kinds = site.results;
      if (kinds === "i" || kinds === "r") put(kinds, to, result);
      else {
        const words = 2 * slotsOfAll(kinds);
        fiber.i32.set(scratch.i32.subarray(2 * (p + top), 2 * (p + top) + words), fp + 2 * to);
        for (let k = 0, slot = 0; k < kinds.length; slot += slotsOf(kinds[k++]!))
          if (kinds[k] === "r") put("r", to + slot, scratch.refs[p + top + slot]);
      }
      leave(func, site.pc + 4, fp, fp + 2 * (to + slotsOfAll(kinds)));
    } else leave(func, site.pc, fp, sp);
    return 0;
  }
  if (control[0] === -1) throw new CrashError(`${func.name} was let go of twice`);
  control[1] = fuel - site.count;
  control[0] = -1;
  run.stuck = site.kind !== "check";
  leave(func, site.pc, fp, sp);
  return 0;
}

function copySlot(fp: number, from: number, to: number, kind: Kind): void {
  const { fiber } = run;
  if (kind === "r") fiber.refs[(fp >> 1) + to] = fiber.refs[(fp >> 1) + from];
  else fiber.i32.copyWithin(fp + 2 * to, fp + 2 * from, fp + 2 * (from + slotsOf(kind)));
}
