// Real programs with their own glue, not a line changed, on the object `WebAssembly`: they tell
// the same as on the host's engine, and the checker has nothing to say. And the same programs,
// broken as their users break them: the checker says how. Each runs in a process of its own, on
// what `npm run build` has made.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, test } from "@jest/globals";
// @ts-expect-error -- plain JavaScript
import { OTHERS, runProgram, UNWINDING } from "./programs/programs.mjs";
import type { CheckCode, CheckCounts, Finding } from "../src/index.js";

interface Told {
  readonly lines: readonly string[];
  readonly failure: string | null;
  readonly counts?: CheckCounts;
  readonly findings?: readonly Finding[];
  readonly lastWords?: string | null;
}
const run = runProgram as (
  program: string,
  on: "engine" | "bobbin" | "checker",
  options?: { what: string },
) => Promise<Told>;

/** What all of them tell at least: a program that does nothing proves nothing. */
const LINES = 6;

describe.each(UNWINDING as string[])("%s, which unwinds", (program) => {
  test("is the same on Bobbin, and under the checker", async () => {
    const [engine, bobbin, checked] = await Promise.all([
      run(program, "engine"),
      run(program, "bobbin"),
      run(program, "checker"),
    ]);
    expect(engine.failure).toBeNull();
    expect(engine.lines.length).toBeGreaterThanOrEqual(LINES);
    expect(bobbin).toMatchObject({ lines: engine.lines, failure: null });
    const { lines, counts, findings } = checked;
    expect(lines).toEqual(engine.lines);
    expect(findings).toEqual([]);
    expect(counts!.unwinds).toBeGreaterThan(30);
    expect(counts!.pops).toBeGreaterThan(100);
  });
});

test.each(OTHERS as string[])("%s is the same on Bobbin", async (program) => {
  const [engine, bobbin] = await Promise.all([run(program, "engine"), run(program, "bobbin")]);
  expect(engine.failure).toBeNull();
  expect(engine.lines.length).toBeGreaterThanOrEqual(LINES);
  expect(bobbin).toMatchObject({ lines: engine.lines, failure: null });
});

/** Addresses and numbers of events depend on timers. */
const steady = (message: string): string =>
  message.replace(/0x[\da-f]{3,}/g, "0x…").replace(/event \d+/g, "event …");

/** Each with what is found first, and in which function. Stripped builds have names of exports at best. */
const BROKEN: readonly (readonly [string, string, CheckCode, string, string])[] = [
  [
    "quickjs",
    "three at once",
    "several-suspended",
    "vb",
    "start_rewind(0x0) resumes nothing, though qa, suspended in a.i at event …, waits: " +
      "qa, suspended in a.i at event …, took its place",
  ],
  [
    "quickjs",
    "stack too small",
    "record-past-end",
    "func[222]",
    "the record of func[222] (call 25, 296 bytes at 0x…) ends 148 bytes past the end 0x… of the " +
      "buffer of 0x…: 278 frames took 81772 bytes, 33 are still on the stack",
  ],
  [
    "quickjs",
    "function not in the list",
    "frame-not-instrumented",
    "func[62]",
    "func[222] unwound into func[62], which is not instrumented",
  ],
  [
    "sqlite",
    "two at once",
    "several-suspended",
    "Mb",
    "start_rewind(0x0) resumes nothing, though za, suspended in a.aa at event …, waits: " +
      "za, suspended in a.aa at event …, took its place",
  ],
  [
    "sqlite",
    "stack too small",
    "record-past-end",
    "func[478]",
    "the record of func[478] (call 247, 192 bytes at 0x…) ends 28 bytes past the end 0x… of the " +
      "buffer of 0x…: 6 frames took 348 bytes, 4 are still on the stack",
  ],
  [
    "sqlite",
    "function not in the list",
    "frame-not-instrumented",
    "func[275]",
    "func[1031] unwound into func[275], which is not instrumented",
  ],
  [
    "fibers",
    "called while it calls",
    "unwind-through-import",
    "__stdio_write",
    "a.a, an import, called main, which a.d unwound, and returned into __stdio_write, which runs on",
  ],
  [
    "fibers",
    "stack too small",
    "record-past-end",
    "tree",
    "the record of tree (call 0, 12 bytes at 0x…) ends 8 bytes past the end 0x… of the " +
      "buffer of 0x…: 6 frames took 116 bytes, 3 are still on the stack",
  ],
  [
    "fibers",
    "function not in the list",
    "frame-not-instrumented",
    "walk",
    "yield_value unwound into walk, which is not instrumented",
  ],
  [
    "sleeper",
    "two at once",
    "several-suspended",
    "asyncify_start_rewind",
    "start_rewind(0x0) resumes nothing, though work, suspended in a.b at event …, waits: " +
      "work, suspended in a.b at event …, took its place",
  ],
  [
    "sleeper",
    "stack too small",
    "record-past-end",
    "ask",
    "the record of ask (call 1, 16 bytes at 0x…) ends 16 bytes past the end 0x… of the " +
      "buffer of 0x…: 256 frames took 4096 bytes, 246 are still on the stack",
  ],
  [
    "sleeper",
    "function not in the list",
    "frame-not-instrumented",
    "ask",
    "a.a unwound into ask, which is not instrumented",
  ],
];

test.each(BROKEN)("%s, %s: %s in %s", async (program, what, code, func, message) => {
  const { findings } = await run(program, "checker", { what });
  const [first, ...others] = findings!;
  expect([first!.code, first!.where?.name, steady(first!.message)]).toEqual([code, func, message]);
  // Calls that the program makes after it has failed.
  expect(others.filter((finding) => finding.code !== "stuck-after-failure")).toEqual([]);
});

test("every case of every program is here", async () => {
  const cases: string[] = [];
  for (const program of UNWINDING as string[]) {
    const { broken } = (await import(`./programs/${program}.mjs`)) as { broken: object };
    cases.push(...Object.keys(broken).map((what) => `${program}, ${what}`));
  }
  const here = BROKEN.map(([program, what]) => `${program}, ${what}`);
  expect(here.sort()).toEqual(cases.sort());
});

test("the page has a row for each program and each case", async () => {
  const page = readFileSync(new URL("../docs/programs.md", import.meta.url), "utf8");
  const rows = page.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  for (const program of [...UNWINDING, ...OTHERS] as string[]) {
    const { name } = (await import(`./programs/${program}.mjs`)) as { name: string };
    expect(rows.filter((cells) => cells[1] === name).length).toBeGreaterThanOrEqual(2);
    for (const [, what, code] of BROKEN.filter(([of]) => of === program))
      expect(rows.find((cells) => cells[1] === name && cells[2] === what)?.[4]).toContain(code);
  }
});

test("bobbin/register says the same of a program that knows nothing of it", () => {
  const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const register = pathToFileURL(at("../dist/register.js")).href;
  const args = ["--import", register, at("programs/run.mjs"), "sqlite", "two at once"];
  const env = { ...process.env, BOBBIN_CHECK: "1" };
  const { stderr } = spawnSync(process.execPath, args, { encoding: "utf8", env });
  expect(stderr).toMatch(/^finding several-suspended$/m);
});
