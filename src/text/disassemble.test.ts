import { expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { disassembleFunction } from "./disassemble.js";

const utf8 = (text: string) => [...new TextEncoder().encode(text)];
const name = (text: string) => [utf8(text).length, ...utf8(text)];
const section = (id: number, ...payload: number[]) => [id, payload.length, ...payload];
const header = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const moduleOf = (body: number[], names: number[] = []) =>
  decode(
    Uint8Array.from([
      ...header,
      ...section(1, 1, 0x60, 0, 0),
      ...section(3, 1, 0),
      ...section(12, 0),
      ...section(10, 1, body.length + 2, 0, ...body, 0x0b),
      ...(names.length > 0 ? section(0, ...name("name"), ...names) : []),
    ]),
  );
const textOf = (...parameters: Parameters<typeof moduleOf>) =>
  disassembleFunction(moduleOf(...parameters), 0).map(({ text }) => text);

test("offsets and depths", () => {
  const body = [0x02, 0x40, 0x04, 0x7f, 0x41, 0x01, 0x05, 0x41, 0x02, 0x0b, 0x1a, 0x0b];
  const lines = disassembleFunction(moduleOf(body), 0);
  expect(lines.map(({ depth, text }) => "  ".repeat(depth) + text)).toEqual([
    "block",
    "  if (result i32)",
    "    i32.const 1",
    "  else",
    "    i32.const 2",
    "  end",
    "  drop",
    "end",
    "end",
  ]);
  expect(lines.slice(0, 3).map(({ offset }) => offset - lines[0]!.offset)).toEqual([0, 2, 4]);
});

// prettier-ignore
test.each([
  ["br_table 0 1 2", [0x0e, 2, 0, 1, 2]],
  ["call_indirect (type 0)", [0x11, 0, 0]],
  ["call_indirect 1 (type 0)", [0x11, 0, 1]],
  ["call_ref 0", [0x14, 0]],
  ["select (result funcref (ref 3))", [0x1c, 2, 0x70, 0x64, 3]],
  ["loop (type 0)", [0x03, 0, 0x0b]],
  ["i32.load", [0x28, 2, 0]],
  ["i32.load 3 offset=8 align=1", [0x28, 0x40, 3, 8]],
  ["i64.const -1", [0x42, 0x7f]],
  ["f32.const -0.0", [0x43, 0, 0, 0, 0x80]],
  ["f64.const nan:0x1", [0x44, 1, 0, 0, 0, 0, 0, 0xf0, 0x7f]],
  ["ref.null extern", [0xd0, 0x6f]],
  ["memory.size", [0x3f, 0]],
  ["memory.init 4", [0xfc, 8, 4, 0]],
  ["memory.init 1 4", [0xfc, 8, 4, 1]],
  ["memory.copy 0 1", [0xfc, 10, 0, 1]],
  ["table.init 2 4", [0xfc, 12, 4, 2]],
  ["struct.get_u 0 3", [0xfb, 4, 0, 3]],
  ["array.new_fixed 0 10", [0xfb, 8, 0, 10]],
  ["array.new_data 1 4", [0xfb, 9, 1, 4]],
  ["array.copy 0 1", [0xfb, 0x11, 0, 1]],
  ["ref.test (ref i31)", [0xfb, 0x14, 0x6c]],
  ["ref.test i31ref", [0xfb, 0x15, 0x6c]],
  ["ref.cast (ref null 2)", [0xfb, 0x17, 2]],
  ["v128.const i32x4 0x03020100 0x07060504 0x0b0a0908 0xff0e0d0c",
    [0xfd, 12, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]],
  ["i8x16.shuffle 0 1 2 3 4 5 6 7 24 25 26 27 28 29 30 31",
    [0xfd, 13, 0, 1, 2, 3, 4, 5, 6, 7, 24, 25, 26, 27, 28, 29, 30, 31]],
  ["f32x4.replace_lane 3", [0xfd, 0x20, 3]],
  ["v128.load", [0xfd, 0, 4, 0]],
  ["v128.store16_lane 2 offset=8 align=1 7", [0xfd, 0x59, 0x40, 2, 8, 7]],
  ["i32x4.relaxed_dot_i8x16_i7x16_add_s", [0xfd, 0x93, 2]],
  ["throw 3", [0x08, 3]],
  ["try_table (result i32) (catch 1 0) (catch_ref 2 3) (catch_all 4) (catch_all_ref 5)",
    [0x1f, 0x7f, 4, 0, 1, 0, 1, 2, 3, 2, 4, 3, 5, 0x0b]],
  ["try", [0x06, 0x40, 0x07, 2, 0x19, 0x0b]],
  ["rethrow 1", [0x09, 1]],
  ["cont.bind 1 2", [0xe1, 1, 2]],
  ["suspend 3", [0xe2, 3]],
  ["resume 1 (on 2 0) (on 3 switch)", [0xe3, 1, 2, 0, 2, 0, 1, 3]],
  ["resume_throw 1 2 (on 3 0)", [0xe4, 1, 2, 1, 0, 3, 0]],
  ["resume_throw_ref 1", [0xe5, 1, 0]],
  ["switch 1 2", [0xe6, 1, 2]],
  ["i64.mul_wide_u", [0xfc, 0x16]],
  ["i64.atomic.rmw16.cmpxchg_u offset=8", [0xfe, 0x4d, 1, 8]],
  ["atomic.fence", [0xfe, 3, 0]],
  ["br_on_cast 0 anyref (ref 2)", [0xfb, 0x18, 1, 0, 0x6e, 2]],
  ["br_on_cast_fail 1 (ref any) eqref", [0xfb, 0x19, 2, 1, 0x6e, 0x6d]],
  ["struct.new_desc 3", [0xfb, 0x20, 3]],
  ["struct.new_default_desc 3", [0xfb, 0x21, 3]],
  ["ref.get_desc 3", [0xfb, 0x22, 3]],
  ["ref.null (exact 3)", [0xd0, 0x62, 3]],
  ["ref.cast_desc_eq (ref (exact 3))", [0xfb, 0x23, 0x62, 3]],
  ["ref.cast_desc_eq (ref null 3)", [0xfb, 0x24, 3]],
  ["br_on_cast_desc_eq 0 anyref (ref (exact 2))", [0xfb, 0x25, 1, 0, 0x6e, 0x62, 2]],
  ["br_on_cast_desc_eq_fail 1 (ref 3) (ref null 2)", [0xfb, 0x26, 2, 1, 3, 2]],
] as [string, number[]][])("%s", (text, body) => {
  expect(textOf(body)[0]).toBe(text);
});

test("names stand for indices, quoted where they are no identifiers", () => {
  const names = [
    ...section(1, 1, 0, ...name("main")),
    ...section(2, 1, 0, 1, 0, ...name("count")),
    ...section(7, 1, 0, ...name('a "global"')),
  ];
  expect(textOf([0x10, 0, 0x20, 0, 0x20, 1, 0x23, 0], names)).toEqual([
    "call $main",
    "local.get $count",
    "local.get 1",
    'global.get $"a \\"global\\""',
    "end",
  ]);
});

test("only defined functions have a body", () => {
  expect(() => disassembleFunction(moduleOf([]), 1)).toThrow("there is no function 1");
});
