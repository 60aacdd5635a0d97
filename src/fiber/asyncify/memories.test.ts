// Where records go: memories of either address type, one of several, one of asyncify's own.
// What asyncify adds beside them: globals, asserts.

import { describe, expect, test } from "@jest/globals";
import { interposers } from "../../exec/hooks.js";
import { getGlobal, instantiate } from "../../exec/instantiate.js";
import { Machine } from "../../exec/machine.js";
import { FuncInstance } from "../../runtime/instances.js";
import { i32, i64, type Value } from "../../runtime/values.js";
import { Asyncify } from "./asyncify.js";
import type { RuntimeName } from "./events.js";
import { ANSWER, BUFFER, DATA, moduleOf, program } from "./program.testing.js";

const module = (memories: string, body = "") => `(module
  (import "env" "sleep" (func $sleep (param i32) (result i32)))
  ${memories}
  (func $inner (param i32) (result i32) (i32.add (local.get 0) (call $sleep (local.get 0))))
  (func (export "run") (param i32) (result i32) (i32.mul (local.get 0) (call $inner (i32.const 3))))
  ${body})`;
const EXPECTED = [i32(5 * (3 + ANSWER))];

describe("records", () => {
  test("in a memory with 64-bit addresses: pointers have 8 bytes, call indices 4", () => {
    const { sleepThrough, records, view, call } = program(module("(memory i64 1)"));
    expect(sleepThrough("run", i32(5))).toEqual(EXPECTED);
    expect(records()[0]).toMatchObject({
      data: DATA,
      address: BUFFER,
      size: 16,
      end: BUFFER + 512,
    });
    expect(view.getBigInt64(DATA, true)).toBe(BigInt(BUFFER));
    expect(() => call("asyncify_start_unwind", i64(-8n))).toThrow("out of bounds memory access");
    view.setBigUint64(DATA, 2n ** 63n + 1n, true);
    view.setBigUint64(DATA + 8, 2n ** 63n, true);
    expect(() => call("asyncify_start_unwind", i64(BigInt(DATA)))).toThrow(/past the end/);
  });

  test("in one of several memories, by its export name", () => {
    const several = module(`(memory 1) (memory (export "stack") 1)`);
    expect(() => program(several)).toThrow(
      /2 memories, none exported as 'memory'.*\(exported: stack/,
    );
    const { sleepThrough, instance } = program(several, { memory: "stack" });
    expect(sleepThrough("run", i32(5))).toEqual(EXPECTED);
    expect(instance.memories[0]!.bytes.every((byte) => byte === 0)).toBe(true);
  });

  test("in a memory of asyncify's own, which is exported; and where the module has none", () => {
    const { sleepThrough, instance, asyncify } = program(module("(memory 1)"), {
      inSecondaryMemory: true,
      secondaryMemorySize: 2,
    });
    expect(sleepThrough("run", i32(5))).toEqual(EXPECTED);
    const exported = instance.exports.get("asyncify_memory");
    expect(exported).toEqual({ kind: "memory", memory: asyncify.records.own });
    expect(asyncify.records.own!.pages).toBe(2);
    expect(instance.memories[0]!.bytes.every((byte) => byte === 0)).toBe(true);
    expect(program(module("")).sleepThrough("run", i32(5))).toEqual(EXPECTED);
  });
});

test("the state and the data pointer are exported where asked for", () => {
  const { call, instance } = program(module("(memory 1)"), { exportGlobals: true });
  call("run", i32(1));
  const values = ["__asyncify_state", "__asyncify_data"].map((name) => {
    const found = instance.exports.get(name);
    return found?.kind === "global" ? getGlobal(found.global) : null;
  });
  expect(values).toEqual([i32(1), i32(DATA)]);
  expect(program(module("(memory 1)")).instance.exports.has("__asyncify_state")).toBe(false);
});

test("instances that share state and memory unwind together", () => {
  const inner = moduleOf(`(module
    (import "env" "sleep" (func $sleep (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "nap") (param i32) (result i32) (i32.add (local.get 0) (call $sleep (local.get 0)))))`);
  const outer = moduleOf(`(module
    (import "inner" "nap" (func $nap (param i32) (result i32)))
    (import "inner" "memory" (memory 1))
    (func (export "run") (param i32) (result i32) (i32.mul (local.get 0) (call $nap (i32.const 3)))))`);
  const first = new Asyncify(inner);
  const second = new Asyncify(outer, { globals: first.globals });
  const machine = new Machine({ interposer: interposers(first, second) });
  const runtime = (name: RuntimeName, ...args: Value[]) =>
    first.functions.get(name)!.native!(args, machine as never);
  const sleep = FuncInstance.host(inner.context.defTypes[0]!, "env.sleep", () => {
    if (first.state === 0) runtime("start_unwind", i32(DATA));
    else runtime("stop_rewind");
    return [i32(ANSWER)];
  });
  const env = new Map([["env", new Map([["sleep", { kind: "func", func: sleep } as const]])]]);
  const one = instantiate(machine, inner, env, (made) => first.attach(made));
  const two = instantiate(machine, outer, new Map([["inner", one.exports]]), (made) =>
    second.attach(made),
  );
  const { view } = one.memories[0]!;
  view.setInt32(DATA, BUFFER, true);
  view.setInt32(DATA + 4, BUFFER + 512, true);
  expect(machine.invoke(two.func("run"), [i32(5)])).toEqual([i32(0)]);
  runtime("stop_unwind");
  runtime("start_rewind", i32(DATA));
  expect(machine.invoke(two.func("run"), [i32(0)])).toEqual(EXPECTED);
  expect([first.state, second.state]).toEqual([0, 0]);
});

describe("asserts", () => {
  const asserts = true;

  test("rule asyncify/assert: no function that is not instrumented sees the state change", () => {
    const removed = { asserts, removeList: ["inner"] };
    expect(() => program(module("(memory 1)"), removed).call("run", i32(5))).toThrow(
      /asyncify-asserts: the asyncify state went from normal to unwinding in inner, which is not instrumented/,
    );
    const { sleepThrough } = program(module("(memory 1)"), { asserts });
    expect(sleepThrough("run", i32(5))).toEqual(EXPECTED);
  });

  test("rule asyncify/assert-catch: none changes it in a catch", () => {
    const catching = (inCatch: string) =>
      module(
        "(memory 1) (tag $e)",
        `(func (export "catching") (result i32)
        (try (result i32) (do (throw $e)) (catch $e ${inCatch})))`,
      );
    const settings = { asserts, strict: true };
    expect(() =>
      program(catching("(call $inner (i32.const 3))"), settings).call("catching"),
    ).toThrow(
      /asyncify-asserts: the asyncify state is unwinding behind a call in a catch of catching/,
    );
    const again = "(try (result i32) (do (call $inner (i32.const 3))) (catch_all (i32.const 0)))";
    // A try in a catch starts anew, though the call is no site: the function runs to its end.
    expect(() => program(catching(again), settings).call("catching")).toThrow(
      /unreachable: no call of catching was reached on the way to its end/,
    );
  });
});
