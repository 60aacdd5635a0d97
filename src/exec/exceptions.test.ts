// Exceptions, run from text: what the official suite leaves out, which is the host.
// Its errors pass through wasm, wasm's pass through it, and observers see every frame go.

import { describe, expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../binary/decode.js";
import { ExceptionInstance, UncaughtException } from "../runtime/exceptions.js";
import {
  type ExternInstance,
  FuncInstance,
  type HostFunction,
  type ModuleInstance,
} from "../runtime/instances.js";
import { Trap } from "../runtime/traps.js";
import { i32, type Value } from "../runtime/values.js";
import { validate } from "../valid/validate.js";
import type { Observer } from "./hooks.js";
import { instantiate } from "./instantiate.js";
import { Machine, type Outcome } from "./machine.js";

function load(wat: string, host: Record<string, HostFunction> = {}, observer?: Observer) {
  const parsed = binaryen.parseText(wat);
  parsed.setFeatures(binaryen.Features.All);
  const module = validate(decode(parsed.emitBinary()));
  const env = new Map<string, ExternInstance>();
  for (const { name, description } of module.imports) {
    if (description.kind !== "func") continue;
    const type = module.context.defTypes[description.type]!;
    env.set(name, { kind: "func", func: FuncInstance.host(type, `env.${name}`, host[name]!) });
  }
  const machine = new Machine(observer === undefined ? {} : { observer });
  const instance = instantiate(machine, module, new Map([["env", env]]));
  const func = (name: string): FuncInstance => funcOf(instance, name);
  const call = (name: string, ...args: Value[]): Value => machine.invoke(func(name), args)[0]!;
  return { machine, func, call };
}

function funcOf(instance: ModuleInstance, name: string): FuncInstance {
  const found = instance.exports.get(name);
  if (found?.kind !== "func") throw new Error(`no function ${name}`);
  return found.func;
}

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

const HOST = `(module
  (import "env" "f" (func $f))
  (tag $e (param i32))
  (func (export "plain") (result i32) (call $f) (i32.const 0))
  (func (export "catch all") (result i32)
    (block $h (try_table (catch_all $h) (call $f)) (return (i32.const 0))) (i32.const 1))
  (func (export "catch tag") (result i32)
    (block $h (result i32) (try_table (catch $e $h) (call $f)) (i32.const -1)))
  (func (export "throw on") (result i32)
    (throw_ref (block $h (result exnref)
      (try_table (catch_all_ref $h) (call $f)) (return (i32.const 0)))))
  (func (export "tail") (block $h (try_table (catch_all $h) (return_call $f))))
  (func (export "throw") (param i32) (throw $e (local.get 0))))`;

describe("errors of host functions", () => {
  const error = new TypeError("mine");
  const fail = () => {
    throw error;
  };
  const { call } = load(HOST, { f: fail });

  test("are caught by catch_all and by nothing else", () => {
    expect(call("catch all")).toEqual(i32(1));
    expect(thrownBy(() => call("plain"))).toBe(error);
    expect(thrownBy(() => call("catch tag"))).toBe(error);
  });

  test("are the same when wasm throws them on", () => {
    expect(thrownBy(() => call("throw on"))).toBe(error);
  });

  test("do not reach the handlers that a tail call has left", () => {
    expect(thrownBy(() => call("tail"))).toBe(error);
  });

  test("are no exceptions where they are traps", () => {
    const trap = new Trap("unreachable");
    const { call: trapping } = load(HOST, {
      f: () => {
        throw trap;
      },
    });
    expect(thrownBy(() => trapping("catch all"))).toBe(trap);
  });

  test("are told to observers, whether wasm catches them or not", async () => {
    const told: unknown[] = [];
    const observer: Observer = {
      hostCall: (_, { name }) => void told.push(name),
      hostThrow: (fiber, { name }, thrown) => void told.push([name, thrown, fiber!.depth]),
      hostReturn: () => void told.push("returned"),
    };
    const { call } = load(HOST, { f: fail }, observer);
    expect(call("catch all")).toEqual(i32(1));
    expect(thrownBy(() => call("plain"))).toBe(error);
    const { machine, func } = load(HOST, { f: () => Promise.reject(error) }, observer);
    expect(await machine.invokeAsync(func("catch all"), [])).toEqual([i32(1)]);
    expect(told).toEqual(
      Array(3)
        .fill(["env.f", ["env.f", error, 1]])
        .flat(),
    );
  });

  test("that a promise is rejected with are caught, too", async () => {
    const { machine, func } = load(HOST, { f: () => Promise.reject(error) });
    expect(await machine.invokeAsync(func("catch all"), [])).toEqual([i32(1)]);
    await expect(machine.invokeAsync(func("plain"), [])).rejects.toBe(error);
    const { machine: other, func: found } = load(HOST, { f: fail });
    expect(await other.invokeAsync(found("catch all"), [])).toEqual([i32(1)]);
    await expect(other.invokeAsync(found("throw on"), [])).rejects.toBe(error);
  });

  test("are given to a machine that runs step by step with raise", () => {
    const { machine, func } = load(HOST, { f: fail });
    const run = (name: string, caught: boolean): Outcome => {
      machine.start(func(name), []);
      expect(machine.run().kind).toBe("host");
      expect(machine.raise(error)).toBe(caught);
      expect(machine.fiber!.status).toBe(caught ? "suspended" : "dead");
      return caught ? machine.run() : { kind: "paused" };
    };
    expect(run("catch all", true)).toEqual({ kind: "returned", results: [i32(1)] });
    expect(run("throw on", true)).toEqual({ kind: "threw", error });
    run("plain", false);
    expect(() => machine.run()).toThrow("is dead");
  });
});

describe("exceptions of wasm", () => {
  test("leave with their values and the wasm stack", () => {
    const { call } = load(HOST, { f: () => [] });
    const error = thrownBy(() => call("throw", i32(7)));
    expect(error).toBeInstanceOf(UncaughtException);
    const uncaught = error as UncaughtException;
    expect(uncaught.message).toBe("uncaught exception: i32:7");
    expect(uncaught.exception.values).toEqual([i32(7)]);
    expect(uncaught.wasmStack.map(({ instruction }) => instruction)).toEqual(["throw"]);
  });

  test("pass through the host and are caught by their tag, the same ones", () => {
    let seen: unknown;
    const world = load(HOST, {
      f: () => {
        try {
          world.call("throw", i32(5));
        } catch (error) {
          seen = error;
          throw error;
        }
        return [];
      },
    });
    expect(world.call("catch tag")).toEqual(i32(5));
    const error = thrownBy(() => world.call("throw on"));
    expect(error).toBeInstanceOf(UncaughtException);
    expect((error as UncaughtException).exception).toBe((seen as UncaughtException).exception);
    expect((seen as UncaughtException).exception).toBeInstanceOf(ExceptionInstance);
  });
});

const DEEP = `(module
  (tag $e (param i32 i64)) (tag $other)
  (func $down (export "down") (param i32)
    (if (local.get 0) (then (return_call $twice (i32.sub (local.get 0) (i32.const 1)))))
    (throw $e (i32.const 3) (i64.const 4)))
  (func $twice (param i32) (call $down (local.get 0)))
  (func (export "caught") (param i32) (result i32 i64) (local i32)
    (local.set 1 (i32.const 9))
    (i32.const 100)
    (block $h (result i32 i64)
      (block $no (try_table (catch $other $no) (catch $e $h) (i32.const 1) (call $down (local.get 0)) (drop)))
      (unreachable))
    (local.set 1 (i32.wrap_i64))
    (drop) (drop)
    (i32.add (local.get 1) (i32.const 0)) (i64.const 8)))`;

describe("frames", () => {
  function watched() {
    const log: string[] = [];
    let depth = 0;
    const world = load(
      DEEP,
      {},
      {
        enter: () => void depth++,
        leave: (_fiber, how) => {
          depth--;
          log.push(how);
        },
      },
    );
    return { ...world, log, depth: () => depth };
  }

  test("go one by one, and observers are told so", () => {
    const { machine, func, log, depth } = watched();
    expect(machine.invoke(func("caught"), [i32(1)]).at(0)).toEqual(i32(4));
    expect(log).toEqual(["tail call", "exception", "exception", "return"]);
    expect(depth()).toBe(0);
  });

  test("all go where nothing catches, and stay to be looked at", () => {
    const { machine, func, log, depth } = watched();
    machine.start(func("down"), [i32(1)]);
    expect(machine.run().kind).toBe("threw");
    expect(log).toEqual(["tail call", "exception", "exception"]);
    expect(depth()).toBe(0);
    expect(machine.fiber!.depth).toBe(2);
    expect(machine.fiber!.status).toBe("dead");
  });

  test("and any sequence of budgets gives the same result", () => {
    const { machine, func } = load(DEEP);
    for (const fuel of [1, 2, 3, 1000]) {
      machine.start(func("caught"), [i32(6)]);
      let outcome: Outcome;
      while ((outcome = machine.run({ fuel })).kind === "paused");
      expect(outcome).toMatchObject({ kind: "returned", results: [i32(4), { value: 8n }] });
    }
  });
});

describe("legacy", () => {
  const { call } = load(`(module
    (tag $e (param i32)) (tag $f)
    (func $throw (param i32) (if (local.get 0) (then (throw $e (local.get 0)))) (throw $f))
    (func (export "kinds") (param i32) (result i32)
      (try (result i32) (do (call $throw (local.get 0)) (i32.const 0))
        (catch $e (i32.add (i32.const 1)))
        (catch_all (i32.const -1))))
    (func (export "rethrow outer") (result i32)
      (try (result i32) (do
        (try (result i32) (do (call $throw (i32.const 1)) (i32.const 0))
          (catch $e (drop)
            (try (result i32) (do (call $throw (i32.const 2)) (i32.const 0))
              (catch $e (drop) (rethrow 1))))))
        (catch $e)))
    (func (export "delegate") (result i32)
      (try $outer (result i32) (do
        (try (result i32) (do
          (try (do (call $throw (i32.const 5))) (delegate $outer))
          (i32.const 1))
          (catch $e (drop) (i32.const 2))))
        (catch $e)))
    (func (export "delegate to caller") (result i32)
      (try (result i32) (do
        (try (do (call $throw (i32.const 5))) (delegate 1))
        (i32.const 1))
        (catch_all (i32.const 2)))))`);

  test("catch and catch_all", () => {
    expect(call("kinds", i32(7))).toEqual(i32(8));
    expect(call("kinds", i32(0))).toEqual(i32(-1));
  });
  test("rethrow throws what the catch that it names has caught", () => {
    expect(call("rethrow outer")).toEqual(i32(1));
  });
  test("delegate passes over the handlers in between, and out of the function", () => {
    expect(call("delegate")).toEqual(i32(5));
    expect(thrownBy(() => call("delegate to caller"))).toBeInstanceOf(UncaughtException);
  });
});
