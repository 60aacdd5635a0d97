import { describe, expect, test } from "@jest/globals";

import { decode } from "../binary/decode.js";
import { InvalidError } from "../util/errors.js";
import {
  assemble,
  code,
  EMPTY,
  F32,
  FUNCREF,
  functype,
  I32,
  I64,
  section,
  wasm,
  type Item,
} from "./testing.js";
import { validate, visitExpressions, visitFunction } from "./validate.js";
import type { OperandType } from "./visitor.js";

/** Types 0: [i32] -> [i32], 1: [] -> []; function 0 of type 0 with this body and one i64 local. */
const withBody = (...body: Item[]) =>
  wasm(
    section(1, functype([I32], [I32]), functype([], [])),
    section(3, [0], [1]),
    section(4, [FUNCREF, 0x00, 1]),
    section(5, [0x00, 1], [0x04, 1]),
    section(6, [I32, 0, ...assemble("i32.const", 7, "end")]),
    section(10, code([[1, I64]], ...body), code([], "end")),
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

describe("function bodies", () => {
  test.each<[string, Item[]]>([
    ["a parameter", ["local.get", 0, "end"]],
    ["branches out of a block", ["block", I32, "local.get", 0, "br", 0, "end", "end"]],
    ["operands missing after unreachable", ["unreachable", "i32.add", "end"]],
    ["any select after unreachable", ["unreachable", "select", "end"]],
    ["a reference after unreachable", ["unreachable", "ref.as_non_null", "ref.is_null", "end"]],
    [
      "a loop with a parameter",
      ["local.get", 0, "loop", 0, "local.get", 0, "br_if", 0, "end", "end"],
    ],
    [
      "if without else where parameters are the results",
      ["local.get", 0, "local.get", 0, "if", 0, "end", "end"],
    ],
    ["an access to a 64-bit memory", ["i64.const", 0, "i32.load", 0x42, 1, 0, "end"]],
    ["the size of a 64-bit memory", ["memory.size", 1, "i64.eqz", "end"]],
    ["an indirect call", ["local.get", 0, "local.get", 0, "call_indirect", 0, 0, "end"]],
    ["a tail call", ["local.get", 0, "return_call", 0, "end"]],
  ])("accepts %s", (_, body) => {
    expect(reasonOf(withBody(...body))).toBe("valid");
  });

  test.each<[string, Item[]]>([
    ["type mismatch: instruction requires [i32 i32] but stack has []", ["i32.add", "end"]],
    [
      "type mismatch: instruction requires [i32 i32] but stack has [i32 i64]",
      ["local.get", 0, "local.get", 1, "i32.add", "end"],
    ],
    ["type mismatch: block requires [i32] but stack has []", ["end"]],
    [
      "type mismatch: block requires [i32] but stack has [i32 i32]",
      ["local.get", 0, "local.get", 0, "end"],
    ],
    ["type mismatch", ["block", EMPTY, "i32.const", 0, "end", "local.get", 0, "end"]],
    ["type mismatch", ["local.get", 0, "if", I32, "i32.const", 0, "end", "end"]],
    ["type mismatch", ["unreachable", "i64.const", 0, "end"]],
    ["type mismatch", ["unreachable", "ref.as_non_null", "i32.eqz", "end"]],
    ["type mismatch", ["local.get", 0, "local.get", 1, "local.get", 0, "select", "end"]],
    ["type mismatch", ["local.get", 0, "ref.is_null", "end"]],
    ["type mismatch", ["return_call", 1, "end"]],
    ["type mismatch", ["i32.const", 0, "i32.load", 0x42, 1, 0, "end"]],
    [
      "type mismatch",
      ["block", EMPTY, "i32.const", 0, "i32.const", 0, "br_table", 1, 0, 1, "end", "end"],
    ],
    ["unknown local 2", ["local.get", 2, "end"]],
    ["unknown global 1", ["global.get", 1, "end"]],
    ["unknown function 2", ["call", 2, "end"]],
    ["unknown table 1", ["local.get", 0, "call_indirect", 0, 1, "end"]],
    ["unknown memory 2", ["memory.size", 2, "end"]],
    ["unknown type 2", ["block", 2, "end", "end"]],
    ["unknown label 1", ["br", 1, "end"]],
    ["unknown elem segment 0", ["elem.drop", 0, "end"]],
    ["alignment must not be larger than natural", ["i32.const", 0, "i32.load", 3, 0, "end"]],
    ["immutable global 0", ["i32.const", 0, "global.set", 0, "end"]],
    ["undeclared function reference 1", ["ref.func", 1, "ref.is_null", "end"]],
    ["invalid result arity", ["unreachable", "select t", 2, I32, I32, "end"]],
  ])("rejects with %p: %j", (reason, body) => {
    expect(reasonOf(withBody(...body))).toMatch(reason);
  });

  test("locals that have no default value must be set first, again after each block", () => {
    const type = section(1, functype([], []));
    const body = (...items: Item[]) =>
      wasm(
        type,
        section(3, [0]),
        section(9, [0x03, 0x00, 1, 0]),
        section(10, code([[1, 0x64, 0]], ...items)),
      );
    expect(reasonOf(body("local.get", 0, "drop", "end"))).toBe("uninitialized local 0");
    const set: Item[] = ["ref.func", 0, "local.set", 0];
    expect(reasonOf(body(...set, "local.get", 0, "drop", "end"))).toBe("valid");
    expect(reasonOf(body("block", EMPTY, ...set, "end", "local.get", 0, "drop", "end"))).toBe(
      "uninitialized local 0",
    );
    expect(reasonOf(body(...set, "block", EMPTY, "local.get", 0, "drop", "end", "end"))).toBe(
      "valid",
    );
  });

  test("errors say where", () => {
    const module = decode(withBody("local.get", 0, "drop", "f32.neg", "end"));
    const offset = module.functions[0]!.body.offset + 3;
    expect(() => validate(module)).toThrow(
      expect.objectContaining({ location: { offset, func: 0, instruction: "f32.neg" } }),
    );
  });

  test("lazy validation leaves bodies to the first visit", () => {
    const valid = validate(decode(withBody("end")), { lazy: true });
    expect(() => visitFunction(valid, 0)).toThrow(InvalidError);
    expect(() => visitFunction(valid, 1)).not.toThrow();
  });
});

describe("outside of bodies", () => {
  const global = (type: number, ...init: Item[]) => [type, 0, ...assemble(...init)];

  test.each([
    ["valid", section(6, global(I32, "i32.const", 1, "end"), global(I32, "global.get", 0, "end"))],
    ["valid", section(6, global(I64, "i64.const", 1, "i64.const", 2, "i64.mul", "end"))],
    ["unknown global 0", section(6, global(I32, "global.get", 0, "end"))],
    ["constant expression required", section(6, global(I32, "i32.const", 1, "i32.clz", "end"))],
    ["type mismatch", section(6, global(F32, "i32.const", 1, "end"))],
    ["type mismatch", section(6, global(I32, "end"))],
    ["size minimum must not be greater than maximum", section(5, [0x01, 2, 1])],
    ["memory size", section(5, [0x00, 0x81, 0x80, 0x04])],
    ["unknown memory 0", section(7, [1, 0x61, 0x02, 0])],
    ["unknown type 0", section(3, [0])],
    ["unknown table 0", section(9, [0x00, ...assemble("i32.const", 0, "end"), 0])],
  ])("%s: %j", (reason, bytes) => {
    const codes = bytes[0] === 3 ? [section(10, code([], "end"))] : [];
    expect(reasonOf(wasm(bytes, ...codes))).toMatch(reason);
  });

  test("exports have distinct names, the start function takes and returns nothing", () => {
    const parts = [section(1, functype([I32], [])), section(3, [0])];
    const body = section(10, code([], "end"));
    const twice = section(7, [1, 0x61, 0x00, 0], [1, 0x61, 0x00, 0]);
    expect(reasonOf(wasm(...parts, twice, body))).toMatch(/^duplicate export name/);
    expect(reasonOf(wasm(...parts, [8, 1, 0], body))).toMatch(/^start function/);
  });

  test("declared subtypes must match their supertypes", () => {
    const open = [0x50, 0, ...functype([], [])];
    const types = (...subs: number[][]) => reasonOf(wasm(section(1, ...subs)));
    expect(types(open, [0x4f, 1, 0, ...functype([], [])])).toBe("valid");
    expect(types(open, [0x4f, 1, 0, ...functype([I32], [])])).toBe(
      "sub type 1 does not match super type 0",
    );
    expect(types(functype([], []), [0x4f, 1, 0, ...functype([], [])])).toMatch(/^sub type/);
    expect(types([0x50, 1, 0, ...functype([], [])])).toBe("unknown type 0");
  });

  test("visits constant expressions", () => {
    const init = assemble("i32.const", 1, "i32.const", 2, "i32.add", "end");
    const module = validate(decode(wasm(section(6, [I32, 0, ...init]))));
    const seen: [string, number][] = [];
    visitExpressions(module, [{ expression: module.globals[0]!.init, type: "i32" }], {
      instruction: ({ op }, { operands }) => void seen.push([op.mnemonic, operands.length]),
    });
    expect(seen).toEqual([
      ["i32.const", 0],
      ["i32.const", 1],
      ["i32.add", 2],
      ["end", 1],
    ]);
  });
});

test("a visitor sees every instruction with the stacks before it", () => {
  const module = validate(
    // prettier-ignore
    decode(
      withBody(
        "local.get", 0, "block", 0, "local.get", 1, "i32.wrap_i64", "br_if", 0,
        "br", 0, "i32.eqz", "select", "end", "end",
      ),
    ),
  );
  const { offset } = module.functions[0]!.body;
  type Step = [number, string, readonly OperandType[], string[]];
  const steps: Step[] = [];
  visitFunction(module, 0, {
    instruction: (instruction, { operands, controls, locals }) => {
      expect(locals).toEqual(["i32", "i64"]);
      steps.push([
        instruction.offset - offset,
        instruction.op.mnemonic,
        [...operands],
        controls.map(
          (c) => `${c.opener}@${c.offset - offset}+${c.height}${c.unreachable ? "!" : ""}`,
        ),
      ]);
    },
  });
  const func = "func@0+0";
  expect(steps).toEqual([
    [0, "local.get", [], [func]],
    [2, "block", ["i32"], [func]],
    [4, "local.get", ["i32"], [func, "block@2+0"]],
    [6, "i32.wrap_i64", ["i32", "i64"], [func, "block@2+0"]],
    [7, "br_if", ["i32", "i32"], [func, "block@2+0"]],
    [9, "br", ["i32"], [func, "block@2+0"]],
    [11, "i32.eqz", [], [func, "block@2+0!"]],
    [12, "select", ["i32"], [func, "block@2+0!"]],
    [13, "end", ["bot"], [func, "block@2+0!"]],
    [14, "end", ["i32"], [func]],
  ] satisfies Step[]);
});
