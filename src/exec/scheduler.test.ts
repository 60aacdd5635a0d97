// Several machines over one memory: what races may come to, that a seed repeats it, waits
// on virtual time, and deadlocks.

import { describe, expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../binary/decode.js";
import type { ExternInstance, ModuleInstance } from "../runtime/instances.js";
import { MemoryInstance } from "../runtime/memory.js";
import { i32, i64, type Value } from "../runtime/values.js";
import { UsageError } from "../util/errors.js";
import { validate } from "../valid/validate.js";
import { instantiate } from "./instantiate.js";
import { Machine } from "./machine.js";
import { Scheduler } from "./scheduler.js";
import { Deadlock, type Program } from "./thread.js";

const { Features } = binaryen;
const limits = { min: 1n, max: 1n, address: "i32", shared: true, pageSizeLog2: 16 } as const;

function moduleOf(functions: string) {
  const parsed = binaryen.parseText(
    `(module (import "m" "memory" (memory 1 1 shared)) (import "m" "host" (func $host)) ${functions})`,
  );
  parsed.setFeatures(Features.Atomics | Features.ExceptionHandling | Features.ReferenceTypes);
  return validate(decode(parsed.emitBinary()));
}

type Loaded = ReturnType<typeof moduleOf>;
/** An instance of its own for each thread, over one memory. */
function over(memory: MemoryInstance, module: Loaded, machine: Machine): ModuleInstance {
  const { func } = instantiate(machine, validate(decode(EMPTY))).exports.get("f") as never;
  const m = new Map<string, ExternInstance>([
    ["memory", { kind: "memory", memory }],
    ["host", { kind: "func", func }],
  ]);
  return instantiate(machine, module, new Map([["m", m]]));
}
const EMPTY = (() => {
  const parsed = binaryen.parseText(`(module (func (export "f")))`);
  return parsed.emitBinary();
})();

/** Runs the named functions as threads; their results. */
function race(seed: number, module: Loaded, ...names: string[]): unknown[] {
  const scheduler = new Scheduler({ seed });
  const memory = new MemoryInstance({ limits });
  const threads = names.map((name) => {
    const machine = new Machine();
    return scheduler.call(name, machine, over(memory, module, machine).func(name));
  });
  scheduler.run();
  return threads.map(({ result = [] }) => (result[0] as { value: number }).value);
}

const outcomes = (module: Loaded, ...names: string[]): string[] => {
  const all = Array.from({ length: 300 }, (_, seed) => race(seed, module, ...names).join());
  return [...new Set(all)].sort();
};

describe("litmus tests give the sequentially consistent results, all of them", () => {
  test.each([
    ["SB: store, then load of the other's", "store", "load", "0,1 1,0 1,1"],
    ["LB: load, then store for the other", "load", "store", "0,0 0,1 1,0"],
  ])("%s", (_, first, second, allowed) => {
    const thread = (name: string, mine: number, other: number) => {
      const does = {
        store: `(i32.store (i32.const ${mine}) (i32.const 1))`,
        load: `(local.set 0 (i32.load (i32.const ${other})))`,
      };
      return `(func (export "${name}") (result i32) (local i32)
        ${does[first as "store"]} ${does[second as "load"]} (local.get 0))`;
    };
    const module = moduleOf(thread("a", 0, 4) + thread("b", 4, 0));
    expect(outcomes(module, "a", "b")).toEqual(allowed.split(" "));
  });

  test("MP: data, then a flag", () => {
    const module = moduleOf(`
      (func (export "send") (result i32)
        (i32.store (i32.const 0) (i32.const 42)) (i32.store (i32.const 4) (i32.const 1)) (i32.const 0))
      (func (export "receive") (result i32)
        (i32.add (i32.mul (i32.const 100) (i32.load (i32.const 4))) (i32.load (i32.const 0))))`);
    expect(outcomes(module, "send", "receive")).toEqual(["0,0", "0,142", "0,42"]);
  });

  test("an increment in two steps gets lost, an atomic one does not", () => {
    const increment = (name: string, how: string) => `(func (export "${name}") (result i32)
      (local $i i32) (loop ${how} (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 20))))
      (i32.load (i32.const 0)))`;
    const module = moduleOf(
      increment(
        "plain",
        `(i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))`,
      ) + increment("atomic", `(drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))`),
    );
    const last = (name: string, seed: number) =>
      Math.max(...(race(seed, module, name, name, name) as number[]));
    const seeds = Array.from({ length: 40 }, (_, seed) => seed);
    expect(new Set(seeds.map((seed) => last("atomic", seed)))).toEqual(new Set([60]));
    expect(Math.min(...seeds.map((seed) => last("plain", seed)))).toBeLessThan(60);
  });
});

test("the same seed repeats every turn", () => {
  const module = moduleOf(`(func (export "count") (result i32) (local $i i32)
    (loop (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
      (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 100))))
    (i32.load (i32.const 0)))`);
  const turns = (seed: number): string => {
    const scheduler = new Scheduler({ seed });
    const memory = new MemoryInstance({ limits });
    for (const name of ["a", "b", "c"]) {
      const machine = new Machine();
      scheduler.call(name, machine, over(memory, module, machine).func("count"));
    }
    const log: string[] = [];
    for (let turn = scheduler.turn(); turn !== null; turn = scheduler.turn())
      log.push(`${turn.name}${turn.machine.executed}`);
    return log.join(" ");
  };
  expect(turns(7)).toBe(turns(7));
  expect(turns(7)).not.toBe(turns(8));
});

const WAITING = moduleOf(`
  (func (export "wait") (param i32 i64) (result i32)
    (memory.atomic.wait32 (local.get 0) (i32.const 0) (local.get 1)))
  (func (export "notify") (param i32) (result i32)
    (memory.atomic.notify (i32.const 0) (local.get 0)))
  (func (export "spin") (result i32)
    (loop (br_if 0 (i32.eqz (i32.atomic.load (i32.const 8))))) (i32.const 7))
  (func (export "set") (result i32)
    (drop (memory.atomic.wait32 (i32.const 4) (i32.const 0) (i64.const 5000)))
    (i32.atomic.store (i32.const 8) (i32.const 1)) (i32.const 0))
  (func (export "caught") (result i32)
    (block (try_table (catch_all 0)
      (return (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))))) (i32.const 9))
  (func (export "host") (call $host))
  (func (export "trap") (unreachable))`);

function threads(seed = 1) {
  const scheduler = new Scheduler({ seed });
  const memory = new MemoryInstance({ limits });
  const call = (name: string, func: string, ...args: Value[]) => {
    const machine = new Machine();
    return scheduler.call(name, machine, over(memory, WAITING, machine).func(func), args);
  };
  return { scheduler, memory, call };
}

describe("waiting", () => {
  test("ends by another thread's notification, first come, first served", () => {
    const { scheduler, call } = threads();
    const waiting = ["a", "b", "c"].map((name) => call(name, "wait", i32(0), i64(-1n)));
    while (waiting.some(({ status }) => status !== "waiting")) scheduler.turn();
    const order = [...waiting].sort((a, b) => a.machine.executed - b.machine.executed);
    expect(order).toHaveLength(3);
    const notifier = call("notifier", "notify", i32(2));
    expect(scheduler.run(notifier)).toEqual([i32(2)]);
    expect(waiting.filter(({ status }) => status === "waiting")).toHaveLength(1);
    scheduler.run(call("again", "notify", i32(9)));
    scheduler.run();
    for (const { result } of waiting) expect(result).toEqual([i32(0)]);
  });

  test("ends in virtual time: at once where all wait, and beside threads that spin", () => {
    const { scheduler, call } = threads();
    const day = 86_400_000_000_000n;
    const long = call("long", "wait", i32(0), i64(2n * day));
    const short = call("short", "wait", i32(0), i64(day));
    scheduler.run(short);
    expect([short.result, long.status]).toEqual([[i32(2)], "waiting"]);
    expect(BigInt(Math.round(scheduler.now)) >= day).toBe(true);
    scheduler.run();
    expect(long.result).toEqual([i32(2)]);

    const other = threads(3);
    other.call("set", "set");
    expect(other.scheduler.run(other.call("spin", "spin"))).toEqual([i32(7)]);
  });
});

describe("deadlock", () => {
  test("is told with who waits where, and thrown into the program that is waited for", () => {
    const { scheduler, call } = threads();
    const stuck = call("stuck", "caught");
    const caught: unknown[] = [];
    const program = function* (): Program<string> {
      try {
        yield stuck;
      } catch (error) {
        caught.push(error);
      }
      return "went on";
    };
    expect(scheduler.run(scheduler.spawn("joins", new Machine(), program()))).toBe("went on");
    expect(String(caught[0])).toMatch(
      /deadlock: stuck waits at address 0 in caught \(function 5\); joins waits for the end of stuck/,
    );
    expect(() => scheduler.run()).toThrow(Deadlock);
    expect(() => scheduler.run(stuck)).toThrow(Deadlock);
    expect([stuck.status, scheduler.threads]).toEqual(["failed", []]);
    // Nobody stands in line any more.
    expect(scheduler.run(call("notifier", "notify", i32(9)))).toEqual([i32(0)]);
  });
});

test("programs make calls in order, see their errors, and join", () => {
  const { scheduler, memory } = threads();
  const machine = new Machine();
  const instance = over(memory, WAITING, machine);
  const log: unknown[] = [];
  const program = function* (): Program<void> {
    log.push(yield { func: instance.func("host"), args: [] });
    try {
      yield { func: instance.func("trap"), args: [] };
    } catch (error) {
      log.push(String(error));
    }
    try {
      yield { func: instance.func("trap"), args: [i32(1)] };
    } catch (error) {
      log.push(error instanceof UsageError);
    }
    log.push(yield { func: instance.func("notify"), args: [i32(1)] });
    throw new Error("over");
  };
  const first = scheduler.spawn("first", machine, program());
  expect(() => scheduler.spawn("second", machine, program())).toThrow("a machine of its own");
  expect(() => scheduler.interrupt(first, new Error())).toThrow("does not wait");
  expect(() => scheduler.run(first)).toThrow("over");
  expect(log).toEqual([[], "Error: unreachable", true, [i32(0)]]);
  scheduler.run();
});
