// Damaged modules and random ones, in a short seeded run. Longer runs are made by hand:
// `bobbin spec --fuzz-bytes` and `bobbin spec --fuzz`.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { compareExecution } from "../src/compare/fuzz.js";
import { endOf, mutate } from "../src/compare/mutate.js";
import { FuzzModules, fuzzInput } from "../src/cli/make-fuzz.js";
import { bobbin } from "../src/cli/testing.js";
import { random } from "../src/util/random.js";

const folder = fileURLToPath(new URL("../fixtures/wasm/", import.meta.url));
const corpus = readdirSync(folder)
  .filter((name) => /^(simple|hostcall|sleep|deep)\.[^t]*wasm$/.test(name))
  .sort()
  .map((name) => readFileSync(folder + name));

test("damaged modules end in an orderly way", () => {
  const failures: string[] = [];
  const seen = new Set<string>();
  for (let seed = 0; seed < 1500; seed++) {
    try {
      seen.add(endOf(mutate(corpus, random(seed))));
    } catch (error) {
      failures.push(`seed ${seed}: ${String(error)}`);
    }
  }
  expect(failures).toEqual([]);
  expect([...seen]).toEqual(expect.arrayContaining(["malformed", "invalid", "trapped", "ran"]));
});

test("random modules do the same here and on this host's engine", async () => {
  const { code, stdout } = await bobbin([
    "spec",
    "--fuzz",
    "--seed",
    "1",
    "--count",
    "15",
    "--json",
  ]);
  const told = JSON.parse(stdout) as { compared: number; failures: unknown[]; calls: number };
  expect(told).toMatchObject({ compared: 15, failures: [] });
  expect(told.calls).toBeGreaterThan(0);
  expect(code).toBe(0);
});

test("a seed always gives the same module", async () => {
  const modules = FuzzModules.open();
  try {
    expect(await modules.make(fuzzInput(7))).toEqual(await modules.make(fuzzInput(7)));
  } finally {
    modules.close();
  }
});

test("a difference is found and told", async () => {
  const modules = FuzzModules.open();
  const bytes = await modules.make(fuzzInput(3));
  modules.close();
  const wrong = {
    instantiate: () =>
      Promise.reject(Object.assign(new Error("unreachable"), { name: "RuntimeError" })),
  };
  const verdict = await compareExecution(bytes, { engine: wrong });
  expect(verdict).toMatchObject({ kind: "different", disagreement: { engine: "! unreachable" } });
});

test("wrong usage is told", async () => {
  for (const argv of [
    ["--fuzz", "x"],
    ["--fuzz", "--fuzz-bytes"],
    [],
    ["--fuzz", "--engine", "v9"],
  ])
    expect((await bobbin(["spec", ...argv])).code).toBe(2);
});
