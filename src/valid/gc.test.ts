import { describe, expect, test } from "@jest/globals";

import { decode } from "../binary/decode.js";
import { InvalidError } from "../util/errors.js";
import { assemble, code, functype, I32, type Item, section, wasm } from "./testing.js";
import { validate } from "./validate.js";

const ANYREF = 0x6e;
const EQREF = 0x6d;
const I31REF = 0x6c;
const EXTERNREF = 0x6f;
const I8 = 0x78;
const [REF, REF_NULL] = [0x64, 0x63];
const [CONST, VAR] = [0, 1];
/** Type indices: a structure, an array of each kind, and one without default. */
const [STRUCT, BYTES, CONSTS, REFS, SOLID] = [1, 2, 3, 4, 5];

/** Function 0 of type 0, [] -> []; local 0 is a reference to the structure, 1 to `BYTES`. */
const types = section(
  1,
  functype([], []),
  [0x5f, 3, I32, CONST, I8, VAR, REF, I31REF, VAR],
  [0x5e, I8, VAR],
  [0x5e, I32, CONST],
  [0x5e, EQREF, VAR],
  [0x5e, REF, I31REF, VAR],
);
const locals = [
  [1, REF_NULL, STRUCT],
  [1, REF_NULL, BYTES],
  [1, ANYREF],
  [1, EXTERNREF],
];
const withBody = (...body: Item[]) =>
  wasm(
    types,
    section(3, [0]),
    section(9, [5, I31REF, 0]),
    [12, 1, 1],
    section(10, code(locals, ...body, "end")),
    section(11, [1, 0]),
  );

function reasonOf(bytes: Uint8Array): string {
  try {
    validate(decode(bytes));
  } catch (error) {
    if (error instanceof InvalidError) return error.reason;
    throw error;
  }
  return "valid";
}

const five: Item[] = ["i32.const", 5];
const [struct, bytes, any, extern]: Item[][] = [
  ["local.get", 0],
  ["local.get", 1],
  ["local.get", 2],
  ["local.get", 3],
];

describe("valid", () => {
  test.each<[string, Item[]]>([
    ["a structure from its fields", [...five, ...five, ...five, "ref.i31", "struct.new", STRUCT]],
    ["a packed field with its sign", [...struct!, "struct.get_s", STRUCT, 1]],
    ["an array from data", [...five, ...five, "array.new_data", BYTES, 0]],
    ["an array from elements of a subtype", [...five, ...five, "array.new_elem", REFS, 0]],
    ["comparing a structure with an array", [...struct!, ...bytes!, "ref.eq"]],
    ["a cast of any reference", [...any!, "ref.cast", STRUCT, "struct.get", STRUCT, 0]],
    ["a conversion to the inside, then a test", [...extern!, "any.convert_extern", "ref.test", 1]],
    ["a conversion of nobody knows what", ["unreachable", "extern.convert_any", "drop", ...any!]],
    [
      "a conversion that keeps null out",
      [...five, "ref.i31", "extern.convert_any", "any.convert_extern", "ref.cast", ANYREF],
    ],
    ["as many operands as the limit allows where there is no code", endless()],
  ])("%s", (_, body) => {
    expect(reasonOf(withBody(...body, "drop"))).toBe("valid");
  });

  test("what stays after a branch on a cast is what the cast left open", () => {
    const block = (...inner: Item[]): Item[] => ["block", ANYREF, ...inner, "end", "drop"];
    // anyref, cast to i31ref: null went along, so what stays is not null.
    const stays: Item[] = [...any!, "br_on_cast", 3, 0, ANYREF, I31REF, "ref.cast", ANYREF];
    expect(reasonOf(withBody(...block(...stays)))).toBe("valid");
    const fails: Item[] = [...any!, "br_on_cast_fail", 1, 0, ANYREF, I31REF, "i31.get_u", "drop"];
    expect(reasonOf(withBody(...block(...fails, ...any!)))).toBe("valid");
  });

  function endless(): Item[] {
    return ["unreachable", "array.new_fixed", BYTES, 0x90, 0xce, 0x00];
  }
});

describe("invalid", () => {
  test.each<[string, Item[]]>([
    ["unknown type 9", ["struct.new", 9]],
    ["non-structure type 2", [...bytes!, "struct.get", BYTES, 0]],
    ["non-array type 1", [...five, "array.new_default", STRUCT]],
    ["unknown field 3", [...struct!, "struct.get", STRUCT, 3]],
    ["field is packed", [...struct!, "struct.get", STRUCT, 1]],
    ["field is unpacked", [...struct!, "struct.get_u", STRUCT, 0]],
    ["immutable field 0", [...struct!, ...five, "struct.set", STRUCT, 0]],
    ["field type is not defaultable: field 2", ["struct.new_default", STRUCT]],
    ["array type is not defaultable", [...five, "array.new_default", SOLID]],
    ["array is packed", [...bytes!, ...five, "array.get", BYTES]],
    ["immutable array type 3", ["array.fill", CONSTS]],
    ["array types do not match", ["array.copy", BYTES, CONSTS]],
    ["array type is not numeric or vector", [...five, ...five, "array.new_data", REFS, 0]],
    ["unknown data segment 1", [...five, ...five, "array.new_data", BYTES, 1]],
    [
      "type mismatch: elements of type i31ref do not fit into the array",
      [...five, ...five, "array.new_elem", BYTES, 0],
    ],
    [
      "type mismatch: instruction requires [eqref eqref] but stack has [anyref anyref]",
      [...any!, ...any!, "ref.eq"],
    ],
    ["type mismatch: externref is not anyref", [...extern!, "extern.convert_any"]],
    [
      "type mismatch: cast to externref, which is in another hierarchy than anyref",
      [...any!, "br_on_cast", 3, 0, ANYREF, EXTERNREF],
    ],
    [
      "type mismatch: label 0 takes no reference, not (ref i31)",
      [...any!, "br_on_cast", 1, 0, ANYREF, I31REF],
    ],
  ])("%s", (reason, body) => {
    expect(reasonOf(withBody(...body))).toBe(reason);
  });
});

test("constant expressions make structures and arrays, but not from segments", () => {
  const global = (...init: Item[]) =>
    wasm(types, section(6, [ANYREF, CONST, ...assemble(...init, "end")]));
  expect(reasonOf(global(...five, "array.new_default", BYTES))).toBe("valid");
  expect(reasonOf(global(...five, "ref.i31", "extern.convert_any", "any.convert_extern"))).toBe(
    "valid",
  );
  expect(reasonOf(global(...five, ...five, "array.new_data", BYTES, 0))).toBe(
    "constant expression required",
  );
});
