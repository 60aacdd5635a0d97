// Sessions, and steps; what is wrong is told.

import { readFileSync } from "node:fs";
import { afterEach, expect, test } from "@jest/globals";
import fc from "fast-check";
import { printWat } from "../../text/wat.js";
import { decode } from "../../binary/decode.js";
import { handlers } from "./handlers.js";
import { plain, plainMain } from "./program.testing.js";
import { closeClients, fixture, open } from "./testing.js";

afterEach(closeClients);

test("a program runs to its end: its output, its result, its exit", async () => {
  const c = open();
  await Promise.all([c.waitForEvent("terminated"), c.begin(plainMain(5))]);
  expect(c.output("stderr")).toBe("stub env.ask(i32:7) -> i32:0\n");
  expect(c.output("console")).toBe("the program returned i32:20\n");
  expect(c.events.find(({ event }) => event === "exited")!.body).toEqual({ exitCode: 0 });
});

/** The text of the program, as the adapter shows it. */
const shown = printWat(decode(readFileSync(plain))).split("\n");
const lineOf = (text: string): number =>
  shown.findIndex((line) => line.trim().startsWith(text)) + 1;

test("frames stand in the module's text, which is a source", async () => {
  const c = open();
  await c.enter(plainMain(5));
  const { source, line, column, moduleId } = await c.top();
  expect({ line, column, moduleId }).toEqual({
    line: lineOf("f64.const 1.5"),
    column: 1,
    moduleId: 1,
  });
  const { content } = await c.ask("source", {
    source: source!,
    sourceReference: source!.sourceReference!,
  });
  expect(content.split("\n")).toEqual(shown);
  expect(await c.ask("loadedSources", {})).toEqual({ sources: [source] });
});

test("steps by instructions, over calls, out of frames", async () => {
  const c = open();
  await c.enter(plainMain(5));
  const seen: string[] = [];
  const go = async (command: "next" | "stepIn" | "stepOut", granularity?: "instruction") => {
    await c.until(() => c.ask(command, { threadId: 1, ...(granularity && { granularity }) }));
    const [top] = await c.stack();
    seen.push(`${command}: ${top}`);
  };
  await go("next");
  await go("stepIn");
  await go("stepIn", "instruction");
  await go("stepOut");
  await go("next", "instruction");
  expect(seen).toMatchInlineSnapshot(`
   [
     "next: main 0x7c dap.wat:23",
     "stepIn: twice 0x69 dap.wat:17",
     "stepIn: twice 0x6b dap.wat:18",
     "stepOut: main 0x7e dap.wat:24",
     "next: main 0x80 dap.wat:25",
   ]
  `);
});

test("lines of text are sources, and steps go by them", async () => {
  const c = open();
  await c.enter({
    program: fixture("src/ways-cont.wat"),
    invoke: "tree",
    args: ["1"],
    host: fixture("hosts/logging.mjs"),
  });
  const seen: string[] = [];
  for (let i = 0; i < 8; i++) {
    await c.until(() => c.ask("stepIn", { threadId: c.thread }));
    seen.push((await c.stack())[0]!);
  }
  expect(seen).toMatchInlineSnapshot(`
   [
     "tree 0x153 ways-cont.wat:58",
     "tree 0x158 ways-cont.wat:57",
     "consume 0x118 ways-cont.wat:44",
     "consume 0x11e ways-cont.wat:43",
     "consume 0x123 ways-cont.wat:45",
     "consume 0x125 ways-cont.wat:46",
     "consume 0x127 ways-cont.wat:47",
     "walk_all 0xa8 ways-cont.wat:22",
   ]
  `);
  const { sources } = await c.ask("loadedSources", {});
  expect(sources.map(({ name, sourceReference }) => `${name} ${sourceReference}`)).toEqual([
    "ways-cont.wat undefined",
    "ways-cont.wat 1",
  ]);
});

test("a program that runs can be paused, and refuses to be looked at until then", async () => {
  const c = open();
  await c.begin({ program: plain, invoke: "spin", stubImports: true });
  expect(await c.refusal("stackTrace", { threadId: c.thread })).toBe("notStopped");
  expect(await c.refusal("next", { threadId: c.thread })).toBe("notStopped");
  expect(await c.until(() => c.ask("pause", { threadId: c.thread }))).toMatchObject({
    reason: "pause",
  });
  expect((await c.stack())[0]).toContain("dap.wat");
  await Promise.all([c.waitForEvent("terminated"), c.terminateRequest({})]);
});

test("a trap is a stop, and the end comes after it", async () => {
  const c = open();
  const stop = await c.until(() => c.begin(plainMain(0)));
  expect(stop).toEqual({
    reason: "exception",
    description: "trap",
    text: "trap: integer divide by zero in div (function 1) at byte 0x65 (i32.div_s)",
    threadId: 2,
    allThreadsStopped: true,
  });
  expect(await c.stack()).toHaveLength(2);
  await Promise.all([c.waitForEvent("terminated"), c.ask("continue", { threadId: c.thread })]);
  expect(c.events.find(({ event }) => event === "exited")!.body).toEqual({ exitCode: 1 });
});

test("what is wrong with a launch is told as the command line tells it", async () => {
  const launch = async (config: object) => {
    const c = open();
    await c.initializeRequest();
    return c.refusal("launch", config);
  };
  expect(await launch({})).toBe("the launch configuration has no program");
  expect(await launch({ program: "nowhere.wasm" })).toBe("nowhere.wasm: no such file");
  expect(await launch({ program: plain, invoke: "mian", stubImports: true })).toMatch(
    /did you mean main\?$/,
  );
  expect(await launch({ program: plain, fuel: "much" })).toMatch(
    /'--fuel <n>' argument 'much' is invalid/,
  );
  expect(await launch({ program: plain, stubImports: "yes" })).toMatch(
    /stubImports must be true or false/,
  );
});

test("what comes at the wrong time is refused, and the session goes on", async () => {
  const c = open();
  await c.initializeRequest();
  expect(await c.threadsRequest()).toMatchObject({ body: { threads: [] } });
  expect(await c.refusal("next", { threadId: c.thread })).toBe("no program is being debugged");
  expect(await c.refusal("attach", {})).toMatch(/only launch/);
  expect(await c.refusal("frobnicate", {})).toBe("request frobnicate is not known");
  await c.launchRequest({ ...plainMain(5), stopOnEntry: true } as object);
  expect(await c.refusal("launch", plainMain(5))).toMatch(/already/);
  await c.until(() => c.configurationDoneRequest());
  expect(await c.refusal("configurationDone", {})).toMatch(/already/);
  expect(await c.refusal("scopes", { frameId: 77 })).toMatch(/there is no frame 77/);
  expect(await c.refusal("variables", { variablesReference: 77 })).toMatch(/no variables 77/);
  expect(await c.refusal("source", { sourceReference: 7 })).toBe("there is no source 7");
  expect(await c.refusal("stackTrace", { threadId: 9 })).toMatch(/there is no thread/);
});

test("whatever a client asks, it is no crash, and the session goes on", async () => {
  const c = open();
  await c.enter(plainMain(5));
  const value = fc.oneof(
    fc.integer({ min: -3, max: 1100 }),
    fc.constantFrom("0x10", "1:0x8", "$n", "$n +", "main", "instruction", "{", "trap", ""),
    fc.constantFrom(null, true, 1.5, 2 ** 40, -(2 ** 40), [], [1], {}),
    fc.constant({ sourceReference: 1 }),
    fc.constant([{ line: 20, name: "main", dataId: "{}", instructionReference: "0x61" }]),
  );
  const names = ["breakpoints", "bytes", "column", "context", "count", "data", "expression", "filters", "format", "frameId", "granularity", "instructionCount", "instructionOffset", "levels", "line", "memoryReference", "name", "offset", "source", "sourceReference", "startFrame", "text", "threadId", "value", "variablesReference"]; // prettier-ignore
  const args = fc.dictionary(fc.constantFrom(...names), value);
  const commands = Object.keys(handlers).filter((name) => !/step|next|ontinue|restart/i.test(name));
  const crashes: string[] = [];
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...commands), args, async (command, given) => {
      const told = await c.refusal(command, given);
      if (told.includes("internal error"))
        crashes.push(`${command} ${JSON.stringify(given)}: ${told}`);
    }),
    { numRuns: 3000 },
  );
  expect(crashes).toEqual([]);
  expect(await c.stack()).toHaveLength(1);
});

test("arguments that are missing are named", async () => {
  const c = open();
  await c.enter(plainMain(5));
  expect(await c.refusal("setBreakpoints", {})).toBe("setBreakpoints: source is missing");
  expect(await c.refusal("setFunctionBreakpoints", { breakpoints: [{ name: "main" }, {}] })).toBe(
    "setFunctionBreakpoints: breakpoints[1]: name is missing",
  );
  expect(await c.refusal("scopes", { frameId: "1" })).toBe("scopes: frameId is no number");
  expect(
    await c.refusal("disassemble", { memoryReference: "0x61", instructionCount: 1e9 }),
  ).toMatch(/no more than/);
  const { modules, totalModules } = (await c.ask("modules", {}))!;
  expect({ modules, totalModules }).toMatchObject({ modules: [{ id: 1, name: "dap.wasm", symbolStatus: "names" }], totalModules: 1 }); // prettier-ignore
});
