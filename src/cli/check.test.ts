// `bobbin check` as its users meet it: formats, exit codes, the last words, and modules
// that are only looked at.

import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { bobbin, fileOf, wat } from "./testing.js";

const misuse = (file: string): string =>
  fileURLToPath(new URL(`../../fixtures/misuse/${file}`, import.meta.url));
const SLEEP = ["check", misuse("sleep.wasm"), "--asyncify", "--invoke", "other", "2", "--host"];

/** A host that is the driver of `fixtures/misuse/hosts` with this in it. */
const hostOf = (name: string, members: string, before = ""): string =>
  fileOf(
    `${name}.mjs`,
    `import { BUFFER, Driver, host } from "${pathToFileURL(misuse("hosts/driver.mjs")).href}"; ${before}
     export default host(class extends Driver { ${members} });`,
  );

test("a finding fills less than a screen, and says all", async () => {
  const { stdout, code } = await bobbin([...SLEEP, misuse("hosts/scribble.mjs")]);
  expect(code).toBe(1);
  expect(stdout.split("\n").length).toBeLessThan(24);
  for (const label of ["what", "where", "other", "state", "stack", "why", "to do"])
    expect(stdout).toMatch(new RegExp(`^  ${label} `, "m"));
  expect(stdout).toMatch(/was\s+0x7ff0 and is 0x4d/);
});

describe.each([
  ["poke.wasm", ["--asyncify"]],
  ["poke.twin-O0.wasm", []],
  ["poke.twin-O2.wasm", []],
])("who wrote over a record of %s", (file, options) => {
  const argv = ["check", misuse(file), ...options, "--invoke", "main", "2", "--host"];
  const check = async (host: string, ...more: string[]) => {
    const { stdout } = await bobbin([...argv, host, ...more, "--json"]);
    return (JSON.parse(stdout.trim().split("\n").at(-1)!) as { findings: unknown[] }).findings;
  };

  test("an instruction: the last one that changed it", async () => {
    const { stdout } = await bobbin([...argv, misuse("hosts/poke.mjs")]);
    expect(stdout).toMatch(
      /^ {2}writer {2}poke \(function 4\) at byte 0x[0-9a-f]+ \(i32.store\), after event \d+$/m,
    );
    const findings = await check(misuse("hosts/poke.mjs"));
    // Of three calls of poke (the events of each are two) the last changes nothing.
    expect(findings).toMatchObject([
      { event: 19, changed: { address: 0x1000c, size: 4, found: 19 }, writer: { event: 13 } },
    ]);
  });

  test("the host", async () => {
    const { stdout } = await bobbin([...argv, misuse("hosts/scribble.mjs")]);
    expect(stdout).toMatch(/^ {2}writer {2}the host, after event \d+$/m);
  });

  test("the host in an import", async () => {
    const members = `
      constructor(log) { super(log); this.imports.env.log = (at) => this.setWord(at, 77); }
      suspend() { super.suspend(); this.program.tick(BUFFER + 12); }`;
    expect(await check(hostOf(`${file}-import`, members))).toMatchObject([
      { code: "record-changed", writer: { where: null, host: "the host in env.log" } },
    ]);
  });

  test("is not looked for with --once", async () => {
    expect(await check(misuse("hosts/poke.mjs"), "--once")).toMatchObject([{ writer: null }]);
  });

  test("is not known where the second run takes another course", async () => {
    const members = `
      suspend() { super.suspend(); if (runs++ === 0) this.program.poke(BUFFER + 12, 77); }`;
    expect(await check(hostOf(`${file}-differs`, members, "let runs = 0;"))).toMatchObject([
      { code: "record-changed", writer: null },
    ]);
  });
});

test("the log of a program is printed once, however often it runs", async () => {
  const members = `suspend() { super.suspend(); this.log(5); this.setWord(BUFFER + 12, 77); }`;
  const { stdout } = await bobbin([...SLEEP, hostOf("logs", members)]);
  expect(stdout).toMatch(/^ {2}writer /m);
  expect(stdout.match(/^i32:5$/gm)).toHaveLength(1);
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
