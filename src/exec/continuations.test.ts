// Stack switching, run from text: what the official suite leaves out, which is depth,
// the host, stepping, and what observers see.

import { describe, expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../binary/decode.js";
import { ContinuationInstance } from "../runtime/continuations.js";
import { UncaughtException } from "../runtime/exceptions.js";
import {
  type ExternInstance,
  FuncInstance,
  type GlobalInstance,
  type HostFunction,
} from "../runtime/instances.js";
import { formatValue } from "../runtime/notation.js";
import { Exhaustion, Trap } from "../runtime/traps.js";
import { i32, type Value } from "../runtime/values.js";
import { disassembleFunction } from "../text/disassemble.js";
import { validate } from "../valid/validate.js";
import type { Observer } from "./hooks.js";
import { instantiate } from "./instantiate.js";
import { Machine, type MachineOptions } from "./machine.js";

function load(wat: string, host: Record<string, HostFunction> = {}, options: MachineOptions = {}) {
  const parsed = binaryen.parseText(`(module ${wat})`);
  parsed.setFeatures(binaryen.Features.All);
  const module = validate(decode(parsed.emitBinary()));
  const env = new Map<string, ExternInstance>();
  for (const { name, description } of module.imports) {
    if (description.kind !== "func") continue;
    const type = module.context.defTypes[description.type]!;
    env.set(name, { kind: "func", func: FuncInstance.host(type, `env.${name}`, host[name]!) });
  }
  const machine = new Machine(options);
  const instance = instantiate(machine, module, new Map([["env", env]]));
  const func = (name: string): FuncInstance => {
    const found = instance.exports.get(name);
    if (found?.kind !== "func") throw new Error(`no function ${name}`);
    return found.func;
  };
  const call = (name: string, ...args: Value[]): Value => machine.invoke(func(name), args)[0]!;
  const global = (name: string): GlobalInstance => {
    const found = instance.exports.get(name);
    if (found?.kind !== "global") throw new Error(`no global ${name}`);
    return found.global;
  };
  return { machine, module, func, call, global };
}

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

/** Yields n, n - 1, … 1; `sum` adds them up. */
const GENERATOR = `
  (type $f (func)) (type $k (cont $f))
  (type $fi (func (param i32))) (type $ki (cont $fi))
  (tag $yield (param i32))
  (func $count (type $fi)
    (loop $more
      (suspend $yield (local.get 0))
      (br_if $more (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))
  (elem declare func $count)
  (func (export "sum") (param $n i32) (result i32)
    (local $s i32) (local $k (ref null $k))
    (local.set $k (cont.bind $ki $k (local.get $n) (cont.new $ki (ref.func $count))))
    (loop $next
      (block $on (result i32 (ref $k))
        (resume $k (on $yield $on) (local.get $k))
        (return (local.get $s)))
      (local.set $k)
      (local.set $s (i32.add (local.get $s)))
      (br $next))
    (unreachable))`;

describe("a generator", () => {
  test("suspends and goes on, once for each value", () => {
    expect(load(GENERATOR).call("sum", i32(1000))).toEqual(i32(500500));
  });

  test("gives the same with one instruction at a time, and counts the same", () => {
    const whole = load(GENERATOR);
    whole.call("sum", i32(20));
    const { machine, func } = load(GENERATOR);
    machine.start(func("sum"), [i32(20)]);
    let outcome = machine.step();
    while (outcome.kind === "paused") outcome = machine.step();
    expect(outcome).toEqual({ kind: "returned", results: [i32(210)] });
    expect(machine.executed).toBe(whole.machine.executed);
  });

  test("observers see each switch, and enter and leave stay in balance", () => {
    const seen: string[] = [];
    const frames: number[] = [];
    const observer: Observer = {
      fiberSwitch: (from, to, how) => {
        expect(from).not.toBe(to);
        seen.push(how);
      },
      enter: () => void frames.push(1),
      leave: () => void frames.pop(),
    };
    const { call, machine } = load(GENERATOR, {}, { observer });
    call("sum", i32(2));
    expect(seen).toEqual(["resume", "suspend", "resume", "suspend", "resume", "return"]);
    expect(frames).toEqual([]);
    expect(machine.fiber).toBeNull();
  });

  test("is shown with its clauses", () => {
    const { module } = load(GENERATOR);
    const text = disassembleFunction(module, 1).map((line) => line.text);
    expect(text.filter((line) => /^(resume|cont|suspend)/.test(line))).toEqual([
      expect.stringMatching(/^cont\.new /),
      expect.stringMatching(/^cont\.bind \S+ \S+$/),
      expect.stringMatching(/^resume \S+ \(on \S+ 0\)$/),
    ]);
  });
});

describe("a scheduler with switch", () => {
  // Two tasks hand control to each other without coming back to the one who resumed them.
  const TASKS = `
    (rec (type $f (func (param (ref null $k)) (result i32))) (type $k (cont $f)))
    (tag $t (result i32))
    (global $log (mut i32) (i32.const 0))
    (func $note (param i32)
      (global.set $log (i32.add (i32.mul (global.get $log) (i32.const 10)) (local.get 0))))
    (func $ping (type $f) (local $n i32)
      (loop $l
        (call $note (i32.const 1))
        (local.set 0 (switch $k $t (local.get 0)))
        (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 3))))
      (global.get $log))
    (func $pong (type $f)
      (loop $l
        (call $note (i32.const 2))
        (local.set 0 (switch $k $t (local.get 0)))
        (br $l))
      (unreachable))
    (elem declare func $ping $pong)
    (func (export "run") (result i32)
      (resume $k (on $t switch) (cont.new $k (ref.func $pong)) (cont.new $k (ref.func $ping))))
    (func (export "unhandled") (result i32)
      (resume $k (cont.new $k (ref.func $pong)) (cont.new $k (ref.func $ping))))`;

  test("goes from one to the other and ends where the first was resumed", () => {
    const seen: string[] = [];
    const observer: Observer = { fiberSwitch: (_from, _to, how) => void seen.push(how) };
    const { call } = load(TASKS, {}, { observer });
    expect(call("run")).toEqual(i32(121212));
    expect(seen).toEqual(["resume", ...Array<string>(6).fill("switch"), "return"]);
  });

  test("needs a clause that lets it", () => {
    expect(thrownBy(() => load(TASKS).call("unhandled"))).toMatchObject({
      reason: "unhandled tag",
    });
  });
});

describe("deep recursion in a continuation", () => {
  // At the bottom of `depth` frames it suspends `times` times.
  const DEEP = `
    (type $f (func (result i32))) (type $k (cont $f))
    (type $g (func (param i32 i32) (result i32))) (type $kg (cont $g))
    (tag $t)
    (func $deep (type $g)
      (if (local.get 0)
        (then (return (i32.add (i32.const 1)
          (call $deep (i32.sub (local.get 0) (i32.const 1)) (local.get 1))))))
      (loop $l
        (suspend $t)
        (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1)))))
      (i32.const 0))
    (elem declare func $deep)
    (func (export "run") (param i32 i32) (result i32) (local $k (ref null $k))
      (local.set $k (cont.bind $kg $k (local.get 0) (local.get 1) (cont.new $kg (ref.func $deep))))
      (loop $l
        (block $on (result (ref $k))
          (return (resume $k (on $t $on) (local.get $k))))
        (local.set $k)
        (br $l))
      (unreachable))`;

  test("a suspension costs the same whatever is below it", () => {
    const { machine, call } = load(DEEP, {}, { maxFrames: 200_000 });
    const costOf = (depth: number): { time: number; executed: number } => {
      const measure = (times: number) => {
        const { executed } = machine;
        const start = performance.now();
        expect(call("run", i32(depth), i32(times))).toEqual(i32(depth));
        return { time: performance.now() - start, executed: machine.executed - executed };
      };
      const few = measure(1);
      const many = measure(5001);
      return { time: many.time - few.time, executed: many.executed - few.executed };
    };
    costOf(10);
    const shallow = costOf(10);
    const deep = costOf(100_000);
    expect(deep.executed).toBe(shallow.executed);
    // Looking at every frame would take a thousand times as long.
    expect(deep.time).toBeLessThan(20 * shallow.time + 200);
  });

  test("frames count over all fibers of the chain", () => {
    const { call } = load(DEEP, {}, { maxFrames: 100 });
    expect(call("run", i32(98), i32(3))).toEqual(i32(98));
    expect(thrownBy(() => call("run", i32(99), i32(3)))).toBeInstanceOf(Exhaustion);
  });

  test("fibers within fibers without end are exhaustion too", () => {
    const { call } = load(
      `(type $f (func (result i32))) (type $k (cont $f))
       (func $nest (export "nest") (type $f) (resume $k (cont.new $k (ref.func $nest))))`,
      {},
      { maxFrames: 5000 },
    );
    expect(thrownBy(() => call("nest"))).toBeInstanceOf(Exhaustion);
  });
});

describe("exceptions", () => {
  const THROWING = `
    (import "env" "f" (func $f))
    (type $v (func)) (type $k (cont $v))
    (tag $e (param i32)) (tag $t)
    (func $throws (type $v) (throw $e (i32.const 7)))
    (func $asks (type $v) (call $f))
    (func $waits (type $v)
      (block $h (result i32) (try_table (catch $e $h) (suspend $t)) (return))
      (throw $e (i32.add (i32.const 1))))
    (func $outer (type $v) (resume $k (cont.new $k (ref.func $throws))))
    (elem declare func $throws $asks $waits $outer)
    (func $guard (param $k (ref null $k)) (result i32)
      (block $h (result i32)
        (try_table (catch $e $h) (resume $k (local.get $k)))
        (i32.const -1)))
    (func (export "nested") (result i32) (call $guard (cont.new $k (ref.func $outer))))
    (func (export "host") (result i32)
      (block $h (try_table (catch_all $h) (resume $k (cont.new $k (ref.func $asks)))) (return (i32.const 0)))
      (i32.const 1))
    (func (export "uncaught") (resume $k (cont.new $k (ref.func $outer))))
    (func (export "fresh") (result i32)
      (block $h (result i32)
        (try_table (catch $e $h) (resume_throw $k $e (i32.const 5) (cont.new $k (ref.func $throws))))
        (i32.const -1)))
    (func (export "injected") (result i32) (local (ref null $k))
      (block $h (result i32)
        (block $on (result (ref $k))
          (resume $k (on $t $on) (cont.new $k (ref.func $waits)))
          (return (i32.const -2)))
        (try_table (param (ref $k)) (catch $e $h)
          (local.set 0)
          (resume_throw $k $e (i32.const 5) (local.get 0)))
        (i32.const -1)))`;

  test("pass from a fiber to the one that resumed it, however many", () => {
    const { call, machine } = load(THROWING, { f: () => [] });
    expect(call("nested")).toEqual(i32(7));
    expect(machine.fiber).toBeNull();
  });

  test("are injected where the continuation stands, or out of it if it has not begun", () => {
    const { call } = load(THROWING, { f: () => [] });
    expect(call("fresh")).toEqual(i32(5));
    expect(call("injected")).toEqual(i32(6));
  });

  test("of the host, and those that nobody catches", async () => {
    const { call, func, machine } = load(THROWING, {
      f: () => {
        throw new Error("host");
      },
    });
    expect(call("host")).toEqual(i32(1));
    expect(await machine.invokeAsync(func("host"), [])).toEqual([i32(1)]);
    const error = thrownBy(() => call("uncaught")) as UncaughtException;
    expect(error).toBeInstanceOf(UncaughtException);
    expect(error.wasmStack.map((entry) => entry.instruction)).toEqual([
      "throw",
      "resume",
      "resume",
    ]);
  });
});

describe("continuations are one-shot", () => {
  const ONCE = `
    (type $v (func)) (type $k (cont $v))
    (global $k (export "k") (mut (ref null $k)) (ref.null $k))
    (tag $t)
    (func $f (type $v) (suspend $t))
    (elem declare func $f)
    (func (export "make") (global.set $k (cont.new $k (ref.func $f))))
    (func (export "go")
      (block $on (result (ref $k)) (resume $k (on $t $on) (global.get $k)) (return))
      (drop))
    (func (export "bind") (drop (cont.bind $k $k (global.get $k))))
    (func (export "trap") (resume $k (global.get $k)))`;

  test("whoever uses one empties it", () => {
    const { call, global } = load(ONCE);
    expect(thrownBy(() => call("go"))).toMatchObject({ reason: "null continuation reference" });
    call("make");
    const { ref } = global("k");
    expect(ref).toBeInstanceOf(ContinuationInstance);
    expect(formatValue({ type: "ref", ref })).toBe("contref:continuation");
    call("go");
    for (const again of ["go", "bind"]) {
      const error = thrownBy(() => call(again));
      expect(error).toBeInstanceOf(Trap);
      expect(error).toMatchObject({ reason: "continuation already consumed" });
    }
    call("make");
    call("bind");
    expect(thrownBy(() => call("go"))).toMatchObject({ reason: "continuation already consumed" });
  });

  test("a trap ends all fibers of the chain, and they stay to be looked at", () => {
    const { machine, call, func } = load(ONCE);
    call("make");
    machine.start(func("trap"), []);
    const outcome = machine.run();
    expect(outcome).toMatchObject({ kind: "trapped", error: { reason: "unhandled tag" } });
    const { fiber } = machine;
    expect([fiber!.status, fiber!.resumer!.status]).toEqual(["dead", "dead"]);
    expect([fiber!.depth, fiber!.resumer!.depth]).toEqual([1, 1]);
  });
});

describe("the host", () => {
  const HOST = `
    (import "env" "ask" (func $ask (param i32) (result i32)))
    (type $f (func (param i32) (result i32))) (type $k (cont $f))
    (type $g (func (result i32))) (type $kg (cont $g))
    (tag $t (param i32) (result i32))
    (func $f (type $f)
      (call $ask (suspend $t (call $ask (local.get 0)))))
    (func $tail (type $f) (return_call $ask (local.get 0)))
    (elem declare func $f $tail $ask)
    (func (export "twice") (param i32) (result i32) (local $k (ref null $k))
      (block $on (result i32 (ref $k))
        (return (resume $k (on $t $on) (local.get 0) (cont.new $k (ref.func $f)))))
      (local.set $k) (local.set 0)
      (resume $k (i32.mul (local.get 0) (i32.const 10)) (local.get $k)))
    (func (export "tail") (param i32) (result i32)
      (resume $k (local.get 0) (cont.new $k (ref.func $tail))))
    (func (export "direct") (param i32) (result i32)
      (resume $kg (cont.bind $k $kg (local.get 0) (cont.new $k (ref.func $ask)))))`;

  const next: HostFunction = ([n]) => [i32((n as Value & { type: "i32" }).value + 1)];

  test("answers calls from a continuation, at once or later", async () => {
    const { call } = load(HOST, { ask: next });
    // (5 + 1) * 10 + 1
    expect(call("twice", i32(5))).toEqual(i32(61));
    expect(call("tail", i32(5))).toEqual(i32(6));
    expect(call("direct", i32(5))).toEqual(i32(6));

    const later: HostFunction = async (args) => {
      await Promise.resolve();
      return next(args);
    };
    const { machine, func } = load(HOST, { ask: later });
    const all = ["twice", "tail", "direct", "twice"].map((name) =>
      machine.invokeAsync(func(name), [i32(5)]),
    );
    expect((await Promise.all(all)).flat()).toEqual([i32(61), i32(6), i32(6), i32(61)]);
    expect(machine.fiber).toBeNull();
  });

  test("may call wasm again, whose suspensions end at that call", () => {
    const inner = `
      (import "env" "again" (func $again (result i32)))
      (type $v (func (result i32))) (type $k (cont $v))
      (tag $t)
      (func $f (type $v) (call $again))
      (elem declare func $f)
      (func (export "suspend") (type $v) (suspend $t) (i32.const 0))
      (func (export "run") (type $v)
        (block $on (result (ref $k))
          (return (resume $k (on $t $on) (cont.new $k (ref.func $f)))))
        (drop) (i32.const -1))`;
    const loaded: ReturnType<typeof load> = load(inner, { again: () => [loaded.call("suspend")] });
    expect(thrownBy(() => loaded.call("run"))).toMatchObject({ reason: "unhandled tag" });
  });
});

describe("a continuation of several fibers", () => {
  // `middle` resumes `inner` and handles none of its suspensions.
  const CHAIN = `
    (type $f (func (param v128) (result i32))) (type $k (cont $f))
    (type $g (func (param i32 v128) (result i32))) (type $kg (cont $g))
    (type $n (func (result i32))) (type $kn (cont $n))
    (tag $t (param v128 i32) (result i32 v128))
    (tag $other)
    (func $inner (type $f) (local i32)
      (suspend $t (local.get 0) (i32.const 3))
      (local.set 0) (local.set 1)
      (i32.add (local.get 1) (i32x4.extract_lane 2 (local.get 0))))
    (func $middle (type $f)
      (block $on (result (ref $kn))
        (return (i32.mul (i32.const 10)
          (resume $k (on $other $on) (local.get 0) (cont.new $k (ref.func $inner))))))
      (unreachable))
    (elem declare func $inner $middle)
    (func $deeper (param i32 i32 (ref null $kn)) (result i32)
      (if (result i32) (local.get 0)
        (then (call $deeper (i32.sub (local.get 0) (i32.const 1)) (local.get 1) (local.get 2)))
        (else (resume $kn (local.get 2)))))
    (func (export "run") (param $depth i32) (result i32)
      (local $v v128) (local $i i32) (local $k (ref null $kg))
      (block $on (result v128 i32 (ref $kg))
        (return (resume $k (on $t $on) (v128.const i32x4 1 2 3 4) (cont.new $k (ref.func $middle)))))
      (local.set $k) (local.set $i) (local.set $v)
      ;; From another depth, with its arguments bound one after the other: (3 + 20 + 3) * 10
      (call $deeper (local.get $depth) (i32.const 0)
        (cont.bind $k $kn (local.get $v)
          (cont.bind $kg $k (i32.add (local.get $i) (i32.const 20)) (local.get $k)))))`;

  test("goes on as a whole, from wherever it is resumed", () => {
    const { call } = load(CHAIN, {}, { maxFrames: 100 });
    for (const depth of [0, 5, 96]) expect(call("run", i32(depth))).toEqual(i32(260));
    const error = thrownBy(() => call("run", i32(97)));
    expect(error).toBeInstanceOf(Exhaustion);
  });
});
