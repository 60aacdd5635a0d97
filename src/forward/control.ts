// Blocks, branches and returns. A block is a labelled block, a loop one that repeats; the
// operands below it, its parameters and its results are in their homes, so that whatever
// comes together there finds the same.

import type { Compiler } from "./compiler.js";
import { inSlot, type Label, toSlot } from "./labels.js";
import { type Kind, type Node, slotsOf } from "./nodes.js";
import { compileInstruction } from "./instructions.js";
import { copy, homeOf, inVariable, type Operand } from "./operands.js";
import { conditionOf } from "./operators.js";

export function compileNode(c: Compiler, node: Node): void {
  switch (node.mnemonic) {
    case "block":
    case "try_table":
    case "loop":
    case "if":
      return open(c, node);
    case "else":
      return otherwise(c);
    case "end":
      return close(c);
    case "nop":
      return c.count();
    case "unreachable":
      c.leave();
      c.reachable = false;
      return;
    case "br":
      c.count();
      c.takeFuel();
      c.emit(branch(c, node.a));
      c.reachable = false;
      return;
    case "br_if": {
      const condition = conditionOf(c.stack.pop());
      c.count();
      c.takeFuel();
      c.emit(`if (${condition}) { ${branch(c, node.a)} }`);
      return;
    }
    case "br_table":
      return table(c, node);
    case "return":
      c.count();
      c.emit(returning(c, c.fuelLeft()));
      c.reachable = false;
      return;
    default:
      compileInstruction(c, node);
  }
}

const NO_ENTRIES = { last: 0, lastInFirst: 0 };

function open(c: Compiler, { params, results, mnemonic }: Node): void {
  const condition = mnemonic === "if" ? conditionOf(c.stack.pop()) : "";
  c.stack.settleAll();
  c.count();
  const { last, lastInFirst } = c.resumable
    ? c.source.entries.within(c.at, c.writer.entry)
    : NO_ENTRIES;
  if (mnemonic !== "block" || last > c.writer.entry) c.takeFuel();
  const loop = mnemonic === "loop";
  const name = `B${c.at}`;
  const types = { carried: loop ? params : results, params, results };
  const height = c.stack.height - params.length;
  const oneArmed = mnemonic === "if";
  c.labels.push({ name, loop, height, ...types, last, lastInFirst, oneArmed });
  if (mnemonic === "if") {
    const resumed = `${name}: if (e === 0 ? ${condition} : e <= ${lastInFirst}) {`;
    c.writer.begin(`${name}: if (${condition}) {`, last, resumed, lastInFirst);
  } else c.writer.begin(loop ? `${name}: for (;;) {` : `${name}: {`, last);
}

function otherwise(c: Compiler): void {
  const label = c.labels[c.labels.length - 1]!;
  const { height, params, results, last } = label;
  label.oneArmed = false;
  if (c.reachable) {
    // The `else`, and the `end` to which it leads.
    c.count(2);
    fall(c, height, results);
  }
  c.writer.middle("} else {", last);
  c.uncount();
  c.stack.reset(height, params);
  c.reachable = true;
}

function close(c: Compiler): void {
  const label = c.labels.pop()!;
  if (c.labels.length === 0) {
    c.labels.push(label);
    if (!c.reachable) return;
    c.count();
    c.emit(returning(c, c.fuelLeft()));
    return;
  }
  if (c.reachable) {
    c.count();
    fall(c, label.height, label.results);
    if (label.loop) c.emit(`break ${label.name};`);
  }
  if (label.oneArmed) {
    // A false condition leads to the `end`.
    c.writer.middle("} else {", label.last);
    c.uncount();
    c.count();
    c.takeFuel();
  }
  c.writer.end();
  c.stack.reset(label.height, label.results);
  c.uncount();
  c.reachable = true;
}

/** Comes to the end of an arm: its results are where those of every way to there are. */
function fall(c: Compiler, height: number, results: string): void {
  for (let i = height; i < height + results.length; i++) c.stack.settle(i);
  c.takeFuel();
}

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

function table(c: Compiler, { labels }: Node): void {
  const index = c.stack.pop();
  c.count();
  c.takeFuel();
  const last = labels[labels.length - 1]!;
  const targets = new Map<number, number[]>();
  labels.forEach((depth, i) => {
    if (depth !== last) targets.set(depth, [...(targets.get(depth) ?? []), i]);
  });
  const cases = [...targets].map(
    ([depth, values]) => `${values.map((i) => `case ${i}:`).join(" ")} ${branch(c, depth)}`,
  );
  c.emit(`switch (${index.text}) { ${cases.join("\n")}\ndefault: ${branch(c, last)} }`);
  c.reachable = false;
}

/** Returns the operands on top. */
function returning(c: Compiler, fuelLeft: string): string {
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
