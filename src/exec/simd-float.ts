// Vector instructions on lanes of floats. An arithmetic result that is no number is
// the positive canonical NaN: one that the spec allows whatever the operands, and the
// same on every host. What only moves lanes or signs works on their bits.
// Spec: https://webassembly.github.io/spec/core/exec/numerics.html#floating-point-operations

import { nearest } from "./numeric.js";
import { A, B, C, compare, type Handler, type Handlers, R } from "./simd-registers.js";

type FloatView = "f32" | "f64";

/** Replaces what is no number in R. */
export function canonicalNaNs(view: FloatView): void {
  if (view === "f32") {
    for (let i = 0; i < 4; i++) if (Number.isNaN(R.f32[i]!)) R.i32[i] = 0x7fc00000;
  } else {
    for (let i = 0; i < 2; i++) if (Number.isNaN(R.f64[i]!)) R.u64[i] = 0x7ff8000000000000n;
  }
}

/** Each lane of R from those of A, B and C. */
export function arithmetic(
  view: FloatView,
  f: (a: number, b: number, c: number) => number,
): Handler {
  if (view === "f32") {
    return () => {
      for (let i = 0; i < 4; i++) R.f32[i] = f(A.f32[i]!, B.f32[i]!, C.f32[i]!);
      canonicalNaNs(view);
    };
  }
  return () => {
    for (let i = 0; i < 2; i++) R.f64[i] = f(A.f64[i]!, B.f64[i]!, C.f64[i]!);
    canonicalNaNs(view);
  };
}

/** Each lane of R is that of B where `f` says so, else that of A, to the bit. */
function choose(view: FloatView, f: (a: number, b: number) => boolean): Handler {
  const [a, b] = [A[view], B[view]];
  const words = a.BYTES_PER_ELEMENT / 4;
  return () => {
    for (let i = 0; i < a.length; i++) {
      const from = f(a[i]!, b[i]!) ? B : A;
      for (let k = i * words; k < (i + 1) * words; k++) R.i32[k] = from.i32[k]!;
    }
  };
}

/** Changes the word that holds the sign of each lane. */
function sign(view: FloatView, f: (word: number) => number): Handler {
  return () => {
    for (let k = 0; k < 4; k++) R.i32[k] = view === "f32" || k % 2 === 1 ? f(A.i32[k]!) : A.i32[k]!;
  };
}
const abs = (word: number) => word & 0x7fffffff;
const negate = (word: number) => word ^ 0x80000000;

const eq = (a: number, b: number) => a === b;
const ne = (a: number, b: number) => a !== b;
const lt = (a: number, b: number) => a < b;
const gt = (a: number, b: number) => a > b;
const le = (a: number, b: number) => a <= b;
const ge = (a: number, b: number) => a >= b;

const add = (a: number, b: number) => a + b;
const sub = (a: number, b: number) => a - b;
const mul = (a: number, b: number) => a * b;
const div = (a: number, b: number) => a / b;

/** fmin, fmax: JavaScript's tell zeros apart as the spec's do. */
const min = (a: number, b: number) => Math.min(a, b);
const max = (a: number, b: number) => Math.max(a, b);
export const minF32: Handler = arithmetic("f32", min);
export const maxF32: Handler = arithmetic("f32", max);
export const minF64: Handler = arithmetic("f64", min);
export const maxF64: Handler = arithmetic("f64", max);

export const floatHandlers = {
  // Step_pure/vrelop
  "f32x4.eq": compare("f32", eq),
  "f32x4.ne": compare("f32", ne),
  "f32x4.lt": compare("f32", lt),
  "f32x4.gt": compare("f32", gt),
  "f32x4.le": compare("f32", le),
  "f32x4.ge": compare("f32", ge),
  "f64x2.eq": compare("f64", eq),
  "f64x2.ne": compare("f64", ne),
  "f64x2.lt": compare("f64", lt),
  "f64x2.gt": compare("f64", gt),
  "f64x2.le": compare("f64", le),
  "f64x2.ge": compare("f64", ge),

  // Step_pure/vunop-val
  "f32x4.abs": sign("f32", abs),
  "f32x4.neg": sign("f32", negate),
  "f32x4.sqrt": arithmetic("f32", (a) => Math.sqrt(a)),
  "f32x4.ceil": arithmetic("f32", (a) => Math.ceil(a)),
  "f32x4.floor": arithmetic("f32", (a) => Math.floor(a)),
  "f32x4.trunc": arithmetic("f32", (a) => Math.trunc(a)),
  "f32x4.nearest": arithmetic("f32", nearest),
  "f64x2.abs": sign("f64", abs),
  "f64x2.neg": sign("f64", negate),
  "f64x2.sqrt": arithmetic("f64", (a) => Math.sqrt(a)),
  "f64x2.ceil": arithmetic("f64", (a) => Math.ceil(a)),
  "f64x2.floor": arithmetic("f64", (a) => Math.floor(a)),
  "f64x2.trunc": arithmetic("f64", (a) => Math.trunc(a)),
  "f64x2.nearest": arithmetic("f64", nearest),

  // Step_pure/vbinop-val
  "f32x4.add": arithmetic("f32", add),
  "f32x4.sub": arithmetic("f32", sub),
  "f32x4.mul": arithmetic("f32", mul),
  "f32x4.div": arithmetic("f32", div),
  "f32x4.min": minF32,
  "f32x4.max": maxF32,
  "f32x4.pmin": choose("f32", (a, b) => b < a),
  "f32x4.pmax": choose("f32", (a, b) => a < b),
  "f64x2.add": arithmetic("f64", add),
  "f64x2.sub": arithmetic("f64", sub),
  "f64x2.mul": arithmetic("f64", mul),
  "f64x2.div": arithmetic("f64", div),
  "f64x2.min": minF64,
  "f64x2.max": maxF64,
  "f64x2.pmin": choose("f64", (a, b) => b < a),
  "f64x2.pmax": choose("f64", (a, b) => a < b),
} satisfies Handlers;
