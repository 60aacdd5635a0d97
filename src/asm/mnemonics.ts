// What LLVM calls the instructions: as the specification does, but for those below.
// Both names are understood where LLVM has another one.

import { opcodeOf, opcodes, type Mnemonic, type Opcode } from "../syntax/opcodes.js";
import { EXTERNREF, FUNCREF, refType, type AbsHeapType, type RefType } from "../syntax/types.js";
import { isEnding } from "./nesting.js";

export interface Named {
  readonly op: Opcode;
  /** What the name says about the immediates. */
  readonly heap?: AbsHeapType;
  readonly select?: RefType;
}

const row = (mnemonic: Mnemonic): Opcode => opcodeOf(opcodes[mnemonic].code)!;
const names = new Map<string, Named>();
for (const mnemonic of Object.keys(opcodes) as Mnemonic[])
  // `end` is always the end of something; `select t` and the casts to null are no names.
  if (mnemonic !== "end" && !mnemonic.includes(" ")) names.set(mnemonic, { op: row(mnemonic) });

for (const type of ["i32", "i64", "f32", "f64", "v128"])
  names.set(`${type}.select`, { op: row("select") });
for (const [name, select] of [
  ["funcref", FUNCREF],
  ["externref", EXTERNREF],
  ["exnref", refType("exn")],
] as const)
  // A plain `select`, which LLVM 19 writes here, is not valid on references.
  names.set(`${name}.select`, { op: row("select t"), select });
for (const heap of ["func", "extern", "exn"] as const)
  names.set(`ref.null_${heap}`, { op: row("ref.null"), heap });
for (const [shape, access] of [
  ["i16x8", "load8x8"],
  ["i32x4", "load16x4"],
  ["i64x2", "load32x2"],
] as const)
  for (const sign of ["s", "u"])
    names.set(`${shape}.${access}_${sign}`, { op: row(`v128.${access}_${sign}` as Mnemonic) });

/** The instruction of that name, or undefined where there is none. */
export const instructionNamed = (name: string): Named | undefined =>
  isEnding(name) || name === "end_function" ? { op: row("end") } : names.get(name);

export const instructionNames = (): string[] => [...names.keys()];
