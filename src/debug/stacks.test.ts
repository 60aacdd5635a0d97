// Logical stacks at every stop of whole runs, edits, and who owns memory.

import { describe, expect, test } from "@jest/globals";
import { fileURLToPath } from "node:url";
import { assemble } from "../cli/assembler.js";
import { exportedFunction, parseArguments } from "../cli/call.js";
import { Context } from "../cli/context.js";
import { open } from "../cli/session.js";
import { surroundings } from "../cli/testing.js";
import { decode } from "../binary/decode.js";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { History } from "../history/history.js";
import { Recorder } from "../history/recorder.js";
import { jsExports } from "../js-api/exports.js";
import { jsImports } from "../js-api/imports.js";
import { i32, i64 } from "../runtime/values.js";
import { UsageError } from "../util/errors.js";
import { validate } from "../valid/validate.js";
import { assign } from "./assign.js";
import { DebugConsole } from "./console.js";
import { datumOf } from "./evaluate.js";
import { layoutOf } from "./panes.js";
import { complete } from "./complete.js";
import { ownerOf, regionsOf } from "./regions.js";
import { DebugSession } from "./session.js";

const fixtures = fileURLToPath(new URL("../../fixtures/", import.meta.url));
const silent = { write: () => {} };

async function debugFixture(name: string, fiberAbi?: "native"): Promise<DebugSession> {
  const context = new Context({
    stdout: silent,
    stderr: silent,
    stdin: process.stdin,
    surroundings: surroundings(),
  });
  const session = await open(`${fixtures}wasm/${name}.wasm`, { host: `${fixtures}hosts/logging.mjs`, followFibers: true, ...(fiberAbi && { fiberAbi }) }, context); // prettier-ignore
  const func = exportedFunction(session.instance, "crossing");
  session.machine.start(func, parseArguments("crossing", func, ["3"]));
  const { machine, instance, asyncify, events } = session;
  return new DebugSession(machine, instance, { asyncify, events });
}

/** The functions of each fiber's frames, without those that switch. */
const shape = (session: DebugSession): string[] =>
  session
    .stacks()
    .map(({ name, frames }) => `${name}: ${frames.map(({ func }) => func.name).join(" < ")}`);

/** The programs do the same at each call of the host, however their fibers are made. */
const atHostCalls = async (session: DebugSession): Promise<string[][]> => {
  session.stops.add({ kind: "event", event: "host-call" });
  const shapes: string[][] = [];
  while ((await session.continue()).kind === "event") shapes.push(shape(session));
  return shapes;
};

test("a call that the host makes stands on the one in which it makes it", async () => {
  const text = `(module
    (import "env" "ask" (func $ask (param i32) (result i32)))
    (func $helper (export "helper") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
    (func $main (export "main") (result i32) (call $ask (i32.const 41))))`;
  const machine = new Machine();
  const module = validate(decode(assemble(text)));
  const ask = (value: number): number =>
    (jsExports(machine, instance)["helper"] as (value: number) => number)(value);
  const instance = instantiate(machine, module, jsImports(machine, module, { env: { ask } }));
  const recorder = new Recorder(machine, { instances: [instance] });
  expect(machine.invoke(instance.func("main"), [])).toEqual([i32(42)]);
  recorder.stop();
  const session = await DebugSession.ofRecording(History.of(recorder));
  session.stops.add({ kind: "code", place: "helper" });
  await session.continue();
  expect(session.stacks().map(({ status, frames }) => `${status}: ${frames.map(({ func }) => func.name).join()}`)).toEqual(["on: helper", "waiting: main"]); // prettier-ignore
});

test("the same stacks however fibers are made", async () => {
  const expected = await atHostCalls(await debugFixture("crossing.O0"));
  expect(expected).toHaveLength(3);
  expect(expected[0]).toEqual([
    "main: crossing",
    "fiber 1: generator_send < generator_next < run_outer < generator_main",
    "fiber 2: generator_yield < run_inner < generator_main",
  ]);
  expect(await atHostCalls(await debugFixture("crossing.O0.twin-O0"))).toEqual(expected);
  // Native fibers: who switches is a frame less.
  expect(await atHostCalls(await debugFixture("crossing.O0", "native"))).toEqual(expected);
});

test("a frame is in one stack at each position, be it live or a record", async () => {
  const session = await debugFixture("crossing");
  const seen = new Set<string>();
  for (let i = 0; i < 3000 && session.end === null; i++) {
    for (const { name, frames, status } of session.stacks()) {
      // Each fiber but main runs generator_main to its end, and it is there once.
      const mains = frames.filter(({ func }) => func.name === "generator_main").length;
      if (name !== "main") expect([name, i, mains <= 1]).toEqual([name, i, true]);
      for (const frame of frames) {
        if (frame.record === null) continue;
        seen.add(`${name} ${status} ${frame.func.name}`);
        expect(frame.position?.instruction).toMatch(/^call/);
        expect(frame.locals).not.toBeNull();
      }
    }
    await session.step();
  }
  expect(seen).toContain("fiber 1 suspended run_outer");
  expect(seen).toContain("fiber 2 on run_inner");
});

test("a record decodes to what the frame held", async () => {
  const session = await debugFixture("crossing");
  session.stops.add({ kind: "event", event: "unwind" }, { temporary: true });
  await session.continue();
  const live = session.stacks().flatMap(({ frames }) => frames);
  const before = new Map(live.map((f) => [f.func.name, f]));
  const kept = live.map(({ func, position, locals, operands }) => ({ name: func.name, position, locals, operands })); // prettier-ignore
  expect(before.size).toBeGreaterThan(4);
  session.stops.add({ kind: "event", event: "switch" }, { temporary: true });
  await session.continue();
  const records = session.stacks().flatMap(({ frames }) => frames.filter((f) => f.record !== null));
  expect(records).toHaveLength(6);
  for (const { func, position, locals, operands } of records) {
    // Twice there are two of a name: one of them it was.
    const same = kept.filter((frame) => frame.name === func.name && frame.position?.offset === position!.offset); // prettier-ignore
    const fits = same.filter(
      (frame) =>
        locals!.every(({ index, value }) => Object.is(datumOf(value), datumOf(frame.locals![index]!.value))) && // prettier-ignore
        operands!.every(({ index, value }) => Object.is(datumOf(value), datumOf(frame.operands![index]!.value))), // prettier-ignore
    );
    expect([func.name, fits.length > 0]).toEqual([func.name, true]);
  }
});

test("regions: records, shadow stacks, data", async () => {
  const session = await debugFixture("crossing");
  session.stops.add({ kind: "event", event: "host-call" });
  await session.continue();
  const regions = regionsOf(session);
  expect(ownerOf(regions, 0x3fff0)).toMatchObject({ kind: "record", fiber: 2 });
  expect(ownerOf(regions, 0x4006c)).toMatchObject({ kind: "record", fiber: 1, label: "record of run_outer (call 0)" }); // prettier-ignore
  expect(ownerOf(regions, 0x50008)).toMatchObject({ kind: "shadow stack", fiber: 2 });
  expect(ownerOf(regions, 0x100)).toBeUndefined();
});

const EDIT = `(module (memory 1) (table 3 funcref) (table $x 1 externref)
  (global $g (mut i64) (i64.const 1)) (global $c i32 (i32.const 1))
  (data $greeting (i32.const 16) "hello")
  (func $f (param $a i32) (result i32) (local $d f64) (local $r externref)
    (i32.const 5) (i64.const 6) (v128.const i64x2 1 2) (drop) (drop)
    (i32.add (local.get $a)))
  (func (export "run") (param i32) (result i32) (call $f (local.get 0))))`;

describe("edits", () => {
  const session = (): DebugSession => {
    const machine = new Machine();
    const instance = instantiate(machine, validate(decode(assemble(EDIT))));
    machine.start(instance.func("run"), [i32(10)]);
    machine.run({ fuel: 5 });
    return new DebugSession(machine, instance);
  };

  test("change what the program does", async () => {
    const s = session();
    for (const [target, value] of [
      ["$a", "$a * 4"],
      ["operand0", "-2"],
      ["operand1", "1 << 40"],
      ["local1", "0.5"],
      ["$g", "-1"],
      ["i16[0x20]", "-3"],
      ["f32[0x24]", "1.5"],
      ["table0[2]", "f"],
    ] as const)
      assign(s, 0, target, value);
    const { memories, tables, globals, funcs } = s.instance;
    expect(memories[0]!.view.getInt16(0x20, true)).toBe(-3);
    expect(memories[0]!.view.getFloat32(0x24, true)).toBe(1.5);
    expect(tables[0]!.elements[2]).toBe(funcs[0]);
    expect(globals[0]!.words.subarray(0, 2)).toEqual(Int32Array.of(-1, -1));
    expect(await s.continue()).toEqual({ kind: "returned", results: [i32(38)] });
  });

  test.each([
    ["$a", "1.5", /1.5 is no i32/],
    ["$a", "1 << 40", /is no i32/],
    ["$c", "2", /global 1 is constant/],
    ["$r", "1", /is no externref/],
    ["operand9", "1", /the frame has no operand9/],
    ["i8[3]", "300", /300 is no i8/],
    ["i32[65534]", "1", /out of bounds/],
    ["table0[7]", "f", /the table has 3 elements/],
    ["table1[0]", "f", /expected externref/],
    ["table0[1]", "nobody", /there is no function "nobody"/],
    ["0x100 4", "1", /memory needs a type/],
    ["$nobody", "1", /no local of the frame/],
  ])("%s = %s is refused", (target, value, reason) => {
    const s = session();
    expect(() => assign(s, 0, target, value)).toThrow(UsageError);
    expect(() => assign(s, 0, target, value)).toThrow(reason);
  });

  test("values of other types are refused, whoever gives them", () => {
    const s = session();
    expect(() => s.setLocal(0, 0, i64(1n))).toThrow("local 0: expected i32");
    expect(() => s.setLocal(4, 0, i32(1))).toThrow("there is no frame 4");
    expect(() => s.setOperand(0, 0, i64(1n))).toThrow("operand 0: expected i32");
    expect(() => s.setGlobal(0, i32(1))).toThrow("global 0: expected i64");
    expect(() => s.writeMemory(0, 65535, new Uint8Array(2))).toThrow("out of bounds");
    expect(() => s.writeMemory(1, 0, new Uint8Array(2))).toThrow("there is no memory 1");
    expect(() => s.setTable(5, 0, null)).toThrow("there is no table 5");
  });
});

describe("the console", () => {
  const start = () => {
    const lines: string[] = [];
    const machine = new Machine();
    const instance = instantiate(machine, validate(decode(assemble(EDIT))));
    machine.start(instance.func("run"), [i32(10)]);
    const session = new DebugSession(machine, instance);
    const console = new DebugConsole(session, { write: (line) => lines.push(line), describe: String }); // prettier-ignore
    const say = async (...commands: string[]) => {
      lines.length = 0;
      for (const command of commands) await console.execute(command);
      return lines;
    };
    return { console, say };
  };

  test("completes commands, functions, names, events, panes", async () => {
    const { console, say } = start();
    await say("step 2");
    expect(complete(console, "bre")).toEqual([["break", "breakpoints"], "bre"]);
    expect(complete(console, "b f")).toEqual([["f"], "f"]);
    expect(complete(console, "print 1 + $")[0]).toEqual(["$a", "$d", "$r", "$g", "$c"]);
    expect(complete(console, "stop host-")[0]).toEqual(["host-call", "host-return"]);
    expect(complete(console, "layout me")[0]).toEqual(["memory"]);
    expect(complete(console, "help ste")[0]).toEqual(["step"]);
    expect(complete(console, "step ")[0]).toEqual([]);
  });

  test("panes are shown after each stop, until they are off", async () => {
    const { say } = start();
    const shown = await say("layout code values memory 0x10", "step");
    expect(shown.filter((line) => line.startsWith("── code"))).toHaveLength(2);
    expect(shown.join("\n")).toMatch(/0x000010 {2}68 65 6c 6c 6f .* hello.* data greeting/);
    expect(await say("layout off", "step")).toHaveLength(1);
    expect(await say("layout nothing")).toEqual(["nothing is no pane: code, values, stacks, memory [ADDRESS], or off"]); // prettier-ignore
    expect(layoutOf([])!.panes).toEqual(["code", "values", "stacks"]);
  });

  test("every command explains itself", async () => {
    const { say } = start();
    const names = (await say("help")).slice(0, -1).map((line) => line.trim().split(/[ /[]/)[0]!);
    expect(names.length).toBeGreaterThan(25);
    for (const name of names) {
      const [usage, help] = await say(`help ${name}`);
      expect(usage).toMatch(new RegExp(`^${name}`));
      expect(help!.length).toBeGreaterThan(5);
    }
  });

  test("what is wrong is told", async () => {
    const { say } = start();
    expect(
      await say(
        "stop",
        "stop pusch",
        "watch",
        "tbreak",
        "condition 1",
        "x/4q 0",
        "x/4i32",
        "set $a",
        "print",
        "ignore x 1",
        "records 5",
      ),
    ).toEqual([
      // prettier-ignore
      expect.stringMatching(/^stop on what\? one of unwind, push/),
      "stop on pusch? did you mean push?",
      "watch what? a local, a global, i32[ADDRESS]",
      "break where? a function or 0xOFFSET",
      "there is no breakpoint 1",
      "/4q is no format: /4i32, /f64",
      "address is missing",
      "set TARGET = EXPR",
      'in the expression "": expected a value at its end',
      "x is no breakpoint number",
      "no records",
      "there is no continuation 0x5",
    ]);
  });
});
