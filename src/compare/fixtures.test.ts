// The instrumented twins of the fixtures: this host's engine and Bobbin, which runs
// them as the ordinary modules they are, must tell the same events; a twin in which
// something was changed must not.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { InstructionReader } from "../binary/code.js";
import { decode } from "../binary/decode.js";
import { f32, f64, i32, i64, type Value } from "../runtime/values.js";
import { functionName, type Module } from "../syntax/module.js";
import type { NumType } from "../syntax/types.js";
import { validate } from "../valid/validate.js";
import { compareRuns, highestLevel } from "./compare.js";
import { runBare } from "./engine.js";
import type { HostScript } from "./host.js";
import { runTwinOnBobbin } from "./twin.js";
import { twinParts } from "../observe/twin-parts.js";
import { mapFunctions } from "./twin-mapping.js";
import { runOnEngine } from "./v8.js";

interface Fixture {
  readonly file: string;
  readonly program: string;
  readonly host: string;
  readonly twins: readonly { readonly file: string }[];
  readonly exports: Readonly<Record<string, { readonly params: readonly NumType[] }>>;
  readonly runs: readonly FixtureRun[];
}
interface FixtureRun {
  readonly invoke: string;
  readonly args: readonly string[];
}
const root = new URL("../../fixtures/", import.meta.url);
const bytesOf = (file: string): Uint8Array => readFileSync(new URL(file, root));
const { modules } = JSON.parse(readFileSync(new URL("manifest.json", root), "utf8")) as {
  modules: readonly Fixture[];
};
const scriptOf = async ({ host }: Fixture) =>
  ((await import(new URL(host, root).href)) as { default: HostScript }).default;

const parse: Readonly<Record<NumType, (text: string) => Value>> = {
  i32: (text) => i32(Number(text)),
  i64: (text) => i64(BigInt(text)),
  f32: (text) => f32(Number(text)),
  f64: (text) => f64(Number(text)),
};
async function requestOf(fixture: Fixture, { invoke, args }: FixtureRun, bytes: Uint8Array) {
  return {
    bytes,
    plain: validate(decode(bytesOf(fixture.file))),
    hostScript: await scriptOf(fixture),
    invoke,
    args: args.map((text, i) => parse[fixture.exports[invoke]!.params[i]!](text)),
  };
}

/** Runs that stay short with a digest at every event. */
const isShort = ({ invoke, args }: FixtureRun) =>
  invoke.startsWith("keep") || args.every((text) => Number(text) <= 12);
const programs = ["crossing", "deep", "sleep", "types", "overflow"];
const fixtures = modules.filter(
  ({ file, program }) => programs.includes(program) && file === `wasm/${program}.wasm`,
);

describe.each(fixtures)("$program", (fixture) => {
  test.each(fixture.twins)("$file", async ({ file }) => {
    for (const run of fixture.runs) {
      const digest = isShort(run);
      const request = { ...(await requestOf(fixture, run, bytesOf(file))), digest };
      const engine = await runOnEngine(request);
      const bobbin = await runTwinOnBobbin(request);
      expect(compareRuns(engine, bobbin, "E2")).toBeNull();
      expect(bobbin.digest).toBe(engine.digest);
      expect(bobbin.sizes).toEqual(engine.sizes);
      const bare = await runBare({ ...request, module: decode(request.bytes) });
      expect(highestLevel(bare, bobbin)).not.toBeNull();
    }
  });
});

const sleep = modules.find(({ file }) => file === "wasm/sleep.wasm")!;
const SHORT_RUN: FixtureRun = { invoke: "main", args: ["3"] };

test("what an unwind and a rewind look like", async () => {
  const { events } = await runOnEngine(
    await requestOf(sleep, { invoke: "main", args: ["1"] }, bytesOf("wasm/sleep.twin-O0.wasm")),
  );
  const told = events.map((e) => ("callIndex" in e ? `${e.type} ${e.name} ${e.callIndex}` : `${e.type} ${e.name}`)); // prettier-ignore
  expect(told).toEqual([
    "call main",
    "host sleep",
    "runtime get_state",
    "call asyncify_buffer",
    "return asyncify_buffer",
    "runtime start_unwind",
    "host return sleep",
    "push nap 0",
    "push naps 0",
    "push main_naps 0",
    "return main",
    "runtime get_state",
    "runtime stop_unwind",
    "runtime start_rewind",
    "call main",
    "pop main_naps 0",
    "pop naps 0",
    "pop nap 0",
    "host sleep",
    "runtime get_state",
    "runtime stop_rewind",
    "host return sleep",
    "host log_i32",
    "host return log_i32",
    "return main",
    "runtime get_state",
  ]);
});

/** `bytes` with the last byte of one i32.const changed: the first for which `wanted` holds. */
function mutate(
  bytes: Uint8Array,
  func: string,
  wanted: (value: number, next: string) => boolean,
  change: (value: number) => number,
): Uint8Array {
  const twin: Module = decode(bytes);
  const index = twin.functions.findIndex(
    (_, i) => functionName(twin, twin.imported.func + i) === func,
  );
  const { offset, end } = twin.functions[index]!.body;
  const reader = new InstructionReader(bytes, offset, end);
  let constant: { value: number; last: number } | null = null;
  while (reader.next()) {
    const { op, a, next } = reader.instruction;
    if (constant !== null && wanted(constant.value, op.mnemonic)) {
      const changed = Uint8Array.from(bytes);
      changed[constant.last] = change(constant.value) & 0x7f;
      return changed;
    }
    constant =
      op.mnemonic === "i32.const" && Math.abs(a) < 60 ? { value: a, last: next - 1 } : null;
  }
  throw new Error("no such constant");
}

describe("a changed twin", () => {
  const original = bytesOf("wasm/sleep.twin-O0.wasm");
  const levelOf = async (changed: Uint8Array) => {
    const engine = await runOnEngine(await requestOf(sleep, SHORT_RUN, original));
    const limits = { fuel: 1e6 };
    const request = await requestOf(sleep, SHORT_RUN, changed);
    return highestLevel(engine, await runTwinOnBobbin({ ...request, limits }));
  };

  test("is equal where nothing was changed", async () => {
    expect(await levelOf(original)).toBe("E2");
  });
  test("computes something else: E0 differs", async () => {
    expect(
      await levelOf(
        mutate(
          original,
          "naps",
          (v) => v === 3,
          () => 4,
        ),
      ),
    ).toBeNull();
  });
  test("pushes another call index: the rewind goes wrong", async () => {
    const changed = mutate(
      original,
      "nap",
      (v, next) => v === 0 && next === "br",
      () => 1,
    );
    const engine = await runOnEngine(await requestOf(sleep, SHORT_RUN, original));
    const other = await runOnEngine(await requestOf(sleep, SHORT_RUN, changed));
    const difference = compareRuns(engine, other, "E1");
    expect(difference?.a).toMatchObject({ type: "push", name: "nap", callIndex: 0 });
    expect(difference?.b).toMatchObject({ type: "push", name: "nap", callIndex: 1 });
    expect(difference?.contextA).toEqual(difference?.contextB);
  });
  test("has other record sizes: E1 is equal, E2 differs", async () => {
    expect(await levelOf(bytesOf("wasm/sleep.twin-O2.wasm"))).toBe("E1");
  });
});

describe("twins that are none", () => {
  const request = (bytes: Uint8Array) => requestOf(sleep, SHORT_RUN, bytes);
  test.each([
    ["not instrumented", "wasm/sleep.wasm"],
    ["another program's", "wasm/crossing.twin-O0.wasm"],
    ["another optimization level's", "wasm/sleep.O0.twin-O0.wasm"],
  ])("%s", async (_, file) => {
    const wrong = expect.objectContaining({ kind: "twin" });
    await expect(runOnEngine(await request(bytesOf(file)))).rejects.toEqual(wrong);
    await expect(runTwinOnBobbin(await request(bytesOf(file)))).rejects.toEqual(wrong);
  });

  test("functions in another order are found by name, and not without names", () => {
    const plain = decode(bytesOf("wasm/sleep.wasm"));
    const twin = decode(bytesOf("wasm/sleep.twin-O2.wasm"));
    const { runtime } = twinParts(twin);
    const [first, second] = plain.functions;
    const swapped: Module = {
      ...plain,
      functions: [second!, first!, ...plain.functions.slice(2)],
      exports: plain.exports.map((e) =>
        e.kind === "func" && e.index === 2 ? { ...e, index: 3 } : e,
      ),
      names: {
        ...plain.names,
        functions: new Map(
          [...plain.names.functions].map(([i, name]) => [i === 2 ? 3 : i === 3 ? 2 : i, name]),
        ),
      },
    };
    expect(mapFunctions(plain, twin, runtime).get(2)).toBe(2);
    expect(mapFunctions(swapped, twin, runtime).get(2)).toBe(3);
    const nameless = { ...swapped, names: { ...swapped.names, functions: new Map() } };
    expect(() => mapFunctions(nameless, twin, runtime)).toThrow(/not a twin/);
  });
});

test("an export that does not exist is the host's error", async () => {
  const nowhere = { invoke: "nowhere", args: [] };
  const run = await runOnEngine(
    await requestOf(sleep, nowhere, bytesOf("wasm/sleep.twin-O0.wasm")),
  );
  expect(run.error).toMatchObject({ kind: "host exception", reason: "host exception" });
});
