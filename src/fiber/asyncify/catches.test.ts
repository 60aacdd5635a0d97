// Rule asyncify/return-catch: at which calls in legacy `catch` blocks an unwind ends the function.

import { expect, test } from "@jest/globals";
import { analyzeRoles } from "./analyze.js";
import { lastCallsInCatches } from "./catches.js";
import { moduleOf } from "./program.testing.js";

/** How many calls of `sleep` in the body of a function are such. */
function countIn(body: string): number {
  const module = moduleOf(`(module
    (import "env" "sleep" (func $sleep (result i32)))
    (memory 1) (global $g (mut i32) (i32.const 0)) (tag $t)
    (func $quiet)
    (func $run (export "run") (result i32) (local $x i32) ${body}))`);
  const roles = analyzeRoles(module, { strict: true });
  expect(roles.functions[2]!.kind).toBe("instrumented");
  return lastCallsInCatches(module, 2, roles).size;
}
const inCatch = (body: string, behind = "(i32.const 1)") =>
  countIn(`(try (result i32) (do (throw $t)) (catch $t ${body})) ${behind} i32.add`);

test("where nothing shows on the way to the end of the catch", () => {
  expect(inCatch("(call $sleep)")).toBe(1);
  expect(inCatch("(i32.mul (call $sleep) (i32.const 2)) (local.tee $x)")).toBe(1);
  expect(inCatch("(if (result i32) (call $sleep) (then (i32.const 1)) (else (i32.const 2)))")).toBe(1); // prettier-ignore
  // The clause behind does not run, and a try inside is part of the catch.
  expect(
    countIn(`(try (result i32) (do (throw $t)) (catch $t (call $sleep))
    (catch_all (global.set $g (i32.const 1)) (i32.const 1)))`),
  ).toBe(1);
  expect(inCatch("(try (result i32) (do (call $sleep)) (catch_all (i32.const 1)))")).toBe(1);
  // Calls before the last one run on to that.
  expect(inCatch("(drop (call $sleep)) (call $sleep)")).toBe(1);
});

test("not where something does", () => {
  expect(inCatch("(call $sleep) (global.set $g (i32.const 1))")).toBe(0);
  expect(inCatch("(i32.load (call $sleep))")).toBe(0);
  expect(inCatch("(i32.div_s (call $sleep) (i32.const 0))")).toBe(0);
  expect(inCatch("(call $sleep) (call $quiet)")).toBe(0);
  expect(inCatch("(return (call $sleep))")).toBe(0);
});

test("not where a numbered call stands behind, which the twin might make", () => {
  expect(inCatch("(call $sleep)", "(call $sleep)")).toBe(0);
  expect(countIn("(drop (call $sleep)) (try (result i32) (do (throw $t)) (catch $t (call $sleep)))")).toBe(1); // prettier-ignore
});

test("not what stands in no catch", () => {
  expect(countIn("(try (result i32) (do (call $sleep)) (catch $t (i32.const 1)))")).toBe(0);
});
