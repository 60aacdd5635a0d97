// The numeric operators that are more than one JavaScript operator, as the spec's
// chapter "Numerics" defines them. Functions of i64 take BigInts: they serve the
// rare operators; the frequent ones work on word pairs inside the interpreter.
// Spec: https://webassembly.github.io/spec/core/exec/numerics.html
//
// Step_pure/unop-trap, {vunop,vbinop,vternop}-trap: these operators are defined on all
// numbers, so none of them traps.

import type { Code } from "../syntax/opcodes.js";
import { Trap } from "../runtime/traps.js";

export const ctz32 = (x: number): number => (x === 0 ? 32 : 31 - Math.clz32(x & -x));

export function popcnt32(x: number): number {
  x -= (x >>> 1) & 0x55555555;
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333);
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** fnearest: round half to even. */
export function nearest(x: number): number {
  const r = Math.round(x);
  if (r - x !== 0.5) return x < 0 && r === 0 ? -0 : r;
  return r % 2 === 0 ? (r === 0 && x < 0 ? -0 : r) : r - 1;
}

export const divideByZero = (): never => {
  throw new Trap("integer divide by zero");
};

/** idiv and irem of 64 bits, by opcode; unsigned results are not wrapped. */
export function divide64(code: number, a: bigint, b: bigint): bigint {
  if (b === 0n) divideByZero();
  switch (code) {
    // Step_pure/binop-{val,trap}
    case 0x7f satisfies Code<"i64.div_s">:
      if (b === -1n && a === -0x8000000000000000n) throw new Trap("integer overflow");
      return a / b;
    case 0x80 satisfies Code<"i64.div_u">:
      return BigInt.asUintN(64, a) / BigInt.asUintN(64, b);
    case 0x81 satisfies Code<"i64.rem_s">:
      return a % b;
    default:
      return BigInt.asUintN(64, a) % BigInt.asUintN(64, b);
  }
}

/** trunc to a 32-bit integer within (low, high), exclusive bounds. */
export function trunc32(x: number, low: number, high: number): number {
  checkTrunc(x, low, high);
  return Math.trunc(x) | 0;
}
/** trunc to a 64-bit integer within [low, high). */
export function trunc64(x: number, signed: boolean): bigint {
  checkTrunc(
    x,
    signed ? -9223372036854777856 : -1,
    signed ? 9223372036854775808 : 18446744073709551616,
  );
  return BigInt(Math.trunc(x));
}
function checkTrunc(x: number, low: number, high: number): void {
  if (x !== x) throw new Trap("invalid conversion to integer");
  if (!(x > low && x < high)) throw new Trap("integer overflow", String(x));
}

/** trunc_sat to [low, high] of 32-bit results. */
export function truncSat32(x: number, low: number, high: number): number {
  return x !== x ? 0 : x <= low ? low | 0 : x >= high ? high | 0 : Math.trunc(x) | 0;
}
export function truncSat64(x: number, signed: boolean): bigint {
  if (x !== x) return 0n;
  const low = signed ? -0x8000000000000000n : 0n;
  const high = signed ? 0x7fffffffffffffffn : 0xffffffffffffffffn;
  if (x <= Number(low)) return low;
  if (x >= Number(high)) return high;
  return BigInt(Math.trunc(x));
}

/** An integer to f32, rounded once: through f64 with the sticky bit kept. */
export function f32FromBigInt(x: bigint): number {
  const magnitude = x < 0n ? -x : x;
  if (magnitude < 1n << 53n) return Math.fround(Number(x));
  // Bits below the 11th cannot decide an f32 rounding except by not being zero.
  const sticky = (magnitude >> 11n) | (magnitude & 0x7ffn ? 1n : 0n);
  const rounded = Math.fround(Number(sticky)) * 2048;
  return x < 0n ? -rounded : rounded;
}
