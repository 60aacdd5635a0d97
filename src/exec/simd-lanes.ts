// Vector instructions that move lanes or look at bits, whatever the lanes stand
// for: constants, splats, single lanes, shuffles, logic, tests. Lanes of floats move
// as integers, so that NaNs keep their bits.
// Spec: https://webassembly.github.io/spec/core/exec/instructions.html#vector-instructions

import { A, B, C, type Handler, type Handlers, R, setI32 } from "./simd-registers.js";

const splat =
  (view: "i8" | "i16" | "i32"): Handler =>
  () =>
    R[view].fill(A[view][0]!);
const splat64: Handler = () => R.i64.fill(A.i64[0]!);

const extract =
  (view: "i8" | "u8" | "i16" | "u16" | "i32"): Handler =>
  (code, at) =>
    setI32(A[view][code[at]!]!);

const extract64: Handler = (code, at) => {
  R.i64[0] = A.i64[code[at]!]!;
};

const replace =
  (view: "i8" | "i16" | "i32"): Handler =>
  (code, at) => {
    R.i32.set(A.i32);
    R[view][code[at]!] = B.i32[0]!;
  };

const replace64: Handler = (code, at) => {
  R.i32.set(A.i32);
  R.i64[code[at]!] = B.i64[0]!;
};

const bitwise =
  (f: (a: number, b: number, c: number) => number): Handler =>
  () => {
    for (let k = 0; k < 4; k++) R.i32[k] = f(A.i32[k]!, B.i32[k]!, C.i32[k]!);
  };

const allTrue =
  (view: "i8" | "i16" | "i32" | "i64"): Handler =>
  () => {
    let all = 1;
    for (const lane of A[view]) if (!lane) all = 0;
    setI32(all);
  };

/** The sign of each lane, lane 0 lowest. */
const bitmask =
  (view: "i8" | "i16" | "i32" | "i64"): Handler =>
  () => {
    const lanes = A[view];
    let bits = 0;
    for (let i = 0; i < lanes.length; i++) if (lanes[i]! < 0) bits |= 1 << i;
    setI32(bits);
  };

/** i8x16.swizzle; a lane number that does not exist gives zero. */
export const swizzle: Handler = () => {
  for (let i = 0; i < 16; i++) {
    const lane = B.u8[i]!;
    R.u8[i] = lane < 16 ? A.u8[lane]! : 0;
  }
};

/** v128.bitselect: bits of A where C has ones, of B where it has zeros. */
export const bitselect: Handler = bitwise((a, b, c) => (a & c) | (b & ~c));

export const laneHandlers = {
  // Step/ctxt-instrs: a value, as other constants are
  "v128.const": (code, at) => {
    for (let k = 0; k < 4; k++) R.i32[k] = code[at + k]!;
  },
  // Step_pure/vshuffle: lanes of A, then of B
  "i8x16.shuffle": (code, at) => {
    for (let i = 0; i < 16; i++) {
      const lane = (code[at + (i >> 2)]! >>> (8 * (i & 3))) & 0xff;
      R.u8[i] = lane < 16 ? A.u8[lane]! : B.u8[lane - 16]!;
    }
  },
  // Step_pure/vswizzlop
  "i8x16.swizzle": swizzle,

  // Step_pure/vsplat
  "i8x16.splat": splat("i8"),
  "i16x8.splat": splat("i16"),
  "i32x4.splat": splat("i32"),
  "i64x2.splat": splat64,
  "f32x4.splat": splat("i32"),
  "f64x2.splat": splat64,

  // Step_pure/vextract_lane-{num,pack}
  "i8x16.extract_lane_s": extract("i8"),
  "i8x16.extract_lane_u": extract("u8"),
  "i16x8.extract_lane_s": extract("i16"),
  "i16x8.extract_lane_u": extract("u16"),
  "i32x4.extract_lane": extract("i32"),
  "i64x2.extract_lane": extract64,
  "f32x4.extract_lane": extract("i32"),
  "f64x2.extract_lane": extract64,

  // Step_pure/vreplace_lane
  "i8x16.replace_lane": replace("i8"),
  "i16x8.replace_lane": replace("i16"),
  "i32x4.replace_lane": replace("i32"),
  "i64x2.replace_lane": replace64,
  "f32x4.replace_lane": replace("i32"),
  "f64x2.replace_lane": replace64,

  // Step_pure/vvunop, vvbinop, vvternop
  "v128.not": bitwise((a) => ~a),
  "v128.and": bitwise((a, b) => a & b),
  "v128.andnot": bitwise((a, b) => a & ~b),
  "v128.or": bitwise((a, b) => a | b),
  "v128.xor": bitwise((a, b) => a ^ b),
  "v128.bitselect": bitselect,

  // Step_pure/vvtestop
  "v128.any_true": () => setI32((A.i32[0]! | A.i32[1]! | A.i32[2]! | A.i32[3]!) === 0 ? 0 : 1),
  // Step_pure/vtestop
  "i8x16.all_true": allTrue("i8"),
  "i16x8.all_true": allTrue("i16"),
  "i32x4.all_true": allTrue("i32"),
  "i64x2.all_true": allTrue("i64"),
  // Step_pure/vbitmask
  "i8x16.bitmask": bitmask("i8"),
  "i16x8.bitmask": bitmask("i16"),
  "i32x4.bitmask": bitmask("i32"),
  "i64x2.bitmask": bitmask("i64"),
} satisfies Handlers;
