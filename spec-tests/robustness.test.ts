// Damaged modules and random ones, in a short seeded run. Longer runs are made by hand:
// `bobbin spec --fuzz-bytes` and `bobbin spec --fuzz`.

import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, jest, test } from "@jest/globals";
import { compareExecution, opponentOf } from "../src/compare/fuzz.js";
import { endOf, mutate } from "../src/compare/mutate.js";
import { featuresOf } from "../src/compare/fuzz-features.js";
import { restructure } from "../src/compare/restructure.js";
import { supported } from "../src/compare/engine-task.js";
import { fuzzInput, makeModule } from "../src/cli/make-fuzz.js";
import { WasmOpt } from "../src/cli/wasm-opt.js";
import { bobbin } from "../src/cli/testing.js";
import { decode } from "../src/binary/decode.js";
import { random } from "../src/util/random.js";
import { validate } from "../src/valid/validate.js";
import { skipLoudly } from "./skip.js";

// Binaryen takes its time where the machine is busy.
jest.setTimeout(120_000);

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

test("a seed always gives the same module, and engines that lack a feature the same bytes", async () => {
  const wasmOpt = WasmOpt.open();
  try {
    const input = fuzzInput(7, ["simd"]);
    expect(await makeModule(wasmOpt, input)).toEqual(await makeModule(wasmOpt, input));
    const all = fuzzInput(7, ["simd", "gc", "tail-call"]);
    expect(all.bytes).toEqual(input.bytes);
    expect(all.features.filter((feature) => feature === "simd")).toEqual(input.features);
  } finally {
    wasmOpt.close();
  }
});

test("a difference is found and told", async () => {
  const wasmOpt = WasmOpt.open();
  const bytes = await makeModule(wasmOpt, fuzzInput(3, []));
  wasmOpt.close();
  const wrong = {
    instantiate: () =>
      Promise.reject(Object.assign(new Error("unreachable"), { name: "RuntimeError" })),
  };
  const verdict = await compareExecution(bytes, { opponent: opponentOf(wrong) });
  expect(verdict).toMatchObject({ kind: "different", disagreement: { engine: "! unreachable" } });
});

test("damage that keeps sizes right comes further than any", () => {
  const share = (damage: (seed: number) => Uint8Array, end: string): number => {
    const found = Array.from({ length: 400 }, (_, seed) => endOf(damage(seed)));
    return found.filter((one) => one === end).length / found.length;
  };
  const structured = (seed: number): Uint8Array => {
    const next = random(seed);
    return restructure(corpus[next() % corpus.length]!, corpus, next)!;
  };
  expect(share(structured, "malformed")).toBeLessThan(0.05);
  expect(share(structured, "ran")).toBeGreaterThan(0.05);
});

test("--fuzz-bytes tries inputs in another process, and tells the slowest", async () => {
  const argv = ["spec", "--fuzz-bytes", "--seed", "1", "--count", "300", "--random-modules", "2"];
  const { code, stdout } = await bobbin([...argv, "--json"]);
  expect(code).toBe(0);
  const told = JSON.parse(stdout) as { ends: Record<string, number>; slowest: { ms: number } };
  expect(told).toMatchObject({ inputs: 300, crashes: [] });
  expect(Object.values(told.ends).reduce((sum, n) => sum + n, 0)).toBe(300);
  expect(told.slowest.ms).toBeGreaterThan(0);
});

test("Bobbin has every feature that modules are made with", () => {
  const accepts = (bytes: Uint8Array): boolean => {
    validate(decode(bytes));
    return true;
  };
  expect(() => featuresOf(accepts)).not.toThrow();
});

/** An engine with all of WebAssembly 3.0: this host's, or where BOBBIN_FUZZ_ENGINE says. */
const complete = supported().includes("gc") ? "host" : process.env["BOBBIN_FUZZ_ENGINE"];
if (complete === undefined) {
  const warning =
    "SKIPPED: no engine of WebAssembly 3.0 to compare random modules with; " +
    "set BOBBIN_FUZZ_ENGINE to one, such as node26 (bobbin engines node26 --install)";
  skipLoudly(warning);
} else {
  test("random modules of WebAssembly 3.0 do the same here and there", async () => {
    const argv = ["spec", "--fuzz", "--seed", "1", "--count", "15", "--engine", complete, "--json"];
    const { code, stdout } = await bobbin(argv);
    const told = JSON.parse(stdout) as { features: string[] };
    expect(told).toMatchObject({ compared: 15, failures: [] });
    expect(told.features).toEqual(expect.arrayContaining(["gc", "exception-handling"]));
    expect(code).toBe(0);
  });
}

test("wrong usage is told", async () => {
  for (const argv of [
    ["--fuzz", "x.wasm"],
    ["--fuzz", "--fuzz-bytes"],
    [],
    ["--fuzz", "--engine", "v9"],
  ])
    expect((await bobbin(["spec", ...argv])).code).toBe(2);
});
