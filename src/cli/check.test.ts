// `bobbin check` as its users meet it: formats, exit codes, the last words, and modules
// that are only looked at.

import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { bobbin, fileOf, wat } from "./testing.js";

const misuse = (file: string): string =>
  fileURLToPath(new URL(`../../fixtures/misuse/${file}`, import.meta.url));
const SLEEP = ["check", misuse("sleep.wasm"), "--asyncify", "--invoke", "other", "2", "--host"];

test("a finding fills less than a screen, and says all", async () => {
  const { stdout, code } = await bobbin([...SLEEP, misuse("hosts/scribble.mjs")]);
  expect(code).toBe(1);
  expect(stdout.split("\n").length).toBeLessThan(24);
  for (const label of ["what", "where", "other", "state", "stack", "why", "to do"])
    expect(stdout).toMatch(new RegExp(`^  ${label} `, "m"));
  expect(stdout).toMatch(/was\s+0x7ff0 and is 0x4d/);
});

test("json has verdict, findings with their texts, counts and results", async () => {
  const { stdout } = await bobbin([...SLEEP, misuse("hosts/scribble.mjs"), "--json"]);
  expect(JSON.parse(stdout)).toMatchObject({
    verdict: "findings",
    findings: [{ code: "record-changed", rule: expect.any(String), fix: expect.any(String) }],
    counts: { unwinds: 1, rewinds: 1, pushes: 2, pops: 2 },
  });
});

test("a clean program has exit code 0", async () => {
  const { stdout, code } = await bobbin([...SLEEP, misuse("hosts/good.mjs"), "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ verdict: "clean", findings: [], results: ["i32:44"] });
});

test("sarif names the file and the rule", async () => {
  const { stdout, code } = await bobbin([
    ...SLEEP,
    misuse("hosts/scribble.mjs"),
    "--format",
    "sarif",
  ]);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    version: "2.1.0",
    runs: [{ results: [{ ruleId: "record-changed" }] }],
  });
  expect(stdout).toMatch(/"uri":"[^"]*fixtures\/misuse\/sleep\.wasm"/);
});

test.each([
  ["sleep.wasm", ["--asyncify"]],
  ["sleep.twin-O0.wasm", []],
  ["sleep.twin-O2.wasm", []],
])("the last words on %s connect the trap to its cause", async (file, options) => {
  const argv = ["check", misuse(file), ...options, "--invoke", "other", "2"];
  const { stdout, stderr, code } = await bobbin([
    ...argv,
    "--host",
    misuse("hosts/no-stop-rewind.mjs"),
  ]);
  expect(code).toBe(1);
  expect(stderr).toContain("trap: unreachable");
  expect(stdout).toMatch(
    /^this `unreachable` is Asyncify's: .* see rewind-not-stopped at event \d+$/m,
  );
});

test("a trap that has nothing to do with it is not Asyncify's", async () => {
  const file = fileOf("trap.wasm", wat(`(module (memory 1) (func (export "main") unreachable))`));
  const { stdout, code } = await bobbin(["check", file]);
  expect(code).toBe(1);
  expect(stdout).toBe("no finding: 0 unwinds, 0 rewinds, 0 records pushed, 0 popped\n");
});

test("a module without anything to call is looked at", async () => {
  const { stdout, code } = await bobbin(["check", misuse("inlined.wasm")]);
  expect(code).toBe(1);
  expect(stdout).toContain("finding runtime-inlined");
  expect(stdout).toContain("1 finding, nothing was run");
});

test("an import of Emscripten that sleeps is missed in the list", async () => {
  const text = `(module (import "env" "emscripten_sleep" (func (param i32))) (import "env" "f" (func)) (memory 1))`;
  const file = fileOf("emscripten.wasm", wat(text));
  const listed = await bobbin(["check", file, "--asyncify-imports", "env.f"]);
  expect(listed.stdout).toContain("finding import-not-listed");
  const all = await bobbin(["check", file, "--asyncify-imports", "env.f,env.emscripten_*"]);
  expect(all.stdout).toBe("no finding, nothing was run\n");
});
