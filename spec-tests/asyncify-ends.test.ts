// What is said of programs that Asyncify ends, when nobody watched them: every program of
// fixtures/misuse that traps, plain and instrumented. Nothing is said of those that do it
// right, and no rule is named that the checker does not find broken.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { makeTwin } from "../src/cli/make-twin.js";
import { bobbin } from "../src/cli/testing.js";
import { makeWebAssembly } from "../src/js-api/namespace.js";
import type { WasmTrace } from "../src/js-api/types.js";
import type { AsyncifyEnd } from "../src/observe/check/explain.js";

interface Case {
  readonly code: string;
  readonly also?: readonly string[];
  readonly file: string;
  readonly twins?: readonly string[];
  readonly argv: readonly string[];
  readonly options: readonly string[];
}

const folder = fileURLToPath(new URL("../fixtures/misuse/", import.meta.url));
const { cases } = JSON.parse(readFileSync(`${folder}manifest.json`, "utf8")) as { cases: Case[] };

interface Ended {
  readonly kind: string;
  readonly reason: string;
  readonly message: string;
  readonly asyncify?: AsyncifyEnd;
}

async function endOf(file: string, argv: readonly string[]): Promise<Ended | undefined> {
  const given = argv
    .filter((arg) => !["--static", "--once"].includes(arg))
    .map((arg) => (arg.startsWith("hosts/") ? folder + arg : arg));
  const { stdout } = await bobbin(["run", folder + file, ...given, "--json"]);
  return (JSON.parse(stdout.trim().split("\n").at(-1)!) as { error?: Ended }).error;
}

/** Rules whose breach is an end of its own, whatever went wrong before. */
const ENDS = ["position-past-end", "data-null", "record-past-end"];
/** Fibers that went wrong while nothing was unwound or rewound. */
const NORMAL = ["fiber-finished", "fiber-entry-returned", "resume-running"];

const runs = cases
  .filter(({ argv }) => argv.includes("--invoke"))
  .flatMap((c) => [
    { ...c, run: c.file, options: c.options },
    ...(c.twins ?? []).map((run) => ({
      ...c,
      run,
      options: c.options.filter((option) => option === "--stub-imports"),
    })),
  ]);

test("traps are told as Asyncify's, with no rule that was not broken", async () => {
  const told: string[] = [];
  let named = 0;
  for (const { code, also = [], run, argv, options } of runs) {
    const end = await endOf(run, [...argv, ...options]);
    if (end === undefined || end.kind !== "trap") continue;
    const { asyncify } = end;
    const where = `${code}: ${run} ${argv.join(" ")}`;
    if (asyncify === undefined) {
      expect([where, NORMAL.includes(code)]).toEqual([where, true]);
      continue;
    }
    expect(asyncify.text).toMatch(/^this `[^`]+` is Asyncify's/);
    told.push(where);
    if (asyncify.cause === null) {
      expect(asyncify.text).toMatch(/BOBBIN_CHECK=1 or `bobbin check`/);
      continue;
    }
    named++;
    expect([where, [code, ...also, ...ENDS]]).toEqual([
      where,
      expect.arrayContaining([asyncify.cause]),
    ]);
  }
  expect(told.length).toBeGreaterThan(35);
  expect(named).toBeGreaterThan(9);
}, 120_000);

test("other traps of instrumented modules are not Asyncify's", async () => {
  const end = await endOf("sleep.twin-O0.wasm", ["--invoke", "crash", "--stub-imports"]);
  expect(end?.kind).toBe("trap");
  expect(end?.asyncify).toBeUndefined();
});

describe("in words", () => {
  const last = async (file: string, ...argv: string[]): Promise<AsyncifyEnd> =>
    (await endOf(file, argv))!.asyncify!;

  test("a buffer that was too small, found when the unwind ends", async () => {
    const small = ["--invoke", "descend", "9", "--host", "hosts/small-buffer.mjs"];
    expect(await last("sleep.twin-O2.wasm", ...small)).toEqual({
      state: "normal",
      data: 0x10000,
      position: 0x100b4,
      end: 0x10050,
      cause: "record-past-end",
      text:
        "this `unreachable` is Asyncify's: its runtime functions trap where the position is past the end; " +
        "stop_unwind found data 0x10000, position 0x100b4, end 0x10050: the records are 100 bytes longer " +
        "than their buffer, which needs 172 bytes and has 72, if it begins behind the two words; " +
        "Make the buffer larger (ASYNCIFY_STACK_SIZE in Emscripten), or unwind from less deep.",
    });
  });

  test("the same on native asyncify, which knows the frame", async () => {
    const small = ["--invoke", "descend", "9", "--host", "hosts/small-buffer.mjs", "--asyncify"];
    const end = (await endOf("sleep.wasm", small))!;
    expect(end.message).toMatch(
      /the record of descend \(call 1\) needs 16 bytes at .* ends at .* 6 frames still to unwind need 96 bytes/,
    );
    expect(end.asyncify).toMatchObject({ state: "unwinding", cause: "record-past-end" });
  });

  test("a rewind that found no call", async () => {
    const scribbled = ["--invoke", "other", "2", "--host", "hosts/scribble-index.mjs"];
    const { text, state, cause } = await last("sleep.twin-O0.wasm", ...scribbled);
    expect([state, cause]).toEqual(["rewinding", null]);
    expect(text).toMatch(/nap is instrumented; .* the call index that was popped is 99: /);
  });

  test("a buffer out of bounds", async () => {
    const far = ["--invoke", "other", "2", "--host", "hosts/far-buffer.mjs"];
    for (const [file, ...options] of [["sleep.twin-O0.wasm"], ["sleep.wasm", "--asyncify"]])
      expect(await last(file!, ...far, ...options)).toMatchObject({
        position: null,
        cause: "data-out-of-bounds",
      });
  });
});

type Exports = Record<string, (...args: unknown[]) => unknown>;

test.each([0, 2])("an assertion of asyncify-asserts is told as one (level %i)", async (level) => {
  const bytes = Uint8Array.from(readFileSync(`${folder}sleep.wasm`));
  const options = { imports: ["env.sleep"], removeList: ["other"], asserts: true };
  const twin = await makeTwin(bytes, options, level);
  const engine = makeWebAssembly();
  let exports: Exports = {};
  const sleep = () => {
    const { buffer } = exports["memory"] as unknown as { buffer: ArrayBuffer };
    new Uint32Array(buffer).set([0x10008, 0x11000], 0x10000 / 4);
    exports["asyncify_start_unwind"]!(0x10000);
    return 0;
  };
  const none = () => 0;
  const env = { sleep, wait: none, again: none, log: none };
  const { instance } = await engine.instantiate(twin, { env });
  exports = instance.exports as Exports;
  let failure: (Error & { wasm: WasmTrace }) | undefined;
  try {
    exports["other"]!(2);
  } catch (error) {
    failure = error as Error & { wasm: WasmTrace };
  }
  // What is told is of the time of the end.
  exports["asyncify_stop_unwind"]!();
  expect(failure?.message).toMatch(
    /^unreachable: this `unreachable` is Asyncify's: an assertion of asyncify-asserts; a call in other, which is not instrumented, changed the state;/,
  );
  expect(failure?.wasm.asyncify).toMatchObject({
    state: "unwinding",
    cause: "frame-not-instrumented",
    data: 0x10000,
  });
});

test("native asyncify under the object WebAssembly: each instance tells its own state", async () => {
  const engine = makeWebAssembly({ asyncify: { imports: ["env.sleep"] } });
  const none = () => 0;
  const env = { sleep: none, wait: none, again: none, log: none };
  const bytes = Uint8Array.from(readFileSync(`${folder}sleep.wasm`));
  const { module, instance } = await engine.instantiate(bytes, { env });
  const other = (await engine.instantiate(module, { env })) as unknown as typeof instance;
  const failure = (call: () => unknown): Error & { wasm: WasmTrace } => {
    try {
      call();
    } catch (error) {
      return error as Error & { wasm: WasmTrace };
    }
    throw new Error("nothing was thrown");
  };
  const exports = instance.exports as Exports;
  // Position 0x20, end 0x10: of this instance alone.
  new Uint32Array((exports["memory"] as unknown as { buffer: ArrayBuffer }).buffer).set([
    0x20, 0x10,
  ]);
  const reversed = failure(() => exports["asyncify_start_unwind"]!(0));
  expect(reversed.wasm.asyncify).toMatchObject({
    state: "unwinding",
    cause: "data-null",
    end: 0x10,
  });
  expect(failure(() => exports["crash"]!()).wasm.asyncify).toMatchObject({ state: "unwinding" });
  expect(failure(() => (other.exports as Exports)["crash"]!()).wasm.asyncify).toBeNull();
});
