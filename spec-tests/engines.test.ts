// The other engines that this machine has: fixtures on each of them are as close to
// native asyncify as that engine can be told, and traps have the same reasons. What is
// missing is said loudly; those of BOBBIN_REQUIRE_ENGINES (names between commas) must
// be there. BOBBIN_ENGINES names those to use; by default all that are found.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, jest, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../src/binary/decode.js";
import { ComparedEngine } from "../src/cli/compare-engines.js";
import { findEngines } from "../src/cli/engine-registry.js";
import { makeTwin } from "../src/cli/make-twin.js";
import { runOnBobbin } from "../src/compare/programs.js";
import { asTold } from "../src/compare/told-run.js";
import { validate } from "../src/valid/validate.js";

// Browsers start slowly on busy machines.
jest.setTimeout(1_800_000);

const list = process.env["BOBBIN_ENGINES"] ?? "all";
const required = (process.env["BOBBIN_REQUIRE_ENGINES"] ?? "").split(",").filter(Boolean);
const engines = findEngines(list);
const missing = engines.flatMap(({ kind, program }) =>
  "missing" in program ? [`${kind.name}: ${program.missing}`] : [],
);
const found = engines.filter(({ program }) => "path" in program);

beforeAll(() => {
  if (missing.length === 0) return;
  const lines = missing.map((line) => `  ${line}`).join("\n");
  process.stderr.write(
    `SKIPPED: these engines are missing, nothing was compared on them:\n${lines}\n`,
  );
});

test("those that are required are there", () => {
  const names = found.map(({ kind }) => kind.name);
  expect(names).toEqual(expect.arrayContaining(required));
  expect(names).toContain("host");
});

interface Matrix {
  readonly runs: number;
  readonly engines: readonly {
    readonly name: string;
    readonly levels: Readonly<Record<"E0" | "E1" | "E2" | "none", number>>;
    readonly notRun: Readonly<Record<string, number>>;
    readonly different: readonly string[];
  }[];
}

test("the fixtures are equal at E2, on wabt at E0", async () => {
  const script = fileURLToPath(new URL("../fixtures/compare-engines.mjs", import.meta.url));
  const args = [script, "--part", "--json", "--engines", list];
  const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, args, (_, out, err) => resolve({ stdout: out, stderr: err }));
  });
  expect(stderr).toBe("");
  const matrix = JSON.parse(stdout) as Matrix;
  expect(matrix.runs).toBeGreaterThan(40);
  for (const { kind } of found) {
    const entry = matrix.engines.find(({ name }) => name === kind.name)!;
    const level = kind.runs === "interpreter" ? "E0" : "E2";
    expect(entry).toMatchObject({ levels: { [level]: matrix.runs }, notRun: {}, different: [] });
  }
});

/** A function for each way to trap, and one that returns. */
const TRAPS = `(module
  (type $unit (func))
  (import "env" "f" (func $f (param f32 f64 i64) (result f64)))
  (memory (export "memory") 1)
  (table 3 funcref)
  (elem (i32.const 1) func $other)
  (global (export "g") (mut i64) (i64.const -5))
  (func $other (param i32))
  (func (export "unreachable") (unreachable))
  (func (export "divide") (drop (i32.div_u (i32.const 1) (i32.const 0))))
  (func (export "remainder") (drop (i64.rem_s (i64.const 1) (i64.const 0))))
  (func (export "overflow") (drop (i32.div_s (i32.const 0x80000000) (i32.const -1))))
  (func (export "truncate") (drop (i32.trunc_f64_s (f64.const nan))))
  (func (export "load") (drop (i64.load (i32.const 65530))))
  (func (export "fill") (memory.fill (i32.const 65530) (i32.const 0) (i32.const 10)))
  (func (export "null") (call_indirect (type $unit) (i32.const 0)))
  (func (export "type") (call_indirect (type $unit) (i32.const 1)))
  (func (export "bounds") (call_indirect (type $unit) (i32.const 9)))
  (func (export "values") (result i32 i64 f32 f64)
    (global.set 0 (i64.const 0x7fffffffffffffff))
    (drop (call $f (f32.const 0.1) (f64.const -0) (i64.const -1)))
    (i32.const -1) (i64.const -2) (f32.const -0.1) (f64.const 1e-310)))`;

const compared = found.map(
  (engine) => [engine.kind.name, new ComparedEngine(engine, 120_000)] as const,
);
afterAll(() => compared.forEach(([, engine]) => engine.close()));

test("traps and values are the same", async () => {
  const parsed = binaryen.parseText(TRAPS);
  parsed.setFeatures(binaryen.Features.Multivalue | binaryen.Features.BulkMemory);
  const plain = validate(decode(parsed.emitBinary()));
  parsed.dispose();
  const twin = await makeTwin(plain.bytes, {}, 0);
  const names = plain.exports.filter(({ kind }) => kind === "func").map(({ name }) => name);
  expect(names.length).toBe(11);
  for (const invoke of names) {
    const request = { plain, twin, invoke, args: [], stub: true };
    const native = asTold((await runOnBobbin(request)).native);
    for (const [name, engine] of compared) {
      const result = await engine.compare({ ...request, native });
      const difference = "difference" in result ? result.difference : undefined;
      expect([name, invoke, result.outcome, difference]).toEqual([name, invoke, "ran", null]);
    }
  }
});
