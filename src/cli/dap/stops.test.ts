// Stops that are not in code: writes, exceptions, events; and expressions where it stands.

import { afterEach, expect, test } from "@jest/globals";
import { atLine, lineOf, main } from "./program.testing.js";
import { closeClients, open } from "./testing.js";

afterEach(closeClients);

test("data breakpoints: locals, globals, memory by address and by expression", async () => {
  const c = open();
  await c.enter(main);
  const { id } = await c.top();
  const { scopes } = (await c.scopesRequest({ frameId: id })).body;
  const [locals, , globals] = scopes.map(({ variablesReference }) => variablesReference);
  const info = (args: { name: string; [key: string]: unknown }) =>
    c.ask("dataBreakpointInfo", args);
  const found = [
    await info({ name: "$sum", variablesReference: locals }),
    await info({ name: "$count", variablesReference: globals }),
    await info({ name: "0x20", asAddress: true, bytes: 4 }),
    await info({ name: "u16[$i + 33]", frameId: id }),
  ];
  expect(
    found.map(({ description, canPersist, accessTypes }) => [description, canPersist, accessTypes]),
  ).toEqual([
    ["$sum of main", false, ["write"]],
    ["$count", true, ["write"]],
    ["4 bytes at 0x20", true, ["write"]],
    ["u16[0x21]", true, ["write"]],
  ]);
  expect(await info({ name: "$nothing", frameId: id })).toEqual({
    dataId: null,
    description: "$nothing is no local of the frame, and no global",
  });
  expect((await info({ name: "0xffff", asAddress: true, bytes: 2 })).dataId).toBeNull();
  const { breakpoints } = await c.ask("setDataBreakpoints", {
    breakpoints: [
      ...found.slice(0, 3).map(({ dataId }) => ({ dataId: dataId! })),
      { dataId: '{"kind":"memory","memory":0,"address":65535,"size":2}' },
      { dataId: "?" },
      { dataId: found[0]!.dataId!, accessType: "read" as const },
    ],
  });
  expect(breakpoints.map(({ verified }) => verified)).toEqual([
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
  const seen: string[] = [];
  for (let i = 0; i < 4; i++) {
    const { reason, text, hitBreakpointIds } = await c.until(() =>
      c.ask("continue", { threadId: c.thread }),
    );
    seen.push(`${reason} ${hitBreakpointIds?.join()}: ${text}`);
  }
  expect(seen).toMatchInlineSnapshot(`
   [
     "data breakpoint 1: $sum of main, written by main+0x9  0x006f  local.set $sum  ; stops.wat:11  (local.set $sum (i32.add (local.get $sum) (call $square (local.get $i))))
     was i32:0, is i32:0",
     "data breakpoint 3: 4 bytes at 0x20, written by main+0xf  0x0075  i32.store  ; stops.wat:12  (i32.store (i32.const 32) (local.get $sum))
     unchanged",
     "data breakpoint 2: $count, written by main+0x17  0x007d  global.set $count  ; stops.wat:13  (global.set $count (i32.add (global.get $count) (i32.const 1)))
     was i32:3, is i32:4",
     "data breakpoint 1: $sum of main, written by main+0x9  0x006f  local.set $sum  ; stops.wat:11  (local.set $sum (i32.add (local.get $sum) (call $square (local.get $i))))
     was i32:0, is i32:1",
   ]
  `);
});

test("exceptions: thrown, caught, uncaught; traps; calls of the host", async () => {
  const c = open();
  await c.enter(main);
  const { breakpoints } = (await c.ask("setExceptionBreakpoints", {
    filters: ["throw", "nonsense"],
    filterOptions: [{ filterId: "host-call", condition: "$sum == 30" }],
  }))!;
  expect(breakpoints!.map(({ verified, message }) => message ?? verified)).toEqual([
    true,
    "there is no filter nonsense",
    true,
  ]);
  const host = await c.until(() => c.ask("continue", { threadId: c.thread }));
  expect(host).toMatchObject({
    reason: "breakpoint",
    description: "call of the host: env.ask(i32:30)",
  });
  expect(await c.refusal("exceptionInfo", { threadId: c.thread })).toMatch(
    /has not stopped at an exception/,
  );
  const thrown = await c.until(() => c.ask("continue", { threadId: c.thread }));
  expect(thrown).toMatchObject({
    reason: "exception",
    description: "an exception is thrown in main (i32:30)",
  });
  expect(await c.ask("exceptionInfo", { threadId: c.thread })).toMatchObject({
    breakMode: "always",
  });
});

test("an uncaught exception is shown unless nobody wants that", async () => {
  const shown = open();
  const stop = await shown.until(() => shown.begin({ ...main, invoke: "fails", args: [] }));
  expect(stop).toMatchObject({ reason: "exception", description: "uncaught exception" });
  expect(await shown.ask("exceptionInfo", { threadId: shown.thread })).toMatchInlineSnapshot(`
   {
     "breakMode": "unhandled",
     "description": "uncaught exception: i32:7, in fails (function 3) at byte 0xa8 (throw), stops.wat:20",
     "details": {
       "message": "uncaught exception: i32:7, in fails (function 3) at byte 0xa8 (throw), stops.wat:20",
       "stackTrace": "    #0 fails (function 3) at byte 0xa8 (throw), stops.wat:20",
       "typeName": "exception",
     },
     "exceptionId": "uncaught exception",
   }
  `);
  const hidden = open();
  await Promise.all([
    hidden.waitForEvent("terminated"),
    hidden.begin({ ...main, invoke: "fails", args: [] }, () =>
      hidden.ask("setExceptionBreakpoints", { filters: ["trap"] }),
    ),
  ]);
  expect(hidden.output("stderr")).toMatch(/^uncaught exception/);
});

test("a restart keeps breakpoints, and their numbers", async () => {
  const c = open();
  const stop = await c.until(() =>
    c.begin(main, async () => {
      await c.ask("setFunctionBreakpoints", { breakpoints: [{ name: "fails" }] });
      await c.ask("setBreakpoints", atLine(lineOf("(local.set $sum"), { hitCondition: "2" }));
    }),
  );
  expect(stop.hitBreakpointIds).toEqual([2]);
  const again = await c.until(() => c.restartRequest({}));
  expect(again.hitBreakpointIds).toEqual([2]);
  expect((await c.scope("Locals")).get("$i")!.value).toBe("1");
});

test("expressions, and the debugger's own commands", async () => {
  const c = open();
  await c.enter(main);
  const frameId = async () => (await c.top()).id;
  const result = async (expression: string, rest: object = {}) =>
    (await c.ask("evaluate", { expression, frameId: await frameId(), context: "watch", ...rest }))
      .result;
  expect(await result("$n + 1")).toBe("6");
  expect(await result("$count")).toBe("3");
  expect(await result("$n * 51", { format: { hex: true } })).toBe("0xff");
  expect(await result("u8[0x20]")).toBe("0");
  expect(await c.refusal("evaluate", { expression: "$zero", context: "hover" })).toMatch(
    /is no local/,
  );
  const repl = { context: "repl" };
  expect(await result("$n - 1", repl)).toBe("4");
  expect(await result("locals", repl)).toBe("  0  $n    i32:5\n  1  $i    i32:0\n  2  $sum  i32:0");
  expect(await c.refusal("evaluate", { expression: "quit", context: "repl" })).toMatch(
    /ended by the client/,
  );
  // What runs the program is told as if a request had done it.
  await result("break square", repl);
  const stop = await c.until(() => result("continue", repl));
  expect(stop.reason).toBe("breakpoint");
  expect(c.events.at(-2)!.event).toBe("continued");
  expect((await c.stack())[0]).toMatch(/^square/);
  const completions = async (text: string) => {
    const { targets } = await c.ask("completions", {
      text,
      column: text.length + 1,
      frameId: await frameId(),
    });
    return targets.map(({ label, start, length }) => `${label} ${start} ${length}`);
  };
  expect(await completions("fin")).toEqual(["finish 1 3"]);
  expect(await completions("break sq")).toEqual(["square 7 2"]);
  expect(await completions("$")).toEqual(["$x 1 1", "$count 1 1"]);
});
