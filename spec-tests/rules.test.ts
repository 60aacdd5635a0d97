// What types or executes an instruction names the rules that it implements, every rule is
// named where it holds, and nobody names a rule that is not there: those of the
// specification and of proposals (spec-rules.txt) in src/valid and src/exec, those of native
// asyncify and of the native fiber ABI (rules.md) in src/fiber. The latter are named in
// tests as well.

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { Internal } from "../src/exec/code.js";
import { opcodeOf, opcodes } from "../src/syntax/opcodes.js";
import { checkNames, checkRules, type Instructions, parseRules, type Source } from "./rules.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const sourcesIn = (folder: string, which: (file: string) => boolean): Source[] =>
  readdirSync(join(root, folder))
    .filter((file) => file.endsWith(".ts") && which(file))
    .map((file) => ({ path: relative(root, join(root, folder, file)) }))
    .map(({ path }) => ({ path, text: read(path) }));
const isTest = (file: string): boolean => file.endsWith(".test.ts");
const isCode = (file: string): boolean => !isTest(file) && !file.includes("testing");

const mnemonics = Object.keys(opcodes);
const accesses = mnemonics.filter((mnemonic) => {
  const { code } = opcodes[mnemonic as keyof typeof opcodes];
  return code < 0x100 && opcodeOf(code)!.access !== undefined;
});
/** `local.get ref` is `local.get`. */
const instructions: Instructions = {
  mnemonics,
  internal: new Map(
    Object.keys(Internal).map((label) => [
      label,
      label === "memory access" ? accesses : [label.replace(/ .*/, "")],
    ]),
  ),
};

test("validation and execution name the rules of the specification, all of them", () => {
  const rules = parseRules(read("spec-tests/spec-rules.txt"), mnemonics);
  expect(rules.rules.size).toBeGreaterThan(507);
  const code = [...sourcesIn("src/valid", isCode), ...sourcesIn("src/exec", isCode)];
  expect(checkRules(rules, instructions, code)).toEqual([]);
});

const rulesIn = (file: string): string[] =>
  [...read(file).matchAll(/^(\w+\/[\w-]+) /gm)].map(([, rule]) => rule!);
const asyncify = rulesIn("src/fiber/asyncify/rules.md");
const fibers = rulesIn("src/fiber/abi/rules.md");

test("the code of native asyncify names its rules, all of them", () => {
  expect(asyncify.length).toBeGreaterThan(12);
  expect(checkNames(asyncify, sourcesIn("src/fiber/asyncify", isCode))).toEqual([]);
});

test("the tests of native asyncify name its rules, all of them", () =>
  expect(checkNames(asyncify, sourcesIn("src/fiber/asyncify", isTest))).toEqual([]));

test("the code and the tests of the native fiber ABI name its rules, all of them", () => {
  expect(fibers.length).toBe(6);
  expect(checkNames(fibers, sourcesIn("src/fiber/abi", isCode))).toEqual([]);
  expect(checkNames(fibers, sourcesIn("src/fiber/abi", isTest))).toEqual([]);
});
