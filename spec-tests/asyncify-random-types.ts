// What bodies of random functions are made of: types, the functions and globals around
// them, and instructions that neither trap nor make a NaN of numbers.

import type { Mnemonic } from "../src/syntax/opcodes.js";
import { F32, F64, I32, I64, type Item } from "../src/valid/testing.js";

/** References, which only the programs of extensions have. `CALLEE` is a null or a function of type 1. */
export const EXTERN = 0x6f;
export const I31 = 0x6c;
export const EXN = 0x69;
export const CALLEE = 0x6301;
export type Reference = typeof EXTERN | typeof I31 | typeof EXN | typeof CALLEE;
export const REFERENCES: readonly Reference[] = [EXTERN, I31, EXN, CALLEE];
export type Type = typeof I32 | typeof I64 | typeof F32 | typeof F64 | Reference;
/** What all programs have. */
export const TYPES: readonly Type[] = [I32, I64, F32, F64];

/** What stands for references in a program without them: null is zero. */
const stand = new Map<Type, Type>([
  [EXTERN, I32],
  [I31, I32],
  [CALLEE, I32],
  // The payload, and in the upper half one more than the tag.
  [EXN, I64],
]);
export function encodeType(type: Type, lowered: boolean): number[] {
  const written = lowered ? (stand.get(type) ?? type) : type;
  return written > 0xff ? [written >> 8, written & 0xff] : [written];
}
const references: ReadonlySet<Type> = new Set(REFERENCES);
export const isReference = (type: Type): type is Reference => references.has(type);
export const nullOf = (type: Reference, lowered: boolean): Item[] =>
  lowered ? [type === EXN ? "i64.const" : "i32.const", 0] : ["ref.null", type & 0xff];
export const same = (a: readonly Type[], b: readonly Type[]): boolean =>
  a.length === b.length && a.every((t, i) => t === b[i]);
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
  /** Whether numbers stand for references, and calls for tail calls. */
  readonly lowered: boolean;
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

/** Types of functions and blocks, by index. */
export const plainTypes: readonly Signature[] = [
  { params: [], results: [] },
  { params: [I32], results: [I32] },
  { params: [I64, F64], results: [F64, I32] },
  { params: [I32], results: [] },
  { params: [I64], results: [] },
  { params: [F32], results: [] },
  { params: [F64], results: [] },
  { params: [I32, I64], results: [I32] },
  { params: [F32], results: [F64] },
  { params: [], results: [I64, F32, I32] },
  { params: [F64, I32, I64, F32], results: [I64] },
  { params: [I32, I32], results: [I32, I32] },
  { params: [], results: [I32] },
];
/** Of programs with extensions only. */
export const moreTypes: readonly Signature[] = [
  { params: [EXTERN, I32], results: [EXTERN] },
  { params: [EXTERN], results: [] },
  { params: [CALLEE, I32], results: [I32] },
  { params: [I31, EXTERN], results: [I31, I64] },
  { params: [], results: [I32, EXN] },
  { params: [EXN, F64], results: [EXN, CALLEE] },
];
export const plainEnv = [
  { name: "sleep", type: 1 },
  { name: "nap", type: 0 },
  { name: "trade", type: 2 },
  { name: "log_i32", type: 3 },
  { name: "log_i64", type: 4 },
  { name: "log_f32", type: 5 },
  { name: "log_f64", type: 6 },
];
export const moreEnv = [
  { name: "swap", type: 13 },
  { name: "log_extern", type: 14 },
];
export const plainRuntime = [
  { name: "start_unwind", type: 3 },
  { name: "stop_unwind", type: 0 },
  { name: "start_rewind", type: 3 },
  { name: "stop_rewind", type: 0 },
];
