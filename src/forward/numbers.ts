// Operators that compiled code calls: what is more than an expression, in the way that the
// interpreter does it on slots. Of NaNs, payload and sign are kept as the interpreter
// keeps them.

import { nearest } from "../exec/numeric.js";
import { scratch } from "./scratch.js";

const bits = new Int32Array(4);
const doubles = new Float64Array(bits.buffer);
const QUIET = 0x80000;

function quiet(x: number): number {
  doubles[0] = x;
  bits[1]! |= QUIET;
  return doubles[0];
}

export const ceil64 = (x: number): number => (x === x ? Math.ceil(x) : quiet(x));
export const floor64 = (x: number): number => (x === x ? Math.floor(x) : quiet(x));
export const trunc64 = (x: number): number => (x === x ? Math.trunc(x) : quiet(x));
export const nearest64 = (x: number): number => (x === x ? nearest(x) : quiet(x));
export function min64(a: number, b: number): number {
  const r = Math.min(a, b);
  return r === r ? r : quiet(r);
}
export function max64(a: number, b: number): number {
  const r = Math.max(a, b);
  return r === r ? r : quiet(r);
}
/** V8 leaves out what demotes a promoted number. */
export const demote64 = (x: number): number => Math.fround(x === x ? x : quiet(x));
export function neg64(x: number): number {
  if (x === x) return -x;
  doubles[0] = x;
  bits[1]! ^= 0x80000000;
  return doubles[0];
}
export function copysign64(x: number, sign: number): number {
  doubles[0] = x;
  doubles[1] = sign;
  bits[1] = (bits[1]! & 0x7fffffff) | (bits[3]! & 0x80000000);
  return doubles[0];
}

// Shifts of 64 bits by a variable count: from slot `a` to slot `to`.

const { i32 } = scratch;

export function shl64(to: number, a: number, count: number): void {
  const n = count & 63;
  const low = i32[2 * a]!;
  const high = i32[2 * a + 1]!;
  i32[2 * to] = n >= 32 ? 0 : low << n;
  i32[2 * to + 1] = n >= 32 ? low << n : n === 0 ? high : (high << n) | (low >>> (32 - n));
}
export function shr_s64(to: number, a: number, count: number): void {
  const n = count & 63;
  const low = i32[2 * a]!;
  const high = i32[2 * a + 1]!;
  i32[2 * to] = n >= 32 ? high >> n : n === 0 ? low : (low >>> n) | (high << (32 - n));
  i32[2 * to + 1] = n >= 32 ? high >> 31 : high >> n;
}
export function shr_u64(to: number, a: number, count: number): void {
  const n = count & 63;
  const low = i32[2 * a]!;
  const high = i32[2 * a + 1]!;
  i32[2 * to] = n >= 32 ? high >>> n : n === 0 ? low : (low >>> n) | (high << (32 - n));
  i32[2 * to + 1] = n >= 32 ? 0 : high >>> n;
}
export function rotl64(to: number, a: number, count: number): void {
  const n = count & 63;
  const low = i32[2 * a + (n >= 32 ? 1 : 0)]!;
  const high = i32[2 * a + (n >= 32 ? 0 : 1)]!;
  const m = n & 31;
  i32[2 * to] = m === 0 ? low : (low << m) | (high >>> (32 - m));
  i32[2 * to + 1] = m === 0 ? high : (high << m) | (low >>> (32 - m));
}
export const rotr64 = (to: number, a: number, count: number): void => rotl64(to, a, -count);
