// The values of one frame that are not what they should be, followed while the frame runs:
// copied from local to local, computed with, until one is used in a way that shows. What an
// instruction would have made of the right values the interpreter itself says, on a fiber
// of its own. Where that is not known, a value is no longer followed: so what is told is so.

import { InstructionReader } from "../../binary/code.js";
import { type Code, Internal, offsetOfPc, wordsOf, wordsOfAll } from "../../exec/code.js";
import { Fiber, type FiberView, Frame, type FrameView } from "../../exec/fiber.js";
import { Machine } from "../../exec/machine.js";
import { readSlot } from "../../exec/slots.js";
import { formatValue } from "../../runtime/notation.js";
import type { Instruction } from "../../syntax/instruction.js";
import type { OperandType } from "../../valid/visitor.js";

/** Where a lost value was first. */
export interface Origin {
  /** `local 2` */
  readonly what: string;
  readonly was: string;
  readonly is: string;
}

/** A value that should be another. */
interface Lost {
  readonly origin: Origin;
  /** The words that should stand in its place. */
  readonly was: Int32Array;
}

/** What stands at words of a frame, counted from its first. */
export interface Slot {
  readonly what: string;
  readonly at: number;
  readonly type: OperandType;
}

/** Words in which values of a type differ, if they do. References are not looked at. */
const SIGNIFICANT: Partial<Record<string, number>> = { i32: 1, f32: 1, i64: 2, f64: 2, v128: 4 };
/** The operands that instructions without a fixed type take, in words, and do something with. */
const TAKEN: Partial<Record<string, number>> = {
  "memory.grow": 2,
  "memory.copy": 6,
  "memory.fill": 6,
  "memory.init": 6,
};
/** They leave all operands in place that they do not push. */
const QUIET =
  /^(nop|block|loop|else|end|try|try_table|.*\.const|global\.get|memory\.size|ref\.(null|func))$/;

export class LostValues {
  private readonly lost = new Map<number, Lost>();

  /** @param was the words of the frame as they should be */
  constructor(
    private readonly fiber: FiberView,
    readonly depth: number,
    was: Int32Array,
    slots: readonly Slot[],
  ) {
    for (const { what, at, type } of slots) {
      const length = typeof type === "string" ? SIGNIFICANT[type] : undefined;
      if (length === undefined) continue;
      const words = was.slice(at, at + length);
      if (!this.differs(at, words)) continue;
      scratch.i32.set(words);
      const [before, now] = [readSlot(scratch, 0, type as "i32"), readSlot(fiber, this.fp + at, type as "i32")]; // prettier-ignore
      this.lost.set(at, { origin: { what, was: formatValue(before), is: formatValue(now) }, was: words }); // prettier-ignore
    }
  }

  get size(): number {
    return this.lost.size;
  }
  /** Of the first of them. */
  get origin(): Origin | null {
    return this.lost.values().next().value?.origin ?? null;
  }
  /** Whether the frame is the innermost one now. */
  get onTop(): boolean {
    return this.fiber.depth === this.depth;
  }
  is(fiber: FiberView, depth: number): boolean {
    return this.fiber === fiber && this.depth === depth;
  }

  /** Puts the values that should be there into a copy of the frame's words. */
  correct(words: Int32Array): void {
    for (const [at, { was }] of this.lost) if (at + was.length <= words.length) words.set(was, at);
  }

  /** Before each instruction of the frame: the lost value of which it makes a difference, if it does. */
  step(): Origin | null {
    const { func, pc, fp, sp } = this.frame;
    const height = sp - fp;
    for (const [at, { was }] of this.lost)
      if (at >= height || !this.differs(at, was)) this.lost.delete(at);
    if (this.lost.size === 0) return null;
    const code = func.code as Code;
    const reader = new InstructionReader(func.instance!.module.bytes, offsetOfPc(code, pc));
    reader.next();
    return this.follow(reader.instruction, code, height);
  }

  private follow({ op, a }: Instruction, code: Code, height: number): Origin | null {
    const { pc } = this.frame;
    const { mnemonic, type } = op;
    const opcode = code.words[pc]!;
    // A function ends in an entry for `return`.
    if (opcode === 0x0f) return this.used(height - code.resultWords, height);
    switch (mnemonic) {
      case "local.get":
        return this.copy(code.localOffsets[a]!, height);
      case "local.set":
      case "local.tee":
        return this.copy(height - wordsOf(code.localTypes[a]!), code.localOffsets[a]!);
      case "drop":
        return null;
      case "select":
      case "select t":
        return this.select(height - 2, opcode === Internal["select v128"] ? 4 : 2);
      case "if":
        return this.condition(height - 2);
      case "br_if": {
        const found = this.condition(height - 2);
        this.forget(code);
        return found;
      }
      case "br_table": {
        const found = this.used(height - 2, height);
        this.forget(code);
        return found;
      }
      case "call":
      case "call_indirect":
      case "call_ref": {
        const found = this.used(height - code.words[pc + 3]!, height);
        // An exception may put others in their place.
        if (code.handlers.length > 0) this.forget(code);
        return found;
      }
      case "global.set":
        return this.used(height - (opcode === Internal["global.set v128"] ? 4 : 2), height);
      default:
    }
    if (QUIET.test(mnemonic)) return null;
    const taken = TAKEN[mnemonic];
    if (taken !== undefined) return this.used(height - taken, height);
    if (type === undefined) return this.forget(code);
    const base = height - wordsOfAll(type.params);
    if (this.among(base, height) === undefined) return null;
    const [result] = type.results;
    // Stores, and what threads do.
    if (result === undefined || type.results.length > 1 || op.code >>> 16 === 0xfe)
      return this.used(base, height);
    return this.compute(base, height, SIGNIFICANT[result as string]);
  }

  private copy(from: number, to: number): null {
    const value = this.lost.get(from);
    if (value === undefined) this.lost.delete(to);
    else this.lost.set(to, value);
    return null;
  }

  private select(at: number, width: number): null {
    const [first, second] = [at - 2 * width, at - width];
    const condition = this.lost.get(at);
    const is = this.word(at) !== 0;
    if (condition === undefined || (condition.was[0] !== 0) === is)
      return this.copy(is ? first : second, first);
    const other = this.lost.get(is ? second : first);
    if (other === undefined) this.lost.delete(first);
    else this.lost.set(first, { ...other, origin: condition.origin });
    return null;
  }

  private condition(at: number): Origin | null {
    const value = this.lost.get(at);
    const same = value === undefined || (value.was[0] !== 0) === (this.word(at) !== 0);
    return same ? null : value.origin;
  }

  /** What the instruction would have made of the right operands. */
  private compute(base: number, height: number, length: number | undefined): null {
    const { origin } = this.among(base, height)!;
    const { func, pc, fp } = this.frame;
    const words = this.fiber.i32 as unknown as Int32Array;
    scratch.i32.set(words.subarray(fp + base, fp + height));
    for (const [at, { was }] of this.lost) if (at >= base) scratch.i32.set(was, at - base);
    const done = length !== undefined && execute(func, pc, height - base);
    if (done) this.lost.set(base, { origin, was: scratch.i32.slice(0, length) });
    else this.lost.delete(base);
    return null;
  }

  /** What moves operands in ways that are not followed. */
  private forget({ localWords }: Code): null {
    for (const at of this.lost.keys()) if (at >= localWords) this.lost.delete(at);
    return null;
  }

  private used(from: number, to: number): Origin | null {
    const origin = this.among(from, to)?.origin ?? null;
    for (let at = from; at < to; at += 2) this.lost.delete(at);
    return origin;
  }
  private among(from: number, to: number): Lost | undefined {
    for (const [at, value] of this.lost) if (at >= from && at < to) return value;
    return undefined;
  }

  private differs(at: number, was: Int32Array): boolean {
    return was.some((word, i) => word !== this.word(at + i));
  }
  private word(at: number): number {
    return this.fiber.i32[this.fp + at]!;
  }
  private get fp(): number {
    return this.frame.fp;
  }
  private get frame(): FrameView {
    return this.fiber.frames[this.depth - 1]!;
  }
}

const scratch = new Fiber(0, null);
scratch.begun = true;
scratch.frames.push(new Frame());

/** One instruction on operands that stand in the first words of the fiber. @returns whether it did not trap */
function execute(func: FrameView["func"], pc: number, height: number): boolean {
  const machine = new Machine();
  scratch.depth = 1;
  scratch.status = "suspended";
  Object.assign(scratch.top, { func, pc, fp: 0, sp: height });
  machine.fiber = scratch;
  return machine.run({ fuel: 1 }).kind === "paused";
}
