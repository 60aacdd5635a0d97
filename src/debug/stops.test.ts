// Stops of all kinds on a program that unwinds itself, calls the host and throws.

import { describe, expect, test } from "@jest/globals";
import { i32, type Value } from "../runtime/values.js";
import { debug, RESULT } from "./program.testing.js";
import { stopLines } from "./render-stops.js";
import { DebugSession, type Stop } from "./session.js";
import type { StopOptions, StopSpec } from "./stops.js";
import { watchTarget } from "./watch.js";

const told = (session: DebugSession, stop: Stop): string =>
  stopLines(stop, session.instance).join("\n");

/** All that a program comes to with these stops. */
async function story(...stops: readonly [StopSpec, StopOptions?][]): Promise<string[]> {
  const session = debug();
  for (const [spec, options] of stops) session.stops.add(spec, options);
  const lines: string[] = [];
  while (session.end === null) lines.push(told(session, await session.continue()));
  expect(session.end).toEqual({ kind: "returned", results: [i32(RESULT)] });
  return lines.slice(0, -1);
}
const watch = (text: string): StopSpec => ({
  kind: "watch",
  target: watchTarget(text, debug().scope()),
});

describe("breakpoints", () => {
  test("conditions, counts, once", async () => {
    const place = "sum+0x2";
    const at = { kind: "code", place } as const;
    expect(await story([at])).toHaveLength(4);
    expect(await story([at, { condition: "$n <= 2" }])).toHaveLength(2);
    expect(await story([at, { condition: "$n > 9" }])).toHaveLength(0);
    expect(await story([at, { ignore: 3 }])).toHaveLength(1);
    expect(await story([at, { condition: "$s > 0", ignore: 1 }])).toHaveLength(2);
    expect(await story([at, { temporary: true }])).toHaveLength(1);
    expect(await story([at, { enabled: false }])).toHaveLength(0);
    expect(await story([at, { fiber: 1 }])).toHaveLength(4);
    expect(await story([at, { fiber: 2 }])).toHaveLength(0);
  });

  test("a condition that means nothing there stops, and says why", async () => {
    const [first] = await story([{ kind: "code", place: "sum" }, { condition: "$nobody" }]);
    expect(first).toBe("breakpoint 1\n  its condition: $nobody is no local of the frame, and no global"); // prettier-ignore
  });

  test("by line of the text", async () => {
    const session = debug();
    const { printWat } = await import("../text/wat.js");
    const lines = printWat(session.instance.module).split("\n");
    const line = lines.findIndex((text) => text.includes("i32.mul")) + 1;
    const stop = session.stops.add({ kind: "code", place: `wat:${line}` });
    const b = session.stops.add({ kind: "code", place: "b" });
    expect([stop.kind === "code" && stop.func, stop.id]).toEqual([b.kind === "code" && b.func, 1]);
    expect(await session.continue()).toMatchObject({ kind: "breakpoint", stop: { id: 2 } });
    // A rewind enters it in its middle.
    expect(await session.continue()).toMatchObject({ kind: "breakpoint", stop: { id: 1 } });
    for (const place of ["wat:1", "wat:99999", "wat:0"])
      expect(() => session.stops.add({ kind: "code", place })).toThrow(/line/);
  });

  test("one that is there already is that one, unless it has options", () => {
    const { stops } = debug();
    const spec = { kind: "code", place: "sum" } as const;
    expect([stops.add(spec).id, stops.add(spec).id, stops.add(spec, { ignore: 1 }).id]).toEqual([1, 1, 2]); // prettier-ignore
    expect(() => stops.add(spec, { condition: "1 +" })).toThrow(/expected a value/);
    expect(stops.all).toHaveLength(2);
  });
});

test("events", async () => {
  const events = ["unwind", "push", "unwound", "rewind", "pop", "rewound", "host-call", "host-return", "throw", "catch"] as const; // prettier-ignore
  expect(await story(...events.map((event): [StopSpec] => [{ kind: "event", event }]))).toEqual([
    "stop 7: call of the host: env.log(i32:10)",
    "stop 8: env.log returned i32:7",
    "stop 7: call of the host: env.poke(i32:200)",
    "stop 8: env.poke returned",
    "stop 9: an exception is thrown in throwing (i32:5)",
    "stop 10: an exception was caught in catching",
    "stop 1: unwind started, data 0x10",
    "stop 2: record of a (call 0) pushed, 12 bytes at 0x400",
    "stop 2: record of b (call 0) pushed, 12 bytes at 0x40c",
    "stop 3: unwind ended, data 0x10",
    "stop 4: rewind started, data 0x10",
    "stop 5: record of b (call 0) popped, 12 bytes at 0x40c",
    "stop 5: record of a (call 0) popped, 12 bytes at 0x400",
    "stop 6: rewind reached the leaf, data 0x10",
  ]);
  expect(await story([{ kind: "event", event: "push", of: "b" }])).toEqual([
    "stop 1: record of b (call 0) pushed, 12 bytes at 0x40c",
  ]);
  expect(await story([{ kind: "event", event: "host-call", of: "poke" }])).toHaveLength(1);
  expect(await story([{ kind: "event", event: "host-call", of: "oke" }])).toHaveLength(0);
  expect(await story([{ kind: "event", event: "catch", of: "throwing" }])).toHaveLength(0);
});

describe("watchpoints", () => {
  test("memory that code writes", async () => {
    const lines = await story([watch("i32[100]")]);
    expect(lines.map((line) => line.split("\n")[1])).toEqual([
      "  was 0, is 4",
      "  was 4, is 7",
      "  was 7, is 9",
      "  was 9, is 10",
    ]);
    expect(lines[0]).toMatch(/^watchpoint 1: i32\[0x64\], written by sum\+0x\w+  0x\w+  i32.store$/m); // prettier-ignore
    expect(await story([watch("98 3")])).toHaveLength(4);
    expect(await story([watch("96 4")])).toHaveLength(0);
    expect(await story([watch("i32[100]"), { condition: "i32[100] > 8" }])).toHaveLength(2);
  });

  test("memory that the host and asyncify write", async () => {
    expect(await story([watch("u16[200]")])).toEqual([
      "watchpoint 1: u16[0xc8], written by the host in env.poke\n  was 0, is 43981",
    ]);
    const lines = await story([watch("0x404 4")]);
    expect(lines).toEqual([
      "watchpoint 1: 4 bytes at 0x404, written by asyncify: record of a (call 0) pushed, 12 bytes at 0x400\n" +
        "  at 0x404 was 00 00 00 00\n  at 0x404 is  16 00 00 00",
    ]);
  });

  test("globals, tables, locals of a frame", async () => {
    const totals = await story([watch("$total")]);
    expect(totals.map((line) => line.split("\n")[1])).toEqual([
      "  was i32:0, is i32:10",
      "  was i32:10, is i32:17",
      "  was i32:17, is i32:22",
    ]);
    expect(await story([watch("table0[2]")])).toEqual([
      expect.stringMatching(/^watchpoint 1: table0\[2\], written by run\+.* table.set\n  was funcref:null, is funcref:sum$/), // prettier-ignore
    ]);
    expect(await story([watch("table0[3]")])).toHaveLength(0);
    const session = debug();
    session.stops.add({ kind: "code", place: "sum" }, { temporary: true });
    await session.continue();
    session.stops.add({ kind: "watch", target: watchTarget("$s", session.scope()) });
    const values: string[] = [];
    while (session.end === null) values.push(told(session, await session.continue()));
    expect(values.slice(0, -1).map((line) => line.split("\n")[1])).toEqual([
      "  was i32:0, is i32:4",
      "  was i32:4, is i32:7",
      "  was i32:7, is i32:9",
      "  was i32:9, is i32:10",
    ]);
  });

  test("what cannot be watched", () => {
    const scope = debug().scope();
    for (const text of [
      "$nobody",
      "local9",
      "global7",
      "table3[0]",
      "table0[9]",
      "i32[65533]",
      "0x10000",
      "12 0",
    ])
      // prettier-ignore
      expect(() => watchTarget(text, scope)).toThrow(/./);
  });
});

test("steps come to the same stops as runs do", async () => {
  const specs: StopSpec[] = [
    { kind: "code", place: "sum+0x2" },
    { kind: "event", event: "push" },
    { kind: "event", event: "throw" },
    { kind: "event", event: "catch" },
    watch("i32[100]"),
    watch("$total"),
    watch("u16[200]"),
  ];
  const follow = async (move: (session: DebugSession) => Promise<Stop>): Promise<string[]> => {
    const session = debug();
    for (const spec of specs) session.stops.add(spec);
    const lines: string[] = [];
    while (session.end === null) {
      const stop = await move(session);
      if (stop.kind !== "stepped") lines.push(`${told(session, stop)} after ${session.machine.executed}`); // prettier-ignore
    }
    return lines;
  };
  const expected = await follow((session) => session.continue());
  expect(expected.length).toBeGreaterThan(12);
  expect(await follow((session) => session.step(1))).toEqual(expected);
  expect(await follow((session) => session.step(5))).toEqual(expected);
  expect(await follow((session) => session.finish(session.fiber.depth - 1))).toEqual(expected);
});

test("each frame of an unwind is a step", async () => {
  const session = debug();
  session.stops.add({ kind: "event", event: "unwind" }, { temporary: true });
  await session.continue();
  const seen: string[] = [];
  for (let i = 0; i < 8; i++) {
    await session.step();
    const { due, top } = session.fiber;
    if (due >= 0) seen.push(top.func.name);
  }
  expect(seen).toEqual(["b", "unwinding"]);
});

test("a stop at every instruction leaves the result alone", async () => {
  const session = debug(3);
  const values: Value[] = [];
  for (const func of session.instance.funcs) {
    if (func.instance !== session.instance) continue;
    const { body } = session.instance.module.functions[func.index - session.instance.module.imported.func]!; // prettier-ignore
    for (let offset = body.offset; offset < body.end; offset++)
      session.stops.add({ kind: "code", place: `0x${offset.toString(16)}` });
  }
  let stops = 0;
  while (session.end === null) {
    const stop = await session.continue();
    if (stop.kind === "returned") values.push(...stop.results);
    stops++;
  }
  expect(values).toEqual([i32(((6 + 7 + 5) + 1) * 10)]); // prettier-ignore
  // Of some instructions the breakpoint is at the one before: they are one entry.
  expect(stops).toBeGreaterThan(60);
});
