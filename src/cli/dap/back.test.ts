// Going back: steps, breakpoints in reverse, frames, the end; recordings.

import { afterEach, expect, test } from "@jest/globals";
import { bobbin, fileOf } from "../testing.js";
import { closeClients, fixture, open, type TestClient } from "./testing.js";

const TEXT = `(module
  (memory (export "memory") 1)
  (func $square (param $x i32) (result i32)
    (i32.mul (local.get $x) (local.get $x)))
  (func $main (export "main") (param $n i32) (result i32) (local $i i32) (local $sum i32)
    (loop $again
      (local.set $sum (i32.add (local.get $sum) (call $square (local.get $i))))
      (i32.store (i32.const 32) (local.get $sum))
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br_if $again (i32.lt_u (local.get $i) (local.get $n))))
    (local.get $sum))
  (func (export "fails") (param i32) (result i32)
    (drop (call $main (local.get 0)))
    (unreachable))
  (func (export "long") (param $n i32) (result i32) (local $i i32)
    (loop $again
      (i32.store (i32.const 64) (local.get $i))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $i)))
`;
const program = fileOf("back.wat", TEXT);
const main = { program, invoke: "main", args: [5] };

afterEach(closeClients);

const local = async (c: TestClient, name: string): Promise<string> =>
  (await c.scope("Locals")).get(name)!.value;
const thread = (c: TestClient) => ({ threadId: c.thread });

test("steps go back by lines, over calls, and by instructions, into them", async () => {
  const c = open();
  await c.enter(main);
  await c.ask("setBreakpoints", { source: { path: program }, breakpoints: [{ line: 8, condition: "$i == 2" }] }); // prettier-ignore
  await c.until(() => c.ask("continue", thread(c)));
  await c.ask("setBreakpoints", { source: { path: program }, breakpoints: [] });
  const there = await c.image();
  const seen: string[] = [];
  const back = async (granularity: "statement" | "instruction") => {
    await c.until(() => c.ask("stepBack", { ...thread(c), granularity }));
    const [top] = await c.stack();
    seen.push(
      `${granularity}: ${top}, i = ${top!.startsWith("main") ? await local(c, "$i") : "?"}`,
    );
  };
  await back("statement");
  await back("statement");
  await back("statement");
  await back("instruction");
  await back("instruction");
  expect(seen).toMatchInlineSnapshot(`
   [
     "statement: main 0x4f back.wat:7, i = 2",
     "statement: main 0x66 back.wat:10, i = 2",
     "statement: main 0x5f back.wat:9, i = 1",
     "instruction: main 0x5c back.wat:8, i = 1",
     "instruction: main 0x5a back.wat:8, i = 1",
   ]
  `);
  // Forward again, the same to the byte.
  await c.ask("setBreakpoints", { source: { path: program }, breakpoints: [{ line: 8, condition: "$i == 2" }] }); // prettier-ignore
  await c.until(() => c.ask("continue", thread(c)));
  expect(await c.image()).toEqual(there);
});

test("breakpoints and data breakpoints in reverse; the beginning", async () => {
  const c = open();
  await c.enter({ ...main, stopOnExit: true });
  const stop = await c.until(() => c.ask("continue", thread(c)));
  expect(stop).toMatchObject({ reason: "exit", description: "the program returned" });
  const { dataId } = await c.ask("dataBreakpointInfo", { name: "0x20", asAddress: true, bytes: 4 });
  await c.ask("setDataBreakpoints", { breakpoints: [{ dataId: dataId! }] });
  const writes: string[] = [];
  for (let i = 0; i < 2; i++) {
    const { reason, text } = await c.until(() => c.ask("reverseContinue", thread(c)));
    writes.push(`${reason}: ${text!.split("\n").at(-1)!.trim()}`);
  }
  expect(writes).toMatchInlineSnapshot(`
   [
     "data breakpoint: at 0x20 is  1e 00 00 00",
     "data breakpoint: at 0x20 is  0e 00 00 00",
   ]
  `);
  await c.ask("setDataBreakpoints", { breakpoints: [] });
  await c.ask("setFunctionBreakpoints", { breakpoints: [{ name: "square" }] });
  const function_ = await c.until(() => c.ask("reverseContinue", thread(c)));
  expect(function_).toMatchObject({ reason: "function breakpoint", hitBreakpointIds: [2] });
  expect(await local(c, "$x")).toBe("3");
  await c.ask("setFunctionBreakpoints", { breakpoints: [] });
  const start = await c.until(() => c.ask("reverseContinue", thread(c)));
  expect(start.text).toMatch(/beginning|start/);
  expect(await local(c, "$i")).toBe("0");
  // What was printed is not printed again, and the end is the same.
  await c.until(() => c.ask("continue", thread(c)));
  await Promise.all([c.waitForEvent("terminated"), c.ask("continue", thread(c))]);
});

test("from a trap to where its frame was entered, and to where an inner one was", async () => {
  const c = open();
  await c.until(() => c.begin({ program, invoke: "fails", args: [2] }));
  const [frame] = (await c.ask("stackTrace", thread(c))).stackFrames;
  expect(frame!.canRestart).toBe(true);
  await c.until(() => c.ask("restartFrame", { frameId: frame!.id }));
  expect((await c.stack())[0]).toMatch(/back.wat:13$/);
  await c.ask("setFunctionBreakpoints", { breakpoints: [{ name: "square" }] });
  await c.until(() => c.ask("continue", thread(c)));
  const frames = (await c.ask("stackTrace", thread(c))).stackFrames;
  expect(frames.map(({ name }) => name)).toEqual(["square", "main", "fails"]);
  await c.until(() => c.ask("restartFrame", { frameId: frames[1]!.id }));
  expect((await c.stack())[0]).toMatch(/^main .*back.wat:6$/);
  expect(await local(c, "$i")).toBe("0");
});

test("what was changed by hand changes what follows", async () => {
  const c = open();
  await c.enter({ ...main, stopOnExit: true });
  await c.ask("setFunctionBreakpoints", { breakpoints: [{ name: "square" }] });
  await c.until(() => c.ask("continue", thread(c)));
  const { id } = await c.top();
  await c.ask("setExpression", { expression: "$x", value: "100", frameId: id });
  await c.ask("setFunctionBreakpoints", { breakpoints: [] });
  await c.until(() => c.ask("continue", thread(c)));
  expect(c.output("console")).toMatch(/returned i32:10030/);
  // The change is part of the history.
  await c.until(() => c.ask("stepBack", thread(c)));
  expect(await local(c, "$sum")).toBe("10030");
});

test("a long way back is told, and can be given up", async () => {
  const c = open();
  await c.initializeRequest({ adapterID: "bobbin", linesStartAt1: true, columnsStartAt1: true, pathFormat: "path", supportsProgressReporting: true }); // prettier-ignore
  await c.launchRequest({
    program,
    invoke: "long",
    args: [20_000_000],
    stopOnExit: true,
  } as object);
  await Promise.all([c.waitForEvent("stopped", 60_000), c.configurationDoneRequest()]);
  // Nobody comes to this: all of it is searched.
  await c.ask("setBreakpoints", { source: { path: program }, breakpoints: [{ line: 17, condition: "$i == -1" }] }); // prettier-ignore
  const started = c.waitForEvent("progressStart", 60_000);
  const stopped = c.waitForEvent("stopped", 60_000);
  await c.ask("reverseContinue", thread(c));
  const { progressId, title, cancellable } = (await started).body as { progressId: string; title: string; cancellable: boolean }; // prettier-ignore
  expect({ title, cancellable }).toEqual({ title: "Going back", cancellable: true });
  await c.customRequest("cancel", { progressId });
  expect((await stopped).body).toMatchObject({ reason: "pause" });
  expect(c.events.map(({ event }) => event)).toContain("progressEnd");
});

test("without recording there is no way back; a recording has one without its host", async () => {
  const c = open();
  await c.enter({ ...main, record: false });
  expect(await c.refusal("stepBack", thread(c))).toMatch(/not recorded/);
  expect((await c.top()).canRestart).toBe(false);
  const recording = fileOf("back.rec", "");
  const host = fixture("hosts/logging.mjs");
  await bobbin(["record", fixture("wasm/crossing.wasm"), "--invoke", "crossing", "1", "--host", host, "-o", recording]); // prettier-ignore
  const r = open();
  await r.enter({ recording });
  expect((await r.stack())[0]).toMatch(/^crossing/);
  await r.ask("setFunctionBreakpoints", { breakpoints: [{ name: "run_inner" }] });
  await r.until(() => r.ask("continue", thread(r)));
  expect((await r.stack())[0]).toMatch(/^run_inner/);
  await r.until(() => r.ask("stepBack", thread(r)));
  expect((await r.stack())[0]).toMatch(/^generator_main/);
});
