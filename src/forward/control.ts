// Blocks and what ends them. A block is a labelled block, a loop one that repeats; the
// operands below it, its parameters and its results are in their homes, so that whatever
// comes together there finds the same.

import { branch, returning } from "./branches.js";
import type { Compiler } from "./compiler.js";
import { compileInstruction } from "./instructions.js";
import type { Node } from "./nodes.js";
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

function table(c: Compiler, { labels }: Node): void {
  const index = c.stack.pop();
  c.count();
  c.takeFuel();
  const last = labels[labels.length - 1]!;
  const targets = new Map<number, number[]>();
  labels.forEach((depth, i) => {
    if (depth === last) return;
    const values = targets.get(depth);
    if (values === undefined) targets.set(depth, [i]);
    else values.push(i);
  });
  const cases = [...targets].map(
    ([depth, values]) => `${values.map((i) => `case ${i}:`).join(" ")} ${branch(c, depth)}`,
  );
  c.emit(`switch (${index.text}) { ${cases.join("\n")}\ndefault: ${branch(c, last)} }`);
  c.reachable = false;
}
