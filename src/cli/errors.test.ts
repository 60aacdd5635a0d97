// Every error is one line that names what and where, with the right exit code and
// without a JavaScript stack.

import { chmodSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { moduleOf } from "../snapshot/programs.testing.js";
import { bobbin, fileOf, wat } from "./testing.js";

const program = wat(`(module
  (import "env" "log" (func $log (param i32)))
  (memory 1)
  (func $div (export "div") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
  (func (export "unreachable") unreachable)
  (func (export "load") (result i32) (i32.load (i32.const -1)))
  (func (export "spin") (loop (br 0)))
  (func $deep (export "deep") (result i32) (i32.add (i32.const 1) (call $deep)))
  (func (export "wide") (param f32) (result f32) (local.get 0)))`);
const crossing = fileURLToPath(new URL("../../fixtures/wasm/crossing.wasm", import.meta.url));
const m = fileOf("m.wasm", program);
// (func (result i32) i64.const 0)
const invalid = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 10, 6, 1, 4, 0, 0x42, 0, 0x0b,
]);

const at = (name: string, content: string | Uint8Array) => fileOf(name, content);
const run = (invoke: string, ...rest: string[]) =>
  ["run", m, "--stub-imports", "--invoke", invoke, ...rest] as const;

test.each<[string, readonly string[], number, RegExp]>([
  // Input
  [
    "no pattern",
    ["spec", dirname(m), "--filter", "("],
    2,
    /'\(' is invalid\. Expected a regular exp/,
  ],
  [
    "no archive",
    ["spec", at("m.txt", "text\n")],
    2,
    /m\.txt: is neither a script of the suite nor a \.tar\.gz archive: incorrect header check$/,
  ],
  [
    "advice that is no JSON",
    ["advise", m, "--invoke", "spin", "--with", at("m.txt", "text\n")],
    2,
    /m\.txt: is no JSON: give what/,
  ],
  [
    "an export that an asyncified program lacks",
    ["run", crossing, "--stub-imports", "--invoke", "nowhere"],
    2,
    /: exported functions are crossing$/,
  ],
  ["a missing file", ["run", "nowhere.wasm"], 2, /^bobbin: nowhere\.wasm: no such file$/],
  ["a directory", ["run", dirname(m)], 2, /: is a directory, not a file$/],
  ["an empty file", ["run", at("empty.wasm", "")], 2, /: the file is empty$/],
  [
    "a twin that is text",
    [
      "compare",
      crossing,
      "--invoke",
      "crossing",
      "1",
      "--stub-imports",
      "--twin",
      at("m.wat", ";; x\n(module)\n"),
    ],
    2,
    /WebAssembly text \(wat\)/,
  ],
  [
    "text that is wrong",
    ["run", at("m.wat", "(module\n  (func foo))")],
    2,
    /^bobbin: \S+m\.wat:2:9: unknown operator/,
  ],
  [
    "invalid text",
    ["run", at("typed.wat", "(module\n  (func (result i32)\n  ))")],
    2,
    /^bobbin: \S+typed\.wat:3:3: end: type mismatch: /,
  ],
  [
    "a trap in text",
    ["run", "--invoke", "f", at("trap.wat", '(func (export "f")\n  nop\n  unreachable)')],
    1,
    /: trap: unreachable in f \(function 0\) at byte \S+ \(unreachable\), trap\.wat:3$/,
  ],
  [
    "text for a recording",
    ["debug", "--recording", at("r.txt", "text\n")],
    2,
    /: is a text file, a recording is wanted/,
  ],
  [
    "text for a snapshot",
    ["resume", at("s.txt", "text\n")],
    2,
    /: is a text file, a snapshot is wanted/,
  ],
  ["a text file", ["run", at("m.txt", "Grüße\n")], 2, /: is a text file, a binary/],
  [
    "a truncated file",
    ["run", at("cut.wasm", program.subarray(0, 50))],
    2,
    /: malformed module: length out of bounds at byte 0x[\da-f]+$/,
  ],
  ["a cut header", ["run", at("cut2.wasm", program.subarray(0, 6))], 2, /: malformed module: /],
  ["no module", ["run", at("bin", Uint8Array.of(1, 2, 3, 4))], 2, /magic header not detected at/],
  [
    "a component",
    ["run", at("component.wasm", Uint8Array.of(0, 97, 115, 109, 13, 0, 1, 0))],
    2,
    /this is a component, not a core module at byte 0x4$/,
  ],
  [
    "a type error",
    ["run", at("invalid.wasm", invalid), "--invoke", "x"],
    2,
    /: invalid module: type mismatch: .* at byte 0x1a \(function 0, end\)$/,
  ],
  // Linking and calling
  [
    "a missing import",
    ["run", m, "--invoke", "div", "1", "1"],
    2,
    /: unknown import: import env\.log \(func \[i32\] -> \[\]\) is not supplied: .*--host.*--stub-imports$/,
  ],
  ["an unknown export", run("dvi"), 2, /: there is no export "dvi": did you mean div\?$/],
  [
    "a strange export",
    run("x"),
    2,
    /exported functions are div, unreachable, load, spin, deep, wide$/,
  ],
  ["no export at all", ["run", m, "--stub-imports"], 2, /neither _start nor main: .*from div, /],
  ["too few arguments", run("div", "1"), 2, /: div takes 2 arguments \(i32 i32\), 1 given$/],
  ["too many arguments", run("spin", "1"), 2, /: spin takes 0 arguments, 1 given$/],
  ["a wrong argument", run("div", "1", "x"), 2, /argument 2 of div: x is no i32: expected/],
  ["a number too big", run("div", "1", "4294967296"), 2, /argument 2 of div: .* out of range/],
  // Running
  [
    "a division by zero",
    run("div", "1", "0"),
    1,
    /: trap: integer divide by zero in div \(function 1\) at byte 0x[\da-f]+ \(i32\.div_s\)$/,
  ],
  [
    "an unreachable",
    run("unreachable"),
    1,
    /: trap: unreachable in unreachable \(function 2\) at byte 0x[\da-f]+ \(unreachable\)$/,
  ],
  [
    "a bad address",
    run("load"),
    1,
    /: trap: out of bounds memory access: .*, in load \(function 3\)/,
  ],
  [
    "an endless loop",
    run("spin", "--fuel", "1000000"),
    1,
    /: fuel exhausted: after 1000000 instructions, in spin \(function 4\) at byte 0x[\da-f]+ \(br\)$/,
  ],
  [
    "endless recursion",
    run("deep"),
    1,
    /: call stack exhausted: 100000 frames, in deep \(function 5\) at byte 0x[\da-f]+ \(call\)$/,
  ],
  [
    "a lower limit",
    run("deep", "--max-frames", "7"),
    1,
    /: call stack exhausted: 7 frames, in deep/,
  ],
  // Usage
  ["no command", [], 2, /^bobbin: no command given: try bobbin --help$/],
  ["an unknown command", ["rnu", m], 2, /^bobbin: unknown command 'rnu' \(Did you mean run\?\)$/],
  ["an unknown option", ["run", m, "--fule", "1"], 2, /unknown option '--fule' \(Did you mean/],
  ["no file", ["run"], 2, /missing required argument 'file'$/],
  ["no file to inspect", ["inspect"], 2, /missing required argument 'file'$/],
  ["a bad number", ["run", m, "--fuel", "-5"], 2, /'-5' is invalid\. Expected a whole number/],
  [
    "an unknown function",
    ["inspect", m, "--disassemble", "dvi"],
    2,
    /no function "dvi": did you mean/,
  ],
  ["a body of an import", ["inspect", m, "--disassemble", "log"], 2, /function 0 is imported/],
  // Host scripts
  ["a missing script", run("spin", "--host", "no.mjs"), 2, /^bobbin: no\.mjs: no such file$/],
])("%s", async (_, argv, code, line) => {
  const ran = await bobbin(argv);
  const lines = ran.stderr.replace(/\n$/, "").split("\n");
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(line);
  expect(lines[0]).toMatch(/^bobbin: /);
  expect(ran.stderr).not.toMatch(/\n\s+at /);
  expect(ran.stdout).toBe("");
  expect(ran.code).toBe(code);
});

test("an unreadable file", async () => {
  const file = fileOf("secret.wasm", program);
  chmodSync(file, 0);
  const { code, stderr } = await bobbin(["run", file]);
  // Root reads everything.
  if (process.getuid?.() === 0) expect(code).toBe(2);
  else expect(stderr).toBe(`bobbin: ${file}: permission denied\n`);
});

test("--json tells of errors on stdout, --stack below the line", async () => {
  const { code, stdout, stderr } = await bobbin([...run("div", "1", "0"), "--json", "--stack"]);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    error: {
      kind: "trap",
      reason: "integer divide by zero",
      stack: [{ func: 1, name: "div", instruction: "i32.div_s" }],
    },
  });
  expect(stderr.split("\n")[1]).toMatch(/^ {4}#0 div \(function 1\) at byte 0x/);
});

describe("--json has errors in one shape, whatever the command, and the line is on stderr", () => {
  const throwing = fileOf(
    "throwing.mjs",
    `export default () => ({ imports: { env: { ask() { throw new RangeError("no"); } } } });`,
  );
  const asking = fileOf(
    "asking.wasm",
    wat(`(module (import "env" "ask" (func $ask)) (func $main (export "main") (call $ask)))`),
  );
  const trapping = fileOf(
    "trapping.wasm",
    wat(`(module (func $main (export "main") unreachable))`),
  );
  const running = [["run"], ["trace"], ["trace", "--format", "jsonl"], ["check"], ["check", "--format", "json"], ["advise"]]; // prettier-ignore

  const told = async (argv: readonly string[]) => {
    const { code, stdout, stderr } = await bobbin(argv);
    const { error } = JSON.parse(stdout.trim().split("\n").at(-1)!) as { error: { file?: string; message: string } }; // prettier-ignore
    const file = error.file === undefined ? "" : `${error.file}: `;
    expect(stderr).toBe(`bobbin: ${file}${error.message}\n`);
    return { code, error };
  };
  const json = (argv: readonly string[]) =>
    argv.includes("--format") ? argv : [...argv, "--json"];

  test.each(running)("a trap: %s %s %s", async (...argv) => {
    expect(await told(json([...argv, trapping]))).toEqual({
      code: 1,
      error: {
        file: trapping,
        kind: "trap",
        reason: "unreachable",
        message: "trap: unreachable in main (function 0) at byte 0x21 (unreachable)",
        frames: 1,
        stack: [{ func: 0, name: "main", offset: 0x21, instruction: "unreachable" }],
      },
    });
  });

  test.each(running)("an exception of the host: %s %s %s", async (...argv) => {
    expect(await told(json([...argv, asking, "--host", throwing]))).toEqual({
      code: 1,
      error: {
        file: asking,
        kind: "host exception",
        reason: "host exception",
        message: "host exception in import env.ask: RangeError: no",
        frames: 1,
        stack: [{ func: 1, name: "main", offset: 0x2e, instruction: "call" }],
      },
    });
  });

  test.each([...running, ["compare"], ["inspect"]])("no module: %s %s %s", async (...argv) => {
    const file = at("short.wasm", program.subarray(0, 6));
    expect(await told(json([...argv, file]))).toEqual({
      code: 2,
      error: {
        file,
        kind: "malformed",
        reason: expect.any(String),
        message: expect.stringMatching(/^malformed module: /),
        stack: [],
      },
    });
  });

  test.each([
    [["resume", m], "snapshot"],
    [["spec", m], "unreadable"],
    [["engines", "v9"], "usage"],
    [["debug", m, "--json"], "usage"],
    [["asm", m], "usage"],
    [["demo", "--json"], "usage"],
    [["inspect", at("invalid2.wasm", invalid)], "invalid"],
    [["inspect", at("invalid2.wasm", invalid), "--wat"], "invalid"],
    [["inspect", m, "--disassemble", "nowhere"], "usage"],
    [["compare", m, "--invoke", "spin", "--stub-imports", "--fuel", "9"], "exhaustion"],
  ])("%j: %s", async (argv, kind) => {
    const { code, error } = await told([...argv, "--json"]);
    expect(Object.keys(error).filter((key) => key !== "file" && key !== "frames")).toEqual(
      ["kind", "reason", "message", "stack"], // prettier-ignore
    );
    expect(error).toMatchObject({ kind });
    expect(code).toBe(kind === "exhaustion" ? 1 : 2);
  });

  test("runs that are compared", async () => {
    const run = (file: string, ...argv: string[]) =>
      bobbin(["compare", file, "--json", ...argv]).then(
        ({ stdout }) => (JSON.parse(stdout) as { runs: { oracle: string; error: unknown }[] }).runs,
      );
    const trap = { kind: "trap", reason: "unreachable" };
    const stack = [expect.objectContaining({ instruction: "unreachable" })];
    expect(await run(trapping)).toMatchObject([
      { oracle: "native", error: { ...trap, message: "unreachable", frames: 1, stack } },
      { oracle: "twin", error: { ...trap, message: "unreachable", frames: 1, stack } },
      { oracle: "host", error: { ...trap, message: expect.any(String), stack: [] } },
    ]);
    const error = { kind: "host exception", reason: "host exception", message: "no", stack: [] };
    const runs = await run(asking, "--host", throwing);
    expect(runs.map((told) => told.error)).toEqual([error, error, error]);
  });
});

test.each([["run"], ["trace"], ["check"]])(
  "what wasm caught is not what the script threw later: %s",
  async (command) => {
    const file = fileOf(
      "catching.wasm",
      moduleOf(`(import "env" "ask" (func $ask))
        (func (export "main") (block $caught (try_table (catch_all $caught) (call $ask))))`).bytes,
    );
    const host = fileOf(
      "later.mjs",
      `export default () => ({
         imports: { env: { ask() { throw new RangeError("no"); } } },
         invoke(instance, name) { instance.exports[name](); throw new TypeError("later"); } });`,
    );
    const { code, stderr } = await bobbin([command, file, "--host", host]);
    expect(stderr).toBe(
      `bobbin: ${file}: host exception in host script ${host}: TypeError: later\n`,
    );
    expect(code).toBe(1);
  },
);

test("advice of one run is added to another's", async () => {
  const args = ["advise", crossing, "--stub-imports", "--invoke", "crossing"];
  const first = await bobbin([...args, "3", "--json"]);
  const both = await bobbin([...args, "2", "--with", at("first.json", first.stdout), "--json"]);
  expect(both).toMatchObject({ code: 0, stderr: "" });
  const unwinds = (json: string) => (JSON.parse(json) as { unwinds: number }).unwinds;
  const second = await bobbin([...args, "2", "--json"]);
  expect(unwinds(both.stdout)).toBe(unwinds(first.stdout) + unwinds(second.stdout));
});
