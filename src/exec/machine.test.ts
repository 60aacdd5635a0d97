// The machine from outside: stepping, budgets, pauses, host calls, limits, and what
// observers are told.

import { describe, expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../binary/decode.js";
import {
  FuncInstance,
  type ExternInstance,
  type HostFunction,
  type ModuleInstance,
} from "../runtime/instances.js";
import { Exhaustion, Trap } from "../runtime/traps.js";
import { i32, type Value } from "../runtime/values.js";
import { validate } from "../valid/validate.js";
import { Machine, type MachineOptions, type Outcome } from "./machine.js";
import { codeOf } from "./lower.js";
import type { FiberView } from "./fiber.js";
import { type Observer, observers } from "./hooks.js";
import { stackOf } from "./stack.js";
import { instantiate } from "./instantiate.js";
import { offsetOfPc } from "./code.js";
import { readSlot } from "./slots.js";

function load(wat: string, options: MachineOptions = {}, host: Record<string, HostFunction> = {}) {
  const parsed = binaryen.parseText(wat);
  parsed.setFeatures(binaryen.Features.All);
  const module = validate(decode(parsed.emitBinary()));
  const env = new Map<string, ExternInstance>();
  for (const { name, description } of module.imports) {
    if (description.kind !== "func" || host[name] === undefined) continue;
    const type = module.context.defTypes[description.type]!;
    env.set(name, { kind: "func", func: FuncInstance.host(type, `env.${name}`, host[name]) });
  }
  const machine = new Machine(options);
  return { machine, instance: instantiate(machine, module, new Map([["env", env]])) };
}
const func = (instance: ModuleInstance, name: string): FuncInstance => {
  const found = instance.exports.get(name);
  if (found?.kind !== "func") throw new Error(`no function ${name}`);
  return found.func;
};

const FIB = `(module (func $fib (export "fib") (param i32) (result i32)
  (if (result i32) (i32.lt_s (local.get 0) (i32.const 2))
    (then (local.get 0))
    (else (i32.add
      (call $fib (i32.sub (local.get 0) (i32.const 1)))
      (call $fib (i32.sub (local.get 0) (i32.const 2))))))))`;

describe("stepping", () => {
  test("any sequence of budgets gives the same result and the same number of instructions", () => {
    const whole = load(FIB);
    expect(whole.machine.invoke(func(whole.instance, "fib"), [i32(12)])).toEqual([i32(144)]);
    for (const budget of [1, 2, 3, 7, 1000]) {
      const { machine, instance } = load(FIB);
      machine.start(func(instance, "fib"), [i32(12)]);
      let outcome: Outcome;
      let pauses = 0;
      while ((outcome = machine.run({ fuel: budget })).kind === "paused") pauses++;
      expect(outcome).toEqual({ kind: "returned", results: [i32(144)] });
      expect(machine.executed).toBe(whole.machine.executed);
      expect(pauses).toBe(Math.ceil(machine.executed / budget) - 1);
    }
  });

  test("between two instructions the frame holds locals and operands in their slots", () => {
    const { machine, instance } = load(FIB);
    const fiber = machine.start(func(instance, "fib"), [i32(5)]);
    const seen: string[] = [];
    for (let i = 0; i < 4; i++) {
      const { func: f, fp, sp, pc } = fiber.top;
      const operands = (sp - fp - codeOf(f).localWords) / 2;
      seen.push(`${stackOf(fiber)[0]!.instruction} ${operands}`);
      expect(offsetOfPc(codeOf(f), pc)).toBe(stackOf(fiber)[0]!.offset);
      expect(readSlot(fiber, fp, "i32")).toEqual(i32(5));
      machine.step();
    }
    expect(seen).toEqual(["local.get 0", "i32.const 1", "i32.lt_s 2", "if 1"]);
  });

  test("a waiting frame stands on its call, operands in place", () => {
    const { machine, instance } = load(FIB);
    const fiber = machine.start(func(instance, "fib"), [i32(5)]);
    while (fiber.depth < 3) machine.step();
    const outer = fiber.frames[0]!;
    expect(stackOf(fiber).map((e) => e.instruction)).toEqual(["local.get", "call", "call"]);
    expect(readSlot(fiber, outer.sp - 2, "i32")).toEqual(i32(4));
  });

  test("an observer may want instructions at times only", () => {
    const seen: string[] = [];
    let depth = 0;
    const instruction = (fiber: FiberView): undefined =>
      void seen.push(`${fiber.depth} ${stackOf(fiber)[0]!.instruction}`);
    const wanting: Observer = {
      enter: () => void depth++,
      leave: () => void depth--,
      get instruction() {
        return depth === 2 ? instruction : undefined;
      },
    };
    // Of the outermost call, what comes behind the inner ones is not seen.
    for (const observer of [wanting, observers({}, wanting)]) {
      seen.length = 0;
      const { machine, instance } = load(FIB, { observer });
      expect(machine.invoke(func(instance, "fib"), [i32(2)])).toEqual([i32(1)]);
      const short = ["local.get", "i32.const", "i32.lt_s", "if", "local.get", "else", "end"];
      expect(seen.filter((line) => !line.startsWith("2 "))).toEqual([]);
      expect(new Set(seen)).toEqual(new Set(short.map((mnemonic) => `2 ${mnemonic}`)));
      expect(seen.filter((line) => line.endsWith("i32.lt_s"))).toHaveLength(2);
    }
  });

  test("a finished fiber cannot be run", () => {
    const { machine, instance } = load(FIB);
    machine.start(func(instance, "fib"), [i32(1)]);
    machine.run();
    expect(() => machine.run()).toThrow("fiber 1 is done");
  });
});

describe("limits", () => {
  const DEEP = `(module (func $f (export "deep") (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $f (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 0)))))`;

  test("a million frames, where the limit allows", () => {
    const { machine, instance } = load(DEEP, { maxFrames: 1_000_001 });
    expect(machine.invoke(func(instance, "deep"), [i32(1_000_000)])).toEqual([i32(1_000_000)]);
  });

  test("exactly the frames that the limit says", () => {
    const { machine, instance } = load(DEEP, { maxFrames: 100 });
    expect(machine.invoke(func(instance, "deep"), [i32(99)])).toEqual([i32(99)]);
    expect(() => machine.invoke(func(instance, "deep"), [i32(100)])).toThrow(Exhaustion);
  });

  test("tail calls take no frame", () => {
    const { machine, instance } = load(
      `(module (func $f (export "count") (param i32 i32) (result i32)
        (if (result i32) (local.get 0)
          (then (return_call $f (i32.sub (local.get 0) (i32.const 1)) (i32.add (local.get 1) (i32.const 2))))
          (else (local.get 1)))))`,
      { maxFrames: 1 },
    );
    const rounds = 10_000_000;
    expect(machine.invoke(func(instance, "count"), [i32(rounds), i32(0)])).toEqual([
      i32(2 * rounds),
    ]);
  });

  test("fuel bounds a run over several calls, to the instruction", () => {
    const { machine, instance } = load(`(module (func (export "loop") (loop $l (br $l))))`, {
      fuel: 1000,
    });
    expect(() => machine.invoke(func(instance, "loop"), [])).toThrow(
      "fuel exhausted: after 1000 instructions",
    );
    expect(machine.executed).toBe(1000);
    expect(() => machine.invoke(func(instance, "loop"), [])).toThrow("fuel exhausted");
  });

  test("calls from the host into wasm and back do not end in a JavaScript stack overflow", () => {
    const host: Record<string, HostFunction> = {
      again: () => machine.invoke(func(instance, "f"), []),
    };
    const { machine, instance } = load(
      `(module (import "env" "again" (func $again)) (func (export "f") (call $again)))`,
      {},
      host,
    );
    expect(() => machine.invoke(func(instance, "f"), [])).toThrow(Exhaustion);
  });
});

describe("host calls", () => {
  const ASK = `(module (import "env" "ask" (func $ask (param i32) (result i32)))
    (func (export "f") (param i32) (result i32) (i32.mul (call $ask (local.get 0)) (i32.const 10))))`;

  test("are requests: run returns, answer goes on", () => {
    const { machine, instance } = load(ASK, {}, { ask: () => [] });
    machine.start(func(instance, "f"), [i32(3)]);
    const outcome = machine.run();
    expect(outcome).toMatchObject({
      kind: "host",
      call: { args: [i32(3)], func: { name: "env.ask" } },
    });
    expect(() => machine.run()).toThrow("waits for the host");
    machine.answer([i32(4)]);
    expect(machine.run()).toEqual({ kind: "returned", results: [i32(40)] });
  });

  test("may answer with a promise, while other calls run", async () => {
    const waiting: (() => void)[] = [];
    const ask: HostFunction = (args) =>
      new Promise<Value[]>((resolve) => waiting.push(() => resolve([...args])));
    const { machine, instance } = load(ASK, {}, { ask });
    const first = machine.invokeAsync(func(instance, "f"), [i32(1)]);
    const second = machine.invokeAsync(func(instance, "f"), [i32(2)]);
    waiting[1]!();
    expect(await second).toEqual([i32(20)]);
    waiting[0]!();
    expect(await first).toEqual([i32(10)]);
  });

  test("a promise in a synchronous call is refused, and the fiber ends", () => {
    const { machine, instance } = load(ASK, {}, { ask: () => Promise.resolve([i32(1)]) });
    expect(() => machine.invoke(func(instance, "f"), [i32(1)])).toThrow(
      "env.ask answered with a promise",
    );
  });

  test("an exception of the host passes through wasm", () => {
    const { machine, instance } = load(
      ASK,
      {},
      {
        ask: () => {
          throw new RangeError("mine");
        },
      },
    );
    expect(() => machine.invoke(func(instance, "f"), [i32(1)])).toThrow(new RangeError("mine"));
  });

  test("a wrong answer is the host's error, not a crash", () => {
    const { machine, instance } = load(ASK, {}, { ask: () => [] });
    expect(() => machine.invoke(func(instance, "f"), [i32(1)])).toThrow(
      "must answer [i32], answered []",
    );
  });

  test("a tail call of a host function returns its answer", () => {
    const { machine, instance } = load(
      `(module (import "env" "ask" (func $ask (param i32) (result i32)))
        (func $g (param i32) (result i32) (return_call $ask (local.get 0)))
        (func (export "f") (param i32) (result i32) (i32.add (call $g (local.get 0)) (i32.const 1))))`,
      {},
      { ask: ([x]) => [x!] },
    );
    expect(machine.invoke(func(instance, "f"), [i32(6)])).toEqual([i32(7)]);
  });
});

describe("traps", () => {
  test("carry the wasm stack, innermost first, and leave the frame before the instruction", () => {
    const { machine, instance } = load(
      `(module (func $inner (param i32) (result i32) (i32.div_s (i32.const 1) (local.get 0)))
        (func (export "outer") (result i32) (call $inner (i32.const 0))))`,
    );
    const fiber = machine.start(func(instance, "outer"), []);
    const outcome = machine.run();
    expect(outcome.kind).toBe("trapped");
    const { error } = outcome as Outcome & { kind: "trapped" };
    expect(error).toBeInstanceOf(Trap);
    expect(error.message).toBe("integer divide by zero");
    expect(error.wasmStack.map((e) => e.instruction)).toEqual(["i32.div_s", "call"]);
    const { fp, sp, func: inner } = fiber.top;
    expect((sp - fp - codeOf(inner).localWords) / 2).toBe(2);
  });
});

describe("observers", () => {
  test("every enter gets exactly one leave, whatever ends the frame", () => {
    const log: string[] = [];
    const { machine, instance } = load(
      `(module (func $t unreachable) (func $ok)
        (func (export "f") (call $ok) (call $t)))`,
      {
        observer: {
          enter: (fiber) => void log.push(`enter ${fiber.depth}`),
          leave: (fiber, how) => void log.push(`leave ${fiber.depth} ${how}`),
        },
      },
    );
    expect(() => machine.invoke(func(instance, "f"), [])).toThrow(Trap);
    expect(log).toEqual([
      "enter 1",
      "enter 2",
      "leave 2 return",
      "enter 2",
      "leave 2 trap",
      "leave 1 trap",
    ]);
  });

  test("may pause the machine before any instruction", () => {
    let armed = true;
    const { machine, instance } = load(FIB, {
      observer: {
        instruction: (fiber) =>
          armed && stackOf(fiber, 1)[0]!.instruction === "i32.add" ? "pause" : undefined,
      },
    });
    const fiber = machine.start(func(instance, "fib"), [i32(3)]);
    expect(machine.run()).toEqual({ kind: "paused" });
    expect(stackOf(fiber)[0]!.instruction).toBe("i32.add");
    armed = false;
    expect(machine.run()).toEqual({ kind: "returned", results: [i32(2)] });
  });
});
