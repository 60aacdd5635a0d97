// Branches and returns: values go where those who take over expect them, then control does.

import type { Compiler } from "./compiler.js";
import { inSlot, type Label, toSlot } from "./labels.js";
import { type Kind, slotsOf } from "./nodes.js";
import { copy, homeOf, inVariable, type Operand } from "./operands.js";

/** Goes to a label with the operands on top, which stay on the stack. */
export function branch(c: Compiler, depth: number): string {
  const index = c.labels.length - 1 - depth;
  const label = c.labels[index]!;
  const { operands } = c.stack;
  const carried = operands.slice(operands.length - label.carried.length);
  // At the function's end there is one more instruction.
  if (index === 0) return returning(c, "fuel - 1 | 0");
  return branchTo(c, label, index < c.outside ? carried : moved(c, label, carried));
}

/**
 * Goes to a label, for which `carried` are values yet to be put where it expects them, or
 * the statements that did it; out of a part, by way of the slots.
 */
export function branchTo(c: Compiler, label: Label, carried: readonly Operand[] | string): string {
  if (typeof carried === "string")
    return `${carried} ${label.loop ? "continue" : "break"} ${label.name};`.trimStart();
  if (c.labels.indexOf(label) < c.outside) {
    let number = c.exits.indexOf(label) + 1;
    if (number === 0) number = c.exits.push(label);
    return `${toSlots(c.localSlots, carried)} control[0] = fuel; return ${number};`.trimStart();
  }
  // Into the part's parent: there are no operands but those brought along.
  let slot = c.localSlots;
  const loads: string[] = [];
  for (const kind of label.carried as Iterable<Kind>) {
    const { text } = homeOf(kind, slot);
    if (inVariable(kind)) {
      c.stack.variables.set(text, kind);
      loads.push(`${text} = ${inSlot(kind, slot)};`);
    }
    slot += slotsOf(kind);
  }
  return branchTo(c, label, loads.join(" "));
}

/** Statements that put values where a label expects them. */
function moved(c: Compiler, label: Label, carried: readonly Operand[]): string {
  let slot = slotAt(c, label.height);
  const moves: string[] = [];
  for (const operand of carried) {
    const home = homeOf(operand.kind, slot);
    if (inVariable(home.kind)) c.stack.variables.set(home.text, home.kind);
    moves.push(copy(home, operand));
    slot += slotsOf(operand.kind);
  }
  return moves.filter((move) => move !== "").join(" ");
}

function toSlots(slot: number, values: readonly Operand[]): string {
  const moves: string[] = [];
  for (const operand of values) {
    moves.push(toSlot(slot, operand));
    slot += slotsOf(operand.kind);
  }
  return moves.filter((move) => move !== "").join(" ");
}

/** The slot of the operand above `height` others. */
function slotAt(c: Compiler, height: number): number {
  if (height === 0) return c.localSlots;
  const { slot, kind } = c.stack.operands[height - 1]!;
  return slot + slotsOf(kind);
}

/** Returns the operands on top. */
export function returning(c: Compiler, fuelLeft: string): string {
  const { results, stack } = c;
  const fuel = `control[0] = ${fuelLeft};`;
  const bottom = stack.height - results.length;
  if (results.length > 1) for (let i = bottom; i < stack.height; i++) stack.settle(i);
  const values = stack.operands.slice(bottom);
  if (c.part !== null) {
    c.returns = true;
    return `${toSlots(0, values)} ${fuel} return -1;`.trimStart();
  }
  if (results === "i" || results === "r") return `${fuel} return ${values[0]!.text};`;
  return `${toSlots(0, values)} ${fuel} return 0;`.trimStart();
}
