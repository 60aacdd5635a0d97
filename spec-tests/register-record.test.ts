// BOBBIN_RECORD: programs that know nothing of Bobbin, in processes of their own, are recorded
// however they end; and their recordings are debugged afterwards, without them. They load the
// build: `npm test` has just made it. UPDATE_GOLDEN=1 writes the transcript anew.

import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"; // prettier-ignore
import { connect } from "node:net";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "@jest/globals";
import { closeClients, open } from "../src/cli/dap/testing.js";
import { serveGdb } from "../src/cli/gdb.testing.js";
import { bobbin, wat } from "../src/cli/testing.js";
import { expanded, framed } from "../src/gdb/testing.js";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const fixture = (name: string): string => at(`../fixtures/${name}`);
const REGISTER = ["--import", new URL("../dist/register.js", import.meta.url).href];
const GOLDEN = at("golden/register-record.golden.txt");

const folder = mkdtempSync(join(tmpdir(), "bobbin-register-record-"));
const file = (name: string): string => join(folder, name);
const ENDS = file("ends.wasm");
beforeAll(() => {
  writeFileSync(
    ENDS,
    wat(`(module (import "env" "out" (func $out)) (global $turns (mut i32) (i32.const 0))
      (func (export "sum") (param $n i32) (result i32) (local $sum i32)
        (loop $more
          (local.set $sum (i32.add (local.get $sum) (local.get $n)))
          (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum))
      (func (export "fail") (unreachable))
      (func (export "call") (call $out))
      (func (export "main") (call $out) (call $spin))
      (func $spin (export "spin") (loop $l
        (global.set $turns (i32.add (global.get $turns) (i32.const 1))) (br $l))))`),
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(closeClients);

type Env = Readonly<Record<string, string>>;
const environment = (env: Env) => ({ ...process.env, NODE_OPTIONS: "", ...env });

function registered(args: readonly string[], env: Env) {
  const { status, stdout, stderr, signal } = spawnSync(process.execPath, [...REGISTER, ...args], {
    encoding: "utf8",
    cwd: folder,
    env: environment(env),
  });
  return { code: status, stdout, stderr, signal };
}
/** @param commands with semicolons between them */
const debug = async (recording: string, ...commands: string[]): Promise<string[]> => {
  const input = `${commands.join("\n").replaceAll("; ", "\n")}\n`;
  const { code, stdout, stderr } = await bobbin(["debug", "--recording", file(recording)], input);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.trimEnd().split("\n");
};

const ends = (way: string, env: Env) => registered([at("register/ends.mjs"), ENDS, way], env);

describe("however it ends", () => {
  test.each([
    ["returns", 0, "the program returned i32:55"],
    ["traps", 1, "trap: unreachable"],
    ["exits", 4, "the program returned i32:55"],
    ["throws", 1, "the program returned i32:55"],
    ["exits inside", 4, "call+0x0"],
    ["throws inside", 1, "the host failed"],
  ])("%s", async (way, code, last) => {
    const name = `${way}.rec`;
    const ended = ends(way, { BOBBIN_RECORD: name });
    expect(ended).toMatchObject({ code, stdout: "55\n" });
    const told = ended.stderr.trimEnd().split("\n").filter((line) => line.startsWith("bobbin: ")); // prettier-ignore
    expect(told).toEqual([
      expect.stringMatching(
        new RegExp(`^bobbin: ${name}: \\d+ bytes, \\d+ instructions, \\d+ entries from outside$`),
      ),
      `bobbin: bobbin debug --recording ${name}`,
    ]);
    const lines = await debug(name, "continue", "reverse-step", "position");
    expect(lines.join("\n")).toContain(last);
    expect(lines.at(-1)).toMatch(/^\d+:\d+$/);
  });

  test("nothing was there to record", () => {
    const script = file("nothing.mjs");
    writeFileSync(script, "console.log(1)");
    const { code, stderr } = registered([script], { BOBBIN_RECORD: "nothing.rec" });
    const told = "bobbin: no instance was made, nothing was recorded\n";
    expect({ code, stderr }).toEqual({ code: 0, stderr: told });
    expect(existsSync(file("nothing.rec"))).toBe(false);
  });

  test("a handler of the program's own for what nobody caught ends it at once", () => {
    const script = file("handler.cjs");
    writeFileSync(
      script,
      `process.on("uncaughtException", (error) => { throw error; });
      const made = new WebAssembly.Module(require("fs").readFileSync(process.argv[2]));
      new WebAssembly.Instance(made, { env: { out() {} } }).exports.fail();`,
    );
    const { code, stderr } = registered([script, ENDS], { BOBBIN_RECORD: "handler.rec" });
    expect(code).not.toBe(0);
    expect(stderr.match(/bobbin debug --recording handler\.rec/g)).toHaveLength(1);
  });

  test("a file that cannot be written ends the process before the program begins", () => {
    const { code, stdout, stderr } = ends("returns", { BOBBIN_RECORD: "/none/run.rec" });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(
      /^bobbin: BOBBIN_RECORD: cannot write \/none\/run\.rec: ENOENT[^\n]*\n$/,
    );
  });

  test("a file for each process, and for each thread", () => {
    const into = mkdtempSync(join(folder, "threads"));
    const sleeping = [fixture("wasm/sleep.wasm"), fixture("hosts/sleep.mjs"), "main", "2"];
    const env = { BOBBIN_ASYNCIFY: "1", BOBBIN_RECORD: join(into, "%p.rec") };
    const { code, stderr } = registered([at("register/workers.mjs"), ...sleeping], env);
    expect(code).toBe(0);
    const made = readdirSync(into).sort();
    expect(made.map((name) => name.replace(/^\d+/, "N"))).toEqual(["N.thread-1.rec", "N.thread-2.rec"]); // prettier-ignore
    for (const name of made) expect(stderr).toContain(`--recording ${join(into, name)}\n`);
  });
});

describe("Ctrl-C", () => {
  /** Sends it when the program has told something, and has been at it for a while. */
  async function interrupted(args: readonly string[], env: Env) {
    const child = spawn(process.execPath, args, { cwd: folder, env: environment(env), timeout: 60_000, killSignal: "SIGKILL" }); // prettier-ignore
    const told = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const)
      child[stream].setEncoding("utf8").on("data", (text: string) => (told[stream] += text));
    child.stdout.once("data", () => setTimeout(() => child.kill("SIGINT"), 1000));
    const [code, signal] = (await once(child, "close")) as [number | null, string | null];
    return { code, signal, ...told };
  }
  const way = (name: string) =>
    interrupted([...REGISTER, at("register/ends.mjs"), ENDS, name], { BOBBIN_RECORD: `${name}.rec` }); // prettier-ignore

  test("while wasm runs without end", async () => {
    const { code, signal, stderr } = await way("spins");
    expect({ code, signal }).toEqual({ code: null, signal: "SIGINT" });
    expect(stderr).toMatch(/spins\.rec: \d+ bytes, more than \d+ instructions, 3 entries/);
    // It goes on as it would have, from what was recorded.
    const lines = await debug("spins.rec", "break spin", "continue", "goto 3:7054", "globals", "reverse-step", "position"); // prettier-ignore
    expect(lines.slice(-3)).toEqual([
      expect.stringMatching(/\$turns {2}mut i32 {2}i32:\d{3,}$/),
      expect.stringMatching(/^spin\+/),
      "3:7053",
    ]);
  });

  test("while the program waits", async () => {
    const { signal, stderr } = await way("waits");
    expect(signal).toBe("SIGINT");
    expect(stderr).toMatch(/waits\.rec: \d+ bytes, \d+ instructions, 2 entries/);
  });

  test("is the program's own where it takes it", async () => {
    const { code, stdout, stderr } = await way("takes it");
    expect({ code, stdout }).toEqual({ code: 6, stdout: "55\ntaken 6\n" });
    expect(stderr).toMatch(/takes it\.rec: \d+ bytes, \d+ instructions, 3 entries/);
  });

  test.each(["interpreter", "mixed"])("in bobbin record, on the tier %s", async (tier) => {
    const cli = at("../dist/cli.js");
    const name = `record-${tier}.rec`;
    const host = file("logs.mjs");
    writeFileSync(host, `export default ({ log }) => ({ imports: { env: { out: () => log("on") } } });`); // prettier-ignore
    const record = ["record", ENDS, "--invoke", "main", "--host", host, "--tier", tier, "-o", name]; // prettier-ignore
    const { code, stdout, stderr } = await interrupted([cli, ...record], {});
    expect({ code, stdout }).toEqual({ code: 130, stdout: "on\n" });
    expect(stderr).toMatch(
      /^interrupted\n.*: \d+ bytes, more than [1-9]\d* instructions, 2 entries/m,
    );
    expect((await debug(name, "goto 2:1000", "step 5", "position")).at(-1)).toBe("2:1005");
  });

  test("in bobbin run --record, while a promise is waited for", async () => {
    const host = file("never.mjs");
    writeFileSync(
      host,
      `export default ({ log }) => ({ imports: { env: { out: () => {
        log("waiting"); setTimeout(() => undefined, 1e6); return new Promise(() => undefined); } } } });`,
    );
    const cli = at("../dist/cli.js");
    const run = ["run", ENDS, "--invoke", "call", "--host", host, "--record", "never.rec"];
    const { code, stderr } = await interrupted([cli, ...run], {});
    expect(code).toBe(130);
    expect(stderr).toMatch(/^interrupted\nnever\.rec: \d+ bytes, 1 instructions, 1 entries/m);
  });
});

describe("Emscripten's fibers, afterwards", () => {
  const NAME = "fibers.rec";
  beforeAll(() => {
    const { code, stderr } = registered([at("register/fibers.mjs"), "4096", "2"], { BOBBIN_RECORD: NAME }); // prettier-ignore
    expect(code).toBe(0);
    expect(stderr).toContain(`bobbin debug --recording ${NAME}`);
  });

  test("stop inside, see the suspended stacks, step back over an unwind", async () => {
    const commands = [
      "break yield_value; continue; stacks; delete",
      // Its unwind begins; its first record is there; it has ended.
      "stop unwind; continue; position; memory 0x507e40 32; delete",
      "stop push; continue; stacks; reverse-step; delete",
      "stop unwound; continue; stacks; records; memory 0x507e40 32; delete",
      // Back over all of it, and forward again.
      "stop unwind; reverse-continue; reverse-continue; position; memory 0x507e40 32",
      "delete; stop unwound; continue; continue; stacks; memory 0x507e40 32",
    ];
    const lines = await debug(NAME, ...commands);
    const text = `${lines.join("\n")}\n`;
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(GOLDEN, text);
    expect(text).toBe(readFileSync(GOLDEN, "utf8"));
  });

  test("bobbin dap", async () => {
    const c = open();
    await c.until(() =>
      c.begin({ recording: file(NAME) }, () =>
        c.ask("setFunctionBreakpoints", { breakpoints: [{ name: "yield_value" }] }),
      ),
    );
    const { threads } = await c.ask("threads", undefined);
    expect(threads.map(({ name }) => name)).toEqual([
      expect.stringContaining("main"),
      expect.stringContaining("fiber 1"),
    ]);
    const stacks: string[][] = [];
    for (const { id } of threads) {
      const { stackFrames } = await c.ask("stackTrace", { threadId: id });
      stacks.push(stackFrames.map(({ name }) => name));
    }
    expect(stacks[0]!.join()).toMatch(/swap_to.*resume.*main/);
    expect(stacks[1]!.join()).toMatch(/yield_value.*task.*entry/);
    const before = await c.image();
    await c.until(() => c.ask("stepBack", { threadId: c.thread, granularity: "instruction" }));
    await c.until(() => c.ask("next", { threadId: c.thread, granularity: "instruction" }));
    expect(await c.image()).toEqual(before);
  });

  test("bobbin debug --gdb-remote", async () => {
    const { host, port, code } = await serveGdb(["--recording", file(NAME)]);
    const socket = connect({ host, port }).setEncoding("latin1");
    await once(socket, "connect");
    const ask = async (packet: string): Promise<string> => {
      socket.write(framed(packet));
      for (let text = ""; ;) {
        const [part] = (await once(socket, "data")) as [string];
        const answer = /\$([^#]*)#../.exec((text += part));
        if (answer !== null) return expanded(answer[1]!);
      }
    };
    expect(await ask("qSupported:ReverseStep+;ReverseContinue+")).toContain("ReverseStep+");
    const start = await ask("qWasmCallStack:1");
    for (let i = 0; i < 3; i++) expect(await ask("s")).toMatch(/^T05/);
    const there = await ask("qWasmCallStack:1");
    expect(there).not.toBe(start);
    expect(await ask("bs")).toMatch(/^T05/);
    expect(await ask("s")).toMatch(/^T05/);
    expect(await ask("qWasmCallStack:1")).toBe(there);
    expect(await ask("vKill;1")).toBe("OK");
    socket.destroy();
    await code;
  });
});

test("QuickJS, whose asynchronous functions unwind it", async () => {
  const { code } = registered([at("programs/run.mjs"), "quickjs"], {
    BOBBIN_RECORD: "quickjs.rec",
  });
  expect(code).toBe(0);
  const lines = await debug(
    "quickjs.rec",
    "stop unwind; continue; position; delete; stop unwound; continue; stacks",
    // Back over the unwind, to the same place.
    "delete; stop unwind; reverse-continue; continue; position",
  );
  const [, , unwind, , began, , unwound, , ...others] = lines;
  expect([unwind, unwound]).toEqual([
    expect.stringMatching(/^stop 1: unwind started, data 0x\w+$/),
    expect.stringMatching(/^stop 2: unwind ended, data 0x\w+$/),
  ]);
  const record = /^ +(\w+|func\[\d+\]) {2}\(call \d+, \d+ bytes at 0x/;
  expect(others.filter((line) => record.test(line)).length).toBeGreaterThan(5);
  expect(others.at(-1)).toBe(began);
});

test("a module that nobody instrumented, with native asyncify and the checker", async () => {
  const env = { BOBBIN_ASYNCIFY: "1", BOBBIN_CHECK: "1", BOBBIN_RECORD: "naps.rec" };
  const { stdout, stderr } = registered([fixture("glue/naps.cjs")], env);
  expect(stdout).toBe("sum of 1: 2\nsum of 2: 6\nsum of 3: 12\n");
  expect(stderr).toContain("no finding: 12 unwinds, 12 rewinds, 44 records pushed, 44 popped");
  const lines = await debug(
    "naps.rec",
    "stop push; continue; position; records; continue; position",
    "reverse-step; position; reverse-step; stacks",
  );
  expect(lines.slice(2)).toEqual([
    "stop 1: record of sum (call 0) pushed, 16 bytes at 0x500de4",
    expect.stringMatching(/^__original_main\+.*between two frames of an unwind/),
    "6:1156",
    "continuation 0x500dd8: 1 record",
    expect.stringMatching(/^ {2}sum\+0xc .*\(call 0, 16 bytes at 0x500de4\)$/),
    expect.stringMatching(/ local 0 = i32:1$/),
    expect.stringMatching(/ operand 0 = i32:1$/),
    "stop 1: record of __original_main (call 0) pushed, 24 bytes at 0x500df4",
    expect.stringMatching(/^main\+.*between two frames of an unwind/),
    "6:1156+1",
    // What the host called meanwhile (malloc) is passed over.
    expect.stringMatching(/^__original_main\+.*between two frames of an unwind/),
    "6:1156",
    expect.stringMatching(/^sum\+0xc .*call \$ask$/),
    expect.stringMatching(/^\* machine fiber \d+ on, main$/),
    expect.stringMatching(/^ {2}\* #0 {2}sum\+/),
    expect.stringMatching(/#1 {2}__original_main\+/),
    expect.stringMatching(/#2 {2}main\+/),
  ]);
});
