// One decoded instruction. Readers fill and reuse one object per pass, so code
// that wants to keep an instruction copies what it needs.

import type { Opcode } from "./opcodes.js";
import type { HeapType, ValType } from "./types.js";

/** `null`: no parameters, no result. A number: index of a function type. Else: the one result. */
export type BlockType = null | number | ValType;

/** A clause of `try_table`: where exceptions of a tag go on; of any tag where it is null. */
export interface CatchClause {
  readonly tag: number | null;
  /** Whether the exception itself comes along, after its values. */
  readonly ref: boolean;
  readonly label: number;
}

/** A clause of `resume`: where suspensions with a tag go on, or null where switches with it may pass. */
export interface ResumeClause {
  readonly tag: number;
  readonly label: number | null;
}

export interface Instruction {
  op: Opcode;
  /** Byte offset of the opcode in the module, and of the byte after the last immediate. */
  offset: number;
  next: number;
  /**
   * The immediates. Indices stand in `a`, then `b`, in the order of the table's
   * row. `i32.const` and `f32.const`: the 32 bits in `a`. `i64.const` and
   * `f64.const`: low half in `a`, high half in `b`. Memory accesses: memory
   * index in `a`, log2 of the alignment in `b`, offset in `memOffset`. Branches on
   * casts: label in `a`, flags in `b`, and what they say in `types`.
   */
  a: number;
  b: number;
  /** Static offset of a memory access; a bigint only beyond 2^53. */
  memOffset: number | bigint;
  /** The lane that the instruction names, for loads and stores of lanes too. */
  lane: number;
  /** `v128.const`: its four words, the low one first. `i8x16.shuffle`: its 16 lanes, a byte each. */
  readonly vector: Int32Array;
  /** `br_table`: all labels, the default last. */
  labels: readonly number[];
  /** `try_table`: its clauses in order. */
  catches: readonly CatchClause[];
  /** `resume`, `resume_throw` and `resume_throw_ref`: their clauses in order. */
  handlers: readonly ResumeClause[];
  block: BlockType;
  heap: HeapType;
  /** `select t`; the type of `ref.test` and of casts; the two types of branches on casts. */
  types: readonly ValType[];
}
