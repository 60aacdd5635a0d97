// The operand stack while a function is compiled: each operand is a text of JavaScript
// that yields it. What is pure is kept as a text for as long as nothing that it reads
// changes; everything else is put into the operand's home at once.
//
// The home of an i32 or a reference or an f64 is a variable named by kind and slot; that
// of an i64, an f32 or a vector is the slot itself: BigInt variables would be boxed, and
// an f32 in a variable can lose the payload of a NaN.

import { type Kind, slotsOf } from "./nodes.js";

export interface Operand {
  readonly kind: Kind;
  /** Slot of its home, counted from the frame's first. */
  readonly slot: number;
  /** `local` and `const` cost nothing to evaluate again; an `expr` does. */
  readonly form: "home" | "local" | "const" | "expr";
  /** The value: a number, a BigInt (l), or a reference. Of a vector, nothing. */
  readonly text: string;
  /** Of an f32: its bits, as an int32. */
  readonly bits?: string;
  /** Of an i32 that is a truth value: the condition. */
  readonly truth?: string;
  /** Of an i64 that was an i32: that. */
  readonly narrow?: string;
  /** Index of the local; or bits of the constant: one word, of an l or d two. */
  readonly of?: readonly number[];
  /** What its text reads: locals, and homes of operands by slot. */
  readonly locals: readonly number[];
  readonly homes: readonly number[];
}

/** A pure value made of others. */
export type Made = Pick<Operand, "text"> & Partial<Pick<Operand, "bits" | "truth" | "narrow">>;

const NONE: readonly number[] = [];
/** Longer texts are put into their homes, lest they grow without end. */
const LONGEST = 160;

/** Texts of what lies in a slot of the current frame, which starts at slot `p` and word `q`. */
export const word = (slot: number, high: 0 | 1 = 0): string => `I[q + ${2 * slot + high}]`;
export const long = (slot: number): string => `L[p + ${slot}]`;
export const float = (slot: number): string => `F[q + ${2 * slot}]`;
export const double = (slot: number): string => `D[p + ${slot}]`;

/** Where an operator with one of these would do nothing, V8 hands a signalling NaN through. */
export const NEUTRAL: readonly number[] = [0, -0, 1, -1];
/** One of them, as V8 does not see it. */
export const neutral = (x: number): string => `K[${NEUTRAL.findIndex((n) => Object.is(n, x))}]`;

export const variableOf = (kind: Kind, slot: number): string => `${kind}${slot}`;
/** Whether values of this kind live in variables. */
export const inVariable = (kind: string): boolean => kind === "i" || kind === "d" || kind === "r";

export function homeOf(kind: Kind, slot: number): Operand {
  const base = { kind, slot, form: "home" as const, locals: NONE, homes: [slot] };
  if (inVariable(kind)) return { ...base, text: variableOf(kind, slot) };
  if (kind === "f") return { ...base, text: float(slot), bits: word(slot) };
  return { ...base, text: kind === "l" ? long(slot) : "" };
}

export class OperandStack {
  readonly operands: Operand[] = [];
  /** Kinds of the variables in use, by name. */
  readonly variables = new Map<string, Kind>();

  constructor(
    /** Slots of the locals: the first operand's home comes after. */
    private readonly bottom: number,
    readonly slotOfLocal: (index: number) => number,
    private readonly emit: (statement: string) => void,
  ) {}

  get height(): number {
    return this.operands.length;
  }
  /** The first slot above the operands. */
  get top(): number {
    const last = this.operands[this.operands.length - 1];
    return last === undefined ? this.bottom : last.slot + slotsOf(last.kind);
  }

  pop(): Operand {
    return this.operands.pop()!;
  }
  peek(depth = 0): Operand {
    return this.operands[this.operands.length - 1 - depth]!;
  }

  /** Pushes a pure value made of `from`, which were popped. */
  push(kind: Kind, made: Made, ...from: readonly Operand[]): void {
    const locals = from.length === 1 ? from[0]!.locals : from.flatMap((o) => [...o.locals]);
    const homes = from.length === 1 ? from[0]!.homes : from.flatMap((o) => [...o.homes]);
    this.operands.push({ kind, slot: this.top, form: "expr", ...made, locals, homes });
    if (made.text.length > LONGEST) this.settle(this.height - 1);
  }
  pushConst(kind: Kind, text: string, of: readonly number[], bits?: string): void {
    const more = bits === undefined ? {} : { bits };
    const constant = { kind, slot: this.top, form: "const" as const, text, ...more, of };
    this.operands.push({ ...constant, locals: NONE, homes: NONE });
  }
  pushLocal(kind: Kind, text: string, index: number, bits?: string): void {
    const more = bits === undefined ? {} : { bits };
    const local = { kind, slot: this.top, form: "local" as const, text, ...more, of: [index] };
    this.operands.push({ ...local, locals: [index], homes: NONE });
  }

  /** Pushes a value that is put into its home by `assign`, which gets the home's texts. */
  pushHome(kind: Kind): Operand {
    const home = homeOf(kind, this.top);
    this.claim(home);
    this.operands.push(home);
    return home;
  }
  /** Pushes what `text` yields now. */
  pushNow(kind: Kind, text: string): void {
    const home = this.pushHome(kind);
    this.emit(`${home.text} = ${text};`);
  }

  /** Nobody but the next operand may still need what is in its home. */
  private claim({ kind, slot }: Operand): void {
    if (inVariable(kind)) this.variables.set(variableOf(kind, slot), kind);
    for (let i = 0; i < this.height; i++)
      if (this.operands[i]!.form === "expr" && this.operands[i]!.homes.includes(slot))
        this.settle(i);
  }

  /** Local `index` is about to change. */
  changing(index: number): void {
    for (let i = 0; i < this.height; i++)
      if (this.operands[i]!.locals.includes(index)) this.settle(i);
  }

  /** Puts operand `i` into its home. */
  settle(i: number): void {
    const operand = this.operands[i]!;
    if (operand.form === "home") return;
    const { kind, slot } = operand;
    const home = homeOf(kind, slot);
    // An operand below may read that home: a popped one left it there.
    for (let k = 0; k < i; k++)
      if (this.operands[k]!.form === "expr" && this.operands[k]!.homes.includes(slot))
        this.settle(k);
    if (inVariable(kind)) this.variables.set(variableOf(kind, slot), kind);
    this.emit(copy(home, operand));
    this.operands[i] = home;
  }
  /** Puts all operands into their homes; with `cheap`, leaves locals and constants. */
  settleAll(cheap = false): void {
    for (let i = 0; i < this.height; i++)
      if (!cheap || this.operands[i]!.form === "expr") this.settle(i);
  }

  /** Leaves `height` operands, and above them values of `kinds` in their homes. */
  reset(height: number, kinds: string): void {
    this.operands.length = height;
    for (const kind of kinds) {
      const home = homeOf(kind as Kind, this.top);
      if (inVariable(kind)) this.variables.set(home.text, home.kind);
      this.operands.push(home);
    }
  }
}

/** The statement that puts a value into a home. */
export function copy(home: Operand, from: Operand): string {
  if (home.kind === "v")
    return from.slot === home.slot
      ? ""
      : `${long(home.slot)} = ${long(from.slot)}; ${long(home.slot + 1)} = ${long(from.slot + 1)};`;
  if (home.kind === "f" && from.bits !== undefined) return `${word(home.slot)} = ${from.bits};`;
  return from.text === home.text ? "" : `${home.text} = ${from.text};`;
}
