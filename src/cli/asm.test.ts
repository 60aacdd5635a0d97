// `bobbin asm`, and assembly wherever a module may stand.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { bobbin, fileOf } from "./testing.js";

const fixture = (file: string) => fileURLToPath(new URL(`../../fixtures/${file}`, import.meta.url));
const fibers = fixture("src/stackful.s");
const undefined_ = fixture("asm/crossing.undefined.wasm");
const crossing = ["--invoke", "crossing", "2", "--stub-imports"];

test("the fiber assembly becomes a module, or clang's object file", async () => {
  const module = fileOf("fiber.wasm", "");
  expect(await bobbin(["asm", fibers, "-o", module])).toEqual({ code: 0, stdout: "", stderr: "" });
  const { stdout } = await bobbin(["inspect", module, "--json"]);
  const { exports } = JSON.parse(stdout) as { exports: { name: string }[] };
  expect(exports.map(({ name }) => name)).toEqual([
    "memory",
    "fiber_enter",
    "fiber_switch_enter",
    "fiber_switch_leave",
  ]);
  const object = fileOf("stackful.o", "");
  await bobbin(["asm", fibers, "--object", "-o", object]);
  expect(readFileSync(object).equals(readFileSync(fixture("asm/stackful.o")))).toBe(true);
  await bobbin(["asm", fibers, "--object", "--no-reference-types", "-o", object]);
  expect(readFileSync(object).equals(readFileSync(fixture("asm/stackful.mvp.o")))).toBe(true);
});

test("a program runs with the assembly that it lacks", async () => {
  const committed = await bobbin(["run", fixture("wasm/crossing.wasm"), ...crossing]);
  for (const parts of [
    [undefined_, "--link", fibers],
    [fixture("asm/crossing.s"), "--link", fibers],
    [fibers, "--link", fixture("asm/crossing.s")],
  ])
    expect(await bobbin(["run", ...parts, ...crossing])).toEqual(committed);
  expect(committed.code).toBe(0);
});

test("traces name the line of the assembly", async () => {
  const { stdout } = await bobbin(["trace", undefined_, "--link", fibers, ...crossing]);
  expect(stdout).toMatch(/start_unwind\(0x\w+\) .* stackful\.s:341$/m);
  const json = await bobbin(["trace", undefined_, "--link", fibers, ...crossing, "--json"]);
  expect(json.stdout).toContain('"source":"stackful.s:341"');
});

test("check and compare take the same files", async () => {
  const checked = await bobbin(["check", undefined_, "--link", fibers, ...crossing]);
  expect(checked.code).toBe(0);
  const compared = await bobbin(["compare", undefined_, "--link", fibers, ...crossing]);
  expect(compared.stdout).toContain("verdict: equal at E2");
});

test("the debugger stops at lines and shows them", async () => {
  const script = "break stackful.s:341\ncontinue\nframe\ndisassemble\nbreak stackful.s:1\n";
  const { stdout } = await bobbin(["debug", undefined_, "--link", fibers, ...crossing], script);
  expect(stdout.split("\n").slice(1)).toEqual([
    "breakpoint 1 at fiber_switch_leave+0x6b  0x06b7  call $asyncify_start_unwind  ; stackful.s:341  call asyncify_start_unwind",
    "breakpoint 1",
    expect.stringMatching(/^fiber_switch_leave\+0x6b .* ; stackful\.s:341 /),
    expect.stringMatching(/^\* #0 fiber_switch_leave\+0x6b /),
    expect.stringMatching(/; stackful\.s:332 /),
    ...Array.from({ length: 4 }, () => expect.stringMatching(/; stackful\.s:3\d\d /)),
    expect.stringMatching(/^>\* 0x06b7 .* ; stackful\.s:341 {2}call asyncify_start_unwind$/),
    expect.stringMatching(/end .*; stackful\.s:343 {2}end_if$/),
    expect.stringMatching(/end .*; stackful\.s:345 {2}end_function$/),
    "no instruction comes from line 1 of stackful.s",
    "",
  ]);
});

test("traps tell the line", async () => {
  const file = fileOf(
    "trap.s",
    ".globl main\nmain:\n.functype main () -> ()\nnop\nunreachable # here\nend_function\n",
  );
  const { code, stderr } = await bobbin(["run", file, "--stack"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /trap: unreachable in main \(function 0\) at byte 0x\w+ \(unreachable\), trap\.s:5\n/,
  );
  expect(stderr).toMatch(/#0 main .*, trap\.s:5\n/);
});

test("errors have file, line and column", async () => {
  const bad = fileOf("bad.s", "f:\n  .functype f () -> ()\n  i32.cons 1\n");
  expect((await bobbin(["asm", bad, "-o", "x"])).stderr).toBe(
    `bobbin: ${bad}:3:3: unknown instruction i32.cons: did you mean i32.const or f32.const?\n`,
  );
  const untyped = fileOf(
    "untyped.s",
    "f:\n  .functype f () -> ()\n  i32.const 1\n  end_function\n",
  );
  const { code, stderr } = await bobbin(["run", undefined_, "--link", untyped]);
  expect(code).toBe(2);
  expect(stderr).toContain(`${untyped}:4:3: end: type mismatch`);
  const text = fileOf("module.txt", "hello");
  expect((await bobbin(["run", undefined_, "--link", text])).stderr).toContain(`bobbin: ${text}: `);
  expect((await bobbin(["asm", fibers, undefined_, "--object", "-o", "x"])).stderr).toBe(
    `bobbin: ${fibers}: --object takes one source (.s)\n`,
  );
});
