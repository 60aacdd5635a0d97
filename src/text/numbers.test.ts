import { expect, test } from "@jest/globals";
import fc from "fast-check";
import {
  formatF32Bits,
  formatF64Bits,
  formatI32,
  formatI64,
  joinHalves,
  parseF32,
  parseF64,
  parseI32,
  parseI64,
} from "./numbers.js";

const view = new DataView(new ArrayBuffer(8));
function f64Bits(x: number): bigint {
  view.setFloat64(0, x);
  return view.getBigUint64(0);
}
function f32Bits(x: number): number {
  view.setFloat32(0, x);
  return view.getUint32(0);
}
const u32 = fc.nat(0xffffffff);
const u64 = fc.bigInt(0n, 2n ** 64n - 1n);
/** Bit patterns where mantissas are simple, which is where ties and edges are. */
const edgy32 = fc
  .tuple(fc.nat(511), fc.constantFrom(0, 1, 0x400000, 0x7fffff, 0x555555))
  .map(([top, low]) => ((top << 23) | low) >>> 0);

test("f32: printing and parsing are inverse, for every kind of bits", () => {
  fc.assert(
    fc.property(fc.oneof(u32, edgy32), (bits) => {
      expect(parseF32(formatF32Bits(bits))).toBe(bits);
      expect(formatF32Bits(bits | 0)).toBe(formatF32Bits(bits));
    }),
  );
});

test("f64: printing and parsing are inverse, for every kind of bits", () => {
  fc.assert(
    fc.property(u64, (bits) => {
      expect(parseF64(formatF64Bits(bits))).toBe(bits);
    }),
  );
});

test("f64: parsing agrees with JavaScript", () => {
  const digits = fc.bigInt(0n, 10n ** 25n).map(String);
  fc.assert(
    fc.property(digits, digits, fc.integer({ min: -360, max: 300 }), (whole, fraction, power) => {
      const text = `${whole}.${fraction}e${power}`;
      const expected = Number(text);
      expect(parseF64(text)).toBe(Number.isFinite(expected) ? f64Bits(expected) : undefined);
    }),
  );
});

test("f32: the midpoint of two neighbours goes to the even one, a hair off it to the nearer", () => {
  // A double has room for the exact midpoint, but not for the hair.
  const finite = fc.nat(0x7f7fffff - 1);
  fc.assert(
    fc.property(finite, (bits) => {
      view.setUint32(0, bits);
      const low = view.getFloat32(0);
      view.setUint32(0, bits + 1);
      const mid = low + (view.getFloat32(0) - low) / 2;
      const text = hexOf(mid);
      expect(parseF32(text)).toBe(bits % 2 === 0 ? bits : bits + 1);
      expect(parseF32(text.replace("p", "00000000000000000001p"))).toBe(bits + 1);
    }),
  );
});

/** An exact hex float. */
function hexOf(x: number): string {
  const bits = f64Bits(x);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const mantissa = (bits & (2n ** 52n - 1n)).toString(16).padStart(13, "0");
  return exponent === 0 ? "0x0.0p0" : `0x1.${mantissa}p${exponent - 1023}`;
}

test("f32: rounding twice would be wrong here", () => {
  // Just above the midpoint of 1 and its successor; as a double it is that midpoint.
  const text = "1.00000005960464477539062500000000000000000001";
  expect(f32Bits(Math.fround(Number(text)))).toBe(0x3f800000);
  expect(parseF32(text)).toBe(0x3f800001);
});

test("how numbers look", () => {
  expect(
    ["0", "-0", "1", "0.1", "1e30", "16777216"].map((t) => formatF32Bits(parseF32(t)!)),
  ).toEqual(["0.0", "-0.0", "1.0", "0.1", "1e+30", "16777216.0"]);
  expect(formatF32Bits(1)).toBe("1e-45");
  expect(formatF32Bits(0x7f7fffff)).toBe("3.4028235e+38");
  expect(formatF64Bits(1n)).toBe("5e-324");
  expect(formatF32Bits(0x7fc00000)).toBe("nan");
  expect(formatF32Bits(0xffc00001 | 0)).toBe("-nan:0x400001");
  expect(formatF32Bits(0x7f800000)).toBe("inf");
  expect(formatF64Bits(0xfff0000000000000n)).toBe("-inf");
  expect(formatF64Bits(0x7ff0000000000001n)).toBe("nan:0x1");
  expect(formatI32(0xffffffff)).toBe("-1");
  expect(formatI64(joinHalves(-2, -1))).toBe("-2");
});

test("what parses, and what does not", () => {
  expect(parseF32("nan:canonical")).toBe(0x7fc00000);
  expect(parseF32("+0x1.8p1")).toBe(0x40400000);
  expect(parseF64("0x10")).toBe(f64Bits(16));
  expect(parseF64(`0.${"0".repeat(500)}1e501`)).toBe(f64Bits(1));
  expect(parseF32("1e-999999999")).toBe(0);
  for (const text of ["", "-", ".5", "1e", "0x", "0xp1", "nan:0x0", "nan:0x800000", "1_0", " 1"]) {
    expect(parseF32(text)).toBe(undefined);
  }
  // Either side of where f32 overflows; as doubles, both are the midpoint itself.
  expect(parseF32("3.4028235677973367e38")).toBe(undefined);
  expect(parseF32("3.4028235677973366e38")).toBe(0x7f7fffff);
  expect(parseF64("1e999999999")).toBe(undefined);
});

test("integers: signed or unsigned, within their width", () => {
  expect(["-1", "4294967295", "0xFFFFFFFF", "+7", "-0x80000000"].map(parseI32)).toEqual([
    -1,
    -1,
    -1,
    7,
    -(2 ** 31),
  ]);
  for (const text of ["4294967296", "-2147483649", "", "x", "1.0"]) {
    expect(parseI32(text)).toBe(undefined);
  }
  expect(parseI64("0xffffffffffffffff")).toBe(-1n);
  expect(parseI64("18446744073709551616")).toBe(undefined);
});
