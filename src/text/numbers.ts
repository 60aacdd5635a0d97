// Numbers as text and back, without losing a bit. Floats are handled as bit
// patterns, since JavaScript numbers do not keep NaN payloads. Parsing rounds the
// exact rational once, straight to the target format: going through a double first
// would round twice and be off by one in rare f32 cases.
// Spec: https://webassembly.github.io/spec/core/text/values.html

import { hex } from "../util/hex.js";

interface FloatFormat {
  /** Explicit mantissa bits. */
  readonly mantissa: bigint;
  /** The smallest positive number is 2 to this power. */
  readonly minExponent: number;
  readonly infinity: bigint;
  readonly sign: bigint;
  /** Beyond 10 to plus this all is infinite; numbers below 10 to minus this are zero. */
  readonly decimalRange: number;
}
const F32: FloatFormat = {
  mantissa: 23n,
  minExponent: -149,
  infinity: 0x7f80_0000n,
  sign: 0x8000_0000n,
  decimalRange: 50,
};
const F64: FloatFormat = {
  mantissa: 52n,
  minExponent: -1074,
  infinity: 0x7ff0_0000_0000_0000n,
  sign: 0x8000_0000_0000_0000n,
  decimalRange: 350,
};

const scratch = new DataView(new ArrayBuffer(8));

/** Joins the int32 halves of a 64-bit value into an unsigned pattern. */
export const joinHalves = (low: number, high: number): bigint =>
  (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);

/** NaN, infinity and sign; `finite` prints the rest (never negative). */
function formatBits(bits: bigint, format: FloatFormat, finite: () => string): string {
  const sign = bits & format.sign ? "-" : "";
  const magnitude = bits & (format.sign - 1n);
  if (magnitude === format.infinity) return `${sign}inf`;
  if (magnitude < format.infinity) return sign + finite();
  const payload = magnitude - format.infinity;
  const canonical = payload === 1n << (format.mantissa - 1n);
  return `${sign}nan${canonical ? "" : `:${hex(payload)}`}`;
}

/** JavaScript's shortest decimal, recognizable as a float. */
const decimal = (x: number) => (/[.e]/.test(String(x)) ? String(x) : `${x}.0`);

/** The f32 with these 32 bits (signed or unsigned) in as few digits as read back the same. */
export function formatF32Bits(bits: number): string {
  return formatBits(BigInt(bits >>> 0), F32, () => {
    const magnitude = bits & 0x7fff_ffff;
    scratch.setInt32(0, magnitude);
    const x = scratch.getFloat32(0);
    for (let digits = 1; digits < 9; digits++) {
      const text = decimal(Number(x.toPrecision(digits)));
      if (parseF32(text) === magnitude) return text;
    }
    return decimal(Number(x.toPrecision(9)));
  });
}

/** The f64 with these 64 bits (signed or unsigned) in as few digits as read back the same. */
export function formatF64Bits(bits: bigint): string {
  return formatBits(BigInt.asUintN(64, bits), F64, () => {
    scratch.setBigUint64(0, BigInt.asUintN(63, bits));
    return decimal(scratch.getFloat64(0));
  });
}

export const formatI32 = (bits: number): string => String(bits | 0);
export const formatI64 = (bits: bigint): string => String(BigInt.asIntN(64, bits));

const bitLength = (n: bigint) => n.toString(2).length;

/** Rounds n / d (both positive) to the nearest, ties to even; undefined on overflow. */
function roundRatio(n: bigint, d: bigint, format: FloatFormat): bigint | undefined {
  let exponent = bitLength(n) - bitLength(d);
  const below = exponent >= 0 ? n < d << BigInt(exponent) : n << BigInt(-exponent) < d;
  if (below) exponent--;
  // The weight of the last mantissa bit; subnormal numbers all share the smallest one.
  const quantum = Math.max(exponent - Number(format.mantissa), format.minExponent);
  const [num, den] = quantum >= 0 ? [n, d << BigInt(quantum)] : [n << BigInt(-quantum), d];
  const floor = num / den;
  const twice = 2n * (num - floor * den);
  const up = twice > den || (twice === den && (floor & 1n) === 1n);
  // The implicit leading bit adds the one that normal exponents are biased by, and a
  // carry out of the mantissa moves on to the next exponent.
  const bits = (BigInt(quantum - format.minExponent) << format.mantissa) + floor + (up ? 1n : 0n);
  return bits < format.infinity ? bits : undefined;
}

const DECIMAL = /^(\d+)(?:\.(\d*))?(?:e([+-]?\d+))?$/i;
const HEX = /^0x([\da-f]+)(?:\.([\da-f]*))?(?:p([+-]?\d+))?$/i;

function parseFinite(text: string, format: FloatFormat): bigint | undefined {
  const hex = HEX.exec(text);
  const [, whole, fraction = "", power = "0"] = hex ?? DECIMAL.exec(text) ?? [];
  if (whole === undefined) return undefined;
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return 0n;
  const exponent = Number(power) - fraction.length * (hex ? 4 : 1);
  // Bounds the powers below; what is far outside needs no exact comparison.
  const scale = hex ? (exponent + 4 * digits.length) * Math.log10(2) : exponent + digits.length;
  if (scale > format.decimalRange) return undefined;
  if (scale < -format.decimalRange) return 0n;
  const n = BigInt(hex ? `0x${digits}` : digits);
  const base = hex ? 2n : 10n;
  return exponent >= 0
    ? roundRatio(n * base ** BigInt(exponent), 1n, format)
    : roundRatio(n, base ** BigInt(-exponent), format);
}

function parseNan(payload: string | undefined, format: FloatFormat): bigint | undefined {
  const quiet = 1n << (format.mantissa - 1n);
  if (payload === undefined || payload === "canonical") return format.infinity | quiet;
  const bits = BigInt(payload);
  return bits > 0n && bits < 1n << format.mantissa ? format.infinity | bits : undefined;
}

function parseFloatBits(text: string, format: FloatFormat): bigint | undefined {
  const [, sign, body] = /^([+-]?)(.*)$/s.exec(text)!;
  const nan = /^nan(?::(0x[\da-f]+|canonical))?$/i.exec(body!);
  const magnitude = nan
    ? parseNan(nan[1], format)
    : body === "inf"
      ? format.infinity
      : parseFinite(body!, format);
  return sign === "-" && magnitude !== undefined ? magnitude | format.sign : magnitude;
}

/** The bits (unsigned) of an f32; undefined where the text is none or out of range. */
export function parseF32(text: string): number | undefined {
  const bits = parseFloatBits(text, F32);
  return bits === undefined ? undefined : Number(bits);
}

/** The bits (unsigned) of an f64; undefined where the text is none or out of range. */
export const parseF64 = (text: string): bigint | undefined => parseFloatBits(text, F64);

/** Signed or unsigned text, decimal or hex, as the signed integer of `width` bits. */
export function parseInteger(text: string, width: number): bigint | undefined {
  const [, sign, digits] = /^([+-]?)(0x[\da-f]+|\d+)$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const value = sign === "-" ? -BigInt(digits) : BigInt(digits);
  const limit = 1n << BigInt(width);
  return value >= -limit / 2n && value < limit ? BigInt.asIntN(width, value) : undefined;
}

/** Signed or unsigned text, decimal or hex, as the int32 with these bits. */
export function parseI32(text: string): number | undefined {
  const value = parseInteger(text, 32);
  return value === undefined ? undefined : Number(value);
}

/** Signed or unsigned text, decimal or hex, as the signed 64-bit integer with these bits. */
export const parseI64 = (text: string): bigint | undefined => parseInteger(text, 64);
