// Custom descriptors at work: an object knows its descriptor itself, not one like it.
// The official suite has every combination of nulls and types; here is the rest.

import { describe, expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { FuncInstance, type Imports } from "../runtime/instances.js";
import { StructInstance } from "../runtime/objects.js";
import { Trap } from "../runtime/traps.js";
import { i32, ref, type Reference, type Value } from "../runtime/values.js";
import { LinkError } from "../util/errors.js";
import { assemble, code, functype, I32, I64, type Item, section, wasm } from "../valid/testing.js";
import { validate } from "../valid/validate.js";
import { instantiate } from "./instantiate.js";
import { Machine } from "./machine.js";

const [ANYREF, ANY, REF_NULL, EXACT] = [0x6e, 0x6e, 0x63, 0x62];
const V128 = 0x7b;
const utf8 = (text: string): number[] => [text.length, ...new TextEncoder().encode(text)];

/** A structure of an i64 and an i32 with its descriptor, and a subtype with its own. */
const [A, B, C, D] = [0, 1, 2, 3];
const group = [
  [0x4e, 4],
  [0x50, 0, 0x4d, B, 0x5f, 2, I64, 0, I32, 1],
  [0x50, 0, 0x4c, A, 0x5f, 1, I32, 0],
  [0x50, 1, A, 0x4d, D, 0x5f, 3, I64, 0, I32, 1, V128, 0],
  [0x50, 1, B, 0x4c, C, 0x5f, 1, I32, 0],
].flat();
const OBJECT = [REF_NULL, A];
const DESCRIPTOR = [REF_NULL, B];
const EXACT_B = [REF_NULL, EXACT, B];
const EXACT_D = [REF_NULL, EXACT, D];

interface Func {
  readonly params: readonly (readonly number[])[];
  readonly results: readonly (readonly number[])[];
  readonly body: readonly Item[];
}
const lists = ({ params, results }: Func): number[] => [
  0x60,
  params.length,
  ...params.flat(),
  results.length,
  ...results.flat(),
];

/** Exports the functions by name; their types follow those of the group. */
function load(funcs: Readonly<Record<string, Func>>) {
  const all = Object.values(funcs);
  const bytes = wasm(
    section(1, group, ...all.map(lists)),
    section(3, ...all.map((_, i) => [4 + i])),
    section(7, ...Object.keys(funcs).map((name, i) => [...utf8(name), 0, i])),
    section(10, ...all.map(({ body }) => code([], ...body, "end"))),
  );
  const machine = new Machine();
  const instance = instantiate(machine, validate(decode(bytes)));
  const call = (name: string, ...args: Value[]): Value =>
    machine.invoke(instance.func(name), args)[0]!;
  const refOf = (name: string, ...args: Value[]): Reference =>
    (call(name, ...args) as Value & { type: "ref" }).ref;
  return { call, refOf };
}

function trapOf(action: () => unknown): Trap {
  try {
    action();
  } catch (error) {
    if (error instanceof Trap) return error;
    throw error;
  }
  throw new Error("no trap");
}

const [get0, get1]: Item[][] = [
  ["local.get", 0],
  ["local.get", 1],
];
/** What a cast came to: 7 where it failed. */
const branches = (mnemonic: Item, succeeds: boolean): Func => ({
  params: [[ANYREF], DESCRIPTOR],
  results: [[I32]],
  body: [
    ["block", ANYREF, ...get0!, ...get1!, mnemonic, 3, 0, ANY, A, "drop"],
    ["i32.const", succeeds ? 7 : 1, "return", "end", "drop", "i32.const", succeeds ? 1 : 7],
  ].flat() as Item[],
});

const { call, refOf } = load({
  b: { params: [[I32]], results: [EXACT_B], body: [...get0!, "struct.new", B] },
  d: { params: [[I32]], results: [EXACT_D], body: [...get0!, "struct.new", D] },
  a: {
    params: [EXACT_B],
    results: [OBJECT],
    body: ["i64.const", 5, "i32.const", 6, ...get0!, "struct.new_desc", A],
  },
  c: { params: [EXACT_D], results: [OBJECT], body: [...get0!, "struct.new_default_desc", C] },
  long: { params: [OBJECT], results: [[I64]], body: [...get0!, "struct.get", A, 0] },
  short: { params: [OBJECT], results: [[I32]], body: [...get0!, "struct.get", A, 1] },
  descriptor: { params: [OBJECT], results: [DESCRIPTOR], body: [...get0!, "ref.get_desc", A] },
  cast: {
    params: [[ANYREF], DESCRIPTOR],
    results: [OBJECT],
    body: [...get0!, ...get1!, "ref.cast_desc_eq", A],
  },
  "cast null": {
    params: [[ANYREF], DESCRIPTOR],
    results: [OBJECT],
    body: [...get0!, ...get1!, "ref.cast_desc_eq null", A],
  },
  branch: branches("br_on_cast_desc_eq", true),
  "branch fail": branches("br_on_cast_desc_eq_fail", false),
  "is exact": {
    params: [[ANYREF]],
    results: [[I32]],
    body: [...get0!, "ref.test", EXACT, A],
  },
  "cast exact": {
    params: [[ANYREF]],
    results: [OBJECT],
    body: [...get0!, "ref.cast null", EXACT, A],
  },
});
const [one, alike, other] = [refOf("b", i32(1)), refOf("b", i32(1)), refOf("d", i32(1))];
const object = refOf("a", ref(one));
const special = refOf("c", ref(other));
const NULL = ref(null);

describe("a structure with a descriptor", () => {
  test("has its fields, and its descriptor beside them", () => {
    expect(call("long", ref(object))).toEqual({ type: "i64", value: 5n });
    expect(call("short", ref(object))).toEqual(i32(6));
    expect(call("long", ref(special))).toEqual({ type: "i64", value: 0n });
    expect(refOf("descriptor", ref(object))).toBe(one);
    expect((object as StructInstance).slots).toHaveLength(3);
  });

  test("seen as one of its supertype, has the descriptor of its own type", () => {
    expect(refOf("descriptor", ref(special))).toBe(other);
  });

  test("is not made of null, and null has no descriptor", () => {
    expect(trapOf(() => call("a", NULL)).reason).toBe("null descriptor reference");
    expect(trapOf(() => call("c", NULL)).reason).toBe("null descriptor reference");
    expect(trapOf(() => call("descriptor", NULL)).reason).toBe("null reference");
  });

  test("is exactly of its type", () => {
    expect(call("is exact", ref(object))).toEqual(i32(1));
    expect(call("is exact", ref(special))).toEqual(i32(0));
    expect(call("is exact", ref(5))).toEqual(i32(0));
    expect(refOf("cast exact", NULL)).toBeNull();
    expect(trapOf(() => call("cast exact", ref(special))).message).toBe(
      "cast failure: a structure is no nullable type (exact 0)",
    );
  });
});

describe("casts by descriptor", () => {
  test("go by its identity, not by its contents", () => {
    expect(refOf("cast", ref(object), ref(one))).toBe(object);
    expect(trapOf(() => call("cast", ref(object), ref(alike))).message).toBe(
      "descriptor cast failure: a structure has another descriptor",
    );
    expect(trapOf(() => call("cast", ref(one), ref(one))).message).toBe(
      "descriptor cast failure: a structure has no descriptor",
    );
    expect(trapOf(() => call("cast", ref(5), ref(one))).reason).toBe("descriptor cast failure");
  });

  test("take null for what they say, but no null for a descriptor", () => {
    expect(refOf("cast null", NULL, ref(one))).toBeNull();
    expect(trapOf(() => call("cast", NULL, ref(one))).reason).toBe("descriptor cast failure");
    for (const name of ["cast", "cast null", "branch", "branch fail"])
      expect(trapOf(() => call(name, NULL, NULL)).reason).toBe("null descriptor reference");
  });

  test("branch both ways", () => {
    for (const name of ["branch", "branch fail"]) {
      expect(call(name, ref(object), ref(one))).toEqual(i32(1));
      expect(call(name, NULL, ref(one))).toEqual(i32(1));
      expect(call(name, ref(object), ref(alike))).toEqual(i32(7));
      expect(call(name, ref(special), ref(other))).toEqual(i32(1));
      expect(call(name, ref(5), ref(one))).toEqual(i32(7));
    }
  });
});

test("constant expressions make descriptors, and trap for those that are null", () => {
  const global = (...init: Item[]) =>
    wasm(
      section(1, group),
      section(6, [...OBJECT, 0, ...assemble(...init, "end")]),
      section(7, [...utf8("g"), 3, 0]),
    );
  const made = (bytes: Uint8Array) => instantiate(new Machine(), validate(decode(bytes)));
  const found = made(global("i32.const", 9, "struct.new", B, "struct.new_default_desc", A));
  const extern = found.exports.get("g");
  const { ref: object } = (extern as Extract<typeof extern, { kind: "global" }>).global;
  expect((object as StructInstance).descriptor?.slots).toEqual([9]);
  const none = global("ref.null", EXACT, B, "struct.new_default_desc", A);
  expect(trapOf(() => made(none)).reason).toBe("null descriptor reference");
});

test("an exact import takes no function of a subtype", () => {
  const open = (...supers: number[]) => [0x50, supers.length, ...supers, ...functype([], [])];
  const importing = (kind: number) =>
    validate(
      decode(wasm(section(1, open(), open(0)), section(2, [...utf8("m"), ...utf8("f"), kind, 0]))),
    );
  const link = (kind: number, given: number) => {
    const module = importing(kind);
    const func = FuncInstance.host(module.context.defTypes[given]!, "f", () => []);
    const imports: Imports = new Map([["m", new Map([["f", { kind: "func", func } as const]])]]);
    return instantiate(new Machine(), module, imports);
  };
  expect(link(0x20, 0).funcs).toHaveLength(1);
  expect(link(0x00, 1).funcs).toHaveLength(1);
  expect(() => link(0x20, 1)).toThrow(LinkError);
  expect(() => link(0x20, 1)).toThrow(
    "incompatible import type: import m.f wants exact func [] -> [], got func [] -> []",
  );
});
