// Lanes that do not exist, and alignments, for vector instructions of every kind.

import { expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { code, functype, type Item, section, wasm } from "./testing.js";
import { validate } from "./validate.js";

const ZERO: Item[] = ["v128.const", ...Array.from({ length: 16 }, () => 0)];

/** The body leaves what it leaves to `unreachable`. */
const check = (...body: Item[]) =>
  validate(
    decode(
      wasm(
        section(1, functype([], [])),
        section(3, [0]),
        section(5, [0, 1]),
        section(10, code([], ...body, "unreachable", "end")),
      ),
    ),
  );

test.each([
  ["i8x16.extract_lane_u", 16, ZERO],
  ["i16x8.extract_lane_s", 8, ZERO],
  ["i32x4.extract_lane", 4, ZERO],
  ["f64x2.extract_lane", 2, ZERO],
  ["i32x4.replace_lane", 4, [...ZERO, "i32.const", 0]],
] as [Item, number, Item[]][])("%s has %i lanes", (mnemonic, lanes, operands) => {
  check(...operands, mnemonic, lanes - 1);
  expect(() => check(...operands, mnemonic, lanes)).toThrow("invalid lane index");
});

test.each([
  ["v128.load8_lane", 16],
  ["v128.load64_lane", 2],
  ["v128.store16_lane", 8],
  ["v128.store32_lane", 4],
] as [Item, number][])("%s has %i lanes of its natural alignment", (mnemonic, lanes) => {
  const access = (align: number, lane: number) =>
    check("i32.const", 0, ...ZERO, mnemonic, align, 0, lane);
  const natural = Math.log2(16 / lanes);
  access(natural, lanes - 1);
  expect(() => access(natural, lanes)).toThrow("invalid lane index");
  expect(() => access(natural + 1, 0)).toThrow("alignment must not be larger than natural");
});

test("a shuffle chooses among the 32 lanes of two vectors", () => {
  const shuffle = (lane: number) =>
    check(...ZERO, ...ZERO, "i8x16.shuffle", ...Array.from({ length: 15 }, () => 31), lane);
  shuffle(31);
  expect(() => shuffle(32)).toThrow("invalid lane index");
});
