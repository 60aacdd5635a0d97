// Vector instructions on lanes of integers whose result has lanes of the same type.
// What a lane cannot hold wraps around when it is stored; only saturation looks.
// Spec: https://webassembly.github.io/spec/core/exec/numerics.html#integer-operations

import { popcnt32 } from "./numeric.js";
import {
  A,
  B,
  binary,
  compare,
  type Handler,
  type Handlers,
  R,
  unary,
  type View,
} from "./simd-registers.js";

/** Numbers and bigints compare alike. */
type Order = (a: number | bigint, b: number | bigint) => boolean;
const eq: Order = (a, b) => a === b;
const ne: Order = (a, b) => a !== b;
const lt: Order = (a, b) => a < b;
const gt: Order = (a, b) => a > b;
const le: Order = (a, b) => a <= b;
const ge: Order = (a, b) => a >= b;

const min = (view: "i8" | "u8" | "i16" | "u16" | "i32" | "u32"): Handler =>
  binary(view, (a, b) => (a < b ? a : b));
const max = (view: "i8" | "u8" | "i16" | "u16" | "i32" | "u32"): Handler =>
  binary(view, (a, b) => (a > b ? a : b));

type Narrow = "i8" | "u8" | "i16" | "u16";
const BOUNDS = { i8: [-128, 127], u8: [0, 255], i16: [-32768, 32767], u16: [0, 65535] } as const;
/** sat_s, sat_u: the nearest number that a lane of the type can hold. */
export function saturate(view: Narrow): (x: number) => number {
  const [low, high] = BOUNDS[view];
  return (x) => (x < low ? low : x > high ? high : x);
}
function addSat(view: Narrow): Handler {
  const sat = saturate(view);
  return binary(view, (a, b) => sat(a + b));
}
function subSat(view: Narrow): Handler {
  const sat = saturate(view);
  return binary(view, (a, b) => sat(a - b));
}

/** Shift distances count modulo the lanes' width. */
function shift(
  view: Exclude<View, "f32" | "f64" | "i64" | "u64">,
  f: (a: number, n: number) => number,
): Handler {
  const [a, r] = [A[view], R[view]];
  const mask = 8 * a.BYTES_PER_ELEMENT - 1;
  return () => {
    const n = B.i32[0]! & mask;
    for (let i = 0; i < r.length; i++) r[i] = f(a[i]!, n);
  };
}
function shift64(view: "i64" | "u64", f: (a: bigint, n: bigint) => bigint): Handler {
  const [a, r] = [A[view], R[view]];
  return () => {
    const n = BigInt(B.i32[0]! & 63);
    for (let i = 0; i < 2; i++) r[i] = f(a[i]!, n);
  };
}
const shl = (a: number, n: number) => a << n;
const shrS = (a: number, n: number) => a >> n;
const shrU = (a: number, n: number) => a >>> n;

const average = (a: number, b: number) => (a + b + 1) >> 1;

const q15 = saturate("i16");
/** i16x8.q15mulr_sat_s: products of fixed-point numbers, rounded. */
export const q15mulr: Handler = binary("i16", (a, b) => q15((a * b + 0x4000) >> 15));

export const integerHandlers = {
  // Step_pure/vrelop
  "i8x16.eq": compare("i8", eq),
  "i8x16.ne": compare("i8", ne),
  "i8x16.lt_s": compare("i8", lt),
  "i8x16.lt_u": compare("u8", lt),
  "i8x16.gt_s": compare("i8", gt),
  "i8x16.gt_u": compare("u8", gt),
  "i8x16.le_s": compare("i8", le),
  "i8x16.le_u": compare("u8", le),
  "i8x16.ge_s": compare("i8", ge),
  "i8x16.ge_u": compare("u8", ge),
  // Step_pure/vunop-val
  "i8x16.abs": unary("i8", (a) => (a < 0 ? -a : a)),
  "i8x16.neg": unary("i8", (a) => -a),
  "i8x16.popcnt": unary("u8", popcnt32),
  // Step_pure/vshiftop
  "i8x16.shl": shift("i8", shl),
  "i8x16.shr_s": shift("i8", shrS),
  "i8x16.shr_u": shift("u8", shrU),
  // Step_pure/vbinop-val
  "i8x16.add": binary("i8", (a, b) => a + b),
  "i8x16.sub": binary("i8", (a, b) => a - b),
  "i8x16.add_sat_s": addSat("i8"),
  "i8x16.add_sat_u": addSat("u8"),
  "i8x16.sub_sat_s": subSat("i8"),
  "i8x16.sub_sat_u": subSat("u8"),
  "i8x16.min_s": min("i8"),
  "i8x16.min_u": min("u8"),
  "i8x16.max_s": max("i8"),
  "i8x16.max_u": max("u8"),
  "i8x16.avgr_u": binary("u8", average),

  // Step_pure/vrelop
  "i16x8.eq": compare("i16", eq),
  "i16x8.ne": compare("i16", ne),
  "i16x8.lt_s": compare("i16", lt),
  "i16x8.lt_u": compare("u16", lt),
  "i16x8.gt_s": compare("i16", gt),
  "i16x8.gt_u": compare("u16", gt),
  "i16x8.le_s": compare("i16", le),
  "i16x8.le_u": compare("u16", le),
  "i16x8.ge_s": compare("i16", ge),
  "i16x8.ge_u": compare("u16", ge),
  // Step_pure/vunop-val
  "i16x8.abs": unary("i16", (a) => (a < 0 ? -a : a)),
  "i16x8.neg": unary("i16", (a) => -a),
  // Step_pure/vshiftop
  "i16x8.shl": shift("i16", shl),
  "i16x8.shr_s": shift("i16", shrS),
  "i16x8.shr_u": shift("u16", shrU),
  // Step_pure/vbinop-val
  "i16x8.add": binary("i16", (a, b) => a + b),
  "i16x8.sub": binary("i16", (a, b) => a - b),
  "i16x8.mul": binary("i16", (a, b) => a * b),
  "i16x8.add_sat_s": addSat("i16"),
  "i16x8.add_sat_u": addSat("u16"),
  "i16x8.sub_sat_s": subSat("i16"),
  "i16x8.sub_sat_u": subSat("u16"),
  "i16x8.min_s": min("i16"),
  "i16x8.min_u": min("u16"),
  "i16x8.max_s": max("i16"),
  "i16x8.max_u": max("u16"),
  "i16x8.avgr_u": binary("u16", average),
  "i16x8.q15mulr_sat_s": q15mulr,

  // Step_pure/vrelop
  "i32x4.eq": compare("i32", eq),
  "i32x4.ne": compare("i32", ne),
  "i32x4.lt_s": compare("i32", lt),
  "i32x4.lt_u": compare("u32", lt),
  "i32x4.gt_s": compare("i32", gt),
  "i32x4.gt_u": compare("u32", gt),
  "i32x4.le_s": compare("i32", le),
  "i32x4.le_u": compare("u32", le),
  "i32x4.ge_s": compare("i32", ge),
  "i32x4.ge_u": compare("u32", ge),
  // Step_pure/vunop-val
  "i32x4.abs": unary("i32", (a) => (a < 0 ? -a : a)),
  "i32x4.neg": unary("i32", (a) => -a),
  // Step_pure/vshiftop
  "i32x4.shl": shift("i32", shl),
  "i32x4.shr_s": shift("i32", shrS),
  "i32x4.shr_u": shift("u32", shrU),
  // Step_pure/vbinop-val
  "i32x4.add": binary("i32", (a, b) => a + b),
  "i32x4.sub": binary("i32", (a, b) => a - b),
  "i32x4.mul": binary("i32", Math.imul),
  "i32x4.min_s": min("i32"),
  "i32x4.min_u": min("u32"),
  "i32x4.max_s": max("i32"),
  "i32x4.max_u": max("u32"),

  // Step_pure/vrelop
  "i64x2.eq": compare("i64", eq),
  "i64x2.ne": compare("i64", ne),
  "i64x2.lt_s": compare("i64", lt),
  "i64x2.gt_s": compare("i64", gt),
  "i64x2.le_s": compare("i64", le),
  "i64x2.ge_s": compare("i64", ge),
  // Step_pure/vunop-val
  "i64x2.abs": unary("i64", (a) => (a < 0 ? -a : a)),
  "i64x2.neg": unary("i64", (a) => -a),
  // Step_pure/vshiftop
  "i64x2.shl": shift64("i64", (a, n) => a << n),
  "i64x2.shr_s": shift64("i64", (a, n) => a >> n),
  "i64x2.shr_u": shift64("u64", (a, n) => a >> n),
  // Step_pure/vbinop-val
  "i64x2.add": binary("i64", (a, b) => a + b),
  "i64x2.sub": binary("i64", (a, b) => a - b),
  "i64x2.mul": binary("i64", (a, b) => a * b),
} satisfies Handlers;
