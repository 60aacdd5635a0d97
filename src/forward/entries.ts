// Where compiled code can be entered in the middle of a function: at the first
// instruction of a loop, after calls and whatever else the interpreter does for it, and
// where a handler of exceptions or suspensions goes on.

import type { Mnemonic } from "../syntax/opcodes.js";
import { type Node, opensBlock } from "./nodes.js";

export class Entries {
  /** Their numbers, from 1, by index of the instruction before which they are; 0 elsewhere. */
  readonly at: Int32Array;
  readonly count: number;
  /** Their numbers by word index of that instruction. */
  readonly byPc = new Map<number, number>();
  /** Index of the `end`, and of the `else` if there is one, of what opens a block. */
  readonly ends = new Map<number, number>();
  readonly elses = new Map<number, number>();
  /** Blocks in one another at most. */
  readonly nesting: number;
  /** Number of the last entry at or before an index. */
  private readonly lastAt: Int32Array;

  /** @param only leaves those out before other instructions */
  constructor(nodes: readonly Node[], only: (index: number) => boolean = () => true) {
    this.at = new Int32Array(nodes.length + 1);
    const open: number[] = [];
    const handled = new Set<number>();
    let nesting = 0;
    nodes.forEach(({ mnemonic, clauses }, i) => {
      for (const depth of clauses) {
        const target = open[open.length - 1 - depth];
        if (target !== undefined) handled.add(target);
      }
      if (mnemonic === "else") this.elses.set(open[open.length - 1]!, i);
      if (mnemonic === "end") {
        const opener = open.pop();
        if (opener !== undefined) this.ends.set(opener, i);
      }
      if (opensBlock(mnemonic)) nesting = Math.max(nesting, open.push(i));
    });
    this.nesting = nesting;
    for (const opener of handled)
      if (nodes[opener]!.mnemonic !== "loop") this.at[this.ends.get(opener)! + 1] = 1;
    nodes.forEach(({ mnemonic }, i) => {
      if (mnemonic === "loop" || isLeft(mnemonic)) this.at[i + 1] = 1;
    });
    this.lastAt = new Int32Array(nodes.length);
    let count = 0;
    for (let i = 0; i < nodes.length; i++) {
      if (this.at[i] !== 0 && !only(i)) this.at[i] = 0;
      if (this.at[i] !== 0) {
        this.at[i] = ++count;
        this.byPc.set(nodes[i]!.pc, count);
      }
      this.lastAt[i] = count;
    }
    this.at[nodes.length] = 0;
    this.count = count;
  }

  /** Number of the last entry at or before instruction `i`. */
  upTo(i: number): number {
    return this.lastAt[i]!;
  }

  /** The last entries in the block that instruction `i` opens, at least `passed`: in all of it, and in its first arm. */
  within(i: number, passed: number): { last: number; lastInFirst: number } {
    const end = this.ends.get(i)!;
    const least = (at: number): number => Math.max(passed, this.lastAt[at]!);
    return { last: least(end), lastInFirst: least(this.elses.get(i) ?? end) };
  }
}

/** Instructions after which a frame may stand that compiled code has let go of. */
const isLeft = (mnemonic: Mnemonic): boolean =>
  isCall(mnemonic) || (isInterpreted(mnemonic) && !isFinal(mnemonic));

export const isCall = (mnemonic: Mnemonic): boolean =>
  mnemonic === "call" || mnemonic === "call_indirect" || mnemonic === "call_ref";

/** What the interpreter does for compiled code: the frame is let go of. */
export const isInterpreted = (mnemonic: Mnemonic): boolean => INTERPRETED.has(mnemonic);
/** Of those: nothing comes after them. */
export const isFinal = (mnemonic: Mnemonic): boolean => FINAL.has(mnemonic);
const FINAL: ReadonlySet<Mnemonic> = new Set<Mnemonic>([
  "throw",
  "throw_ref",
  "rethrow",
  "return_call",
  "return_call_indirect",
  "return_call_ref",
]);
const INTERPRETED: ReadonlySet<Mnemonic> = new Set<Mnemonic>([
  "memory.grow",
  ...FINAL,
  "cont.new",
  "cont.bind",
  "suspend",
  "resume",
  "resume_throw",
  "resume_throw_ref",
  "switch",
  "memory.atomic.wait32",
  "memory.atomic.wait64",
]);
