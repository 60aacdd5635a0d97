import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, statSync, symlinkSync, writeFileSync } from "node:fs"; // prettier-ignore
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { assemble } from "../assembler.js";
import { bobbin, fileOf } from "../testing.js";

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../../fixtures/wasi/${name}.wasm`, import.meta.url));
const [tour, escape, reactor, wc] = [
  fixture("tour"),
  fixture("escape"),
  fixture("reactor"),
  fixture("wc"),
];
const folder = (): string => realpathSync(mkdtempSync(join(tmpdir(), "bobbin-wasi-")));

/** A folder for `tour`. */
function data(): string {
  const made = folder();
  writeFileSync(join(made, "in.txt"), "one\ntwo\n");
  return made;
}

const contents = (path: string): string[] =>
  readdirSync(path, { recursive: true, encoding: "utf8" })
    .sort()
    .map((name) => {
      const at = join(path, name);
      return `${name} ${statSync(at).isDirectory() ? "/" : readFileSync(at).toString("hex")}`;
    });

/** The same program on V8, with Node's own WASI. */
const ON_NODE = `
  import { readFileSync } from "node:fs";
  import { WASI } from "node:wasi";
  const [file, dir, ...args] = process.argv.slice(1);
  const env = { LANG: "C", EMPTY: "", INHERITED: "from outside" };
  const options = { version: "preview1", args: ["tour.wasm", ...args], env, preopens: { "/data": dir }, returnOnExit: true };
  const wasi = new WASI(options);
  const { instance } = await WebAssembly.instantiate(readFileSync(file), wasi.getImportObject());
  process.exitCode = wasi.start(instance);`;

const INPUT = "bytes \u0000 and ümlauts";
const ARGS = ["7", "zwölf", "a b", "--dir"];
const VARIABLES = ["--env", "LANG=C", "--env", "EMPTY=", "--env", "INHERITED", "--env", "UNKNOWN"];

test.each([["mixed"], ["interpreter"]])(
  "a tour of WASI is that of Node on V8 (%s)",
  async (tier) => {
    const [here, there] = [data(), data()];
    const run = ["run", tour, "--tier", tier, "--dir", `${here}::/data`, ...VARIABLES];
    const { code, stdout, stderr } = await bobbin([...run, "--", ...ARGS], INPUT);
    const script = ["--no-warnings", "--input-type=module", "-e", ON_NODE, "--", tour, there];
    const node = spawnSync(process.execPath, [...script, ...ARGS], {
      input: INPUT,
      encoding: "utf8",
    });
    expect(node.stdout).toContain("argument 2: zwölf");
    expect({ code, stdout, stderr }).toEqual({
      code: node.status,
      stdout: node.stdout,
      stderr: node.stderr,
    });
    expect(code).toBe(7);
    expect(contents(here)).toEqual(contents(there));
  },
);

describe("other commands run it too", () => {
  const argv = (command: string, ...rest: string[]) => [
    command,
    tour,
    "--dir",
    `${data()}::/data`,
    ...rest,
    "--",
    "7",
  ];

  test("check finds nothing, and what the program ends with is no finding", async () => {
    const { code, stdout } = await bobbin(argv("check"), INPUT);
    expect(code).toBe(0);
    expect(stdout).toMatch(/input: 20 bytes.*\nno finding/);
    const told = await bobbin(argv("check", "--json"), INPUT);
    expect(JSON.parse(told.stdout)).toMatchObject({ verdict: "clean", findings: [] });
    expect(told.stderr).toContain("argument 1: 7\n");
  });

  test("trace tells of its calls and its end, and ends as it does", async () => {
    const { code, stdout, stderr } = await bobbin(argv("trace"), INPUT);
    expect(code).toBe(7);
    expect(stdout).toMatch(/host wasi_snapshot_preview1\.path_open\(i32:3, /);
    expect(stdout).toMatch(/ exit from _start with code 7\n$/);
    expect(stderr).toContain("argument 1: 7\n");
    const lines = (await bobbin(argv("trace", "--json"), INPUT)).stdout.trimEnd().split("\n");
    expect(lines.slice(-2).map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ type: "exit", name: "_start", code: 7 }),
      { exitCode: 7 },
    ]);
  });

  test("run --json tells of the exit code, and advise of a run that did not fail", async () => {
    const { code, stdout } = await bobbin(argv("run", "--json"), INPUT);
    expect([code, stdout]).toEqual([7, '{"exitCode":7}\n']);
    const advised = await bobbin(argv("advise", "--json"), INPUT);
    expect([advised.code, advised.stdout.includes('"error"')]).toEqual([0, false]);
  });

  test("the debugger keeps stdin for itself", async () => {
    const { code, stdout } = await bobbin(argv("debug"), "break main\ncontinue\ncontinue\n");
    expect(stdout).toContain("input: 0 bytes");
    expect(stdout).toMatch(/exit code 7\n$/);
    expect(code).toBe(7);
  });

  test("compare runs it three times on the same input", async () => {
    const cat = fileOf("cat.wasm", assemble(CAT));
    const { code, stdout } = await bobbin(["compare", cat], INPUT);
    expect(stdout).toContain("verdict: equal at E2");
    expect([...stdout.matchAll(/exit code 21/g)]).toHaveLength(3);
    expect(code).toBe(0);
    const others = await bobbin(["compare", cat, "--engines", "all"], INPUT);
    expect([others.code, others.stderr]).toEqual([2, expect.stringContaining("no WASI")]);
  });
});

/** Copies its input, 5 bytes at a time, and ends with the number of its bytes, plus one. */
const CAT = `(module
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (local $sum i32)
    (loop
      (i32.store (i32.const 0) (i32.const 64))
      (i32.store (i32.const 4) (i32.const 5))
      (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
      (i32.store (i32.const 4) (i32.load (i32.const 8)))
      (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 12)))
      (local.set $sum (i32.add (local.get $sum) (i32.load (i32.const 8))))
      (br_if 0 (i32.load (i32.const 8))))
    (call $exit (i32.add (local.get $sum) (i32.const 1)))))`;

test("a program reads its input, or files by absolute and by relative names", async () => {
  const [file, dir] = [join(data(), "in.txt"), data()];
  const two = "      2       2       8 ";
  expect(await bobbin(["run", wc], "one\ntwo\n")).toMatchObject({ code: 0, stdout: `${two}\n` });
  const { code, stdout, stderr } = await bobbin(["run", wc, "--dir", dir, "--dir", `${dir}::.`, "--", `${dir}/in.txt`, "in.txt", file]); // prettier-ignore
  expect([code, stdout]).toEqual([1, `${two}${dir}/in.txt\n${two}in.txt\n`]);
  // The C library looks for it in the second folder.
  expect(stderr).toBe(`${file}: No such file or directory\n`);
});

test("fuel ends a program between its calls", async () => {
  const cat = fileOf("cat.wasm", assemble(CAT));
  const { code, stdout, stderr } = await bobbin(["run", cat, "--fuel", "60"], INPUT);
  expect([code, stdout.length > 0]).toEqual([1, true]);
  expect(stderr).toContain("fuel exhausted: after 60 instructions");
});

test("a wrong pointer is a trap", async () => {
  const file = fileOf(
    "wild.wasm",
    assemble(`(module
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func $start (export "_start")
        (drop (call $write (i32.const 1) (i32.const -8) (i32.const 1) (i32.const 0)))))`),
  );
  const { code, stderr } = await bobbin(["run", file]);
  const what =
    "trap: out of bounds memory access: pointers given to fd_write, in start (function 1)";
  expect([code, stderr]).toEqual([1, expect.stringContaining(what)]);
  const checked = await bobbin(["check", file]);
  expect([checked.code, checked.stderr]).toEqual([1, expect.stringContaining(what)]);
});

test("an exit is no exception that a program could catch", async () => {
  const file = fileOf(
    "catches.wasm",
    assemble(`(module
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (memory (export "memory") 1)
      (func (export "_start")
        (block $caught (try_table (catch_all $caught) (call $exit (i32.const 258))) unreachable)
        unreachable))`),
  );
  expect(await bobbin(["run", file])).toEqual({ code: 258, stdout: "", stderr: "" });
});

describe("a folder cannot be left", () => {
  const top = folder();
  const inside = join(top, "inside");
  mkdirSync(join(inside, "sub"), { recursive: true });
  mkdirSync(join(top, "outside"));
  writeFileSync(join(top, "secret"), "secret");
  writeFileSync(join(inside, "bait"), "bait");
  const links = {
    relative: "../secret",
    up: "..",
    absolute: join(top, "secret"),
    neighbour: join(top, "outside"),
    chain: "relative",
    dangling: "../nothing",
    "sub/deep": "../../secret",
    "sub/good": "../bait",
  };
  for (const [name, target] of Object.entries(links)) symlinkSync(target, join(inside, name));
  const escapes = ["..", "../secret", "sub/../../secret", "/etc/passwd", "relative", "up", "up/secret", "absolute", "neighbour", "neighbour/x", "chain", "dangling", "sub/deep"]; // prettier-ignore
  const outside = () => [...contents(join(top, "outside")), readFileSync(join(top, "secret"), "utf8"), readdirSync(top).sort()]; // prettier-ignore

  test("neither by .. nor by links, nor by putting a link in its place", async () => {
    const before = outside();
    const dirs = ["--dir", `${inside}::/`, "--dir", `${join(inside, "sub")}::/sub`];
    const { code, stdout } = await bobbin(["run", escape, ...dirs, "--", "sub/good", ...escapes]);
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    const NOTCAPABLE = 76;
    expect(lines[0]).toMatch(/^sub\/good: read 0 write 0 create 0 .* stat 0 times 0 /);
    for (const [i, path] of escapes.entries()) {
      const [name, answers] = lines[i + 1]!.split(": ");
      expect(name).toBe(path);
      expect(answers!.match(/\d+/g)!.map(Number)).toEqual(Array(14).fill(NOTCAPABLE));
    }
    const NOENT = 44;
    expect(lines.at(-1)).toBe(`swap: open 0 move 0 link 0 itself ${NOENT} given ${NOENT}`);
    expect(outside()).toEqual(before);
  });

  test("nothing is given that was not asked for", async () => {
    const { code, stdout } = await bobbin(["run", escape, "--", "bait"]);
    expect(code).toBe(0);
    expect(new Set(stdout.split("\n")[0]!.match(/\d+/g))).toEqual(new Set(["8"]));
  });
});

describe("what is given", () => {
  test("a library is initialized before its function is called", async () => {
    const { code, stdout } = await bobbin(["run", reactor, "--invoke", "add", "2"]);
    expect([code, stdout]).toEqual([0, "started 40\ni32:42\n"]);
  });

  test("a host script's WASI goes first", async () => {
    const cat = fileOf("cat.wasm", assemble(CAT));
    const host = fileOf(
      "own-wasi.mjs",
      `export default ({ log }) => {
         let memory;
         return {
           onInstance: ({ exports }) => (memory = exports.memory),
           imports: { wasi_snapshot_preview1: {
             fd_read: () => 0,
             fd_write: () => (log("bytes", memory.buffer.byteLength), 0),
             proc_exit: (code) => log("exit", code),
           } },
         };
       };`,
    );
    const { code, stdout } = await bobbin(["run", cat, "--host", host], INPUT);
    expect([code, stdout]).toEqual([0, "bytes 65536\nexit 1\n"]);
  });

  test.each([
    [["--dir", "/nowhere/at/all"], "/nowhere/at/all: no such file (--dir)"],
    [["--dir", tour], "is no folder (--dir)"],
    [["--dir", "a::b::c"], "--dir a::b::c: expected HOST or HOST::GUEST"],
    [["--env", "=x"], "--env =x: expected NAME=VALUE or NAME"],
  ])("%j is refused", async (options, message) => {
    const { code, stderr } = await bobbin(["run", tour, ...options]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  test.each([
    ['(import "env" "f" (func)) (memory (export "memory") 1)', "--dir and --env are for programs"],
    [
      '(import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))',
      'must export its memory as "memory"',
    ],
    [
      '(import "wasi_snapshot_preview1" "sched_yield" (func (result i32))) (memory (export "memory") i64 1)',
      "has addresses of 32 bits",
    ],
    [
      '(import "wasi_snapshot_preview1" "no_such" (func)) (memory (export "memory") 1)',
      "unknown import: import wasi_snapshot_preview1.no_such",
    ],
    [
      `(import "wasi_snapshot_preview1" "clock_res_get" (func $f (param i32 i32) (result i32)))
       (memory (export "memory") 1) (start $s) (func $s (drop (call $f (i32.const 0) (i32.const 0))))`,
      "the start function calls WASI, which needs an instance",
    ],
  ])("a module with %s", async (text, message) => {
    const file = fileOf("wrong.wasm", assemble(`(module ${text} (func (export "_start")))`));
    const { code, stderr } = await bobbin(["run", file, "--dir", "."]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe("snapshots", () => {
  test("go on with other streams, and are refused while files are open", async () => {
    const cat = fileOf("cat.wasm", assemble(CAT));
    const snap = fileOf("cat.snap", "");
    const at = ["--snapshot", snap, "--snapshot-at-host", "wasi_snapshot_preview1.fd_read"];
    expect(await bobbin(["run", cat, ...at])).toMatchObject({ code: 0, stdout: "" });
    const resumed = await bobbin(["resume", snap], "later");
    expect(resumed).toMatchObject({ code: 6, stdout: "later" });
    const { code, stderr } = await bobbin(["run", tour, "--dir", `${data()}::/data`, ...at]);
    expect(code).toBe(2);
    expect(stderr).toContain("no snapshot can be made here: the program has files open (1)");
  });
});
