// Breakpoints in code: lines, functions, instructions; conditions, counts and messages.

import { afterEach, expect, test } from "@jest/globals";
import { atLine, lineOf, main, program, TEXT } from "./program.testing.js";
import { closeClients, fixture, open } from "./testing.js";

afterEach(closeClients);

test("a line of a source, or the next one with code", async () => {
  const c = open();
  const stop = await c.until(() =>
    c.begin(main, async () => {
      const { breakpoints } = await c.ask("setBreakpoints", {
        source: { path: program },
        breakpoints: [{ line: lineOf("nothing here") }, { line: 500 }],
      });
      expect(breakpoints).toEqual([
        {
          id: 1,
          verified: true,
          instructionReference: expect.stringMatching(/^0x/),
          source: { name: "stops.wat", path: program },
          line: lineOf("(local.set $sum"),
          column: TEXT.split("\n")[10]!.indexOf("(local.get $sum") + 1,
        },
        {
          id: 2,
          verified: false,
          message: "no code comes from line 500 or those after it",
          reason: "failed",
        },
      ]);
    }),
  );
  expect(stop).toMatchObject({ reason: "breakpoint", hitBreakpointIds: [1] });
  expect((await c.stack())[0]).toMatch(/^main .* stops.wat:11$/);
  // The round is one line after the other.
  const lines: string[] = [];
  for (let i = 0; i < 5; i++) {
    await c.until(() => c.ask("next", { threadId: c.thread }));
    lines.push((await c.stack())[0]!.replace(/.*:/, ""));
  }
  expect(lines).toEqual(["12", "13", "14", "15", "11"]);
  // None are left, and it runs to its end.
  await c.ask("setBreakpoints", { source: { path: program }, breakpoints: [] });
  await Promise.all([c.waitForEvent("terminated"), c.ask("continue", { threadId: c.thread })]);
});

test("columns tell the instructions of a line apart", async () => {
  const c = open();
  await c.enter(main);
  const line = lineOf("(local.set $sum");
  const { breakpoints } = await c.ask("breakpointLocations", { source: { path: program }, line });
  expect(breakpoints).toMatchInlineSnapshot(`
   [
     {
       "column": 7,
       "line": 11,
     },
     {
       "column": 23,
       "line": 11,
     },
     {
       "column": 32,
       "line": 11,
     },
     {
       "column": 49,
       "line": 11,
     },
     {
       "column": 63,
       "line": 11,
     },
   ]
  `);
  const column = TEXT.split("\n")[line - 1]!.indexOf("(call $square") + 1;
  const set = await c.ask("setBreakpoints", atLine(line, { column }));
  expect(set.breakpoints[0]).toMatchObject({ verified: true, line, column });
});

test("a line of the text of a module without source", async () => {
  const c = open();
  await c.enter({ program: fixture("wasm/crossing.wasm"), invoke: "crossing", args: ["1"], host: fixture("hosts/logging.mjs") }); // prettier-ignore
  const { source } = await c.top();
  const { content } = await c.ask("source", {
    source: source!,
    sourceReference: source!.sourceReference!,
  });
  const line = content.split("\n").findIndex((text) => text.includes("(func $run_inner")) + 1;
  const { breakpoints } = await c.ask("setBreakpoints", {
    source: source!,
    breakpoints: [{ line }],
  });
  await c.until(() => c.ask("continue", { threadId: c.thread }));
  const top = await c.top();
  expect(top.name).toBe("run_inner");
  expect(top.line).toBe(breakpoints[0]!.line);
  expect(
    await c.refusal("setBreakpoints", { source: { sourceReference: 5 }, breakpoints: [] }),
  ).toBe("no failure");
});

test.each(["traps.O0.dwarf5", "traps.O2.dwarf4", "traps.O2.dwarf3", "mapped"])(
  "lines of C, where it lies now: %s",
  async (name) => {
    const c = open();
    await c.enter({
      program: fixture(`debug/${name}.wasm`),
      invoke: "mean",
      args: [3],
      stubImports: true,
      substitutePath: [{ from: "/project/", to: fixture("debug/") }],
    });
    const path = fixture("debug/traps.c");
    expect((await c.top()).source).toEqual({ name: "traps.c", path });
    const loaded = await c.ask("loadedSources", {});
    expect(loaded.sources.map((source) => source.path ?? source.name)).toEqual([
      path,
      `${name}.wat`,
    ]);
    const { breakpoints } = await c.ask("setBreakpoints", { source: { path }, breakpoints: [{ line: 10 }] }); // prettier-ignore
    expect(breakpoints[0]).toMatchObject({ verified: true, line: 10 });
    const stop = await c.until(() => c.ask("continue", { threadId: c.thread }));
    expect(stop).toMatchObject({ reason: "breakpoint", hitBreakpointIds: [1] });
    expect((await c.stack()).map((frame) => frame.replace(/ 0x\w+/, ""))[0]).toBe(
      "divide traps.c:10",
    );
    // Back over the lines of its caller.
    await c.until(() => c.ask("stepOut", { threadId: c.thread }));
    const lines: number[] = [];
    for (let i = 0; i < 3; i++) {
      await c.until(() => c.ask("stepBack", { threadId: c.thread }));
      lines.push((await c.top()).line);
    }
    expect(lines.every((line) => line >= 13 && line <= 27)).toBe(true);
    expect(new Set(lines).size).toBeGreaterThan(1);
  },
);

test("sources that are not here are shown as the module's text", async () => {
  const c = open();
  await c.enter({ program: fixture("debug/traps.O2.dwarf5.wasm"), invoke: "mean", args: [3], stubImports: true }); // prettier-ignore
  expect((await c.top()).source).toMatchObject({ name: "traps.O2.dwarf5.wat", sourceReference: 1 });
});

test("functions and instructions", async () => {
  const c = open();
  await c.enter(main);
  const functions = await c.ask("setFunctionBreakpoints", {
    breakpoints: [{ name: "square" }, { name: "sqare" }, { name: "ask" }],
  });
  expect(
    functions.breakpoints.map(({ verified, message, line }) => message ?? `${verified} ${line}`),
  ).toEqual([
    `true ${lineOf("i32.mul")}`,
    'there is no function "sqare": did you mean square?',
    "env.ask is imported: it has no code to stop in",
  ]);
  const stop = await c.until(() => c.ask("continue", { threadId: c.thread }));
  expect(stop).toMatchObject({ reason: "function breakpoint", hitBreakpointIds: [1] });
  const { instructionPointerReference } = await c.top();
  await c.ask("setFunctionBreakpoints", { breakpoints: [] });
  const instructions = await c.ask("setInstructionBreakpoints", {
    breakpoints: [
      { instructionReference: instructionPointerReference!, offset: 4 },
      { instructionReference: "0x2" },
      { instructionReference: "0x100000002" },
    ],
  });
  expect(instructions.breakpoints.map(({ verified, message }) => message ?? verified)).toEqual([
    true,
    "byte 0x2 is in no function",
    "there is no code at 0x100000002",
  ]);
  expect(await c.until(() => c.ask("continue", { threadId: c.thread }))).toMatchObject({
    reason: "instruction breakpoint",
    hitBreakpointIds: [4],
  });
});

test.each([
  [{ condition: "$i == 3" }, [3]],
  [{ condition: "i32[32] > 4 && $n == 5" }, [3, 4]],
  [{ hitCondition: "3" }, [2, 3, 4]],
  [{ hitCondition: "== 2" }, [1]],
  [{ hitCondition: "% 2" }, [1, 3]],
  [{ hitCondition: "<3", condition: "$i != 0" }, [1, 2]],
])("conditions and counts: %j", async (options, expected) => {
  const c = open();
  await c.enter(main);
  await c.ask("setBreakpoints", atLine(lineOf("(local.set $sum"), options));
  const seen: number[] = [];
  for (;;) {
    const stopped = c.waitForEvent("stopped").then(() => "stopped");
    const ended = c.waitForEvent("terminated").then(() => "ended");
    await c.ask("continue", { threadId: c.thread });
    if ((await Promise.race([stopped, ended])) === "ended") break;
    seen.push(Number((await c.scope("Locals")).get("$i")!.value));
  }
  expect(seen).toEqual(expected);
});

test("what is wrong with a condition is told where it is set, or where it cannot be told true", async () => {
  const c = open();
  await c.enter(main);
  const set = async (options: object) =>
    (await c.ask("setBreakpoints", atLine(lineOf("(local.set $sum"), options))).breakpoints[0]!;
  expect(await set({ condition: "$i ==" })).toMatchObject({ verified: false, message: expect.stringContaining("expected a value") }); // prettier-ignore
  expect(await set({ hitCondition: "often" })).toMatchObject({ verified: false, message: expect.stringContaining("is no hit condition") }); // prettier-ignore
  expect(await set({ logMessage: "a {" })).toMatchObject({ verified: true });
  expect(await set({ logMessage: "a {1 +}" })).toMatchObject({ verified: false });
  expect(await set({ condition: "i32[0x10000000]" })).toMatchObject({ verified: true });
  const stop = await c.until(() => c.ask("continue", { threadId: c.thread }));
  expect(stop.text).toMatch(/its condition: 4 bytes at 0x10000000 are out of bounds/);
});

test("log points tell, and do not stop; neither steps over them", async () => {
  const c = open();
  await c.enter(main);
  const point = { line: lineOf("i32.mul"), logMessage: "x is {$x}, {$y}", hitCondition: "<= 2" };
  await c.ask("setBreakpoints", { source: { path: program }, breakpoints: [point] });
  await c.until(() => c.ask("next", { threadId: c.thread }));
  await c.until(() => c.ask("next", { threadId: c.thread }));
  expect((await c.stack())[0]).toMatch(/^main .*:12$/);
  await Promise.all([c.waitForEvent("terminated"), c.ask("continue", { threadId: c.thread })]);
  const problem = "($y is no local of the frame, and no global)";
  expect(c.output("console").split("\n").slice(0, 2)).toEqual([
    `x is 0, ${problem}`,
    `x is 1, ${problem}`,
  ]);
});
