// Custom descriptors, rule by rule, each with what it only just refuses. The official
// suite has the combinations.

import { describe, expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { InvalidError } from "../util/errors.js";
import { featuresWithout } from "./features.js";
import { assemble, code, functype, I32, type Item, section, wasm } from "./testing.js";
import { validate, type ValidateOptions } from "./validate.js";

const ANYREF = 0x6e;
const FUNCREF = 0x70;
const [ANY, EQ, STRUCTS, ARRAYS, NONE] = [0x6e, 0x6d, 0x6b, 0x6a, 0x71];
const [REF, REF_NULL, EXACT] = [0x64, 0x63, 0x62];
const exactly = (index: number): number[] => [EXACT, index];

function reasonOf(bytes: Uint8Array, options: ValidateOptions = {}): string {
  try {
    validate(decode(bytes), options);
  } catch (error) {
    if (error instanceof InvalidError) return error.reason;
    throw error;
  }
  return "valid";
}

const struct = (...fields: number[]): number[] => [
  0x5f,
  fields.length,
  ...fields.flatMap((t) => [t, 0]),
];
const open = (...supers: number[]): number[] => [0x50, supers.length, ...supers];
const describes = (index: number): number[] => [0x4c, index];
const descriptor = (index: number): number[] => [0x4d, index];
const type = (...parts: readonly number[][]): number[] => parts.flat();
const rec = (...types: readonly number[][]): number[] => [0x4e, types.length, ...types.flat()];

describe("types", () => {
  const reason = (...groups: readonly number[][]): string => reasonOf(wasm(section(1, ...groups)));
  /** A structure and its descriptor, both open, at indices 0 and 1. */
  const a = type(open(), descriptor(1), struct());
  const aDescriptor = type(open(), describes(0), struct());

  test("name each other within their group, the described one first", () => {
    expect(reason(rec(a, aDescriptor))).toBe("valid");
    const middle = type(open(), describes(0), descriptor(2), struct());
    expect(reason(rec(a, middle, type(describes(1), struct())))).toBe("valid");
    expect(reason(a, aDescriptor)).toBe("descriptor type is outside rec group");
    expect(reason(type(struct()), aDescriptor)).toBe("described type is outside rec group");
    expect(reason(rec(a, type(struct())))).toBe("type is not described by its descriptor");
    expect(reason(rec(type(struct()), aDescriptor))).toBe(
      "described type is not described by descriptor",
    );
    const backwards = [type(describes(1), struct()), type(descriptor(0), struct())];
    expect(reason(rec(...backwards))).toBe("forward use of described type");
    expect(reason(type(describes(0), descriptor(0), struct()))).toBe(
      "forward use of described type",
    );
    const chain = [a, aDescriptor, type(describes(0), struct())];
    expect(reason(rec(...chain))).toBe("described type is not described by descriptor");
  });

  test("are structures", () => {
    const array = [0x5e, I32, 0];
    expect(reason(rec(type(descriptor(1), array), type(describes(0), struct())))).toBe(
      "descriptor type must be a struct",
    );
    expect(reason(rec(type(descriptor(1), struct()), type(describes(0), functype([], []))))).toBe(
      "described type must be a struct",
    );
  });

  test("have descriptors below those of their supertypes", () => {
    const b = type(open(0), descriptor(3), struct());
    const below = (...clauses: readonly number[][]) =>
      rec(a, aDescriptor, b, type(...clauses, struct()));
    expect(reason(below(open(1), describes(2)))).toBe("valid");
    expect(reason(below(open(), describes(2)))).toBe("descriptor type 3 does not match 1");
    expect(reason(rec(a, aDescriptor, type(open(0), struct())))).toBe(
      "sub type 2 does not match super type 0",
    );
    // A first descriptor may come with a subtype.
    const [plain, first] = [type(open(), struct()), type(open(0), descriptor(2), struct())];
    expect(reason(rec(plain, first, type(describes(1), struct())))).toBe("valid");
  });

  test("describe what is below what their supertypes describe", () => {
    const unrelated = type(open(), descriptor(3), struct());
    expect(reason(rec(a, aDescriptor, unrelated, type(open(1), describes(2), struct())))).toBe(
      "described type 2 does not match 0",
    );
    expect(reason(rec(a, aDescriptor, type(open(1), struct())))).toBe(
      "sub type 2 does not match super type 1",
    );
    const plain = type(open(), struct());
    const other = type(open(), descriptor(2), struct());
    expect(reason(rec(plain, other, type(open(0), describes(1), struct())))).toBe(
      "sub type 2 does not match super type 0",
    );
  });

  test("may be exact references to types that exist", () => {
    const holding = (index: number) => [0x5f, 1, REF, EXACT, index, 0];
    expect(reason(holding(0))).toBe("valid");
    expect(reason(holding(1))).toBe("unknown type 1");
  });
});

/**
 * Types: 0 [] -> []; 1 a structure of an i32 with the descriptor 2; 3 and 4 their subtypes;
 * 5 a structure without one; 6 an array. Locals: 0 `(ref null 1)`, 1 `(ref null 2)`,
 * 2 `(ref null (exact 1))`, 3 `(ref null (exact 2))`, 4 `(ref null (exact 4))`, 5 anyref.
 */
const [A, B, C, D, PLAIN, ARRAY] = [1, 2, 3, 4, 5, 6];
const types = section(
  1,
  functype([], []),
  rec(
    type(open(), descriptor(B), struct(I32)),
    type(open(), describes(A), struct()),
    type(open(A), descriptor(D), struct(I32)),
    type(open(B), describes(C), struct()),
  ),
  struct(I32),
  [0x5e, I32, 1],
);
const locals = [
  [1, REF_NULL, A],
  [1, REF_NULL, B],
  [1, REF_NULL, ...exactly(A)],
  [1, REF_NULL, ...exactly(B)],
  [1, REF_NULL, ...exactly(D)],
  [1, ANYREF],
];
const [a, b, exactA, exactB, exactD, any]: Item[][] = [0, 1, 2, 3, 4, 5].map((i) => [
  "local.get",
  i,
]);
const seven: Item[] = ["i32.const", 7];
const bodyReason = (body: readonly Item[]): string =>
  reasonOf(wasm(types, section(3, [0]), section(10, code(locals, ...body, "end"))));
const needs = (wanted: string, found: string): string =>
  `type mismatch: instruction requires [${wanted}] but stack has [${found}]`;

test.each<[string, readonly Item[], string]>([
  ["struct.new_desc", [...seven, ...exactB!, "struct.new_desc", A], "valid"],
  ["of a null", [...seven, "ref.null", NONE, "struct.new_desc", A], "valid"],
  [
    "of a descriptor that may be a subtype's",
    [...seven, ...b!, "struct.new_desc", A],
    needs("i32 (ref null (exact 2))", "i32 (ref null 2)"),
  ],
  [
    "of a subtype's descriptor",
    [...seven, ...exactD!, "struct.new_desc", A],
    needs("i32 (ref null (exact 2))", "i32 (ref null (exact 4))"),
  ],
  [
    "where there is none",
    [...seven, ...exactB!, "struct.new_desc", PLAIN],
    "type without descriptor requires non-descriptor allocation",
  ],
  ["of no structure", [...exactB!, "struct.new_desc", 0], "non-structure type 0"],
  [
    "struct.new of a type with a descriptor",
    [...seven, "struct.new", A],
    "type with descriptor requires descriptor allocation",
  ],
  [
    "struct.new_default of a type with a descriptor",
    ["struct.new_default", A],
    "type with descriptor requires descriptor allocation",
  ],
  ["struct.new_default_desc", [...exactB!, "struct.new_default_desc", A], "valid"],
  [
    "with default values of another's descriptor",
    [...b!, "struct.new_default_desc", A],
    needs("(ref null (exact 2))", "(ref null 2)"),
  ],
])("making a structure: %s", (_, body, reason) => {
  expect(bodyReason([...body, "drop"])).toBe(reason);
});

test.each<[string, readonly Item[], number]>([
  ["struct.new", [...seven, "struct.new", PLAIN], PLAIN],
  ["struct.new_default", ["struct.new_default", PLAIN], PLAIN],
  ["array.new_fixed", ["array.new_fixed", ARRAY, 0], ARRAY],
  ["array.new_default", [...seven, "array.new_default", ARRAY], ARRAY],
])("what is made is exact: %s", (_, body, made) => {
  expect(bodyReason(["block", REF, ...exactly(made), ...body, "end", "drop"])).toBe("valid");
});

test("what is made of a descriptor is exact", () => {
  const cell: Item[] = ["block", REF, ...exactly(A)];
  const made = [...seven, ...exactB!, "struct.new_desc", A] as const;
  expect(bodyReason([...cell, ...made, "end", "drop"])).toBe("valid");
  expect(bodyReason([...cell, ...a!, "ref.as_non_null", "end", "drop"])).toBe(
    "type mismatch: block requires [(ref (exact 1))] but stack has [(ref 1)]",
  );
});

test("ref.get_desc is exact where the object is", () => {
  const into = (...t: number[]): Item[] => ["block", REF, ...t];
  const got = (object: readonly Item[]): Item[] => [...object, "ref.get_desc", A, "end", "drop"];
  expect(bodyReason([...into(B), ...got(a!)])).toBe("valid");
  expect(bodyReason([...into(...exactly(B)), ...got(exactA!)])).toBe("valid");
  expect(bodyReason([...into(...exactly(B)), ...got(["unreachable"])])).toBe("valid");
  expect(bodyReason([...into(...exactly(B)), ...got(["ref.null", NONE])])).toBe("valid");
  expect(bodyReason([...into(...exactly(B)), ...got(a!)])).toBe(
    "type mismatch: block requires [(ref (exact 2))] but stack has [(ref 2)]",
  );
  expect(bodyReason([...any!, "ref.get_desc", A, "drop"])).toBe(
    "type mismatch: anyref is not (ref null 1)",
  );
  expect(bodyReason([...a!, "ref.get_desc", PLAIN, "drop"])).toBe("type without descriptor 5");
  expect(bodyReason([...a!, "ref.get_desc", 9, "drop"])).toBe("unknown type 9");
});

test.each<[string, readonly Item[], string]>([
  ["a cast to any such object", [...any!, ...b!, "ref.cast_desc_eq", A], "valid"],
  ["an exact cast", [...any!, ...exactB!, "ref.cast_desc_eq null", ...exactly(A)], "valid"],
  ["an exact descriptor for any", [...any!, ...exactD!, "ref.cast_desc_eq", A], "valid"],
  [
    "an exact cast by a descriptor that may be a subtype's",
    [...any!, ...b!, "ref.cast_desc_eq", ...exactly(A)],
    needs("anyref (ref null (exact 2))", "anyref (ref null 2)"),
  ],
  [
    "an abstract type",
    [...any!, ...b!, "ref.cast_desc_eq", ANY],
    "type any does not have a descriptor",
  ],
  [
    "a type without descriptor",
    [...any!, ...b!, "ref.cast_desc_eq null", ...exactly(PLAIN)],
    "type 5 does not have a descriptor",
  ],
  ["no type", [...any!, ...b!, "ref.cast_desc_eq", 9], "unknown type 9"],
])("casts by descriptor: %s", (_, body, reason) => {
  expect(bodyReason([...body, "drop"])).toBe(reason);
});

test("branches on casts by descriptor", () => {
  const block = (t: readonly number[], ...inner: Item[]): Item[] => [
    "block",
    ...t,
    ...inner,
    "end",
    "drop",
  ];
  const [castAny, castFail]: Item[][] = [
    ["br_on_cast_desc_eq", 3, 0, ANY, A],
    ["br_on_cast_desc_eq_fail", 1, 0, ANY, A],
  ];
  // What stays when null went along is not null.
  const stays: Item[] = ["ref.as_non_null", "drop", ...a!];
  expect(bodyReason(block([REF_NULL, A], ...any!, ...b!, ...castAny!, ...stays))).toBe("valid");
  const passed: Item[] = ["struct.get", A, 0, "drop", ...any!];
  expect(bodyReason(block([ANYREF], ...any!, ...b!, ...castFail!, ...passed))).toBe("valid");
  expect(bodyReason(block([REF, A], ...any!, ...b!, ...castAny!, ...stays))).toBe(
    "type mismatch: label 0 takes (ref 1), not (ref null 1)",
  );
  expect(bodyReason(block([ANYREF], ...b!, ...any!, ...castAny!))).toBe(
    needs("anyref (ref null 2)", "(ref null 2) anyref"),
  );
  const plain: Item[] = ["br_on_cast_desc_eq_fail", 3, 0, ANY, PLAIN];
  expect(bodyReason(block([ANYREF], ...any!, ...b!, ...plain))).toBe(
    "type 5 does not have a descriptor",
  );
});

test("branches on casts go anywhere in the hierarchy, unless WebAssembly 3.0 is asked for", () => {
  const cast = (from: number, to: number): Item[] => {
    const inner: Item[] = ["unreachable", "br_on_cast", 3, 0, from, to];
    return ["block", ANYREF, ...inner, "end", "drop"];
  };
  // Without the feature there are no descriptors either, so the module is another one.
  const strict = (from: number, to: number): string =>
    reasonOf(
      wasm(
        section(1, functype([], [])),
        section(3, [0]),
        section(10, code([], ...cast(from, to), "end")),
      ),
      { features: featuresWithout("custom-descriptors") },
    );
  expect(strict(EQ, STRUCTS)).toBe("valid");
  expect(bodyReason(cast(STRUCTS, ARRAYS))).toBe("valid");
  expect(strict(STRUCTS, ARRAYS)).toBe(
    "type mismatch: cast to arrayref, which is no subtype of structref",
  );
  expect(bodyReason(cast(STRUCTS, FUNCREF))).toBe(
    "type mismatch: cast to funcref, which is in another hierarchy than structref",
  );
});

test("functions are exactly of their type, imported ones only if they say so", () => {
  const imports = (kind: number) => section(2, [1, 0x6d, 1, 0x66, kind, 0]);
  const global = (func: number) =>
    section(6, [REF, ...exactly(0), 0, ...assemble("ref.func", func, "end")]);
  const withFunction = (kind: number, func: number) =>
    wasm(types, imports(kind), section(3, [0]), global(func), section(10, code([], "end")));
  expect(reasonOf(withFunction(0x20, 0))).toBe("valid");
  expect(reasonOf(withFunction(0x00, 1))).toBe("valid");
  expect(reasonOf(withFunction(0x00, 0))).toBe(
    "type mismatch: block requires [(ref (exact 0))] but stack has [(ref 0)]",
  );
});

test("constant expressions make structures with descriptors, but do not cast", () => {
  const global = (...init: Item[]) =>
    wasm(types, section(6, [ANYREF, 0, ...assemble(...init, "end")]));
  const made: Item[] = ["struct.new", B, "struct.new_default_desc", A];
  expect(reasonOf(global(...seven, "struct.new", B, "struct.new_desc", A))).toBe("valid");
  expect(reasonOf(global(...made))).toBe("valid");
  expect(reasonOf(global(...made, "ref.get_desc", A))).toBe("constant expression required");
  expect(reasonOf(global(...made, "struct.new", B, "ref.cast_desc_eq", A))).toBe(
    "constant expression required",
  );
});

test("continuations are made exact", () => {
  const body: Item[] = ["block", REF, EXACT, 1, "unreachable", "cont.new", 1, "end", "drop"];
  const conts = section(1, functype([], []), [0x5d, 0]);
  expect(reasonOf(wasm(conts, section(3, [0]), section(10, code([], ...body, "end"))))).toBe(
    "valid",
  );
});
