// Engines that crash, hang, talk nonsense, answer wrongly, refuse the module or are not
// there: each of it is told as a result, and only a difference is one. They are programs
// that take Node's place. The engine of this process, in another one, is the good example.

import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, jest, test } from "@jest/globals";
import { bobbin, fileOf, type Ran, wat } from "./testing.js";

// Other processes start, on machines that may be busy.
jest.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), "bobbin-fakes-"));
/** A program that answers as `answer(request)` says. @returns its name as an engine */
function fake(name: string, answer: string): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    `#!${process.execPath}
const answer = ${answer};
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const request = JSON.parse(line);
  const description = { version: "fake 1.0", features: [] };
  const answered = request.task === "describe" ? description : answer(request);
  if (answered !== undefined) console.log("bobbin-answer:" + JSON.stringify(answered));
});\n`,
  );
  chmodSync(path, 0o755);
  return `node:${path}`;
}

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));
const CROSSING = [fixture("wasm/crossing.wasm"), "--invoke", "crossing", "1", "--stub-imports"];
const TWIN = ["--twin", fixture("wasm/crossing.twin-O2.wasm")];
const compare = (engines: string, ...more: string[]): Promise<Ran> =>
  bobbin(["compare", ...CROSSING, ...TWIN, "--engines", engines, ...more]);

interface Told {
  readonly verdict: string;
  readonly engines: readonly Record<string, unknown>[];
}
async function told(engines: string, ...more: string[]): Promise<Told & { code: number }> {
  const { code, stdout } = await compare(engines, ...more, "--json");
  return { ...(JSON.parse(stdout) as Told), code };
}

const { XDG_CACHE_HOME, PATH } = process.env;
afterEach(() => {
  jest.restoreAllMocks();
  delete process.env["XDG_CACHE_HOME"];
  if (XDG_CACHE_HOME !== undefined) process.env["XDG_CACHE_HOME"] = XDG_CACHE_HOME;
  process.env["PATH"] = PATH;
});

test("the host's engine in another process is equal at E2, with its host script", async () => {
  const { code, stdout } = await bobbin([
    "compare",
    fixture("wasm/sleep.wasm"),
    "--invoke",
    "main",
    "3",
    "--asyncify-imports",
    "env.sleep", // prettier-ignore
    "--host",
    fixture("hosts/sleep.mjs"),
    "--engines",
    "host",
    "--json", // prettier-ignore
  ]);
  expect(JSON.parse(stdout)).toMatchObject({
    verdict: "equal",
    wanted: "E2",
    native: { results: ["i32:2432"] },
    twin: { level: "E2", difference: null, outside: [] },
    engines: [
      {
        name: "host",
        inside: "V8",
        program: process.execPath,
        version: `node ${process.versions.node}, v8 ${process.versions.v8}`,
        limit: "E2",
        outcome: "ran",
        results: ["i32:2432"],
        level: "E2",
        difference: null,
        outside: [],
      },
    ],
  });
  expect(code).toBe(0);
});

test.each([
  [
    "crashed",
    `() => { console.error("Fatal error in , line 0"); process.kill(process.pid, "SIGSEGV"); }`,
    { reason: "signal SIGSEGV Fatal error in , line 0", output: "Fatal error in , line 0\n" },
  ],
  [
    "hung",
    `() => { console.log("rubbish"); for (;;); }`,
    { reason: "no answer in 3000 ms", output: "rubbish\n" },
  ],
  [
    "garbled",
    `() => { console.log("bobbin-answer:{]"); }`,
    { reason: "an answer that is no JSON: {]" },
  ],
  ["garbled", `() => 7`, { reason: "no answer to the task: 7" }],
  [
    "garbled",
    `() => ({ kind: "ran", ms: 1, run: { events: [{ type: "dream", name: "" }], globals: [] } })`,
    { reason: "unknown event dream" },
  ],
  [
    "refused",
    `() => ({ kind: "refused", reason: "no such section" })`,
    { reason: "no such section" },
  ],
  [
    "failed",
    `() => ({ kind: "failed", reason: "the host script cannot be loaded there" })`,
    { reason: "the host script cannot be loaded there" },
  ],
])("an engine that %s is a result, no difference (%s)", async (outcome, answer, expected) => {
  const { engines, verdict, code } = await told(fake(outcome, answer), "--engine-timeout", "3");
  expect(engines).toMatchObject([{ name: "node", version: "fake 1.0", outcome, ...expected }]);
  expect(verdict).toBe("equal");
  expect(code).toBe(0);
});

const WRONG = `() => ({ kind: "ran", ms: 1, run: {
  events: [{ type: "call", name: "crossing", args: [{ type: "i32", value: 2 }] }],
  globals: [], results: [{ type: "i32", value: 3 }] } })`;

test("an engine that does something else is a difference, and told where", async () => {
  const { engines, verdict, code } = await told(fake("wrong", WRONG));
  expect(engines).toMatchObject([
    {
      outcome: "ran",
      level: null,
      results: ["i32:3"],
      difference: { level: "E0", index: 0, a: { type: "call" }, b: { type: "call" }, context: [] },
    },
  ]);
  expect(verdict).toBe("different");
  expect(code).toBe(1);
});

test("an engine that cannot be asked at all", async () => {
  const dead = fake("dead", `0; process.exit(3)`);
  const { engines, code } = await told(dead);
  expect(engines).toMatchObject([{ outcome: "crashed", reason: "exit code 3" }]);
  expect(code).toBe(0);
});

test("one that was named and is missing: exit code 2", async () => {
  const { engines, code } = await told("node:/nowhere/node,host");
  expect(engines).toMatchObject([
    { name: "node", program: "/nowhere/node", outcome: "missing" },
    { name: "host", outcome: "ran", level: "E2" },
  ]);
  expect(code).toBe(2);
  expect(await told(`node:/nowhere/node,${fake("wrong", WRONG)}`)).toMatchObject({ code: 1 });
});

test("none of all is passed over, and what is missing is only told", async () => {
  process.env["PATH"] = "";
  process.env["XDG_CACHE_HOME"] = folder;
  const { engines, code } = await told("all");
  expect(engines.map(({ name }) => name)).toEqual(
    ["host", "node24", "node26", "deno", "bun", "chromium", "firefox", "webkit", "wabt"], // prettier-ignore
  );
  const missing = engines.filter(({ outcome }) => outcome === "missing");
  expect(missing.map(({ name, reason }) => `${String(name)}: ${String(reason)}`)).toEqual(
    expect.arrayContaining([
      "node26: not found: bobbin engines --install node26",
      "deno: not found: bobbin engines --install deno",
      "wabt: not found: bobbin engines --install wabt",
    ]),
  );
  expect(code).toBe(0);
});

test("an engine's own path is found in PATH, and needs to be a program", async () => {
  const bin = mkdtempSync(join(folder, "bin-"));
  writeFileSync(join(bin, "deno"), "");
  process.env["XDG_CACHE_HOME"] = folder;
  process.env["PATH"] = bin;
  expect((await told("deno")).engines).toMatchObject([{ outcome: "missing" }]);
  chmodSync(join(bin, "deno"), 0o755);
  expect((await told("deno")).engines).toMatchObject([{ program: join(bin, "deno") }]);
});

test("wrong usage", async () => {
  const stderr = async (...argv: string[]) => {
    const ran = await bobbin(["compare", ...CROSSING, ...argv]);
    expect(ran.code).toBe(2);
    return ran.stderr;
  };
  expect(await stderr("--engines", "v9")).toContain("unknown engine v9: expected host, node,");
  expect(await stderr("--engines", ",")).toContain("no engine named: expected all, or host, node,");
  expect(await stderr("--install")).toContain("--install needs --engines");
});

test("a host script may write to the streams, and hold objects of its own", async () => {
  const module = fileOf(
    "objects.wasm",
    wat(`(module
      (import "env" "make" (func $make (result externref)))
      (import "env" "take" (func $take (param externref)))
      (func (export "run") (call $take (call $make)) (call $take (call $make))))`),
  );
  const host = fileOf(
    "objects.mjs",
    `console.log("ready"); const made = [];
       export default () => ({ imports: { env: {
         make() { process.stdout.write("bobbin"); const o = {}; made.push(o); return o; },
         take(o) { if (!made.includes(o)) throw new Error("not mine"); } } } });`,
  );
  // Bobbin's own runs of it are in this process.
  const written = jest.spyOn(process.stdout, "write").mockReturnValue(true);
  const logged = jest.spyOn(console, "log").mockReturnValue();
  // Binaryen instruments no function with references in its locals.
  const argv = ["compare", module, "--invoke", "run", "--asyncify-ignore-imports", "--json"];
  const same = await bobbin([...argv, "--host", host, "--engines", "host"]);
  expect(JSON.parse(same.stdout)).toMatchObject({ engines: [{ outcome: "ran", level: "E2" }] });
  expect(same.code).toBe(0);
  expect((await bobbin([...argv, "--host", host])).code).toBe(0);
  expect(written).toHaveBeenCalledWith("bobbin");
  expect(logged).toHaveBeenCalledWith("ready");
});

test("lines for people", async () => {
  const crash = fake("crash", `() => { console.error("out of luck"); process.exit(5); }`);
  const engines = `${crash},${fake("wrong", WRONG)},node:/nowhere/node`;
  const { code, stdout } = await compare(engines);
  expect(stdout).toBe(`\
native   Bobbin, native asyncify on the plain module: 26 events, i32:1
twin     Bobbin, the twin as an ordinary module: 26 events, i32:1

engine   version                                              E0   E1   E2       time
twin     Bobbin                                               yes  yes  yes
node     fake 1.0                                             crashed: exit code 5 out of luck
node     fake 1.0                                             NO   NO   NO       1 ms
node     missing: /nowhere/node does not start: spawn /nowhere/node ENOENT

first difference of native and node at E0, event 1:
  native  call crossing(i32:1)
    node  call crossing(i32:2)

last output of node:
    out of luck

verdict: different: not even E0, E2 wanted (on node); 1 crashed; 1 missing
`);
  expect(code).toBe(1);
});
