// Stack switching: what the official suite does not say about its typing rules.

import { describe, expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { code, functype, I32, I64, type Item, section, wasm } from "./testing.js";
import { validate } from "./validate.js";

const CONT = (func: number): number[] => [0x5d, func];

/**
 * Types 0 to 3: functions [] -> [], [i32] -> [], [] -> [i64], [i32 i64] -> [];
 * types 4 to 7: their continuations; type 8: [(ref null 6)] -> [i64], type 9: its continuation.
 * Tags 0 to 3 have types 0 to 3; tag 4 is a second one of type 2.
 */
const moduleOf = (locals: readonly (readonly number[])[], ...body: readonly Item[]): Uint8Array =>
  wasm(
    section(
      1,
      functype([], []),
      functype([I32], []),
      functype([], [I64]),
      functype([I32, I64], []),
      CONT(0),
      CONT(1),
      CONT(2),
      CONT(3),
      [0x60, 1, 0x63, 6, 1, I64],
      CONT(8),
    ),
    section(3, [0]),
    section(13, [0, 0], [0, 1], [0, 2], [0, 3], [0, 2]),
    section(10, code(locals, ...body, "end")),
  );
const check =
  (locals: readonly (readonly number[])[], ...body: readonly Item[]) =>
  () =>
    validate(decode(moduleOf(locals, ...body)));

/** A local that is a nullable reference to a type. */
const local = (type: number): number[] => [1, 0x63, type];

describe("valid are", () => {
  test.each<[string, number[][], Item[]]>([
    [
      "all arguments bound",
      [local(7)],
      ["i32.const", 1, "i64.const", 2, "local.get", 0, "cont.bind", 7, 4, "drop"],
    ],
    [
      "the first one bound",
      [local(5)],
      ["i32.const", 1, "local.get", 0, "cont.bind", 5, 4, "drop"],
    ],
    ["none bound", [local(7)], ["local.get", 0, "cont.bind", 7, 7, "drop"]],
    ["a result of suspend", [], ["suspend", 2, "drop"]],
    ["a switch to the same results", [local(9)], ["local.get", 0, "switch", 9, 2]],
    ["a clause for switch", [local(6)], ["local.get", 0, "resume", 6, 1, 1, 2, "drop"]],
    [
      "the exception where the arguments would be",
      [local(7)],
      ["i32.const", 1, "local.get", 0, "resume_throw", 7, 1, 0],
    ],
    [
      "nothing known in unreachable code",
      [],
      ["unreachable", "resume", 7, 0, "cont.bind", 7, 4, "drop"],
    ],
  ])("%s", (_name, locals, body) => {
    expect(check(locals, ...body)).not.toThrow();
  });
});

describe("invalid are", () => {
  test.each<[string, string, number[][], Item[]]>([
    ["unknown type 10", "cont.new", [], ["cont.new", 10]],
    ["non-continuation type 0", "resume", [], ["resume", 0, 0]],
    ["unknown tag 5", "suspend", [], ["suspend", 5]],
    ["unknown label 1", "a clause", [local(4)], ["local.get", 0, "resume", 4, 1, 0, 0, 1]],
    [
      "type mismatch in continuation arguments",
      "cont.bind",
      [local(4)],
      ["local.get", 0, "cont.bind", 4, 5],
    ],
    [
      "type mismatch in continuation types",
      "cont.bind",
      [local(7)],
      ["local.get", 0, "cont.bind", 7, 5],
    ],
    [
      "non-empty tag result type",
      "resume_throw",
      [local(4)],
      ["local.get", 0, "resume_throw", 4, 2, 0],
    ],
    // The prompt ends with what its continuations end with: those that are switched to as well.
    [
      "type mismatch in switch tag",
      "results of a clause",
      [local(4)],
      ["local.get", 0, "resume", 4, 1, 1, 2],
    ],
    [
      "type mismatch in switch tag",
      "parameters",
      [local(5)],
      ["i32.const", 0, "local.get", 0, "resume", 5, 1, 1, 1],
    ],
    ["type mismatch in continuation types", "switch", [local(9)], ["local.get", 0, "switch", 9, 0]],
    [
      "type mismatch",
      "switch to one that takes none",
      [local(4)],
      ["local.get", 0, "switch", 4, 0],
    ],
    ["invalid cast", "ref.cast", [local(4)], ["local.get", 0, "ref.cast", 4, "drop"]],
  ])("%s (%s)", (reason, _name, locals, body) => {
    expect(check(locals, ...body)).toThrow(reason);
  });

  test("clauses of no kind are malformed", () => {
    expect(() => decode(moduleOf([], "resume", 4, 1, 2, 0, 0))).toThrow("malformed handler clause");
  });
});
