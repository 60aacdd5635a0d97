// `node --import bobbin/register`: programs in processes of their own, which know nothing of
// Bobbin, with what the environment asks for. They load the build: `npm test` has just made it.

import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { bobbin } from "../src/cli/testing.js";
import { makeTwin } from "../src/cli/make-twin.js";
import type { AsyncifyOptions } from "../src/fiber/asyncify/options.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const fixture = (name: string): string => join(root, "fixtures", name);
const program = (name: string): string =>
  fileURLToPath(new URL(`register/${name}`, import.meta.url));
const golden = (name: string): string =>
  fileURLToPath(new URL(`golden/${name}.golden.txt`, import.meta.url));
const REGISTER = ["--import", new URL("../dist/register.js", import.meta.url).href];

const folder = mkdtempSync(join(tmpdir(), "bobbin-register-"));
/** A module that is none of Asyncify's: the sum of the numbers up to n. */
const SUM = join(folder, "sum.wasm");
beforeAll(() => {
  const module = binaryen.parseText(`(module
    (func (export "sum") (param $n i32) (result i32) (local $sum i32)
      (loop $more
        (local.set $sum (i32.add (local.get $sum) (local.get $n)))
        (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $sum)))`);
  writeFileSync(SUM, module.emitBinary());
  module.dispose();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Env = Readonly<Record<string, string>>;

function node(args: readonly string[], env: Env = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: "utf8",
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: "", ...env },
  });
  return { code: status, stdout, stderr };
}
const registered = (args: readonly string[], env: Env = {}) => node([...REGISTER, ...args], env);

const SLEEP = [fixture("hosts/sleep.mjs"), "main", "2"];
const sleeping = (module: string): string[] => [program("drive.mjs"), fixture(module), ...SLEEP];
const SILENT = { BOBBIN_CHECK: "strict" };
const LINES = (text: string): string[] => text.trimEnd().split("\n");

test("an error that nobody catches tells the lines of the module's source map", () => {
  const script = join(folder, "trap.mjs");
  for (const name of ["mapped.wasm", "mapped.wasm.map"])
    copyFileSync(fixture(`debug/${name}`), join(folder, name));
  writeFileSync(
    script,
    `import { readFileSync } from "node:fs";
    const bytes = readFileSync(new URL("mapped.wasm", import.meta.url));
    const { instance } = await WebAssembly.instantiate(bytes, { env: { call_out: () => 0 } });
    instance.exports.deep(1);`,
  );
  const { code, stderr } = registered([script]);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^RuntimeError: unreachable\n {4}at stop \[traps\.c:32:5\] \(wasm:\/\/wasm\/[0-9a-f]{8}:wasm-function\[4\]:0x168\)\n {4}at deep \[traps\.c:37:\d+\] .*\n.*\n {4}at file:\/\/.*trap\.mjs:4/m,
  );
});

describe("a program with Emscripten's glue", () => {
  const plain = fixture("glue/naps.cjs");
  const OUTPUT = "sum of 1: 2\nsum of 2: 6\nsum of 3: 12\n";

  /** The glue beside a module that Binaryen made of the plain one. */
  async function twinProgram(name: string, options: AsyncifyOptions): Promise<string> {
    const bytes = readFileSync(fixture("glue/naps.wasm"));
    const into = mkdtempSync(join(folder, name));
    writeFileSync(join(into, "naps.wasm"), await makeTwin(bytes, options, 2));
    copyFileSync(plain, join(into, "naps.cjs"));
    return join(into, "naps.cjs");
  }

  test("does on the plain module what the twin does on the engine", async () => {
    const twin = await twinProgram("twin", {});
    expect(node([twin])).toEqual({ code: 0, stdout: OUTPUT, stderr: "" });
    expect(node([plain]).stderr).toContain("_asyncify_start_unwind is not a function");
    expect(registered([plain], { BOBBIN_ASYNCIFY: "1" })).toEqual({
      code: 0,
      stdout: OUTPUT,
      stderr: "",
    });
    const counted = "no finding: 12 unwinds, 12 rewinds, 44 records pushed, 44 popped\n";
    for (const env of [{ BOBBIN_ASYNCIFY: "1" }, { BOBBIN_ASYNCIFY_LAYOUT: "compact" }])
      expect(registered([plain], { ...SILENT, ...env })).toEqual({
        code: 0,
        stdout: OUTPUT,
        stderr: `bobbin check: module #1: ${counted}`,
      });
    expect(registered([twin], SILENT)).toMatchObject({ code: 0, stdout: OUTPUT });
    expect(registered([twin], SILENT).stderr).toMatch(/: no finding: 12 unwinds, 12 rewinds/);
  });

  test("a function is missing from the list: what is printed", async () => {
    const { code, stderr, stdout } = registered([plain], {
      BOBBIN_CHECK: "1",
      BOBBIN_ASYNCIFY_REMOVELIST: "sum",
    });
    // The program notices, and dies by its own exit code.
    expect({ code, stdout }).toEqual({ code: 7, stdout: "" });
    const told = stderr.slice(0, stderr.indexOf("Aborted"));
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(golden("register-check"), told);
    expect(told).toBe(readFileSync(golden("register-check"), "utf8"));
    const twin = await twinProgram("removed", { removeList: ["sum"] });
    // Code does not tell why its calls are not instrumented.
    expect(registered([twin], { BOBBIN_CHECK: "1" }).stderr).toContain(
      "__asyncjs__ask unwound into sum, which is not instrumented",
    );
  });

  test("too little room: the overflow is told at the record that does not fit", () => {
    const [small] = LINES(readFileSync(plain, "utf8")).filter((l) => l.includes("StackSize:4096"));
    expect(small).toBeDefined();
    const into = mkdtempSync(join(folder, "small"));
    const glue = readFileSync(plain, "utf8").replace("StackSize:4096", "StackSize:20");
    writeFileSync(join(into, "naps.cjs"), glue);
    copyFileSync(fixture("glue/naps.wasm"), join(into, "naps.wasm"));
    const env = { BOBBIN_CHECK: "1", BOBBIN_ASYNCIFY: "1" };
    const { stderr } = registered([join(into, "naps.cjs")], env);
    expect(stderr).toContain("finding record-past-end");
    expect(stderr).toMatch(
      /\nbobbin check: module #1: this `asyncify stack overflow` is Asyncify's/,
    );
  });
});

describe("the checker", () => {
  const misused = [
    program("drive.mjs"),
    fixture("misuse/sleep.twin-O2.wasm"),
    fixture("misuse/hosts/stop-first.mjs"),
    "other",
    "2",
  ];

  test("a finding is an exit code under strict only", () => {
    const plain = node(misused);
    const told = registered(misused, { BOBBIN_CHECK: "1" });
    expect(told).toMatchObject({ code: 0, stdout: plain.stdout });
    expect(told.stderr).toMatch(/^-- module #1\nfinding stop-before-start\n {2}what/);
    expect(told.stderr).toMatch(/\nbobbin check: module #1: 1 finding: \d unwinds[^\n]*\n$/);
    expect(registered(misused, SILENT)).toMatchObject({ code: 1, stdout: plain.stdout });
  });

  test("reports as files", () => {
    const report = (name: string): string => {
      registered(misused, { BOBBIN_CHECK_FILE: name });
      return readFileSync(join(folder, name), "utf8");
    };
    expect(JSON.parse(report("report.json"))).toMatchObject({
      verdict: "findings",
      instances: [{ findings: [{ code: "stop-before-start", count: 1, area: "state" }] }],
    });
    expect(JSON.parse(report("report.sarif"))).toMatchObject({
      version: "2.1.0",
      runs: [{ results: [{ ruleId: "stop-before-start" }] }],
    });
    expect(report("report.txt")).toContain("finding stop-before-start\n");
  });

  test("says when there was nothing to check", () => {
    const { stderr } = registered([program("required.cjs"), SUM], SILENT);
    expect(stderr).toBe(
      "bobbin check: no instance was made that may unwind, nothing was checked\n",
    );
  });
});

describe("the trace", () => {
  const traced = (args: readonly string[], env: Env, file: string): string[] => {
    registered(args, { ...env, BOBBIN_TRACE: file });
    return LINES(readFileSync(join(folder, file), "utf8"));
  };
  const NATIVE = { BOBBIN_ASYNCIFY_IMPORTS: "env.sleep" };
  const HOST = ["--host", fixture("hosts/sleep.mjs")];

  test.each([
    ["wasm/sleep.wasm", NATIVE, ["--asyncify-imports", "env.sleep"]],
    ["wasm/sleep.twin-O2.wasm", {}, []],
    ["wasm/sleep.twin-O0.wasm", {}, []],
  ])("of %s is that of bobbin trace", async (module, env, options) => {
    const command = ["trace", fixture(module), "--invoke", "main", "2", ...HOST, ...options];
    const [heading, ...lines] = traced(sleeping(module), env, "sleep.txt");
    expect(heading).toMatch(/^-- sleep/);
    expect(lines).toEqual(LINES((await bobbin(command)).stdout));
    const events = traced(sleeping(module), env, "sleep.jsonl").map((line) => JSON.parse(line));
    const { stdout } = await bobbin([...command, "--format", "jsonl"]);
    expect(events).toEqual(
      LINES(stdout).map((line) => ({
        thread: 0,
        instance: heading!.slice("-- ".length),
        ...JSON.parse(line),
      })),
    );
  });

  test("of fibers: the assembly of stackful imports the runtime, which nobody supplies", async () => {
    const [module, host] = [fixture("wasm/crossing.wasm"), fixture("hosts/logging.mjs")];
    const args = [program("drive.mjs"), module, host, "crossing", "1"];
    const [, ...lines] = traced(args, { BOBBIN_ASYNCIFY: "1" }, "crossing.txt");
    const told = await bobbin(["trace", module, "--invoke", "crossing", "1", "--host", host]);
    expect(lines).toEqual(LINES(told.stdout));
  });

  test("its events are those that findings name", () => {
    const env = { ...NATIVE, BOBBIN_CHECK: "1", BOBBIN_TRACE: "-" };
    const args = [fixture("misuse/sleep.wasm"), fixture("misuse/hosts/unwind-twice.mjs")];
    const { stderr } = registered([program("drive.mjs"), ...args, "other", "2"], env);
    const [, event] = /where.*event (\d+), main/.exec(stderr)!;
    const line = LINES(stderr).find((text) => text.trimStart().startsWith(`${event} `));
    expect(line).toMatch(/start_unwind\(.*unwinding -> unwinding/);
  });
});

describe("what else runs in the process", () => {
  test("the programs are good", () => {
    expect(node([program("required.cjs"), SUM]).stdout).toBe("55\n");
    expect(node([program("streams.mjs"), SUM]).stdout).toBe("55 true\ntrue 42 42\n");
  });

  test.each([{}, { BOBBIN_ASYNCIFY: "1" }, { BOBBIN_TIER: "interpreter" }])(
    "fetch, streams and CommonJS under %j",
    (env: Env) => {
      expect(registered([program("streams.mjs"), SUM], env)).toEqual({
        code: 0,
        stdout: "55 true\ntrue 42 42\n",
        stderr: "",
      });
      const required = registered([program("required.cjs"), SUM], env);
      expect(required).toEqual({ code: 0, stdout: "55\n", stderr: "" });
    },
  );

  test("worker threads have objects, names and findings of their own", () => {
    const args = [program("workers.mjs"), fixture("wasm/sleep.wasm"), ...SLEEP];
    const env = { BOBBIN_ASYNCIFY: "1", BOBBIN_TRACE: "workers.jsonl", ...SILENT };
    const { code, stdout, stderr } = registered(args, env);
    const single = node(sleeping("wasm/sleep.twin-O0.wasm")).stdout;
    expect(code).toBe(0);
    expect(LINES(stdout).sort()).toEqual([...LINES(single), ...LINES(single), "exit 0 0"].sort());
    expect(LINES(stderr).sort()).toEqual([
      expect.stringMatching(/^bobbin check: sleep.wasm, thread 1: no finding: 3 unwinds/),
      expect.stringMatching(/^bobbin check: sleep.wasm, thread 2: no finding: 3 unwinds/),
    ]);
    const events = LINES(readFileSync(join(folder, "workers.jsonl"), "utf8")).map(
      (line) => JSON.parse(line) as { thread: number; seq: number },
    );
    for (const thread of [1, 2]) {
      const seqs = events.filter((event) => event.thread === thread).map(({ seq }) => seq);
      expect(seqs.length).toBeGreaterThan(50);
      expect(seqs).toEqual(seqs.map((_, i) => i + 1));
    }
  });

  test("a finding in a worker thread counts for the process", () => {
    const module = fixture("misuse/sleep.wasm");
    const host = fixture("misuse/hosts/stop-first.mjs");
    const args = [program("workers.mjs"), module, host, "other", "2"];
    expect(registered(args, { ...SILENT, BOBBIN_ASYNCIFY: "1" }).code).toBe(1);
  });

  test("instances that nobody holds are given up", () => {
    const args = ["--expose-gc", program("collected.mjs"), fixture("wasm/sleep.wasm")];
    const { stdout, stderr } = registered(args, { BOBBIN_ASYNCIFY: "1" });
    expect({ stdout, stderr }).toEqual({ stdout: "true\n", stderr: "" });
  });
});

describe("limits and mistakes", () => {
  test("fuel", () => {
    const args = [program("required.cjs"), SUM];
    const { code, stderr } = registered(args, { BOBBIN_FUEL: "50" });
    expect(code).toBe(1);
    expect(stderr).toContain("RuntimeError: fuel exhausted");
  });

  test.each([
    [{ BOBBIN_TIER: "fast" }, "BOBBIN_TIER='fast': expected "],
    [{ BOBBIN_TRACE: "/none/trace.txt" }, "BOBBIN_TRACE: cannot write /none/trace.txt: ENOENT"],
    [
      { BOBBIN_TRACE: "trace.json" },
      "BOBBIN_TRACE='trace.json': a file of JSON lines ends in .jsonl",
    ],
    [{ BOBBIN_ASYNCIFY_IMPORT: "env.sleep" }, "there is no variable BOBBIN_ASYNCIFY_IMPORT"],
  ])("%j ends the process before it begins", (env: Env, message) => {
    const { code, stdout, stderr } = registered(sleeping("wasm/sleep.wasm"), env);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(new RegExp(`^bobbin: ${message}[^\n]*\n$`));
  });
});
