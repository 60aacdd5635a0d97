// What bodies of random functions are made of: types, the functions and globals around
// them, and instructions that neither trap nor make a NaN of numbers.

import type { Mnemonic } from "../src/syntax/opcodes.js";
import { F32, F64, I32, I64 } from "../src/valid/testing.js";

export type Type = typeof I32 | typeof I64 | typeof F32 | typeof F64;
export const TYPES: readonly Type[] = [I32, I64, F32, F64];
export interface Signature {
  readonly params: readonly Type[];
  readonly results: readonly Type[];
}

/** What bodies can refer to. */
export interface Surroundings {
  readonly types: readonly Signature[];
  /** The functions that may be called, some of them more than once. */
  readonly callable: readonly (readonly [index: number, type: Signature])[];
  /** Those of them that never unwind. */
  readonly calm: readonly (readonly [index: number, type: Signature])[];
  /** First of the two slots of the table that hold functions of a type, by type index. */
  readonly slots: ReadonlyMap<number, number>;
  /** The global of each type that programs use as they like. */
  readonly globals: ReadonlyMap<Type, number>;
  readonly fuel: number;
  /** Whether addresses of the program's memory have 64 bits. */
  readonly wide: boolean;
  /** Whether bodies throw and catch. The only tag has an i32. */
  readonly exceptions: boolean;
  /** `__stack_pointer`, where the module has one. */
  readonly stackPointer: number | null;
}

/** Loads and stores go to [DATA, DATA + 2 KiB). */
export const DATA = 1024;

export const operations: readonly (readonly [Mnemonic, readonly Type[], Type])[] = [
  ["i32.add", [I32, I32], I32],
  ["i32.sub", [I32, I32], I32],
  ["i32.mul", [I32, I32], I32],
  ["i32.xor", [I32, I32], I32],
  ["i32.lt_s", [I32, I32], I32],
  ["i32.eqz", [I32], I32],
  ["i32.rotl", [I32, I32], I32],
  ["i64.add", [I64, I64], I64],
  ["i64.xor", [I64, I64], I64],
  ["i64.shl", [I64, I64], I64],
  ["i64.extend_i32_s", [I32], I64],
  ["i32.wrap_i64", [I64], I32],
  ["i64.gt_u", [I64, I64], I32],
  ["f32.min", [F32, F32], F32],
  ["f32.neg", [F32], F32],
  ["f32.copysign", [F32, F32], F32],
  ["f32.convert_i32_s", [I32], F32],
  ["f32.lt", [F32, F32], I32],
  ["f64.max", [F64, F64], F64],
  ["f64.abs", [F64], F64],
  ["f64.convert_i64_s", [I64], F64],
  ["f64.promote_f32", [F32], F64],
  ["f32.demote_f64", [F64], F32],
  ["f64.ge", [F64, F64], I32],
];
export const typeNames = new Map<Type, "i32" | "i64" | "f32" | "f64">([
  [I32, "i32"],
  [I64, "i64"],
  [F32, "f32"],
  [F64, "f64"],
]);
export const floats = [0, -0.5, 1.25, 3, 1e6, -2048];

/** Signed LEB128. */
export function sleb(n: number): number[] {
  const byte = n & 0x7f;
  const rest = n >> 7;
  const last = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
  return last ? [byte] : [byte | 0x80, ...sleb(rest)];
}
