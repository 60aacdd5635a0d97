// What people read, held to the letter: commands and their output, as files in
// golden/. UPDATE_GOLDEN=1 writes them anew; look at the difference before you commit.

import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { bobbin } from "../src/cli/testing.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const fixture = (file: string): string => join(root, "fixtures", file);
const CROSSING = [fixture("wasm/crossing.wasm"), "--invoke", "crossing", "1"];
const HOST = ["--host", fixture("hosts/logging.mjs")];

/** The twin with one constant changed: one byte of its behaviour is another. */
function brokenTwin(): string {
  const bytes = new Uint8Array(readFileSync(fixture("wasm/crossing.twin-O0.wasm")));
  // run_outer multiplies by ten (i32.const 10; i32.mul): now by eleven.
  const at = bytes.findIndex(
    (byte, i) => byte === 0x41 && bytes[i + 1] === 10 && bytes[i + 2] === 0x6c,
  );
  expect(at).toBeGreaterThan(0);
  bytes[at + 1] = 11;
  const file = join(mkdtempSync(join(tmpdir(), "bobbin-golden-")), "broken.wasm");
  writeFileSync(file, bytes);
  return file;
}

/** What the debugger is told: two generators deep, then after the first crossing yield. */
const SCRIPT = [
  "break run_inner",
  "continue",
  "fibers",
  "frames",
  "locals",
  "break 0x1e3",
  "continue",
  "fibers",
  "operands",
  "memory 0x4fff0 16",
  "step 3",
  "delete",
  "continue",
  "fibers",
];

/** Inside the inner generator, while its records are written, and when both are suspended. */
const STOPS = [
  "break generator_yield",
  "continue",
  "stacks",
  "delete",
  "watch 0x3fff0 24",
  "continue",
  "stacks",
  "delete",
  "stop push run_outer",
  "stop switch if fiber == 0",
  "continue",
  "step",
  "continue",
  "breakpoints",
  "stacks",
  "records",
  "memory 0x3fff0 48",
  "memory/4u32 0x4fff0",
  "regions",
  "delete",
  "stop rewound",
  "stop host-call log_i32 ignore 0",
  "continue",
  "stacks",
  "print i32[0x3fff0 + 4] == 65536 && fiber == 2",
  "continue",
  "continue",
];

/** Over a whole unwind and back, into it, and to who wrote what; then on to the end. */
const BACK = [
  "break generator_yield",
  "continue",
  "position",
  "memory 0x3fff0 48",
  "stop unwound",
  "continue",
  "stacks",
  "memory 0x3fff0 48",
  "reverse-continue",
  "position",
  "memory 0x3fff0 48",
  "reverse-finish",
  "reverse-next",
  "reverse-step 3",
  "continue",
  "continue",
  "last-write 0x3fff0 24",
  "position",
  "stacks",
  "step",
  "step",
  "reverse-step",
  "records",
  "last-write $__stack_pointer",
  "goto 1:300",
  "last-run 1",
  "event 6",
  "event 600",
  "delete",
  "stop host-call log_i32",
  "continue",
  "set local0 = 5",
  "continue",
  "reverse-continue",
  "reverse-continue",
  "reverse-step",
];

const cases: readonly (readonly [
  name: string,
  argv: () => string[],
  code: number,
  input?: string,
])[] = [
  ["demo", () => ["demo"], 0],
  ["trace-text", () => ["trace", ...CROSSING, ...HOST], 0],
  ["trace-jsonl", () => ["trace", ...CROSSING, ...HOST, "--format", "jsonl"], 0],
  ["trace-perfetto", () => ["trace", ...CROSSING, ...HOST, "--format", "perfetto"], 0],
  [
    "trace-instrumented",
    () => ["trace", fixture("wasm/crossing.twin-O2.wasm"), ...CROSSING.slice(1), ...HOST],
    0,
  ],
  [
    "trace-host-driven",
    () => [
      "trace",
      fixture("wasm/sleep.wasm"),
      "--invoke",
      "main",
      "1",
      "--host",
      fixture("hosts/sleep.mjs"),
      "--asyncify-imports",
      "env.sleep",
    ],
    0,
  ],
  ["trace-native-fibers", () => ["trace", ...CROSSING, ...HOST, "--fiber-abi", "native"], 0],
  [
    "trace-emscripten-fibers",
    () => [
      "trace",
      fixture("wasm/swaps.wasm"),
      "--invoke",
      "rally",
      "1",
      "--host",
      fixture("hosts/swaps.mjs"),
      "--asyncify-imports",
      "env.emscripten_fiber_swap",
    ],
    0,
  ],
  [
    "trace-tinygo-fibers",
    () => ["trace", fixture("wasm/tasks.wasm"), "--invoke", "run", "1", ...HOST],
    0,
  ],
  [
    "trace-tinygo-jsonl",
    () => ["trace", fixture("wasm/tasks.wasm"), "--invoke", "run", "1", ...HOST, "--json"],
    0,
  ],
  ["check", () => ["check", ...CROSSING, ...HOST], 0],
  [
    "check-overflow",
    () => [
      "check",
      fixture("wasm/overflow.wasm"),
      "--invoke",
      "main",
      "150",
      "--host",
      fixture("hosts/sleep.mjs"),
      "--asyncify-imports",
      "env.sleep",
    ],
    1,
  ],
  [
    "check-finding",
    () => ["check", fixture("misuse/fibers.twin-O2.wasm"), "--invoke", "small_stacks"],
    1,
  ],
  [
    "compare",
    () => ["compare", ...CROSSING, ...HOST, "--twin", fixture("wasm/crossing.twin-O2.wasm")],
    0,
  ],
  [
    "compare-broken",
    () => [
      "compare",
      fixture("wasm/crossing.wasm"),
      "--invoke",
      "crossing",
      "2",
      ...HOST,
      "--twin",
      brokenTwin(),
    ],
    1,
  ],
  ["compare-json", () => ["compare", ...CROSSING, "--stub-imports", "--json"], 0],
  ["advise", () => ["advise", ...CROSSING, "--stub-imports", "--optimize-level", "2"], 0],
  [
    "advise-overflow",
    () => [
      "advise",
      fixture("wasm/overflow.wasm"),
      "--invoke",
      "main",
      "150",
      "--host",
      fixture("hosts/sleep.mjs"),
    ],
    1,
  ],
  ["debug-crossing", () => ["debug", ...CROSSING, ...HOST], 0, SCRIPT.join("\n")],
  [
    "debug-native-fibers",
    () => ["debug", ...CROSSING, ...HOST, "--fiber-abi", "native"],
    0,
    SCRIPT.join("\n"),
  ],
  ["debug-back", () => ["debug", ...CROSSING, ...HOST], 0, BACK.join("\n")],
  [
    "debug-back-instrumented",
    () => ["debug", fixture("wasm/crossing.twin-O2.wasm"), ...CROSSING.slice(1), ...HOST],
    0,
    BACK.join("\n"),
  ],
  [
    "debug-back-native-fibers",
    () => ["debug", ...CROSSING, ...HOST, "--fiber-abi", "native"],
    0,
    BACK.join("\n"),
  ],
  ["debug-stops", () => ["debug", ...CROSSING, ...HOST], 0, STOPS.join("\n")],
  [
    "debug-stops-instrumented",
    () => ["debug", fixture("wasm/crossing.twin-O2.wasm"), ...CROSSING.slice(1), ...HOST],
    0,
    STOPS.join("\n"),
  ],
  [
    "debug-stops-native-fibers",
    () => ["debug", ...CROSSING, ...HOST, "--fiber-abi", "native"],
    0,
    STOPS.join("\n"),
  ],
  ["inspect-roles", () => ["inspect", fixture("wasm/crossing.wasm"), "--roles", "--sites"], 0],
];

test.each(cases)("%s", async (name, argv, code, input = "") => {
  const ran = await bobbin(argv(), input);
  const text = [ran.stdout, ran.stderr]
    .join(ran.stderr === "" ? "" : "--- stderr\n")
    .replaceAll(/\(V8 [^)]*\) */g, "(V8 VERSION) ")
    .replaceAll(`V8 ${process.versions.v8}`, "V8 VERSION")
    .replaceAll(root, "")
    // The broken twin lies in a folder with a name of its own.
    .replaceAll(/\S*bobbin-golden-[^/]+\//g, "");
  const file = fileURLToPath(new URL(`golden/${name}.golden.txt`, import.meta.url));
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, text);
  expect(text).toBe(readFileSync(file, "utf8"));
  expect(ran.code).toBe(code);
});

test("the page on the debugger shows a session as it is", () => {
  const page = readFileSync(join(root, "docs/debug.md"), "utf8");
  const golden = new URL("golden/debug-stops.golden.txt", import.meta.url);
  const session = readFileSync(golden, "utf8").split("\n");
  const shown = /<!-- debug -->\n+```[a-z]*\n([^]*?)```/.exec(page)![1]!.split("\n");
  const prompt = "(bobbin) ";
  const commands = shown.filter((line) => line.startsWith(prompt)).map((line) => line.slice(prompt.length)); // prettier-ignore
  expect(commands.filter((command) => !STOPS.includes(command))).toEqual([]);
  const output = shown.filter((line) => !line.startsWith(prompt) && line !== "" && line !== "…");
  expect(output.length).toBeGreaterThan(30);
  expect(output.filter((line) => !session.includes(line))).toEqual([]);
});

test("the page on asyncify shows a trace as it is", () => {
  const page = readFileSync(join(root, "docs/asyncify.md"), "utf8");
  const trace = readFileSync(new URL("golden/trace-host-driven.golden.txt", import.meta.url), "utf8").split("\n"); // prettier-ignore
  const shown = /<!-- trace -->\n+```[a-z]*\n([^]*?)```/
    .exec(page)![1]!
    .split("\n")
    .slice(1)
    .filter((line) => line !== "" && line !== "…");
  expect(shown.length).toBeGreaterThan(10);
  expect(shown.filter((line) => !trace.includes(line))).toEqual([]);
});

test("the README shows the beginning of the demo as it is", () => {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const demo = readFileSync(new URL("golden/demo.golden.txt", import.meta.url), "utf8").split("\n");
  const shown = /<!-- demo -->\n+```[a-z]*\n([^]*?)```/
    .exec(readme)![1]!
    .split("\n")
    .filter((line) => line.trim() !== "" && line.trim() !== "…");
  expect(shown.length).toBeGreaterThan(15);
  expect(shown.filter((line) => !demo.includes(line))).toEqual([]);
});
