// One wasm function as the text of one JavaScript function: control flow, branches, and
// what every instruction has to keep up (fuel, sites, entries). What the instructions do
// is in `instructions.ts` and `calls.ts`.
//
// The compiled function is `(p, d, ...arguments)`: its slots start at scratch slot `p`, it
// may go `d` units deeper, and i32s and references are passed and returned as JavaScript
// values; everything else, and more than one result, goes through the slots. One that is
// entered in its middle is `(e)`: it stands at scratch slot 0, in entry `e`.
//
// Variables: `fuel`, taken from `control` and put back around calls; `x`, the site where
// it is let go of if something is thrown; `l3`, a local; `i4`, `d4`, `r4`, the home of the
// operand in slot 4; `t`, the result of a call.

import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import type { ValType } from "../syntax/types.js";
import { CrashError } from "../util/errors.js";
import type { Entries } from "./entries.js";
import type { Code } from "../exec/code.js";
import { kindOf, type Kind, kindsOf, type Node, slotsOf } from "./nodes.js";
import { compileInstruction } from "./instructions.js";
import {
  copy,
  double,
  homeOf,
  inVariable,
  long,
  type Operand,
  OperandStack,
  word,
} from "./operands.js";
import { conditionOf } from "./operators.js";
import type { Layout, Local, Site } from "./sites.js";
import { SLOTS_PER_UNIT } from "./scratch.js";
import { Writer } from "./writer.js";

interface Label {
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

/** What a compiled function needs, by the names that its text uses. */
export type Constants = Map<string, unknown>;

export interface Compiled {
  readonly text: string;
  readonly constants: Constants;
  readonly layout: Layout;
}

export interface Source {
  readonly func: FuncInstance;
  readonly instance: ModuleInstance;
  readonly code: Code;
  readonly nodes: readonly Node[];
  readonly entries: Entries;
}

export class Compiler {
  readonly constants: Constants = new Map();
  readonly locals: readonly Local[];
  readonly localSlots: number;
  readonly results: string;
  readonly stack: OperandStack;
  readonly code: Code;
  readonly instance: ModuleInstance;
  /** Units that a frame of the function counts for. */
  readonly weight: number;
  /** Fuel that takes it to its next check, whatever way it goes. */
  readonly reserve: number;
  /** Index of the instruction being compiled. */
  at = 0;
  /** Whether the text here can be reached from what is before. */
  reachable = true;
  /** Instructions executed since fuel was taken last. */
  private pending = 0;
  private readonly sites: Site[] = [];
  private readonly labels: Label[] = [];
  private readonly writer: Writer;
  private readonly resumed: string[] = [];

  constructor(
    private readonly source: Source,
    /** Whether it shall be entered in its middle. */
    private readonly resumable: boolean,
  ) {
    const { func, code, nodes, entries } = source;
    this.code = code;
    this.instance = source.instance;
    this.localSlots = code.localWords / 2;
    this.locals = code.localTypes.map((type, i): Local => {
      const kind = kindOf(type);
      return { kind, slot: code.localOffsets[i]! / 2, variable: inVariable(kind) };
    });
    this.results = kindsOf(func.signature.results as readonly ValType[]);
    this.weight = 1 + Math.ceil(code.maxWords / 2 / SLOTS_PER_UNIT);
    this.reserve = nodes.length + 1;
    this.stack = new OperandStack(this.localSlots, (text) => this.emit(text));
    this.writer = new Writer(resumable ? entries.count : 0);
  }

  get hasRefs(): boolean {
    return this.results.includes("r") || this.locals.some(({ kind }) => kind === "r");
  }
  /** The next instruction, if it exists. */
  get next(): Node | undefined {
    return this.source.nodes[this.at + 1];
  }
  /** Whether the function can be entered before the next instruction. */
  get entersNext(): boolean {
    return this.source.entries.at[this.at + 1] !== 0;
  }

  compile(): Compiled {
    const { nodes, entries, func } = this.source;
    this.labels.push({
      name: "B",
      loop: false,
      height: 0,
      carried: this.results,
      params: "",
      results: this.results,
      ...NO_ENTRIES,
      oneArmed: false,
    });
    if (!this.resumable) this.check(nodes[0]!, `d < ${this.weight} || fuel < ${this.reserve}`);
    for (this.at = 0; this.at < nodes.length; this.at++) {
      const node = nodes[this.at]!;
      if (entries.at[this.at] !== 0 && this.resumable) this.enter();
      if (this.at > 0 && nodes[this.at - 1]!.mnemonic === "loop")
        this.check(node, `fuel < ${this.reserve}`);
      this.node(node);
    }
    const layout = {
      func,
      locals: this.locals,
      localSlots: this.localSlots,
      homes: [...this.stack.variables].map(([name, kind]) => ({
        kind,
        slot: Number(name.slice(1)),
      })),
      sites: this.sites,
    };
    return { text: this.text(layout), constants: this.constants, layout };
  }

  /** The next instruction is done with this one. */
  skip(): void {
    this.count();
    this.at++;
  }

  emit(text: string): void {
    this.writer.statement(text);
  }

  /** Makes `value` known to the text as `name`. */
  constant(name: string, value: unknown): string {
    this.constants.set(name, value);
    return name;
  }

  // Fuel and sites.

  /** Counts the instruction that is being compiled. */
  count(instructions = 1): void {
    this.pending += instructions;
  }
  /** Takes the fuel of what was counted. */
  takeFuel(): void {
    if (this.pending > 0) this.emit(`fuel = fuel - ${this.pending} | 0;`);
    this.pending = 0;
  }
  /** Text of the fuel that is left, with nothing taken: a call takes it from there. */
  fuelLeft(): string {
    const { pending } = this;
    this.pending = 0;
    return pending === 0 ? "fuel" : `fuel - ${pending} | 0`;
  }

  /** Notes that the frame may be let go of here, before `node`. */
  site(kind: Site["kind"], node: Node, taken = 0, results = ""): number {
    this.stack.settleAll(true);
    const operands = this.stack.operands.map(({ kind: k, slot, form, of }) => {
      if (form === "expr") throw new CrashError("an operand that cannot be written back");
      return of === undefined ? { kind: k, slot, form } : { kind: k, slot, form, of };
    });
    this.sites.push({ kind, pc: node.pc, count: this.pending, operands, taken, results });
    return this.sites.length - 1;
  }
  /** Before an instruction that may throw. */
  mayThrow(node: Node): void {
    this.emit(`x = ${this.site("at", node)};`);
  }
  /** Leaves `node` to the interpreter, under a condition or always. */
  leaveTo(node: Node, condition?: string): void {
    const leave = `x = ${this.site("at", node)}; break B;`;
    this.emit(condition === undefined ? `{ ${leave} }` : `if (${condition}) { ${leave} }`);
  }
  private check(node: Node, condition: string): void {
    this.emit(`if (${condition}) { x = ${this.site("check", node)}; break B; }`);
  }

  /** Here is an entry: what of the operands is in variables must be loaded first. */
  private enter(): void {
    // Frames may come to an `end` from the other arm, or by a branch: with other operands.
    if (this.source.nodes[this.at]!.mnemonic === "end") this.stack.settleAll();
    const number = this.writer.enter();
    const loads = this.stack.operands.flatMap(({ kind, slot, form }) =>
      form === "home" && inVariable(kind)
        ? [`${homeOf(kind, slot).text} = ${saved(kind, slot)};`]
        : [],
    );
    if (loads.length > 0) this.resumed.push(`case ${number}: ${loads.join(" ")} break;`);
  }

  // Control.

  private node(node: Node): void {
    switch (node.mnemonic) {
      case "block":
      case "try_table":
      case "loop":
      case "if":
        return this.open(node);
      case "else":
        return this.else();
      case "end":
        return this.close();
      case "nop":
        return this.count();
      case "unreachable":
        this.leaveTo(node);
        this.reachable = false;
        return;
      case "br":
        this.count();
        this.takeFuel();
        this.emit(this.branch(node.a));
        this.reachable = false;
        return;
      case "br_if": {
        const condition = conditionOf(this.stack.pop());
        this.count();
        this.takeFuel();
        this.emit(`if (${condition}) { ${this.branch(node.a)} }`);
        return;
      }
      case "br_table":
        return this.table(node);
      case "return":
        this.count();
        this.emit(this.return());
        this.reachable = false;
        return;
      default:
        compileInstruction(this, node);
    }
  }

  private open(node: Node): void {
    const { params, results, mnemonic } = node;
    const condition = mnemonic === "if" ? conditionOf(this.stack.pop()) : "";
    this.stack.settleAll();
    this.count();
    const { last, lastInFirst } = this.resumable
      ? this.source.entries.within(this.at, this.writer.entry)
      : NO_ENTRIES;
    if (mnemonic !== "block" || last > this.writer.entry) this.takeFuel();
    const loop = mnemonic === "loop";
    const name = `B${this.at}`;
    const carried = loop ? params : results;
    const height = this.stack.height - params.length;
    const oneArmed = mnemonic === "if";
    const types = { height, carried, params, results };
    this.labels.push({ name, loop, ...types, last, lastInFirst, oneArmed });
    if (mnemonic === "if") {
      const resumed = `${name}: if (e === 0 ? ${condition} : e <= ${lastInFirst}) {`;
      this.writer.begin(`${name}: if (${condition}) {`, last, resumed, lastInFirst);
    } else this.writer.begin(loop ? `${name}: for (;;) {` : `${name}: {`, last);
  }

  private else(): void {
    const label = this.labels[this.labels.length - 1]!;
    const { height, params, results, last } = label;
    label.oneArmed = false;
    if (this.reachable) {
      // The `else`, and the `end` to which it leads.
      this.count(2);
      this.fall(height, results);
    }
    this.writer.middle("} else {", last);
    this.pending = 0;
    this.stack.reset(height, params);
    this.reachable = true;
  }

  private close(): void {
    const label = this.labels.pop()!;
    if (this.labels.length === 0) {
      if (this.reachable) {
        this.count();
        this.emit(this.return());
      }
      return;
    }
    if (this.reachable) {
      this.count();
      this.fall(label.height, label.results);
      if (label.loop) this.emit(`break ${label.name};`);
    }
    if (label.oneArmed) {
      // A false condition leads to the `end`.
      this.writer.middle("} else {", label.last);
      this.pending = 1;
      this.takeFuel();
    }
    this.writer.end();
    this.stack.reset(label.height, label.results);
    this.pending = 0;
    this.reachable = true;
  }

  /** Comes to the end of an arm: its results are where those of every way to there are. */
  private fall(height: number, results: string): void {
    for (let i = height; i < height + results.length; i++) this.stack.settle(i);
    this.takeFuel();
  }

  /** Goes to a label with the operands on top, which stay on the stack. */
  branch(depth: number): string {
    const label = this.labels[this.labels.length - 1 - depth]!;
    if (depth === this.labels.length - 1) return this.return(true);
    const { operands } = this.stack;
    const moves: string[] = [];
    let slot = this.slotAt(label.height);
    for (let k = 0; k < label.carried.length; k++) {
      const operand = operands[operands.length - label.carried.length + k]!;
      const home = homeOf(operand.kind, slot);
      if (inVariable(home.kind)) this.stack.variables.set(home.text, home.kind);
      moves.push(copy(home, operand));
      slot += slotsOf(operand.kind);
    }
    moves.push(label.loop ? `continue ${label.name};` : `break ${label.name};`);
    return moves.filter((move) => move !== "").join(" ");
  }

  private slotAt(height: number): number {
    return height === 0 ? this.localSlots : this.slotAfter(height - 1);
  }
  private slotAfter(i: number): number {
    const { slot, kind } = this.stack.operands[i]!;
    return slot + slotsOf(kind);
  }

  private table({ labels }: Node): void {
    const index = this.stack.pop();
    this.count();
    this.takeFuel();
    const targets = new Map<number, number[]>();
    labels
      .slice(0, -1)
      .forEach((depth, i) => targets.set(depth, [...(targets.get(depth) ?? []), i]));
    const last = labels[labels.length - 1]!;
    const cases = [...targets]
      .filter(([depth]) => depth !== last)
      .map(
        ([depth, values]) => `${values.map((i) => `case ${i}:`).join(" ")} ${this.branch(depth)}`,
      );
    this.emit(`switch (${index.text}) { ${cases.join("\n")}\ndefault: ${this.branch(last)} }`);
    this.reachable = false;
  }

  /** Returns the operands on top. After a branch to the function's end, that is executed still. */
  return(branched = false): string {
    const { results, stack } = this;
    const fuel = `control[0] = ${branched ? "fuel - 1 | 0" : this.fuelLeft()};`;
    if (results === "") return `${fuel} return 0;`;
    const operands = stack.operands.slice(stack.height - results.length);
    if (results === "i" || results === "r") return `${fuel} return ${operands[0]!.text};`;
    if (results.length > 1)
      for (let i = stack.height - results.length; i < stack.height; i++) stack.settle(i);
    let slot = 0;
    const moves = stack.operands.slice(stack.height - results.length).map((operand) => {
      const move = toSlot(slot, operand);
      slot += slotsOf(operand.kind);
      return move;
    });
    return `${moves.join(" ")} ${fuel} return 0;`;
  }

  /** The function, or what makes it from its constants. */
  private text({ func, homes }: Layout): string {
    const { resumable, locals, writer } = this;
    const name = `${resumable ? "resumed" : "wasm"}_${func.name.replace(/\W/g, "_")}`;
    const params = locals.slice(0, func.signature.params.length);
    const variables = locals.map(({ variable }, i) => (variable ? `l${i}` : "")).filter(Boolean);
    const values = [...variables, ...homes.map(({ kind, slot }) => `${kind}${slot}`)];
    const start: string[] = [];
    locals.forEach(({ kind, slot, variable }, i) => {
      if (resumable) {
        if (variable) start.push(`let l${i} = ${saved(kind, slot)};`);
      } else if (i >= params.length) {
        if (variable) start.push(`let l${i} = ${ZERO[kind]};`);
        else start.push(zeroSlot(kind, slot));
      } else if (kind === "d") start.push(`let l${i} = ${double(slot)};`);
    });
    for (const { kind, slot } of homes) start.push(`let ${kind}${slot} = ${ZERO[kind]};`);
    if (resumable) start.push(`switch (e) { ${this.resumed.join("\n")} }`);
    const passed = params.flatMap(({ kind }, i) =>
      kind === "i" || kind === "r" ? [`, l${i}`] : [],
    );
    const memory = this.constants.has("M") ? "const V = M.view;" : "";
    const exit = `letGo(Y, x, p, fuel, t${values.map((v) => `, ${v}`).join("")})`;
    return [
      `return function ${name}(${resumable ? "e, d" : `p, d${passed.join("")}`}) {`,
      resumable ? "const p = 0;" : "",
      `let fuel = control[0], x = 0, t = 0, u = null; ${memory}`,
      ...start,
      "try { B: {",
      ...writer.lines,
      "} } catch (error) { x = caught(error, x); }",
      `return ${exit};`,
      "}",
    ].join("\n");
  }
}

const NO_ENTRIES = { last: 0, lastInFirst: 0 };
const ZERO: Readonly<Record<Kind, string>> = { i: "0", d: "0", r: "null", l: "0n", f: "0", v: "" };

/** What is in a slot of the frame, of a kind that lives in variables. */
const saved = (kind: Kind, slot: number): string =>
  kind === "i" ? word(slot) : kind === "d" ? double(slot) : `R[p + ${slot}]`;

const zeroSlot = (kind: Kind, slot: number): string =>
  kind === "v" ? `${long(slot)} = 0n; ${long(slot + 1)} = 0n;` : `${long(slot)} = 0n;`;

/** Puts a value into a slot of its own, above the frame or at its bottom. */
export function toSlot(slot: number, operand: Operand): string {
  const { kind, text } = operand;
  switch (kind) {
    case "i":
      return `${word(slot)} = ${text};`;
    case "d":
      return `${double(slot)} = ${text};`;
    case "r":
      return `R[p + ${slot}] = ${text};`;
    default:
      return copy(homeOf(kind, slot), operand);
  }
}
export { saved as fromSlot };
