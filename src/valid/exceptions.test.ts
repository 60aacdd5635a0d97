// Tags with results, and the nesting of the legacy instructions, which is grammar.

import { describe, expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { MalformedError } from "../util/errors.js";
import { featuresWithout } from "./features.js";
import { code, EMPTY, functype, I32, type Item, section, wasm } from "./testing.js";
import { validate } from "./validate.js";

/** Tag 0 has no parameters, tag 1 takes an i32, tag 2 has a result. */
const moduleOf = (...body: readonly Item[]): Uint8Array =>
  wasm(
    section(1, functype([], []), functype([I32], []), functype([], [I32])),
    section(3, [0]),
    section(13, [0, 0], [0, 1], [0, 2]),
    section(10, code([], ...body, "end")),
  );

describe("tags with results", () => {
  test("are valid, or not, as the caller says; but nothing throws or catches one", () => {
    expect(() => validate(decode(moduleOf()))).not.toThrow();
    expect(() =>
      validate(decode(moduleOf()), { features: featuresWithout("stack-switching") }),
    ).toThrow("non-empty tag result type");
    for (const body of [
      ["throw", 2],
      ["try_table", EMPTY, 1, 0, 2, 0, "end"],
      ["try", EMPTY, "catch", 2, "drop", "end"],
    ] satisfies Item[][]) {
      expect(() => validate(decode(moduleOf(...body)))).toThrow("non-empty tag result type");
    }
  });
});

describe("the nesting of try", () => {
  test.each<[string, Item[]]>([
    ["catch without try", ["catch", 0]],
    ["catch in a block", ["block", EMPTY, "catch", 0, "end"]],
    ["catch in a try_table", ["try_table", EMPTY, 0, "catch", 0, "end"]],
    ["catch after catch_all", ["try", EMPTY, "catch_all", "catch", 0, "end"]],
    ["catch_all twice", ["try", EMPTY, "catch_all", "catch_all", "end"]],
    ["delegate after catch", ["try", EMPTY, "catch", 0, "delegate", 0]],
    ["delegate without try", ["block", EMPTY, "delegate", 0]],
    ["else in a try", ["try", EMPTY, "else", "end"]],
    ["a clause of no kind", ["try_table", EMPTY, 1, 4, 0, 0, "end"]],
  ])("%s is malformed", (_name, body) => {
    expect(() => decode(moduleOf(...body))).toThrow(MalformedError);
    // A lazy decoder leaves it to validation.
    expect(() => validate(decode(moduleOf(...body), { lazyBodies: true }))).toThrow(MalformedError);
  });

  test.each<[string, Item[]]>([
    ["no handler", ["try", EMPTY, "end"]],
    ["all of them", ["try", EMPTY, "catch", 0, "catch", 1, "drop", "catch_all", "end"]],
    ["delegate to the function", ["try", EMPTY, "delegate", 0]],
    ["delegate in catch", ["try", EMPTY, "catch_all", "try", EMPTY, "delegate", 0, "end"]],
    ["code after rethrow", ["try", EMPTY, "catch_all", "rethrow", 0, "drop", "end"]],
    ["labels of clauses count from outside", ["try_table", EMPTY, 1, 2, 0, "end"]],
  ])("%s is valid", (_name, body) => {
    expect(() => validate(decode(moduleOf(...body)))).not.toThrow();
  });

  test.each<[string, string, Item[]]>([
    ["unknown label 1", "delegate", ["try", EMPTY, "delegate", 1]],
    ["unknown label 1", "clauses", ["try_table", EMPTY, 1, 2, 1, "end"]],
    ["invalid rethrow label", "rethrow", ["try", EMPTY, "rethrow", 0, "end"]],
    ["unknown tag 3", "throw", ["throw", 3]],
    ["type mismatch", "values", ["try_table", EMPTY, 1, 0, 1, 0, "end"]],
    ["type mismatch", "catch_all_ref", ["try_table", EMPTY, 1, 3, 0, "end"]],
  ])("%s (%s)", (reason, _name, body) => {
    expect(() => validate(decode(moduleOf(...body)))).toThrow(reason);
  });
});
