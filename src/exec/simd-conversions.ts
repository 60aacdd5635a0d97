// Vector instructions whose result has lanes of another type: conversions between
// integers and floats, wider and narrower integers, products and sums of wider lanes.
// Spec: https://webassembly.github.io/spec/core/exec/numerics.html#conversions

import { truncSat32 } from "./numeric.js";
import { canonicalNaNs } from "./simd-float.js";
import { saturate } from "./simd-integer.js";
import { A, B, convert, type Handler, type Handlers, R } from "./simd-registers.js";

const same = (x: number) => x;

/** Integer lanes and the type of lane twice as wide, of the same signedness. */
const WIDER = { i8: "i16", u8: "u16", i16: "i32", u16: "u32" } as const;
type NarrowView = keyof typeof WIDER;

const extendLow = (view: NarrowView): Handler => convert(view, WIDER[view], same);
const extendHigh = (view: NarrowView): Handler =>
  convert(view, WIDER[view], same, R[view].length / 2);

/** Products of the lanes of one half, which the wider lanes hold exactly. */
function extmul(view: NarrowView, half: 0 | 1): Handler {
  const [a, b, r] = [A[view], B[view], R[WIDER[view]]];
  const from = half * r.length;
  return () => {
    for (let i = 0; i < r.length; i++) r[i] = a[from + i]! * b[from + i]!;
  };
}
function extmul64(view: "i32" | "u32", half: 0 | 1): Handler {
  const [a, b, r] = [A[view], B[view], R[view === "i32" ? "i64" : "u64"]];
  const from = half * 2;
  return () => {
    for (let i = 0; i < 2; i++) r[i] = BigInt(a[from + i]!) * BigInt(b[from + i]!);
  };
}

/** Sums of neighbours. */
function extaddPairwise(view: NarrowView): Handler {
  const [a, r] = [A[view], R[WIDER[view]]];
  return () => {
    for (let i = 0; i < r.length; i++) r[i] = a[2 * i]! + a[2 * i + 1]!;
  };
}

/** The signed lanes of A, then of B, each as near as the narrower type has it. */
function narrow(from: "i16" | "i32", to: NarrowView): Handler {
  const [a, b, r] = [A[from], B[from], R[to]];
  const sat = saturate(to);
  const n = a.length;
  return () => {
    for (let i = 0; i < n; i++) {
      r[i] = sat(a[i]!);
      r[n + i] = sat(b[i]!);
    }
  };
}

const truncSatS = (x: number) => truncSat32(x, -2147483648, 2147483647);
const truncSatU = (x: number) => truncSat32(x, 0, 4294967295);
export const truncSatF32S: Handler = convert("f32", "i32", truncSatS);
export const truncSatF32U: Handler = convert("f32", "i32", truncSatU);
export const truncSatF64S: Handler = convert("f64", "i32", truncSatS);
export const truncSatF64U: Handler = convert("f64", "i32", truncSatU);

/** A conversion of floats, with the NaNs of `simd-float.ts`. */
function convertFloats(from: "f32" | "f64", to: "f32" | "f64"): Handler {
  const move = convert(from, to, same);
  return (code, at) => {
    move(code, at);
    canonicalNaNs(to);
  };
}

export const conversionHandlers = {
  // Step_pure/vcvtop: integers to wider ones
  "i16x8.extend_low_i8x16_s": extendLow("i8"),
  "i16x8.extend_high_i8x16_s": extendHigh("i8"),
  "i16x8.extend_low_i8x16_u": extendLow("u8"),
  "i16x8.extend_high_i8x16_u": extendHigh("u8"),
  "i32x4.extend_low_i16x8_s": extendLow("i16"),
  "i32x4.extend_high_i16x8_s": extendHigh("i16"),
  "i32x4.extend_low_i16x8_u": extendLow("u16"),
  "i32x4.extend_high_i16x8_u": extendHigh("u16"),
  "i64x2.extend_low_i32x4_s": convert("i32", "i64", BigInt),
  "i64x2.extend_high_i32x4_s": convert("i32", "i64", BigInt, 2),
  "i64x2.extend_low_i32x4_u": convert("u32", "u64", BigInt),
  "i64x2.extend_high_i32x4_u": convert("u32", "u64", BigInt, 2),
  // Step_pure/vcvtop: between integers and floats; `zero` clears the upper lanes
  "i32x4.trunc_sat_f32x4_s": truncSatF32S,
  "i32x4.trunc_sat_f32x4_u": truncSatF32U,
  "i32x4.trunc_sat_f64x2_s_zero": truncSatF64S,
  "i32x4.trunc_sat_f64x2_u_zero": truncSatF64U,
  "f32x4.convert_i32x4_s": convert("i32", "f32", same),
  "f32x4.convert_i32x4_u": convert("u32", "f32", same),
  "f64x2.convert_low_i32x4_s": convert("i32", "f64", same),
  "f64x2.convert_low_i32x4_u": convert("u32", "f64", same),
  // Step_pure/vcvtop: between floats
  "f32x4.demote_f64x2_zero": convertFloats("f64", "f32"),
  "f64x2.promote_low_f32x4": convertFloats("f32", "f64"),

  // Step_pure/vnarrow
  "i8x16.narrow_i16x8_s": narrow("i16", "i8"),
  "i8x16.narrow_i16x8_u": narrow("i16", "u8"),
  "i16x8.narrow_i32x4_s": narrow("i32", "i16"),
  "i16x8.narrow_i32x4_u": narrow("i32", "u16"),

  // Step_pure/vextunop
  "i16x8.extadd_pairwise_i8x16_s": extaddPairwise("i8"),
  "i16x8.extadd_pairwise_i8x16_u": extaddPairwise("u8"),
  "i32x4.extadd_pairwise_i16x8_s": extaddPairwise("i16"),
  "i32x4.extadd_pairwise_i16x8_u": extaddPairwise("u16"),

  // Step_pure/vextbinop
  "i16x8.extmul_low_i8x16_s": extmul("i8", 0),
  "i16x8.extmul_high_i8x16_s": extmul("i8", 1),
  "i16x8.extmul_low_i8x16_u": extmul("u8", 0),
  "i16x8.extmul_high_i8x16_u": extmul("u8", 1),
  "i32x4.extmul_low_i16x8_s": extmul("i16", 0),
  "i32x4.extmul_high_i16x8_s": extmul("i16", 1),
  "i32x4.extmul_low_i16x8_u": extmul("u16", 0),
  "i32x4.extmul_high_i16x8_u": extmul("u16", 1),
  "i64x2.extmul_low_i32x4_s": extmul64("i32", 0),
  "i64x2.extmul_high_i32x4_s": extmul64("i32", 1),
  "i64x2.extmul_low_i32x4_u": extmul64("u32", 0),
  "i64x2.extmul_high_i32x4_u": extmul64("u32", 1),
  "i32x4.dot_i16x8_s": () => {
    const [a, b] = [A.i16, B.i16];
    for (let i = 0; i < 4; i++) R.i32[i] = a[2 * i]! * b[2 * i]! + a[2 * i + 1]! * b[2 * i + 1]!;
  },
} satisfies Handlers;
