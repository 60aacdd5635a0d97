import { expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { checkBranchHints } from "./branch-hints.js";
import { code, EMPTY, functype, I32, section, wasm } from "./testing.js";
import { validate } from "./validate.js";

const NAME = "metadata.code.branch_hint";
/** A custom section with these bytes, the count of functions first. */
const hints = (...bytes: number[]): number[] => {
  const payload = [NAME.length, ...Buffer.from(NAME), ...bytes];
  return [0, payload.length, ...payload];
};
/** `local.get 0` is at 1 of the body, `if` at 3, `br_if` at 7. */
const moduleOf = (...sections: number[][]) =>
  wasm(
    section(1, functype([I32], [])),
    section(3, [0]),
    ...sections,
    section(10, code([], "local.get", 0, "if", EMPTY, "local.get", 0, "br_if", 0, "end", "end")),
  );
const check = (bytes: Uint8Array) => () => checkBranchHints(validate(decode(bytes)));

test("hints stand on if and br_if, in order", () => {
  expect(check(moduleOf())).not.toThrow();
  expect(check(moduleOf(hints(1, 0, 2, 3, 1, 0, 7, 1, 1)))).not.toThrow();
});

test.each([
  ["invalid target", hints(1, 0, 1, 1, 1, 0)],
  ["invalid target", hints(1, 0, 1, 2, 1, 0)],
  ["unknown function 1", hints(1, 1, 1, 3, 1, 0)],
  ["duplicate annotation", hints(1, 0, 2, 3, 1, 0, 3, 1, 0)],
  ["branch hints out of order", hints(1, 0, 2, 7, 1, 0, 3, 1, 0)],
  ["functions out of order", hints(2, 0, 0, 0, 0)],
  ["invalid size", hints(1, 0, 1, 3, 2, 0, 0)],
  ["invalid value", hints(1, 0, 1, 3, 1, 2)],
  ["unexpected end", hints(0, 0)],
])("%s", (message, section_) => {
  expect(check(moduleOf(section_))).toThrow(`@${NAME} annotation: ${message}`);
});

test("there is one section, before the code", () => {
  expect(check(moduleOf(hints(0), hints(0)))).toThrow("duplicate annotation");
  const late = Uint8Array.from([...moduleOf(), ...hints(0)]);
  expect(check(late)).toThrow("not before the code section");
});
