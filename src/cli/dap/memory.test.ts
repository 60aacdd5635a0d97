// Code and memory by address, and changes by hand.

import { afterEach, expect, test } from "@jest/globals";
import { plainMain } from "./program.testing.js";
import { closeClients, open } from "./testing.js";

afterEach(closeClients);

test("instructions by address, exactly as many as are asked for", async () => {
  const c = open();
  await c.enter(plainMain(5));
  const { instructionPointerReference } = await c.top();
  const list = async (args: object) => {
    const body = await c.ask("disassemble", {
      memoryReference: instructionPointerReference!,
      instructionCount: 4,
      ...args,
    });
    return body!.instructions.map(
      ({ address, instruction, symbol = "" }) => `${address} ${symbol} ${instruction}`,
    );
  };
  expect(await list({})).toMatchInlineSnapshot(`
   [
     "0x73 main f64.const 1.5",
     "0x7c  call $twice",
     "0x7e  local.set $x",
     "0x80  global.get $count",
   ]
  `);
  // The functions before it, and nothing before them.
  expect(await list({ instructionOffset: -2 })).toMatchInlineSnapshot(`
   [
     "0x6d  f64.add",
     "0x6e  end",
     "0x73 main f64.const 1.5",
     "0x7c  call $twice",
   ]
  `);
  expect(await list({ instructionOffset: -11 })).toMatchInlineSnapshot(`
   [
     "0x5e  (no code)",
     "0x5f  (no code)",
     "0x60  (no code)",
     "0x61 div local.get $a",
   ]
  `);
  expect(await list({ offset: 3 })).toMatchInlineSnapshot(`
   [
     "0x73 main f64.const 1.5",
     "0x7c  call $twice",
     "0x7e  local.set $x",
     "0x80  global.get $count",
   ]
  `);
  expect(await list({ memoryReference: "0x7fffff", instructionOffset: -1 })).toMatchInlineSnapshot(`
   [
     "0xa2  unreachable",
     "0xa3  end",
     "0xa6  (no code)",
     "0xa7  (no code)",
   ]
  `);
  expect(await list({ memoryReference: "0x100000000", instructionOffset: -1 }))
    .toMatchInlineSnapshot(`
   [
     "0x0  (no code)",
     "0x1  (no code)",
     "0x2  (no code)",
     "0x3  (no code)",
   ]
  `);
});

test("memory is read and written, as far as there is any", async () => {
  const c = open();
  await c.enter(plainMain(5));
  const read = async (args: object) =>
    c.ask("readMemory", { memoryReference: "0x10", count: 5, ...args });
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  expect(await read({})).toEqual({ address: "0x10", data: base64("Hello") });
  expect(await read({ offset: 7, count: 6 })).toEqual({ address: "0x17", data: base64("bobbin") });
  expect(await read({ memoryReference: "0xfffe", count: 4 })).toEqual({
    address: "0xfffe",
    data: "AAA=",
    unreadableBytes: 2,
  });
  expect(await read({ memoryReference: "0x10000" })).toEqual({
    address: "0x10000",
    unreadableBytes: 5,
  });
  const data = base64("Jello");
  expect(await c.ask("writeMemory", { memoryReference: "0x10", data })).toEqual({
    bytesWritten: 5,
    offset: 0,
  });
  expect(await read({})).toEqual({ address: "0x10", data });
  expect(await c.refusal("writeMemory", { memoryReference: "0xfffe", data })).toMatch(
    /out of bounds/,
  );
  expect(await c.refusal("readMemory", { memoryReference: "1:0x10", count: 1 })).toBe(
    "there is no memory 1",
  );
  expect(await c.refusal("readMemory", { memoryReference: "x", count: 1 })).toBe(
    '"x" is no address',
  );
});

test("locals, operands, globals and memory are changed, by values and by expressions", async () => {
  const c = open();
  await c.initializeRequest({
    adapterID: "bobbin",
    linesStartAt1: true,
    columnsStartAt1: true,
    pathFormat: "path",
    supportsInvalidatedEvent: true,
    supportsMemoryEvent: true,
  });
  await c.launchRequest({ ...plainMain(5), stopOnEntry: true } as object);
  await c.until(() => c.configurationDoneRequest());
  await c.until(() => c.ask("stepIn", { threadId: c.thread }));
  const { id } = await c.top();
  const { scopes } = await c.ask("scopes", { frameId: id });
  const set = (scope: string, name: string, value: string) => {
    const { variablesReference } = scopes.find((each) => each.name === scope)!;
    return c.ask("setVariable", { variablesReference, name, value });
  };
  expect(await set("Locals", "$n", "0x10")).toEqual({ value: "16", type: "i32" });
  expect(await set("Locals", "$x", "-nan:0x1")).toEqual({ value: "-nan:0x1", type: "f64" });
  expect(await set("Locals", "$n", "($n + 4) / 2")).toEqual({ value: "10", type: "i32" });
  expect(await set("Operands", "0", "f64:2.5")).toEqual({ value: "2.5", type: "f64" });
  expect(await set("Globals", "$count", "-1")).toEqual({ value: "-1", type: "i64" });
  await expect(set("Locals", "$n", "1.5")).rejects.toThrow(/1.5 is no i32/);
  await expect(set("Locals", "$n", "i64:1")).rejects.toThrow(/has type i64, expected i32/);
  await expect(set("Locals", "$m", "1")).rejects.toThrow("there is no $m");
  expect(await c.ask("setExpression", { expression: "u16[0x10]", value: "0x4141", frameId: id })).toEqual({ value: String(0x4141) }); // prettier-ignore
  expect(await c.refusal("setExpression", { expression: "$zero", value: "1", frameId: id })).toMatch(/no local/); // prettier-ignore
  expect((await c.ask("readMemory", { memoryReference: "0x10", count: 2 }))!.data).toBe(Buffer.from("AA").toString("base64")); // prettier-ignore
  const told = c.events.map(({ event }) => event);
  expect(told).toContain("invalidated");
  expect(told).toContain("memory");
  // The program goes on with what it was given: twice 2.5, and 100 / 10.
  await c.until(() => c.ask("next", { threadId: c.thread }));
  expect((await c.scope("Operands")).get("0")!.value).toBe("5.0");
  await Promise.all([c.waitForEvent("terminated"), c.ask("continue", { threadId: c.thread })]);
  expect(c.output("console")).toBe("the program returned i32:10\n");
});
