import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { HostRef, type Value } from "./values.js";
import { EXTERNREF, FUNCREF, refType, type ValType } from "../syntax/types.js";
import { UsageError } from "../util/errors.js";
import { formatValue, parseValue } from "./notation.js";

const bits32 = fc.oneof(
  fc.integer({ min: 0, max: 0xffff_ffff }),
  // NaNs of both signs, infinities.
  fc.integer({ min: 0x7f80_0000, max: 0x7fff_ffff }),
  fc.integer({ min: 0xff80_0000, max: 0xffff_ffff }),
);
const bits64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 0x7ff0_0000_0000_0000n, max: 0x7fff_ffff_ffff_ffffn }),
  fc.bigInt({ min: 0xfff0_0000_0000_0000n, max: 0xffff_ffff_ffff_ffffn }),
);
const number: fc.Arbitrary<Value> = fc.oneof(
  fc.integer().map((value): Value => ({ type: "i32", value })),
  fc
    .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    .map((value): Value => ({ type: "i64", value })),
  bits32.map((bits): Value => ({ type: "f32", bits })),
  bits64.map((bits): Value => ({ type: "f64", bits })),
  fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map((bits): Value => ({ type: "v128", bits })),
);

test("what is printed reads back as the same bits, with and without its type", () => {
  fc.assert(
    fc.property(number, (value) => {
      const text = formatValue(value);
      const type = value.type as ValType;
      expect(parseValue(text, type)).toEqual(value);
      expect(parseValue(text.slice(text.indexOf(":") + 1), type)).toEqual(value);
    }),
  );
});

test("references round-trip", () => {
  for (const [ref, type, text] of [
    [null, FUNCREF, "funcref:null"],
    [null, EXTERNREF, "externref:null"],
    [new HostRef(7), EXTERNREF, "externref:7"],
    [new HostRef(-1), EXTERNREF, "externref:-1"],
  ] as const) {
    expect(formatValue({ type: "ref", ref }, type)).toBe(text);
    expect(parseValue(text, type)).toEqual({ type: "ref", ref });
  }
  expect(parseValue("extern:7", EXTERNREF)).toEqual({ type: "ref", ref: new HostRef(7) });
  expect(parseValue("null", FUNCREF)).toEqual({ type: "ref", ref: null });
  expect(formatValue({ type: "ref", ref: null })).toBe("ref:null");
  expect(formatValue({ type: "ref", ref: null }, refType(3))).toBe("ref:null");
  expect(formatValue({ type: "ref", ref: null }, refType("nofunc"))).toBe("funcref:null");
  expect(parseValue("structref:null", refType("struct"))).toEqual({ type: "ref", ref: null });
  expect(formatValue({ type: "ref", ref: 5 }, refType("i31", false))).toBe("i31ref:5");
  expect(formatValue({ type: "ref", ref: null }, refType({ exact: 3 }))).toBe("ref:null");
  expect(parseValue("ref:null", FUNCREF)).toEqual({ type: "ref", ref: null });
});

test.each<[string, ValType, string]>([
  ["0xffffffff", "i32", "i32:-1"],
  ["4294967295", "i32", "i32:-1"],
  ["-2147483648", "i32", "i32:-2147483648"],
  ["18446744073709551615", "i64", "i64:-1"],
  ["1.5", "f32", "f32:1.5"],
  ["3", "f32", "f32:3.0"],
  ["0x1.8p1", "f64", "f64:3.0"],
  ["-0", "f64", "f64:-0.0"],
  ["nan", "f64", "f64:nan:0x8000000000000"],
  ["-nan", "f32", "f32:-nan:0x400000"],
  ["nan:0x1", "f32", "f32:nan:0x1"],
  ["-inf", "f64", "f64:-inf"],
  ["-.5", "f64", "f64:-0.5"],
  ["-Infinity", "f32", "f32:-inf"],
  ["i32:5", "i32", "i32:5"],
])("%s as %s is %s", (text, type, printed) => {
  expect(formatValue(parseValue(text, type))).toBe(printed);
});

describe("what is wrong is said", () => {
  test.each<[string, ValType, RegExp]>([
    ["4294967296", "i32", /out of range for an i32 \(-2147483648 to 4294967295\)/],
    ["-2147483649", "i32", /out of range/],
    ["18446744073709551616", "i64", /out of range/],
    ["i64:5", "i32", /i64:5 has type i64, expected i32/],
    ["1.5", "i32", /1\.5 is no i32: expected a decimal/],
    ["", "i32", /an empty text is no i32/],
    ["five", "f32", /five is no f32/],
    ["nan:0x800000", "f32", /is no f32/],
    ["f", FUNCREF, /null, the only reference/],
    ["7.5", EXTERNREF, /is no externref/],
    ["null", refType("extern", false), /null is no \(ref extern\)/],
    ["ref:5", "i32", /is a reference/],
  ])("%s as %j", (text, type, message) => {
    expect(() => parseValue(text, type)).toThrow(UsageError);
    expect(() => parseValue(text, type)).toThrow(message);
  });
});
