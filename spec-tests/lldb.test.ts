// What LLDB shows of a program that Bobbin runs, held to the letter as files in golden/ (see
// golden.test.ts). Other versions than the one that wrote them print other texts: they are
// not asked. Where it is missing this is said loudly; BOBBIN_REQUIRE_LLDB=1 makes it a failure.

import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "@jest/globals";
import { serveGdb } from "../src/cli/gdb.testing.js";
import { fileOf, wat } from "../src/cli/testing.js";
import { skipLoudly } from "./skip.js";

const VERSION = "22";
const root = fileURLToPath(new URL("..", import.meta.url));
const fixture = (file: string): string => join(root, "fixtures", file);

/** LLDB's program, if it is there in the version that is wanted. */
function findLldb(): string | null {
  return (
    [`lldb-${VERSION}`, "lldb"].find((program) => {
      try {
        const said = execFileSync(program, ["--version"], { encoding: "utf8", stdio: "pipe" });
        return said.includes(`version ${VERSION}.`);
      } catch {
        return false;
      }
    }) ?? null
  );
}

const SETTINGS = [
  "settings set use-color false",
  "settings set symbols.enable-external-lookup false",
  `settings set target.source-map /project ${fixture("src")}`,
];

/** What LLDB says to commands, and the program to its run. */
async function transcript(lldb: string, argv: readonly string[], commands: readonly string[]) {
  const { port, code, written } = await serveGdb(argv);
  const script = join(mkdtempSync(join(tmpdir(), "bobbin-lldb-")), "script.lldb");
  const connect = `process connect --plugin wasm connect://localhost:${port}`;
  writeFileSync(script, [...SETTINGS, connect, ...commands].join("\n"));
  const { stdout } = await promisify(execFile)(lldb, ["--no-lldbinit", "--batch", "-s", script]);
  const status = await code;
  const shown = stdout.slice(stdout.indexOf(connect) - "(lldb) ".length);
  const stubs = written.stderr.split("\n").filter((line) => line.startsWith("stub "));
  const end = [written.stdout, ...stubs].filter(Boolean).join("\n");
  return `${shown}\n${end}\nexit code ${status}\n`.replaceAll(String(port), "PORT");
}

function expectGolden(name: string, text: string): void {
  const file = join(root, "spec-tests/golden", `lldb-${name}.golden.txt`);
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, "utf8"));
}

const NATIVE = ["--fiber-abi", "native"];

const SESSIONS: readonly (readonly [
  name: string,
  argv: () => readonly string[],
  commands: readonly string[],
])[] = [
  [
    "source",
    () => [fixture("lldb/crossing.wasm"), "--stub-imports", "--invoke", "crossing", "3"],
    [
      "breakpoint set --name run_inner",
      "continue",
      "thread list",
      "thread backtrace",
      "frame variable",
      "expression self->argument + i",
      "next",
      "next",
      "step",
      "frame variable",
      "breakpoint set --name generator_yield --condition 'value == 3'",
      "continue",
      "frame variable value",
      "breakpoint delete 2",
      "up",
      "frame variable",
      "finish",
      "target variable outer",
      "memory read --size 4 --format d --count 4 &inner",
      "memory write --size 4 0x10 7",
      "memory read --count 8 0x10",
      "memory region 0",
      "breakpoint delete 1",
      "continue",
    ],
  ],
  [
    "fibers",
    () => [fixture("lldb/crossing.wasm"), "--stub-imports", "--invoke", "crossing", "3"],
    [
      "watchpoint set variable outer.value",
      "continue",
      "continue",
      // `thread select` shows the thread at some time later.
      "script _ = lldb.process.SetSelectedThreadByIndexID(3)",
      "frame variable",
      "up",
      "frame variable",
      "thread backtrace all",
      "watchpoint delete 1",
      "process kill",
    ],
  ],
  [
    "unwind",
    () => [fixture("lldb/crossing.wasm"), "--stub-imports", "--invoke", "crossing", "3"],
    [
      "process plugin packet monitor stop push",
      "continue",
      "continue",
      "process plugin packet monitor records",
      "thread backtrace",
      "process plugin packet monitor delete",
      "process plugin packet monitor stop rewound",
      "continue",
      "thread backtrace",
      "process kill",
    ],
  ],
  [
    "back",
    () => [fixture("lldb/crossing.wasm"), "--stub-imports", "--invoke", "crossing", "3"],
    [
      "breakpoint set --name generator_yield",
      "continue",
      "frame variable",
      // Where the yield will write its records.
      "memory read --count 32 0x3ffd0",
      "continue",
      "frame variable",
      "memory read --count 32 0x3ffd0",
      "process continue --reverse",
      "frame variable",
      "memory read --count 32 0x3ffd0",
      "thread backtrace",
      "process continue --reverse",
      "process continue --forward",
      "next",
      "process continue --reverse",
      "breakpoint delete 1",
      "watchpoint set variable outer.value",
      "process continue --forward",
      "process continue --forward",
      // Who wrote the value that it had before?
      "process continue --reverse",
      "process continue --reverse",
      "thread backtrace",
      "process kill",
    ],
  ],
  [
    "instructions",
    () => [
      fixture("wasm/crossing.O0.wasm"),
      ...NATIVE,
      "--stub-imports",
      "--invoke",
      "crossing",
      "3",
    ],
    [
      "breakpoint set --name generator_yield",
      "continue",
      "thread step-inst",
      "breakpoint set --address 0x4000000000000679",
      "breakpoint list --brief",
      "continue",
      "process plugin packet send qWasmLocal:0;1",
      "process plugin packet send qWasmStackValue:0;0",
      "process plugin packet send qWasmStackValue:1;0",
      "process plugin packet send qWasmGlobal:0;0",
      "thread backtrace all",
      "image list",
      "process kill",
    ],
  ],
  [
    "trap",
    () => {
      const file = fileOf(
        "div.wasm",
        wat(`(module (func $div (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
          (func (export "main") (result i32) (call $div (i32.const 1) (i32.const 0))))`),
      );
      return [file, "--invoke", "main"];
    },
    ["continue", "thread backtrace", "continue"],
  ],
];

const lldb = findLldb();
describe("LLDB", () => {
  if (lldb === null) {
    const warning = `SKIPPED: there is no lldb ${VERSION} here, nothing was shown by it`;
    if (process.env["BOBBIN_REQUIRE_LLDB"] === "1")
      test(warning, () => expect(lldb).not.toBeNull());
    return skipLoudly(warning);
  }
  test.each(SESSIONS)("shows %s", async (name, argv, commands) => {
    expectGolden(name, await transcript(lldb, argv(), commands));
  });
});
