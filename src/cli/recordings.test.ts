// Recordings on the command line: made by whatever runs a program, looked at without its host.

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { bobbin, fileOf, wat } from "./testing.js";

const fixture = (file: string): string =>
  fileURLToPath(new URL(`../../fixtures/${file}`, import.meta.url));
const file = (): string => join(mkdtempSync(join(tmpdir(), "bobbin-recording-")), "run.rec");
const SLEEP = [fixture("wasm/sleep.wasm"), "--invoke", "main", "2", "--host", fixture("hosts/sleep.mjs"), "--asyncify-imports", "env.sleep"]; // prettier-ignore

test("a program that its host drives is recorded, and looked at without the host", async () => {
  const out = file();
  const plain = await bobbin(["run", ...SLEEP]);
  const recorded = await bobbin(["record", ...SLEEP, "-o", out]);
  expect(recorded).toMatchObject({ code: 0, stdout: plain.stdout });
  expect(recorded.stderr).toMatch(/run\.rec: \d+ bytes, 243 instructions, 38 entries from outside/);
  const script =
    "position\nstop rewind\ncontinue\ncontinue\nreverse-continue\nreverse-step\nposition\n";
  const { code, stdout } = await bobbin(["debug", "--recording", out], script);
  expect(code).toBe(0);
  expect(stdout.split("\n")).toEqual([
    "main_naps+0x0  0x00c5  block",
    "1:0",
    "stop 1 on rewind",
    "stop 1: rewind started, data 0x10000",
    "no frame",
    "stop 1: rewind started, data 0x10000",
    "no frame",
    "stop 1: rewind started, data 0x10000",
    "no frame",
    expect.stringMatching(/between two frames of an unwind/),
    expect.stringMatching(/^\d+:\d+\+\d+$/),
    "",
  ]);
});

test("back to the call of a frame, also of the outermost of a later call", async () => {
  const out = file();
  const program = fileOf(
    "twice.wasm",
    wat(`(module
      (func $inner (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
      (func (export "main") (param $n i32) (result i32) (call $inner (local.get $n))))`),
  );
  const host = fileOf(
    "twice.mjs",
    `export default () => ({ invoke: ({ exports: { main } }, _name, [n]) => main(main(n)) });`,
  );
  const call = ["--invoke", "main", "5", "--host", host];
  expect(await bobbin(["record", program, ...call, "-o", out])).toMatchObject({
    stdout: "i32:7\n",
  });
  const back = "reverse-finish\nposition\n";
  const script = `break inner\ncontinue\ncontinue\nposition\n${back}${back}locals\n`;
  const { stdout } = await bobbin(["debug", "--recording", out], script);
  expect(stdout.split("\n").slice(5)).toEqual([
    expect.stringMatching(/^inner\+0x0/),
    "2:9",
    expect.stringMatching(/^main\+0x2 .* call \$inner$/),
    "2:8",
    expect.stringMatching(/^main\+0x0/),
    "2:7",
    "  0  $n  i32:6",
    "",
  ]);
});

test.each([
  ["1", "the program returned i32:1"],
  ["0", "trap: integer divide by zero in main (function 0) at byte 0x"],
])("where a run ended it has ended, whoever goes there: %s", async (argument, told) => {
  const out = file();
  const text = `(module (func (export "main") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0))))`;
  const program = fileOf("ends.wasm", wat(text));
  await bobbin(["record", program, "--invoke", "main", argument, "-o", out]);
  const first = await bobbin(["debug", "--recording", out], "continue\nposition\n");
  const end = first.stdout.trim().split("\n").at(-1)!;
  const script = `goto ${end}\nstep\nreverse-step\ngoto ${end}\n`;
  const live = ["debug", program, "--invoke", "main", argument];
  for (const [argv, before] of [
    [["debug", "--recording", out], ""],
    [live, "continue\nreverse-step\n"],
  ] as const) {
    const lines = (await bobbin(argv, before + script)).stdout.trim().split("\n").slice(before === "" ? 1 : 3); // prettier-ignore
    expect(lines[0]).toContain(told);
    expect(lines[1]).toBe("the program has ended");
    expect(lines[2]).toMatch(/^\S+\+0x/);
    expect(lines[3]).toBe(lines[0]);
  }
});

test("a run that traps is recorded to where it does", async () => {
  const out = file();
  const program = fileOf("div.wasm", wat(`(module (func (export "main") (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0))))`)); // prettier-ignore
  const run = await bobbin(["run", program, "--invoke", "main", "0", "--record", out]);
  expect(run.code).toBe(1);
  const { code, stdout } = await bobbin(["debug", "--recording", out], "continue\nreverse-step\nlocals\n"); // prettier-ignore
  expect(stdout).toMatch(/trap: integer divide by zero[^]*i32\.div_s\n {2}0 {2}i32:0/);
  expect(code).toBe(0);
});

test("what is no recording, damaged, or not there", async () => {
  const out = file();
  await bobbin(["record", ...SLEEP, "-o", out]);
  const bytes = new Uint8Array(readFileSync(out));
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(out, bytes);
  const damaged = await bobbin(["debug", "--recording", out]);
  expect(damaged).toMatchObject({ code: 2 });
  expect(damaged.stderr).toMatch(/run\.rec: recording: the checksum does not fit/);
  const other = await bobbin(["debug", "--recording", fixture("wasm/sleep.wasm")]);
  expect(other).toMatchObject({ code: 2 });
  expect(other.stderr).toMatch(/this is no recording/);
  expect(await bobbin(["debug", "--recording", `${out}.no`])).toMatchObject({ code: 2 });
  expect(await bobbin(["record", ...SLEEP])).toMatchObject({ code: 2 });
  expect(await bobbin(["record", ...SLEEP, "-o", "/no/such/folder/x"])).toMatchObject({ code: 2 });
});

test("without a recorder there is no way back", async () => {
  const { stdout } = await bobbin(
    ["debug", fixture("wasm/simple.wasm"), "--invoke", "sum", "3", "--stub-imports", "--no-record"],
    "step\nreverse-step\nposition\n",
  );
  expect(stdout).toMatch(/the program is not recorded: there is no way back\nthe program is not recorded/); // prettier-ignore
});
