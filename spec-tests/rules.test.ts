// Native asyncify's own rules: each one that rules.md writes down is named where it is
// implemented and where it is tested, and nobody names a rule that is not there.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";

const folder = fileURLToPath(new URL("../src/fiber/asyncify", import.meta.url));
const read = (file: string): string => readFileSync(join(folder, file), "utf8");
const RULE = /asyncify\/[a-z_]+(?:-[a-z]+)*/g;

const written = new Set(
  [...read("rules.md").matchAll(/^(asyncify\/[a-z_]+(?:-[a-z]+)*) /gm)].map((m) => m[1]!),
);
const files = readdirSync(folder).filter((file) => file.endsWith(".ts"));
const named = (chosen: readonly string[]): Set<string> =>
  new Set(
    chosen
      .flatMap((file) => read(file).match(RULE) ?? [])
      // Paths of imports look like rules.
      .filter((name) => !files.includes(`${name.slice("asyncify/".length)}.ts`)),
  );

test("there are rules", () => expect(written.size).toBeGreaterThan(12));

test("every rule is named in the code", () => {
  const code = named(files.filter((file) => !file.includes(".test") && !file.includes("testing")));
  expect([...written].filter((rule) => !code.has(rule))).toEqual([]);
});

test("every rule is named in the tests", () => {
  const tests = named(files.filter((file) => file.endsWith(".test.ts")));
  expect([...written].filter((rule) => !tests.has(rule))).toEqual([]);
});

test("no rule is invented", () => {
  expect([...named(files)].filter((name) => !written.has(name))).toEqual([]);
});
