// The executable form of a function body: for each wasm instruction one entry of
// 32-bit words, its opcode first, then its immediates, branches resolved. It keeps
// the instruction-for-instruction shape of the bytes, so a position in it and a
// byte offset say the same thing.
//
// Slots are counted in words: a number takes two (i32 and f32 use the first), a
// vector takes four. A reference takes two as well, and lives in the fiber's
// `refs` at half its word index.

import type { ValType } from "../syntax/types.js";
import type { OperandType } from "../valid/visitor.js";

/** Opcodes of entries for the same instruction on other operands than the common case. */
export const Internal = {
  "local.get ref": 0xc8,
  "local.set ref": 0xc9,
  "local.tee ref": 0xca,
  "global.get ref": 0xcb,
  "global.set ref": 0xcc,
  /** Any load or store on a memory other than the first, or with 64-bit addresses. */
  "memory access": 0xcd,
  /** One byte for what is 0xfb18 and 0xfb19 in modules: branches stay in the one switch. */
  br_on_cast: 0xce,
  br_on_cast_fail: 0xcf,
  /** 0xfb25 and 0xfb26, likewise. */
  br_on_cast_desc_eq: 0xd7,
  br_on_cast_desc_eq_fail: 0xd8,
  /** Vectors take four words where numbers take two. */
  "local.get v128": 0xf0,
  "local.set v128": 0xf1,
  "local.tee v128": 0xf2,
  "global.get v128": 0xf3,
  "global.set v128": 0xf4,
  "drop v128": 0xf5,
  "select v128": 0xf6,
} as const;
/** In place of any instruction's, where a machine may be to stop (`breaks.ts`). */
export const BREAKPOINT = 0xff;
export type InternalCode<M extends keyof typeof Internal> = (typeof Internal)[M];

/** What catches exceptions while a frame stands in [start, end), in words of its code. */
export interface Handler {
  readonly start: number;
  readonly end: number;
  readonly clauses: readonly Clause[];
  /** Legacy `delegate`: go on looking as if the frame stood there. Else -1. */
  readonly delegate: number;
}
export interface Clause {
  /** Index of the tag it catches; -1: all. */
  readonly tag: number;
  /** Where it goes on, and where the exception's values go, in words from the frame's first. */
  readonly target: number;
  readonly to: number;
  /** Whether the exception itself follows its values. */
  readonly ref: boolean;
  /** Legacy: where in `Frame.caught` a `rethrow` finds the exception. Else -1. */
  readonly keep: number;
}

/** A clause of a `resume`: which suspensions it handles, or lets switch, and how. */
export interface Prompt {
  readonly tag: number;
  /** Whether it is for `switch`; then the rest means nothing. */
  readonly switches: boolean;
  /** Where it goes on, and where values and continuation go, in words from the frame's first. */
  readonly target: number;
  readonly to: number;
  /** Index of the continuation's type. */
  readonly type: number;
}

export interface Code {
  /** Entries back to back; the last one is the function's final `end`. */
  readonly words: Int32Array;
  /** The same with shortcuts (`shortcuts.ts`): for the interpreter's loop alone. */
  shortcuts: Int32Array;
  /** The words that the loop executes one by one: those, with breakpoints (`breaks.ts`). */
  single: Int32Array;
  /** Word index of each entry, ascending, and the byte offset it was made from. */
  readonly starts: Int32Array;
  readonly offsets: Int32Array;
  /** Innermost first. */
  readonly handlers: readonly Handler[];
  /** The clauses of each `resume` and its kin: their entries say which. */
  readonly prompts: readonly (readonly Prompt[])[];
  readonly paramWords: number;
  /** Parameters and declared locals. Operands follow. */
  readonly localWords: number;
  readonly resultWords: number;
  /** Upper bound of the words a frame uses. */
  readonly maxWords: number;
  /** True where a parameter, local, or result is a reference (then `refs` moves along with the words). */
  readonly hasRefs: boolean;
  /** Types of the locals, parameters first, and the word each starts at. */
  readonly localTypes: readonly ValType[];
  readonly localOffsets: readonly number[];
}

export const wordsOf = (type: OperandType): number => (type === "v128" ? 4 : 2);
export const wordsOfAll = (types: readonly OperandType[], count = types.length): number => {
  let words = 0;
  for (let i = 0; i < count; i++) words += wordsOf(types[i]!);
  return words;
};

export const isTailCall = (op: number): boolean => op === 0x12 || op === 0x13 || op === 0x15;

/** Whether a frame that waits for the host there waits in no call, but for another fiber. */
export const isWait = (op: number): boolean => op === 0xfe;

/** resume, resume_throw, resume_throw_ref */
export const isResume = (op: number): boolean => op === 0xe3 || op === 0xe4 || op === 0xe5;

/** Byte offset of the entry that starts at word `pc`. */
export function offsetOfPc(code: Code, pc: number): number {
  return code.offsets[lastAtMost(code.starts, pc)]!;
}
/** Word index of the first entry at or after byte `offset`, or -1 past the last one. */
export function pcOfOffset(code: Code, offset: number): number {
  const i = lastAtMost(code.offsets, offset);
  if (i >= 0 && code.offsets[i] === offset) return code.starts[i]!;
  return i + 1 < code.starts.length ? code.starts[i + 1]! : -1;
}

function lastAtMost(sorted: Int32Array, key: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= key) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
