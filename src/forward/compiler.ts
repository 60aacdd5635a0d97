// One wasm function as the text of one JavaScript function: what every instruction has to
// keep up (fuel, sites, entries) is here; blocks and branches are in `control.ts`, and what
// the instructions do is in `instructions.ts`, `calls.ts` and the files that they use.
//
// The compiled function is `(p, d, ...arguments)`: its slots start at scratch slot `p`
// (word `q`), may go `d` units deeper, and i32s and references are passed and returned as JavaScript
// values; everything else, and more than one result, goes through the slots. One that is
// entered in its middle is `(e, d)`: it stands at scratch slot 0, in entry `e`.
//
// Variables: `fuel`, taken from `control` and put back around calls; `x`, the site where
// it is let go of if something is thrown; `l3`, a local; `i4`, `d4`, `r4`, the home of the
// operand in slot 4; `t`, the result of a call, and `u`, its callee; `k`, what a part of a
// function that was split answers: 0, to go on after it; the number of an exit; -1, that it
// returns, with results in the slots; -2, that the frame was let go of.

import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import type { ValType } from "../syntax/types.js";
import { CrashError } from "../util/errors.js";
import type { Code } from "../exec/code.js";
import { branchTo } from "./branches.js";
import { compileNode } from "./control.js";
import type { Entries } from "./entries.js";
import { inSlot, type Label } from "./labels.js";
import { kindOf, kindsOf, type Node } from "./nodes.js";
import { homeOf, inVariable, OperandStack } from "./operands.js";
import type { Region } from "./regions.js";
import { SLOTS_PER_UNIT } from "./scratch.js";
import type { Layout, Local, Site } from "./sites.js";
import { functionText } from "./text.js";
import { Writer } from "./writer.js";

/** What a compiled function needs, by the names that its text uses. */
export type Constants = Map<string, unknown>;

export interface Source {
  readonly func: FuncInstance;
  readonly instance: ModuleInstance;
  readonly code: Code;
  readonly nodes: readonly Node[];
  readonly entries: Entries;
  /** What becomes a function of its own, in order. */
  readonly regions: readonly Region[];
  /** Numbers of all of these, and of those in them. */
  readonly numbers: ReadonlyMap<Region, number>;
}

/** A stretch of a function as a function of its own, called from `parent`. */
interface Part {
  readonly number: number;
  readonly region: Region;
  readonly parent: Compiler;
}

/** Locals of a function that has more live in slots: all variables are handed over as arguments. */
const MOST_VARIABLES = 2000;

export class Compiler {
  readonly constants: Constants;
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
  readonly labels: Label[];
  /** How many of the labels are outside of the part. */
  readonly outside: number;
  /** Labels outside to which the part branches: what it returns then is their index here, from 1. */
  readonly exits: Label[] = [];
  readonly writer: Writer;
  /** Texts of the parts. */
  readonly parts: string[] = [];
  /** What is done on entry, by entries. */
  readonly arrivals: string[] = [];
  /** Index of the instruction being compiled. */
  at = 0;
  /** Whether the text here can be reached from what is before. */
  reachable = true;
  /** Whether a part returns from the function. */
  returns = false;
  /** Instructions executed since fuel was taken last. */
  private pending = 0;
  private readonly sites: Site[] = [];
  private readonly end: number;

  constructor(
    readonly source: Source,
    /** Whether it shall be entered in its middle. */
    readonly resumable: boolean,
    /** Whether it lets go of the frame at loops, which another form takes over. */
    private readonly hops = false,
    readonly part: Part | null = null,
  ) {
    const { func, code, nodes, entries, regions } = source;
    this.code = code;
    this.instance = source.instance;
    this.localSlots = code.localWords / 2;
    const few = code.localTypes.length <= MOST_VARIABLES;
    this.locals = code.localTypes.map((type, i): Local => {
      const kind = kindOf(type);
      const variable = inVariable(kind) && regions.length === 0 && few;
      return { kind, slot: code.localOffsets[i]! / 2, variable };
    });
    this.results = kindsOf(func.signature.results as readonly ValType[]);
    this.weight = 1 + Math.ceil(code.maxWords / 2 / SLOTS_PER_UNIT);
    this.reserve = nodes.length + 1;
    this.stack = new OperandStack(
      this.localSlots,
      (index) => this.locals[index]!.slot,
      (text) => this.emit(text),
    );
    this.constants = part?.parent.constants ?? new Map<string, unknown>();
    this.labels = [...(part?.parent.labels ?? [])];
    this.outside = this.labels.length;
    const { start, end } = part?.region ?? { start: 0, end: nodes.length };
    this.at = start;
    this.end = end;
    this.writer = resumable
      ? new Writer(entries.upTo(end - 1), part === null ? 0 : entries.upTo(start))
      : new Writer(0);
  }

  /** Whether parts of what it compiles are functions of their own. */
  get splits(): boolean {
    return (this.part?.region.inner ?? this.source.regions).length > 0;
  }
  get hasRefs(): boolean {
    return this.results.includes("r") || this.locals.some(({ kind }) => kind === "r");
  }
  get node(): Node {
    return this.source.nodes[this.at]!;
  }
  get next(): Node {
    return this.source.nodes[this.at + 1]!;
  }
  /** Whether the function can be entered before the next instruction. */
  get entersNext(): boolean {
    return this.source.entries.at[this.at + 1] !== 0;
  }

  /** The text of what makes the function, or of the part's function. */
  compile(): string {
    const { nodes, entries, func } = this.source;
    const regions = new Map(
      (this.part?.region.inner ?? this.source.regions).map((region) => [region.start, region]),
    );
    const start = this.at;
    if (this.part === null) {
      const carried = this.results;
      const types = { height: 0, carried, params: "", results: carried };
      const ends = { last: 0, lastInFirst: 0, oneArmed: false };
      this.labels.push({ name: "B", loop: false, ...types, ...ends });
      if (!this.resumable) this.check(`d < ${this.weight} || fuel < ${this.reserve}`);
    }
    for (; this.at < this.end; this.at++) {
      if (this.part === null || this.at > start) {
        if (entries.at[this.at] !== 0 && this.resumable) this.enter();
        if (this.at > 0 && nodes[this.at - 1]!.mnemonic === "loop")
          this.check(this.hops ? "true" : `fuel < ${this.reserve}`);
      }
      const region = regions.get(this.at);
      if (region === undefined) compileNode(this, this.node);
      else this.callPart(region);
    }
    if (this.part !== null && this.reachable)
      this.emit(`control[0] = ${this.fuelLeft()}; return 0;`);
    const homes = [...this.stack.variables].map(([name, kind]) => ({
      kind,
      slot: Number(name.slice(1)),
    }));
    const { locals, localSlots, sites } = this;
    const layout: Layout = { func, locals, localSlots, homes, sites };
    const layoutName = this.constant(`Y${this.part?.number ?? ""}`, layout);
    return functionText(this, layout, layoutName);
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

  functionName(index: number): string {
    return this.constant(`F${index}`, this.instance.funcs[index]!);
  }

  localText(index: number): string {
    const { kind, slot, variable } = this.locals[index]!;
    return variable ? `l${index}` : inSlot(kind, slot);
  }

  // Fuel and sites.

  /** Counts the instruction that is being compiled. */
  count(instructions = 1): void {
    this.pending += instructions;
  }
  /** Forgets what was counted: nothing comes here. */
  uncount(): void {
    this.pending = 0;
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

  /** Notes that the frame may be let go of here, before the instruction. */
  site(kind: Site["kind"], taken = 0, results = ""): number {
    this.stack.settleAll(true);
    const operands = this.stack.operands.map(({ kind: k, slot, form, of }) => {
      if (form === "expr") throw new CrashError("an operand that cannot be written back");
      return of === undefined ? { kind: k, slot, form } : { kind: k, slot, form, of };
    });
    const { pc } = this.node;
    this.sites.push({ kind, pc, count: this.pending, operands, taken, results });
    return this.sites.length - 1;
  }
  /** Before an instruction that may throw. */
  mayThrow(): void {
    this.emit(`x = ${this.site("at")};`);
  }
  /** Leaves the instruction to the interpreter, under a condition or always. */
  leave(condition?: string): void {
    const leave = `x = ${this.site("at")}; break B;`;
    this.emit(condition === undefined ? `{ ${leave} }` : `if (${condition}) { ${leave} }`);
  }
  private check(condition: string): void {
    this.emit(`if (${condition}) { x = ${this.site("check")}; break B; }`);
  }

  /** Here is an entry: what of the operands is in variables must be loaded first. */
  private enter(): void {
    // Frames may come to an `end` from the other arm, or by a branch: with other operands.
    if (this.node.mnemonic === "end") this.stack.settleAll();
    const number = this.writer.enter();
    const loads = this.stack.operands.flatMap(({ kind, slot, form }) =>
      form === "home" && inVariable(kind)
        ? [`${homeOf(kind, slot).text} = ${inSlot(kind, slot)};`]
        : [],
    );
    if (loads.length > 0) this.arrivals.push(`case ${number}: ${loads.join(" ")} break;`);
  }

  /** Executes a part, and goes where it wants to go on. */
  private callPart(region: Region): void {
    const { entries } = this.source;
    const number = this.source.numbers.get(region)!;
    const last = entries.upTo(region.end - 1);
    const entered = this.resumable && last > this.writer.entry;
    const part = new Compiler(this.source, entered, false, { number, region, parent: this });
    const text = part.compile();
    // The form that is entered in its middle has the parts of the other.
    if (entered || !this.resumable) this.parts.push(...part.parts, text);
    const plain = `part${number}(p, d, fuel`;
    if (entered) {
      this.takeFuel();
      const call = `e === 0 ? ${plain}) : resumed${number}(p, d, fuel, e)`;
      this.writer.goTo(`k = ${call}; fuel = control[0]; e = 0;`, last);
    } else {
      const { pending } = this;
      this.pending = 0;
      this.emit(`k = ${plain}${pending === 0 ? "" : ` - ${pending} | 0`}); fuel = control[0];`);
    }
    const cases = part.exits.map((label, i) => `case ${i + 1}: ${branchTo(this, label, [])}`);
    if (part.returns) this.returns = true;
    this.emit(
      `if (k !== 0) { ${cases.length === 0 ? "" : `switch (k) { ${cases.join("\n")} }`} break B; }`,
    );
    if (entered) this.writer.end();
    this.at = region.end - 1;
    this.reachable = part.reachable;
  }
}
