// What each feature brought is valid with it and refused without it, and nothing else is.

import { expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { opcodeOf, opcodes } from "../syntax/opcodes.js";
import { InvalidError, UsageError } from "../util/errors.js";
import {
  ALL_FEATURES,
  type Feature,
  FEATURES,
  featuresWithout,
  opcodeFeature,
  parseFeature,
} from "./features.js";
import { assemble, code, EMPTY, functype, I32, I64, type Item, section, wasm } from "./testing.js";
import { validate } from "./validate.js";

const V128 = 0x7b;
const FUNCREF = 0x70;
const EXNREF = 0x69;
const body = (...items: Item[]) => [
  section(1, functype([], []), functype([I32], [I32]), functype([], [I32, I32])),
  section(3, [0]),
  section(10, code([], ...items, "end")),
];
const types = (...list: (readonly number[])[]) => [section(1, ...list)];
const globalOf = (type: number, mutable: number, ...init: Item[]) =>
  section(6, assemble(type, mutable, ...init, "end"));
const typed = (type: number) => types(functype([type], []));

// prettier-ignore
const uses: [Feature, string, (readonly number[])[]][] = [
  ["mutable-globals", "mutable globals cannot be exported", [globalOf(I32, 1, "i32.const", 0), section(7, [1, 0x61, 3, 0])]],
  ["mutable-globals", "mutable globals cannot be imported", [section(2, [1, 0x61, 1, 0x62, 3, I32, 1])]],
  ["sign-extension", "i32.extend8_s", body("i32.const", 0, "i32.extend8_s", "drop")],
  ["saturating-float-to-int", "i32.trunc_sat_f32_s", body("f32.const", 0, 0, 0, 0, "i32.trunc_sat_f32_s", "drop")],
  ["multi-value", "invalid result arity", types(functype([], [I32, I32]))],
  ["multi-value", "a block of a type", [section(1, functype([], [])), section(3, [0]), section(10, code([], "block", 0, "end", "end"))]],
  ["bulk-memory", "memory.fill", [section(1, functype([], [])), section(3, [0]), section(5, [0, 1]), section(10, code([], "i32.const", 0, "i32.const", 0, "i32.const", 0, "memory.fill", 0, "end"))]],
  ["bulk-memory", "a passive segment", [section(11, [1, 0])]],
  ["bulk-memory", "a data count section", [section(5, [0, 1]), [12, 1, 0]]],
  ["reference-types", "multiple tables", [section(4, [FUNCREF, 0, 0], [FUNCREF, 0, 0])]],
  ["reference-types", "a reference type", typed(FUNCREF)],
  ["reference-types", "a declarative segment", [section(9, [3, 0, 0])]],
  ["simd", "v128", typed(V128)],
  ["relaxed-simd", "i8x16.relaxed_swizzle", body("v128.const", ...Array<number>(16).fill(0), "v128.const", ...Array<number>(16).fill(0), "i8x16.relaxed_swizzle", "drop")],
  ["extended-const", "constant expression required", [globalOf(I32, 0, "i32.const", 1, "i32.const", 2, "i32.add")]],
  ["multi-memory", "multiple memories", [section(5, [0, 0], [0, 0])]],
  ["memory64", "a 64-bit address type", [section(5, [4, 0])]],
  ["tail-call", "return_call", body("return_call", 0)],
  ["function-references", "a reference without null", types(functype([], []), [0x60, 1, 0x64, 0x70, 0])],
  ["function-references", "a reference to 0", types(functype([], []), [0x60, 1, 0x63, 0, 0])],
  ["gc", "a type of structs", types([0x5f, 0])],
  ["gc", "a sub or recursive type", types([0x50, 0, 0x60, 0, 0])],
  ["gc", "a reference to any", typed(0x6e)],
  ["gc", "unknown global 0", [section(6, assemble(I32, 0, "i32.const", 0, "end"), assemble(I32, 0, "global.get", 0, "end"))]],
  ["exceptions", "a tag", [section(1, functype([], [])), section(13, [0, 0])]],
  ["exceptions", "a reference to exn", typed(EXNREF)],
  ["legacy-exceptions", "try", body("try", EMPTY, "catch_all", "end")],
  ["threads", "a shared memory", [section(5, [3, 0, 1])]],
  ["threads", "atomic.fence", body("atomic.fence", 0)],
  ["custom-page-sizes", "a page size", [section(5, [8, 0, 0])]],
  ["wide-arithmetic", "i64.mul_wide_s", [section(1, functype([], [I64, I64])), section(3, [0]), section(10, code([], "i64.const", 1, "i64.const", 2, "i64.mul_wide_s", "end"))]],
  ["stack-switching", "a continuation type", types(functype([], []), [0x5d, 0])],
  ["stack-switching", "non-empty tag result type", [section(1, functype([], [I32])), section(13, [0, 0])]],
  ["custom-descriptors", "a descriptor", types([0x4e, 2, 0x4d, 1, 0x5f, 0, 0x4c, 0, 0x5f, 0])],
  ["custom-descriptors", "an exact type", types([0x5f, 0], [0x60, 1, 0x63, 0x62, 0, 0])],
];

test.each(uses)("%s: %s", (feature, message, sections) => {
  const module = decode(wasm(...sections));
  validate(module);
  expect(() => validate(module, { features: featuresWithout(feature) })).toThrow(InvalidError);
  expect(() => validate(module, { features: featuresWithout(feature) })).toThrow(message);
});

test("every feature has an example", () => {
  expect(new Set(uses.map(([feature]) => feature))).toEqual(ALL_FEATURES);
});

test("WebAssembly 1.0 needs no feature", () => {
  const first = Object.values(opcodes).filter(
    ({ code: c }) => opcodeFeature(opcodeOf(c)!) === null,
  );
  // 172 instructions, `else` and `end` among them: as many as the first specification has.
  expect(first).toHaveLength(172);
  const module = decode(
    wasm(
      section(1, functype([I32], [I32])),
      section(3, [0]),
      section(4, [FUNCREF, 0, 1]),
      section(5, [0, 1]),
      globalOf(I32, 1, "i32.const", 0),
      section(9, assemble(0, "i32.const", 0, "end", 1, 0)),
      section(10, code([], "local.get", 0, "end")),
      section(11, assemble(0, "i32.const", 0, "end", 1, 7)),
    ),
  );
  expect(() => validate(module, { features: new Set() })).not.toThrow();
});

test("names are checked, and all are told", () => {
  expect(parseFeature("gc")).toBe("gc");
  expect(() => parseFeature("toString")).toThrow(UsageError);
  expect(() => parseFeature("gcc")).toThrow(Object.keys(FEATURES).join(", "));
});
