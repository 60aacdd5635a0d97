// The same generators five ways: on the fiber assembly by native asyncify, by the
// instrumented twin and by native fiber switches, with the instructions of stack
// switching, and with calls that the host suspends. All must look the same to the host,
// and as the model says, which knows no fibers.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { findEngine } from "../src/cli/engine-registry.js";
import { decode } from "../src/binary/decode.js";
import { runBare } from "../src/compare/engine.js";
import type { HostScript } from "../src/compare/host.js";
import { runNative } from "../src/compare/native.js";
import type { Run, RunRequest } from "../src/compare/run.js";
import { runTwinOnBobbin } from "../src/compare/twin.js";
import { i32 } from "../src/runtime/values.js";
import { validate } from "../src/valid/validate.js";
// @ts-expect-error -- plain JavaScript, the oracle of the fixtures
import { modelHost, models } from "../fixtures/models.mjs";
import { skipLoudly } from "./skip.js";

const fixture = (path: string) => new URL(`../fixtures/${path}`, import.meta.url);
const bytes = (name: string) => readFileSync(fixture(`wasm/${name}.wasm`));
const load = (name: string) => validate(decode(bytes(name)));
const script = async (name: string): Promise<HostScript> =>
  ((await import(fixture(`hosts/${name}.mjs`).href)) as { default: HostScript }).default;

const deep = load("deep");
const logging = await script("logging");
const generators = await script("generators");

const ways: Record<string, (request: RunRequest) => Promise<Run>> = {
  "native asyncify": (request) => runNative({ ...request, module: deep }),
  "instrumented twin": (request) =>
    runTwinOnBobbin({ ...request, bytes: bytes("deep.twin-O2"), plain: deep }),
  "instrumented twin on the host": (request) =>
    runBare({ ...request, module: decode(bytes("deep.twin-O2")) }),
  "native fibers": (request) => runNative({ ...request, module: deep, nativeFibers: true }),
  "stack switching": (request) => runNative({ ...request, module: load("ways-cont") }),
  "suspended by the host": (request) =>
    runNative({ ...request, module: load("ways-jspi"), hostScript: generators, suspend: true }),
};

const RUNS = [
  ...[0, 1, 2, 3, 4, 6].map((height) => ["tree", height] as const),
  ...[0, 1, 4, 5, 60, 400].map((depth) => ["well", depth] as const),
];

/** What the host sees: the values it is told, and the result. */
async function seen(way: (request: RunRequest) => Promise<Run>, name: string, argument: number) {
  const log: string[] = [];
  const run = await way({
    hostScript: logging,
    context: { log: (value) => log.push(String(value)) },
    invoke: name,
    args: [i32(argument)],
  });
  if (run.error !== undefined) throw run.error.thrown;
  return { log, results: run.results };
}

function expected(name: "tree" | "well", argument: number) {
  const log: string[] = [];
  const host = (modelHost as (log: (line: string) => void) => object)((line) => log.push(line));
  const model = (models as Record<string, Record<string, (host: object, n: number) => number>>)[
    "deep"
  ]![name]!;
  const result = model(host, argument);
  return { log, results: [i32(result)] };
}

describe.each(Object.entries(ways))("%s", (_name, way) => {
  test.each(RUNS)("%s(%d)", async (name, argument) => {
    expect(await seen(way, name, argument)).toEqual(expected(name, argument));
  });
});

test("switches of native fibers and of stack switching unwind nothing", async () => {
  const request = { hostScript: logging, invoke: "tree", args: [i32(3)] };
  for (const way of ["native fibers", "stack switching", "suspended by the host"]) {
    const { events } = await ways[way]!(request);
    expect([way, events.filter(({ type }) => type === "push")]).toEqual([way, []]);
  }
  const { events } = await ways["native asyncify"]!(request);
  expect(events.filter(({ type }) => type === "push").length).toBeGreaterThan(20);
});

/** Engines with the features of the last two ways: the newest that is found answers for them. */
const NEWER = [
  { name: "node26", run: (path: string) => [path, "--experimental-wasm-wasmfx"] },
  {
    name: "deno",
    run: (path: string) => [path, "run", "-A", "--v8-flags=--experimental-wasm-wasmfx"],
  },
].flatMap(({ name, run }) => {
  const { program } = findEngine(name);
  return "path" in program ? [[name, run(program.path)] as const] : [];
});

if (NEWER.length === 0) {
  const warning = `SKIPPED: neither node26 nor deno is here to run continuations and promise integration: bobbin engines --install node26`;
  skipLoudly(warning);
} else {
  describe.each(NEWER)("on %s", (_name, [program, ...flags]) => {
    test.each([
      ["ways-cont", "logging"],
      ["ways-jspi", "generators"],
    ])("%s", (module, host) => {
      for (const [name, argument] of RUNS) {
        const script = fileURLToPath(fixture("run.mjs"));
        const given = [`wasm/${module}.wasm`, `hosts/${host}.mjs`, name, String(argument)];
        const said = execFileSync(program!, [...flags, script, ...given], { encoding: "utf8" });
        const { log, results } = expected(name, argument);
        const [result] = results as unknown as readonly [{ readonly value: number }];
        expect(said.trimEnd().split("\n")).toEqual([...log, String(result.value)]);
      }
    });
  });
}
