// Scripts in text, from the file to the report: every form of command, in a passing and
// in a failing way; text that is not assembled; threads by seed.

import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { main } from "../src/cli/main.js";
import { surroundings } from "../src/cli/testing.js";
import { assemble } from "../src/cli/assembler.js";
import { type Command, parseWast, Script } from "../src/index.js";

const folder = fileURLToPath(new URL("wast/", import.meta.url));

interface Entry {
  readonly file: string;
  readonly line: number;
  readonly thread?: string;
  readonly command: string;
  readonly reason: string;
}
interface Told {
  readonly passed: number;
  readonly failed: number;
  readonly notApplicable: number;
  readonly notAssembled: number;
  readonly failures: readonly Entry[];
  readonly unassembled: readonly Entry[];
}

async function bobbin(...argv: string[]) {
  let stdout = "";
  let stderr = "";
  const code = await main(argv, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    stdin: Readable.from([""]),
    surroundings: surroundings(),
  });
  return { code, stdout, stderr };
}
async function spec(file: string, ...options: string[]) {
  const { code, stdout } = await bobbin("spec", folder + file, "--json", ...options);
  return { code, ...(JSON.parse(stdout) as Told) };
}
/** Lines that hold something that begins a command. */
const commandsIn = (file: string): number =>
  readFileSync(folder + file, "utf8").match(/^\(+(?!;)/gm)!.length;

test("every form of command passes where it should", async () => {
  const told = await spec("commands.wast");
  expect([told.failures, told.unassembled]).toEqual([[], []]);
  // Two are about malformed text.
  expect([told.code, told.notApplicable]).toEqual([0, 2]);
  expect(told.passed + told.notApplicable).toBe(commandsIn("commands.wast"));
  expect(await spec("inline.wast")).toMatchObject({ passed: 1, failed: 0 });
});

test("every form of command fails where it should, and says why", async () => {
  const told = await spec("failing.wast");
  expect([told.code, told.passed]).toEqual([1, 2]);
  expect(told.passed + told.failed).toBe(commandsIn("failing.wast"));
  expect(
    told.failures.map(({ line, command, reason }) => `${line} ${command}: ${reason}`).join("\n"),
  ).toMatchSnapshot();
});

test("what could not be assembled is counted apart, with what needs it", async () => {
  const told = await spec("not-assembled.wast");
  expect(told).toMatchObject({ code: 0, failed: 0, passed: 4, notAssembled: 7 });
  const [module, needs] = told.unassembled;
  expect(module).toMatchObject({ line: 3, command: "module not-assembled.0.wat" });
  expect(module!.reason).toMatch(/unknown operator or unexpected token \(at 1:\d+ of the module\)/);
  expect(needs!.reason).toBe("it needs the module of line 3, which is not assembled");
  const { stdout } = await bobbin("spec", `${folder}not-assembled.wast`);
  expect(stdout).toMatch(/scripts +4 +0 +0 +7\n/);
  expect(stdout).toContain("[not assembled]");
});

test("without an assembler no text passes", () => {
  const { commands, read } = parseWast(readFileSync(`${folder}inline.wast`, "utf8"), "inline");
  expect([...new Script(read).run(commands)].map(({ verdict }) => verdict)).toEqual([
    { kind: "not assembled", reason: "there is no assembler for text" },
  ]);
});

describe("threads", () => {
  test("run their commands, whatever the seed", async () => {
    for (const seed of ["1", "2", "3", "4"])
      expect(await spec("threads/turns.wast", "--seed", seed)).toMatchObject({
        code: 0,
        passed: 20,
        failed: 0,
      });
  });

  test("show a race with some seeds, and again with the same ones", async () => {
    const outcome = async (seed: number) => {
      const { failures } = await spec("threads/race.wast", "--seed", String(seed));
      return failures.map(({ line, reason }) => `${line}: ${reason}`).join();
    };
    const outcomes: string[] = [];
    while (outcomes.length < 100 && new Set(outcomes).size < 2)
      outcomes.push(await outcome(outcomes.length));
    expect(outcomes).toContain("");
    const losing = outcomes.findIndex((reason) => reason !== "");
    expect(outcomes[losing]).toBe(
      `22: expected [{"type":"i32","value":"2"}], got [i32:1] (threads took turns by seed ${losing})`,
    );
    expect(await outcome(losing)).toBe(outcomes[losing]);
  });

  test("that wait for ever are told", async () => {
    const { failures, passed } = await spec("threads/deadlock.wast");
    expect(passed).toBe(7);
    expect(failures).toMatchObject([
      {
        line: 13,
        command: "wait",
        reason: expect.stringContaining("the script waits for the end of $T"),
      },
      { line: 15, command: "thread", reason: expect.stringContaining("its export m is not") },
      {
        line: 11,
        thread: "$T",
        reason: expect.stringContaining("$T waits at address 16 in w (function 0)"),
      },
    ]);
  });

  test("are the same in JSON", () => {
    const { commands, read } = parseWast(
      readFileSync(`${folder}threads/turns.wast`, "utf8"),
      "turns",
    );
    const again = JSON.parse(JSON.stringify(commands)) as Command[];
    expect(again[2]).toMatchObject({ type: "thread", name: "$waits", shared_module: "$Mem" });
    const results = [...new Script(read, { assemble }).run(again)];
    expect(results.filter(({ verdict }) => verdict.kind !== "passed")).toEqual([]);
  });
});

test("modules may be denied features", async () => {
  const { stdout, code } = await bobbin("spec", `${folder}inline.wast`, "--disable", "threads,gc");
  expect([code, stdout.includes("scripts")]).toEqual([0, true]);
  const { failures } = await spec("threads/race.wast", "--disable", "threads");
  expect(failures[0]!.reason).toContain("a shared memory needs the feature threads, which is off");
  expect(await bobbin("spec", `${folder}inline.wast`, "--features", "gcc")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('there is no feature "gcc"'),
  });
});
