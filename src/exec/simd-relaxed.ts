// Relaxed vector instructions: where the spec lets an implementation choose, ours
// is the choice of its deterministic profile, the same on every host:
//   swizzle, trunc, min, max, laneselect, q15mulr   as their strict counterparts
//   madd, nmadd      not fused: the product is rounded, then the sum
//   dot products     both operands signed; the sum of two products saturates
// Spec: https://webassembly.github.io/spec/core/exec/numerics.html#relaxed-operations

import { truncSatF32S, truncSatF32U, truncSatF64S, truncSatF64U } from "./simd-conversions.js";
import { arithmetic, maxF32, maxF64, minF32, minF64 } from "./simd-float.js";
import { q15mulr, saturate } from "./simd-integer.js";
import { bitselect, swizzle } from "./simd-lanes.js";
import { A, B, C, type Handlers, R } from "./simd-registers.js";

const sat = saturate("i16");
/** The sum of two neighbouring products. */
const dot = (i: number): number =>
  sat(A.i8[2 * i]! * B.i8[2 * i]! + A.i8[2 * i + 1]! * B.i8[2 * i + 1]!);

export const relaxedHandlers = {
  // Step_pure/vswizzlop
  "i8x16.relaxed_swizzle": swizzle,
  // Step_pure/vcvtop
  "i32x4.relaxed_trunc_f32x4_s": truncSatF32S,
  "i32x4.relaxed_trunc_f32x4_u": truncSatF32U,
  "i32x4.relaxed_trunc_f64x2_s_zero": truncSatF64S,
  "i32x4.relaxed_trunc_f64x2_u_zero": truncSatF64U,
  // Step_pure/vternop-val
  "f32x4.relaxed_madd": arithmetic("f32", (a, b, c) => Math.fround(a * b) + c),
  "f32x4.relaxed_nmadd": arithmetic("f32", (a, b, c) => Math.fround(-a * b) + c),
  "f64x2.relaxed_madd": arithmetic("f64", (a, b, c) => a * b + c),
  "f64x2.relaxed_nmadd": arithmetic("f64", (a, b, c) => -a * b + c),
  "i8x16.relaxed_laneselect": bitselect,
  "i16x8.relaxed_laneselect": bitselect,
  "i32x4.relaxed_laneselect": bitselect,
  "i64x2.relaxed_laneselect": bitselect,
  // Step_pure/vbinop-val
  "f32x4.relaxed_min": minF32,
  "f32x4.relaxed_max": maxF32,
  "f64x2.relaxed_min": minF64,
  "f64x2.relaxed_max": maxF64,
  "i16x8.relaxed_q15mulr_s": q15mulr,
  // Step_pure/vextbinop
  "i16x8.relaxed_dot_i8x16_i7x16_s": () => {
    for (let i = 0; i < 8; i++) R.i16[i] = dot(i);
  },
  // Step_pure/vextternop
  "i32x4.relaxed_dot_i8x16_i7x16_add_s": () => {
    for (let i = 0; i < 4; i++) R.i32[i] = dot(2 * i) + dot(2 * i + 1) + C.i32[i]!;
  },
} satisfies Handlers;
