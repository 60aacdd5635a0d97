// What stands in for what nobody supplies.

import { expect, test } from "@jest/globals";
import { FUNCREF, refType } from "../syntax/types.js";
import { LinkError } from "../util/errors.js";
import { formatValues } from "./notation.js";
import { zerosOf } from "./stubs.js";

test("results are zeros of their types, and null where that is one", () => {
  const results = ["i32", "i64", "f32", "f64", "v128", FUNCREF] as const;
  expect(formatValues(zerosOf({ kind: "func", params: [], results }, "env.f"), results)).toBe(
    `i32:0 i64:0 f32:0.0 f64:0.0 v128:0x${"0".repeat(32)} funcref:null`,
  );
});

test("a reference that is never null has none", () => {
  const results = [refType("func", false)];
  expect(() => zerosOf({ kind: "func", params: [], results }, "env.f")).toThrow(
    new LinkError("import env.f cannot be stubbed: (ref func) has no zero"),
  );
});
