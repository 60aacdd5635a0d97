// Compiled code and the interpreter come to the same, state by state: wherever a machine
// stops, for fuel, a trap, the host or the depth of the stack, its frames are the same.

import { describe, expect, test } from "@jest/globals";
import binaryen from "binaryen";
import fc from "fast-check";
import { decode } from "../binary/decode.js";
import { instantiate } from "../exec/instantiate.js";
import { Machine, type MachineOptions, type Outcome } from "../exec/machine.js";
import { type ExternInstance, FuncInstance, type HostFunction } from "../runtime/instances.js";
import { f32, f64, i32, i64, type Value } from "../runtime/values.js";
import { validate } from "../valid/validate.js";
import { tierOf, type TierName } from "./choose.js";
import { outsideOf, stateOf } from "./states.testing.js";
import { ForwardTier } from "./tier.js";

const COMPILING = ["forward", "alternate", "mixed"] as const;

function load(
  wat: string,
  tier: TierName,
  host: Record<string, HostFunction> = {},
  options: MachineOptions = {},
) {
  const parsed = binaryen.parseText(`(module ${wat})`);
  parsed.setFeatures(binaryen.Features.All);
  const module = validate(decode(parsed.emitBinary()));
  const env = new Map<string, ExternInstance>();
  for (const { name, description } of module.imports) {
    if (description.kind !== "func") continue;
    const type = module.context.defTypes[description.type]!;
    env.set(name, { kind: "func", func: FuncInstance.host(type, `env.${name}`, host[name]!) });
  }
  const machine = new Machine({ tier: tierOf(tier), ...options });
  const instance = instantiate(machine, module, new Map([["env", env]]));
  return { machine, instance, func: (name: string) => instance.func(name) };
}

/** All places where a run stops that is given `fuel` instructions at a time; its end last. */
function stops(
  wat: string,
  name: string,
  args: readonly Value[],
  tier: TierName,
  fuel: (n: number) => number,
  host: Record<string, HostFunction> = {},
): string[] {
  const { machine, func } = load(wat, tier, host);
  machine.start(func(name), args);
  const seen: string[] = [];
  for (let n = 0; n < 5_000; n++) {
    const outcome: Outcome = machine.run({ fuel: fuel(n) });
    const place = [...stateOf(machine), ...outsideOf(func(name)), `${machine.executed}`];
    seen.push(`${outcome.kind}: ${place.join(" | ")}`);
    switch (outcome.kind) {
      case "paused":
        continue;
      case "host":
        machine.answer(outcome.call.func.host!(outcome.call.args) as readonly Value[]);
        continue;
      case "returned":
        seen.push(JSON.stringify(outcome.results, (_, v) => (typeof v === "bigint" ? `${v}` : v)));
        return seen;
      case "trapped":
        seen.push(`${outcome.error.message} ${JSON.stringify(outcome.error.wasmStack)}`);
        return seen;
      default:
        return seen;
    }
  }
  throw new Error("it does not end");
}

/** Loops in loops, calls with all types, memory, a table, references, and the host. */
const PROGRAM = `
  (import "env" "tell" (func $tell (param i32 i64 f32 f64) (result i64)))
  (type $binary (func (param i32 i32) (result i32)))
  (memory 1) (global $g (mut i64) (i64.const 7)) (global $f (mut f64) (f64.const 0.5))
  (table 4 funcref) (elem (i32.const 0) $add $sub)
  (func $add (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
  (func $sub (param i32 i32) (result i32)
    (if (result i32) (i32.lt_s (local.get 0) (local.get 1))
      (then (call $sub (local.get 1) (local.get 0)))
      (else (i32.sub (local.get 0) (local.get 1)))))
  (func $mix (param $a i32) (param $b i64) (param $c f32) (param $d f64) (result f64)
    (global.set $g (i64.rotl (i64.add (global.get $g) (local.get $b)) (i64.extend_i32_u (local.get $a))))
    (i64.store offset=8 (i32.and (local.get $a) (i32.const 1023)) (global.get $g))
    (f64.add (f64.promote_f32 (f32.mul (local.get $c) (f32.const 1.5)))
      (f64.div (local.get $d) (f64.convert_i64_u (i64.shr_u (global.get $g) (i64.const 3))))))
  (func $inner (param $n i32) (result i32) (local $s i32) (local $ref funcref)
    (local.set $ref (ref.func $add))
    (loop $more
      (local.set $s (call_indirect (type $binary) (local.get $s) (local.get $n)
        (i32.and (local.get $n) (i32.const 1))))
      (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.add (local.get $s) (ref.is_null (local.get $ref))))
  (func (export "run") (param $n i32) (result i64) (local $i i32) (local $x f64)
    (block $done
      (loop $outer
        (br_if $done (i32.ge_u (local.get $i) (local.get $n)))
        (local.set $x (f64.add (local.get $x)
          (call $mix (local.get $i) (i64.mul (i64.extend_i32_s (local.get $i)) (i64.const -77))
            (f32.convert_i32_s (local.get $i)) (local.get $x))))
        (block $a (block $b (block $c
          (br_table $a $b $c (i32.rem_u (local.get $i) (i32.const 3))))
          (global.set $f (f64.sqrt (f64.abs (local.get $x)))))
          (i32.store8 (local.get $i) (call $inner (i32.add (local.get $i) (i32.const 2)))))
        (global.set $g (i64.xor (global.get $g)
          (call $tell (local.get $i) (global.get $g) (f32.demote_f64 (local.get $x)) (global.get $f))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $outer)))
    (i64.add (global.get $g) (i64.trunc_sat_f64_s (local.get $x))))`;
const HOST: Record<string, HostFunction> = {
  tell: ([, b]) => [i64((b!.type === "i64" ? b!.value : 0n) ^ 5n)],
};

describe.each(COMPILING)("%s", (tier) => {
  test("comes to the same, in as many instructions", () => {
    const whole = (name: TierName): string[] =>
      stops(PROGRAM, "run", [i32(40)], name, () => Infinity, HOST);
    expect(whole(tier)).toEqual(whole("interpreter"));
  });

  test.each([1, 2, 3, 7, 50, 1000])("stands at the same after every %d instructions", (fuel) => {
    const parts = (name: TierName): string[] =>
      stops(PROGRAM, "run", [i32(9)], name, () => fuel, HOST);
    expect(parts(tier)).toEqual(parts("interpreter"));
  });

  test("stands at the same wherever it is stopped", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (fuels) => {
        const parts = (name: TierName): string[] =>
          stops(PROGRAM, "run", [i32(12)], name, (n) => fuels[n % fuels.length]!, HOST);
        expect(parts(tier)).toEqual(parts("interpreter"));
      }),
      { numRuns: 30 },
    );
  });

  const TRAPS = `(memory 1 1)
    (func $at (param $a i32) (param $b i32) (result i32) (local $i i32)
      (local.set $i (i32.add (local.get $a) (i32.const 1)))
      (i32.store (i32.const 0) (local.get $i))
      (i64.store (local.get $a) (i64.const -1))
      (i32.add (i32.mul (local.get $i) (i32.const 3)) (i32.div_s (local.get $a) (local.get $b))))
    (func (export "run") (param i32 i32) (result i32)
      (i32.add (i32.const 5) (call $at (local.get 0) (local.get 1))))`;
  test.each([
    ["an access that fits in part", 65532, 1],
    ["a division by zero", 8, 0],
    ["an overflow", -0x80000000, -1],
    ["an access far outside", -4, 1],
  ])("a trap changes nothing: %s", (_name, a, b) => {
    const run = (name: TierName): string[] =>
      stops(TRAPS, "run", [i32(a), i32(b)], name, () => Infinity);
    expect(run(tier)).toEqual(run("interpreter"));
    expect(run(tier).at(-2)).toMatch(/^trapped/);
  });

  const DEEP = `(func $down (export "run") (param i64 f64) (result i64)
    (if (result i64) (i64.eqz (local.get 0)) (then (i64.trunc_f64_s (local.get 1)))
      (else (i64.add (i64.const 1)
        (call $down (i64.sub (local.get 0) (i64.const 1)) (f64.add (local.get 1) (f64.const 1)))))))`;
  test("recursion goes as deep as allowed, and no deeper", () => {
    const at = (n: bigint, name: TierName) => {
      const { machine, func } = load(DEEP, name, {}, { maxFrames: 20_000 });
      machine.start(func("run"), [i64(n), f64(0.5)]);
      const outcome = machine.run();
      return outcome.kind === "trapped"
        ? [outcome.error.message, machine.fiber!.depth, machine.executed]
        : [outcome, machine.executed];
    };
    for (const n of [10n, 5_000n, 19_999n, 20_000n, 30_000n])
      expect(at(n, tier)).toEqual(at(n, "interpreter"));
  });

  test("a caller sees the memory that its callee has grown", () => {
    const GROW = `(memory 1)
      (func $grow (result i32) (memory.grow (i32.const 1)))
      (func (export "run") (result i32) (local $i i32)
        (loop $more
          (i32.store (i32.mul (local.get $i) (i32.const 65536)) (local.get $i))
          (drop (call $grow))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $i) (i32.const 6))))
        (i32.add (i32.load (i32.const 327680)) (memory.size)))`;
    const run = (name: TierName): string[] => stops(GROW, "run", [], name, () => Infinity);
    expect(run(tier)).toEqual(run("interpreter"));
    expect(run(tier).at(-1)).toContain("12");
  });

  test("bits of NaNs go through variables, calls and memory", () => {
    const NANS = `(memory 1)
      (func $pass (param f32 f64) (result f32 f64) (local.get 0) (local.get 1))
      (func (export "run") (param i32 i64) (result i32 i64) (local $a f32) (local $b f64)
        (local.set $a (f32.reinterpret_i32 (local.get 0)))
        (local.set $b (f64.reinterpret_i64 (local.get 1)))
        (call $pass (local.get $a) (local.get $b))
        (local.set $b) (local.set $a)
        (f32.store (i32.const 0) (local.get $a)) (f64.store (i32.const 8) (local.get $b))
        (i32.reinterpret_f32 (f32.neg (f32.load (i32.const 0))))
        (i64.reinterpret_f64 (f64.neg (f64.load (i32.const 8)))))`;
    const { machine, func } = load(NANS, tier);
    for (let i = 0; i < 200; i++)
      expect(
        machine.invoke(func("run"), [i32(0x7fa00000 + i), i64(0x7ff4000000000000n + BigInt(i))]),
      ).toEqual([i32(0xffa00000 + i), i64(BigInt.asIntN(64, 0xfff4000000000000n + BigInt(i)))]);
  });
});

test("a function that takes time is compiled, one that does not is not", () => {
  const { machine, func } = load(PROGRAM, "mixed", HOST);
  machine.invoke(func("run"), [i32(3)]);
  expect(func("run").direct).not.toBeNull();
  machine.invoke(func("run"), [i32(5_000)]);
  expect(func("run").direct).toBeNull();
});

test("calls of compiled functions may come from a machine without that tier", () => {
  const { machine, func } = load(PROGRAM, "forward", HOST);
  const results = machine.invoke(func("run"), [i32(3)]);
  expect(func("run").direct).toBeNull();
  const again = load(PROGRAM, "interpreter", HOST);
  expect(again.machine.invoke(again.func("run"), [i32(3)])).toEqual(results);
  const plain = new Machine();
  plain.invoke(func("run"), [i32(1)]);
  expect(plain.executed).toBeGreaterThan(0);
});

test("where no code can be made, the interpreter executes everything", () => {
  const real = globalThis.Function;
  class Forbidden {
    constructor() {
      throw new EvalError("not here");
    }
  }
  globalThis.Function = Forbidden as unknown as FunctionConstructor;
  let tier: ForwardTier;
  try {
    tier = new ForwardTier({ eager: true });
  } finally {
    globalThis.Function = real;
  }
  expect(tier.unavailable).toBe("not here");
  const { machine, func } = load(PROGRAM, "forward", HOST, { tier });
  machine.invoke(func("run"), [i32(3)]);
  expect(func("run").direct).not.toBeNull();
});

test("f32 arithmetic rounds once", () => {
  const SUM = `(func (export "run") (param f32 f32) (result f32)
    (f32.add (f32.mul (local.get 0) (local.get 1)) (f32.const 1e-8)))`;
  const at = (tier: TierName) => {
    const { machine, func } = load(SUM, tier);
    return machine.invoke(func("run"), [f32(1.1), f32(3.7)]);
  };
  expect(at("forward")).toEqual(at("interpreter"));
});
