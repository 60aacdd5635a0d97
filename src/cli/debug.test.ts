// Golden transcripts of the debugger, and its monitors over whole runs of fixtures.

import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { DebugSession } from "../debug/session.js";
import { frameViews, localsOf, operandsOf } from "../debug/views.js";
import { exportedFunction, parseArguments } from "./call.js";
import { Context } from "./context.js";
import { main } from "./main.js";
import { open } from "./session.js";
import { bobbin, fileOf, surroundings, wat } from "./testing.js";

const program = fileOf(
  "debug.wasm",
  wat(`(module
  (import "env" "ask" (func $ask (param i32) (result i32)))
  (memory 1)
  (data (i32.const 16) "Hello, bobbin")
  (global $count (mut i64) (i64.const 3))
  (func $div (param $a i32) (param $b i32) (result i32)
    (i32.div_s (local.get $a) (local.get $b)))
  (func $twice (param $f f64) (result f64) (f64.add (local.get $f) (local.get $f)))
  (func $main (export "main") (param $n i32) (result i32) (local $x f64)
    (local.set $x (call $twice (f64.const 1.5)))
    (global.set $count (i64.add (global.get $count) (i64.const 1)))
    (i32.add
      (call $div (i32.const 100) (local.get $n))
      (call $ask (i32.const 7)))))`),
);

const transcript = async (commands: string, ...args: string[]) =>
  bobbin(["debug", program, "--stub-imports", "--invoke", "main", ...args], commands);

test("stepping, looking, breakpoints", async () => {
  const { stdout, stderr, code } = await transcript(
    `# a comment
step
step

finish
locals
step
locals
globals
break div
break twice+0x2
breakpoints
delete 2
continue
frames
operands
step 2
operands
frame 1
operands
locals
memory 0x10 20
list
disassemble twice
next
next
info
fibers
delete
breakpoints
continue
continue
finish
frames
`,
    "5",
  );
  expect(stderr).toBe("stub env.ask(i32:7) -> i32:0\n");
  expect(code).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
   "main+0x0  0x005f  f64.const 1.5
   main+0x9  0x0068  call $twice
   twice+0x0  0x0055  local.get $f
   twice+0x2  0x0057  local.get $f
   twice returned f64:3.0
   main+0xb  0x006a  local.set $x
     0  $n  i32:5
     1  $x  f64:0.0
   main+0xd  0x006c  global.get $count
     0  $n  i32:5
     1  $x  f64:3.0
     0  $count  mut i64  i64:3
   breakpoint 1 at div+0x0  0x004d  local.get $a
   breakpoint 2 at twice+0x2  0x0057  local.get $f
     1  div+0x0  0x004d  local.get $a
     2  twice+0x2  0x0057  local.get $f
   breakpoint 1
   div+0x0  0x004d  local.get $a
   * #0 div+0x0  0x004d  local.get $a
     #1 main+0x19  0x0078  call $div
   no operands
   div+0x4  0x0051  i32.div_s
     0  i32:100
     1  i32:5
   * #1 main+0x19  0x0078  call $div
     0  i32:100
     1  i32:5
     0  $n  i32:5
     1  $x  f64:3.0
     0x000010  48 65 6c 6c 6f 2c 20 62 6f 62 62 69 6e 00 00 00  Hello, bobbin...  data segment 0
     0x000020  00 00 00 00                                      ....
      0x006e  i64.const 1
      0x0070  i64.add
      0x0071  global.set $count
      0x0073  i32.const 100
      0x0076  local.get $n
   >  0x0078  call $div
      0x007a  i32.const 7
      0x007c  call $ask
      0x007e  i32.add
      0x007f  end
      0x0055  local.get $f
      0x0057  local.get $f
      0x0059  f64.add
      0x005a  end
   div+0x5  0x0052  end
   main+0x1b  0x007a  i32.const 7
   fiber 1 suspended, 1 of at most 100000 frames
   18 instructions executed, 1 breakpoint
   main+0x1b  0x007a  i32.const 7
   * machine fiber 1 suspended, 1 frame, at main+0x1b  0x007a  i32.const 7
   no breakpoints
   the program returned i32:20
   the program has ended
   the program has ended
   the program has returned
   "
  `);
});

test("next steps over calls, also of the host; finish of an outer frame; traps", async () => {
  const { stdout, stderr, code } = await transcript(
    "next\nnext\nbreak div+4\nc\nframe 1\nfinish\nbt\nlocals\noperands\nstep\ninfo\n",
    "0",
  );
  expect(stderr).toBe("");
  expect(code).toBe(1);
  expect(stdout).toMatchInlineSnapshot(`
   "main+0x0  0x005f  f64.const 1.5
   main+0x9  0x0068  call $twice
   main+0xb  0x006a  local.set $x
   breakpoint 1 at div+0x4  0x0051  i32.div_s
   breakpoint 1
   div+0x4  0x0051  i32.div_s
   * #1 main+0x19  0x0078  call $div
   trap: integer divide by zero in div (function 1) at byte 0x51 (i32.div_s)
   * #0 div+0x4  0x0051  i32.div_s
     #1 main+0x19  0x0078  call $div
     0  $a  i32:100
     1  $b  i32:0
     0  i32:100
     1  i32:0
   the program has ended
   fiber 1 ended (trapped), 2 of at most 100000 frames
   17 instructions executed, 1 breakpoint
   div+0x4  0x0051  i32.div_s
   "
  `);
});

test("what is wrong is told, and the session goes on", async () => {
  const { stdout, stderr, code } = await transcript(
    `stpe
frobnicate
break
break nowhere
break dvi
break ask
break 0xfffff
break div+0x99
delete 7
delete x
frame 4
memory
memory 0xffff 2
memory zero
step -1
step 0
reverse-step 0
event 0
save ./no/such/folder/file
disassemble ask
quit
step
`,
    "5",
  );
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(stdout).toMatchInlineSnapshot(`
   "main+0x0  0x005f  f64.const 1.5
   unknown command "stpe": did you mean step?
   unknown command "frobnicate": help lists all
   break where? a function or 0xOFFSET
   there is no function "nowhere"
   there is no function "dvi": did you mean div?
   env.ask is imported: it has no code to stop in
   byte 0xfffff is in no function
   div has 6 bytes of code
   there is no breakpoint 7
   x is no breakpoint number
   there is no frame 4, the outermost is 0
   address is missing
   bytes 0xffff to 0x10001 are out of bounds: memory has 0x10000
   zero is no address
   -1 is no count
   0 is no count: once is the least
   0 is no count: once is the least
   events are numbered from 1 on
   ./no/such/folder/file: no such file
   env.ask is imported: it has no code
   "
  `);
});

test("control characters of names and commands do not reach the terminal", async () => {
  const file = fileOf(
    "control.wat",
    `(module (func $"a\\1b[31mred\\07" (export "f") (param i32) (result i32)
      (i32.div_u (i32.const 1) (local.get 0))))`,
  );
  const script =
    "frames\nbreak 0\ndelete \x1b\nprint $\x1b[2J\nlayout code\ndisassemble\ncontinue\n";
  const run = async (option: string) =>
    (await bobbin(["debug", file, "--invoke", "f", "0", option], script)).stdout;
  const plain = await run("--no-color");
  expect(plain).toContain("#0 a\\u{1b}[31mred\\u{7}+0x0");
  expect(plain.replace(/\n/g, "")).not.toMatch(/\p{Cc}/u);
  // Colours are all that a name can change then.
  expect((await run("--color")).replace(/\p{Cc}\[[\d;]+m|\n/gu, "")).not.toMatch(/\p{Cc}/u);
});

test("a host that writes and throws: what wasm catches is told, there and back", async () => {
  const file = fileOf(
    "fails.wat",
    `(module
      (import "env" "fail" (func $fail))
      (memory (export "memory") 1)
      (func (export "main") (result i32)
        (block $h (try_table (catch_all $h) (call $fail)))
        (i32.load (i32.const 8))))`,
  );
  const host = fileOf(
    "fails.mjs",
    `export default () => {
      let memory;
      const fail = () => {
        new DataView(memory.buffer).setInt32(8, 77, true);
        throw new Error("of the host");
      };
      return { imports: { env: { fail } }, onInstance(made) { memory = made.exports.memory; } };
    };`,
  );
  const script =
    "watch i32[8]\ncontinue\ndelete\nstop catch\nreverse-continue\ncontinue\ncontinue\nreverse-continue\n"; // prettier-ignore
  const { stdout } = await bobbin(["debug", file, "--invoke", "main", "--host", host], script);
  expect(stdout.match(/^(watchpoint .*by|stop|the program|  was).*/gm)).toEqual([
    "watchpoint 1: i32[0x8], written by the host in env.fail",
    "  was 0, is 77",
    "stop 2 on catch",
    "stop 2: an exception was caught in main",
    "stop 2: an exception was caught in main",
    "the program returned i32:77",
    "stop 2: an exception was caught in main",
  ]);
});

test("every command has help", async () => {
  const { stdout } = await transcript("help\n", "5");
  expect(stdout).toMatch(/step \[N\] +s +execute one instruction/);
});

test("commands of a file come first; colours where they are asked for", async () => {
  const commands = fileOf("commands.txt", "break div\n\n# a comment\ncontinue\n");
  const { stdout } = await transcript("bt\nx 16 16\n", "5", "-x", commands, "--color");
  expect(stdout.split("\n").slice(1)).toEqual([
    "breakpoint 1 at div+0x0  0x004d  local.get $a",
    "\u001b[1mbreakpoint 1\u001b[0m",
    "div+0x0  0x004d  local.get $a",
    "* #0 div+0x0  0x004d  local.get $a",
    "  #1 main+0x19  0x0078  call $div",
    expect.stringContaining("\u001b[34m48\u001b[0m "),
    "",
  ]);
  const missing = await transcript("", "5", "-x", "/no/such/file");
  expect([missing.code, missing.stderr]).toEqual([
    2,
    expect.stringMatching(/\/no\/such\/file: no such file/),
  ]);
});

/** A session on a terminal: keys go in, what is shown comes out. */
async function onTerminal(env: Record<string, string>, keys: string, ...args: string[]) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => {} });
  let shown = "";
  const stdout = Object.assign(new PassThrough(), { isTTY: true, columns: 100, rows: 30 });
  stdout.on("data", (chunk: Buffer) => (shown += chunk.toString()));
  const argv = ["debug", program, "--stub-imports", "--invoke", "main", "5", ...args];
  const ended = main(argv, {
    stdout,
    stderr: { write: () => {} },
    stdin,
    surroundings: { ...surroundings(), env },
  });
  for (const key of keys) {
    stdin.write(key);
    await setTimeout(5);
  }
  const code = await ended;
  return { code, shown };
}

test("a terminal has completion, colours and a history for the next session", async () => {
  const state = mkdtempSync(join(tmpdir(), "bobbin-state-"));
  const env = { XDG_STATE_HOME: state };
  const first = await onTerminal(env, "tbr\t twi\t\rc\rlayout code\rquit\r");
  expect(first.code).toBe(0);
  expect(first.shown).toContain("\u001b[1mbreakpoint 1\u001b[0m");
  // The screen is made empty for the panes.
  expect(first.shown).toContain("\u001b[H\u001b[2J");
  const file = join(state, "bobbin", "debug-history");
  expect(readFileSync(file, "utf8")).toBe("tbreak twice\nc\nlayout code\nquit\n");
  // Up, four times, and Enter: the first line again.
  const up = "\u001b[A";
  const second = await onTerminal({ ...env, NO_COLOR: "1" }, `${up.repeat(4)}\rc\rq\r`);
  expect(second.shown).toContain("breakpoint 1 at twice");
  expect(second.shown).not.toContain("\u001b[1m");
  await onTerminal(env, "step\rq\r", "--no-history");
  expect(readFileSync(file, "utf8")).toMatch(/quit\ntbreak twice\nc\nq\n$/);
});

const fixtures = fileURLToPath(new URL("../../fixtures/", import.meta.url));

test.each([
  ["crossing.O0", "crossing", "2"],
  ["types", "as_f64", "3"],
])("types agree with slots at every step: %s", async (name, invoke, argument) => {
  const context = new Context({
    stdout: { write: () => {} },
    stderr: { write: () => {} },
    stdin: process.stdin,
    surroundings: surroundings(),
  });
  const options = { host: `${fixtures}hosts/logging.mjs` };
  const session = await open(`${fixtures}wasm/${name}.wasm`, options, context);
  const func = exportedFunction(session.instance, invoke);
  const args = parseArguments(invoke, func, [argument]);
  const [wanted] = await session.invoke(invoke, args);
  session.machine.start(func, args);
  const debug = new DebugSession(session.machine, session.instance);
  const STEPS = 1500;
  for (let i = 0; i < STEPS && debug.end === null; i++) {
    for (const { level } of frameViews(debug.fiber)) {
      localsOf(debug.fiber, level);
      operandsOf(debug.fiber, level);
    }
    await debug.step();
  }
  if (debug.end === null) await debug.continue();
  expect(debug.end).toEqual({ kind: "returned", results: [wanted] });
});
