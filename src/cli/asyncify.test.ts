// Binaryen's options on the command line: under its names, the older ones too, lists from
// files; and Bobbin's own.

import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { moduleOf } from "../fiber/asyncify/program.testing.js";
import { bobbin, fileOf } from "./testing.js";

const fixture = (file: string): string =>
  fileURLToPath(new URL(`../../fixtures/${file}`, import.meta.url));
const SLEEP = [fixture("wasm/sleep.wasm"), "--asyncify-imports", "env.sleep"];
const HOST = ["--invoke", "main", "2", "--host", fixture("hosts/sleep.mjs")];
const rolesOf = async (...options: string[]) => {
  const { stdout } = await bobbin(["inspect", ...SLEEP, "--roles", "--json", ...options]);
  const { roles } = JSON.parse(stdout) as { roles: { name: string; role: string }[] };
  return roles.filter(({ role }) => role === "instrumented").map(({ name }) => name);
};

test("lists: the older names, and files", async () => {
  const without = await rolesOf("--asyncify-removelist", "nap,fibonacci");
  expect(without).toEqual([]);
  expect(await rolesOf("--asyncify-blacklist", "nap,fibonacci")).toEqual(without);
  expect(await rolesOf("--asyncify-onlylist", `@${fileOf("list", "naps\nnap\n")}`)).toEqual([
    "naps",
    "nap",
  ]);
  const missing = await bobbin(["inspect", ...SLEEP, "--roles", "--asyncify-addlist", "@nowhere"]);
  expect(missing).toMatchObject({ code: 2 });
  expect(missing.stderr).toMatch(/cannot read the list nowhere/);
});

test.each([
  ["full", [16, 28, 24]],
  ["compact", [4, 4, 4]],
  ["twin", [20, 36, 32]],
])(
  "--asyncify-layout %s",
  async (layout, sizes) => {
    const argv = ["trace", ...SLEEP, ...HOST, "--asyncify-layout", layout, "--format", "jsonl"];
    const { stdout, code } = await bobbin(argv);
    const events = stdout.trim().split("\n").map((line) => JSON.parse(line) as { type: string; size: number }); // prettier-ignore
    const pushed = events.filter(({ type }) => type === "push").map(({ size }) => size);
    expect(pushed.slice(0, 3)).toEqual(sizes);
    expect(code).toBe(0);
  },
  60_000,
);

test("run has no twin to learn sizes from", async () => {
  const { code, stderr } = await bobbin(["run", ...SLEEP, ...HOST, "--asyncify-layout", "twin"]);
  expect([code, stderr]).toEqual([2, expect.stringMatching(/twin needs a twin to run first/)]);
});

test("--asyncify-verbose tells who may unwind", async () => {
  const { stderr } = await bobbin(["run", ...SLEEP, ...HOST, "--asyncify-verbose"]);
  expect(stderr).toMatch(/^\[asyncify\] nap: instrumented, calls sleep, which may unwind$/m);
});

test("--roles shows extensions; --asyncify-strict refuses them", async () => {
  const wat = `(module (import "env" "sleep" (func $sleep (param i32) (result i32))) (memory 1)
    (func $f (export "f") (param i32) (result i32) (return_call $sleep (local.get 0))))`;
  const module = fileOf("tail.wasm", moduleOf(wat).bytes);
  const { stdout } = await bobbin(["inspect", module, "--roles", "--sites"]);
  expect(stdout).toMatch(/1 +f +tail call +0x[0-9a-f]+ +Binaryen refuses tail calls/);
  expect(stdout).toMatch(/f +0 +0x[0-9a-f]+ +sleep +\[i32\] +extension: tail call/);
  const strict = await bobbin(["inspect", module, "--roles", "--asyncify-strict"]);
  expect([strict.code, strict.stderr]).toEqual([
    2,
    expect.stringMatching(/f: Binaryen refuses tail calls/),
  ]);
});
