// Random drives of fibers (fixtures/src/drives.c): a seed decides who enters, resumes,
// leaves for whom across how many fibers, recurses, finishes and is dropped. On the native
// fiber ABI, by native asyncify and in the host's engine on the instrumented twin they
// come to the same, and leave the same memory outside of what unwinding wrote.

import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { decode } from "../src/binary/decode.js";
import { compareRuns } from "../src/compare/compare.js";
import { runBare } from "../src/compare/engine.js";
import { asyncifyAreas, memoryDifference } from "../src/compare/fibers.js";
import { runNative } from "../src/compare/native.js";
import type { Run } from "../src/compare/run.js";
import { runOnEngine } from "../src/compare/v8.js";
import { i32 } from "../src/runtime/values.js";
import { validate } from "../src/valid/validate.js";

const load = (file: string): Uint8Array =>
  readFileSync(new URL(`../fixtures/wasm/${file}`, import.meta.url));

const LEVELS = ["drives", "drives.O0", "drives.O2"] as const;
const modules = LEVELS.map((name) => ({
  plain: validate(decode(load(`${name}.wasm`))),
  twins: ["O0", "O2"].map((level) => validate(decode(load(`${name}.twin-${level}.wasm`)))),
}));

const request = (seed: number, steps: number) => ({
  stub: true,
  invoke: "drive",
  args: [i32(seed), i32(steps)],
});
const switchesOf = ({ events }: Run) => events.filter(({ type }) => type === "switch").length;

test("native fibers, asyncify and the host's engine", async () => {
  let switches = 0;
  let crossed = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.integer({ min: 0, max: 800 }),
      fc.nat({ max: 5 }),
      async (seed, steps, which) => {
        const { plain, twins } = modules[which % 3]!;
        const asked = request(seed, steps);
        const native = await runNative({ ...asked, module: plain, nativeFibers: true });
        const asyncify = await runNative({ ...asked, module: plain });
        const host = await runBare({ ...asked, module: twins[which >> 2]! });
        expect(native.error).toBeUndefined();
        expect(compareRuns(native, asyncify, "E0")).toBeNull();
        expect(compareRuns(native, host, "E0")).toBeNull();
        const areas = asyncifyAreas(asyncify.events);
        expect(memoryDifference(native, asyncify, areas)).toBeNull();
        switches += switchesOf(native);
        for (const event of native.events)
          if (event.type === "switch" && event.fibers > 1) crossed++;
      },
    ),
    { numRuns: 30, ...replay() },
  );
  // A drive that never switches would agree with anything.
  expect(switches).toBeGreaterThan(30 * 20);
  expect(crossed).toBeGreaterThan(30);
}, 300_000);

test.each(LEVELS.map((name, i) => [name, i] as const))(
  "%s: memory as V8 leaves it",
  async (_name, i) => {
    const { plain, twins } = modules[i]!;
    for (const [k, twin] of twins.entries()) {
      const asked = request(1000 + k, 600);
      const native = await runNative({ ...asked, module: plain, nativeFibers: true });
      const host = await runOnEngine({ ...asked, bytes: twin.bytes, plain });
      expect(compareRuns(native, host, "E0")).toBeNull();
      expect(memoryDifference(native, host, asyncifyAreas(host.events))).toBeNull();
    }
  },
  300_000,
);

/** A failure prints seed and path: `FC_SEED=… FC_PATH=… npm run jest -- spec-tests/fiber-drives`. */
function replay(): { seed?: number; path?: string } {
  const { FC_SEED: seed, FC_PATH: path } = process.env;
  return {
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
  };
}
