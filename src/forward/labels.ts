// Blocks while a function is compiled, and how values get from one place to another.

import { type Kind } from "./nodes.js";
import { copy, double, homeOf, inVariable, long, neutral, type Operand, word } from "./operands.js";

export interface Label {
  readonly name: string;
  readonly loop: boolean;
  /** Operands below its parameters, and what a branch to it brings. */
  readonly height: number;
  readonly carried: string;
  readonly params: string;
  readonly results: string;
  /** The last entry in it, and in its first arm. */
  readonly last: number;
  readonly lastInFirst: number;
  /** An `if`, no `else` of which was found yet. */
  oneArmed: boolean;
}

/** What lies in a slot of the frame, also of a kind that lives in variables. */
export function inSlot(kind: Kind, slot: number): string {
  if (kind === "i") return word(slot);
  if (kind === "d") return double(slot);
  return kind === "r" ? `R[p + ${slot}]` : homeOf(kind, slot).text;
}

/** Puts a value into a slot. */
export function toSlot(slot: number, operand: Operand): string {
  const { kind, text } = operand;
  return inVariable(kind) ? `${inSlot(kind, slot)} = ${text};` : copy(homeOf(kind, slot), operand);
}

/** Zero, or null, in a slot. */
export function zeroSlot(kind: Kind, slot: number): string {
  if (kind === "r") return `${inSlot(kind, slot)} = null;`;
  const zero = `${long(slot)} = 0n;`;
  return kind === "v" ? `${zero} ${long(slot + 1)} = 0n;` : zero;
}

/** Zero in a variable. */
export const zeroOf = (kind: Kind): string =>
  kind === "r" ? "null" : kind === "d" ? neutral(0) : "0";
