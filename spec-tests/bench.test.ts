// The benchmarks' own logic (statistics, what counts as a loss, the module made for wabt),
// that kernels are what their sources say, and one round of one kernel: results, no times.

import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "@jest/globals";
// @ts-expect-error -- plain JavaScript
import * as baseline from "../bench/baseline.mjs";
// @ts-expect-error -- plain JavaScript
import { withNullaryExport } from "../bench/engines/nullary.mjs";
// @ts-expect-error -- plain JavaScript
import { JOBS } from "../bench/jobs.mjs";
// @ts-expect-error -- plain JavaScript
import { geomean, quantile, spread, summary } from "../bench/stats.mjs";
// @ts-expect-error -- plain JavaScript
import { cellText, tableOf } from "../bench/table.mjs";
import { decode } from "../src/binary/decode.js";
import { assemble } from "../src/cli/assembler.js";
import { instantiate } from "../src/exec/instantiate.js";
import { Machine } from "../src/exec/machine.js";
import { i32 } from "../src/runtime/values.js";
import { validate } from "../src/valid/validate.js";
import { skipLoudly } from "./skip.js";

const at = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const kernel = (file: string) => readFileSync(at(`bench/kernels/${file}`));

function run(bytes: Uint8Array, name: string, ...args: number[]): number {
  const machine = new Machine();
  const { exports } = instantiate(machine, validate(decode(bytes)));
  const found = exports.get(name);
  if (found?.kind !== "func") throw new Error(`no function ${name}`);
  const [result] = machine.invoke(found.func, args.map(i32));
  if (result?.type !== "i32") throw new Error(`${name} gives no i32`);
  return result.value >>> 0;
}

describe("statistics", () => {
  test("quantiles lie between their neighbours", () => {
    expect([0, 0.25, 0.5, 1].map((p) => quantile([1, 2, 3, 4], p))).toEqual([1, 1.75, 2.5, 4]);
    expect(quantile([7], 0.25)).toBe(7);
  });

  test("a summary does not depend on order and leaves its list alone", () => {
    const list = [5, 1, 4, 2, 3];
    const all = summary(list);
    expect(all).toEqual({ median: 3, q1: 2, q3: 4, min: 1, max: 5, n: 5 });
    expect(spread(all)).toBeCloseTo(1 / 3);
    expect(list).toEqual([5, 1, 4, 2, 3]);
    expect(() => summary([])).toThrow(RangeError);
  });

  test("geometric mean", () => {
    expect(geomean([1, 100])).toBeCloseTo(10);
    expect(geomean([])).toBeUndefined();
  });
});

describe("losses", () => {
  const was = { interpreter: { fib: 50, sort: 100, old: 10 } };

  test("more than the tolerance is a loss, the worst first", () => {
    const is = { interpreter: { fib: 60, sort: 200, fresh: 1 } };
    expect(baseline.losses(was, is)).toEqual([
      { tier: "interpreter", job: "sort", was: 100, is: 200, loss: 1 },
      { tier: "interpreter", job: "fib", was: 50, is: 60, loss: expect.closeTo(0.2) },
    ]);
  });

  test("up to the tolerance, and faster, is none", () => {
    expect(baseline.losses(was, { interpreter: { fib: 57.4, sort: 20 } })).toEqual([]);
  });

  test("what was not measured is no loss, but is told", () => {
    const is = { interpreter: { fib: 50, sort: 100 } };
    expect(baseline.losses(was, is)).toEqual([]);
    expect(baseline.only(was, is)).toEqual([{ tier: "interpreter", job: "old" }]);
    expect(baseline.only({ forward: { fib: 3 } }, is)).toHaveLength(1);
  });

  test("only what repeats stays, by tier and job, with the later numbers", () => {
    const lost = [
      { tier: "interpreter", job: "fib", loss: 0.9 },
      { tier: "interpreter", job: "sort", loss: 0.3 },
    ];
    const again = [
      { tier: "interpreter", job: "sort", loss: 0.2 },
      { tier: "forward", job: "fib", loss: 0.5 },
    ];
    expect(baseline.repeated(lost, again)).toEqual([again[0]]);
  });

  test("ratios of tiers alone, and only where there are any", () => {
    const cells = { v8: { ratio: { median: 1 } }, interpreter: { ratio: { median: 40 } } };
    const rows = [
      { job: "fib", cells },
      { job: "gc", cells: { ...cells, interpreter: { ms: 3 } } },
    ];
    expect(baseline.ratiosOf(rows, ["interpreter"])).toEqual({ interpreter: { fib: 40 } });
  });
});

describe("the table", () => {
  const measured = { ratio: { median: 12.34, q1: 12, q3: 13 }, ms: 1 };

  test("what was not measured has no number", () => {
    expect(cellText(measured)).toBe("12.3 ±4%");
    const outcomes = ["missing", "refused", "failed", "wrong"];
    expect(outcomes.map((outcome) => cellText({ outcome }))).toEqual(["missing", "-", "failed", "WRONG"]); // prettier-ignore
    expect(cellText({ ms: 5 })).toBe("n/a");
  });

  test("a mean over a part says so, and reasons are told once", () => {
    const missing = { outcome: "missing", reason: "not here" };
    const row = (job: string, other: object) => ({
      job,
      group: "mvp",
      cells: { v8: { ms: 1 }, interpreter: measured, other },
    });
    const rows = [row("a", measured), row("b", missing), row("c", missing)];
    const text = tableOf(rows, ["v8", "interpreter", "other"]);
    expect(text).toMatch(/mean, MVP kernels \(3\) +12\.3 +12\.3 \(1\)/);
    expect(text.match(/other missing: not here \(b, c\)/g)).toHaveLength(1);
  });
});

describe("kernels", () => {
  const names = readdirSync(at("bench/kernels"))
    .filter((file) => file.endsWith(".wasm"))
    .map((file) => file.replace(".wasm", ""));

  test("every kernel is a job and every job has a kernel", () => {
    const jobs = JOBS.filter(({ program }: { program: string | null }) => program === null);
    expect(jobs.map(({ name }: { name: string }) => name).sort()).toEqual(names.sort());
  });

  test.each(readdirSync(at("bench/kernels")).filter((file) => file.endsWith(".wat")))(
    "%s is what was committed",
    (file) => {
      const bytes = assemble(readFileSync(at(`bench/kernels/${file}`), "utf8"));
      expect(Buffer.from(bytes)).toEqual(kernel(file.replace(".wat", ".wasm")));
    },
  );

  test("the SHA-512 is one", () => {
    // Of 128 * 40 - 17 bytes i * 7, by another implementation.
    expect(run(kernel("sha512.wasm"), "run", 1)).toBe(2085236959);
  });

  test.each(["fib", "indirect"])("a nullary export runs %s as often as it says", (name) => {
    const bytes = kernel(`${name}.wasm`);
    for (const times of [1, 2, 3])
      expect(run(withNullaryExport(bytes, "run", times), "again")).toBe(run(bytes, "run", times));
  });
});

if (!existsSync(at("dist/index.js")))
  skipLoudly("no dist: `npm run build` first, or the benchmark is not run");
else
  test("one round of one kernel", async () => {
    const args = ["bench/bench.mjs", "--only", "fib", "--engines", "interpreter", "--json"];
    const quick = ["--rounds", "1", "--processes", "1", "--warm", "1", "--round", "1"];
    const { stdout } = await promisify(execFile)(process.execPath, [...args, ...quick], {
      cwd: at("."),
    });
    const { rows } = JSON.parse(stdout);
    expect(rows).toHaveLength(1);
    expect(rows[0].first).toEqual({ value: 17711, by: "v8" });
    expect(rows[0].cells.interpreter.ratio.n).toBe(1);
    expect(rows[0].instructions.interpreter).toBeGreaterThan(100_000);
  });
