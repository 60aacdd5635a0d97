// Functions and hosts at the limits of what the host's compiler and stack take: programs do
// what the interpreter does, or end with an error that says so.

import { describe, expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../binary/decode.js";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { Exhaustion } from "../runtime/traps.js";
import { f64, i32, i64, type Value } from "../runtime/values.js";
import {
  assemble,
  EMPTY,
  functype,
  I32,
  type Item,
  leb,
  section,
  vec,
  wasm,
} from "../valid/testing.js";
import { validate } from "../valid/validate.js";
import { tierOf, type TierName } from "./choose.js";

const TIERS = ["forward", "alternate"] as const;

function load(bytes: Uint8Array, tier: TierName) {
  const machine = new Machine({ tier: tierOf(tier) });
  const instance = instantiate(machine, validate(decode(bytes)), new Map());
  const run = (...args: Value[]) => {
    const results = machine.invoke(instance.func("run"), args);
    return [results, machine.executed];
  };
  return { machine, instance, run };
}

/** A module of one function, from i32 to i32, that calls itself once. Its body is too long to be passed as arguments. */
function module(locals: readonly (readonly number[])[], body: readonly Item[]): Uint8Array {
  const bytes = [...vec(...locals), ...body.flatMap((item) => assemble(item)), ...assemble("end")];
  return wasm(
    section(1, functype([I32], [I32])),
    section(3, [0]),
    section(7, [3, 0x72, 0x75, 0x6e, 0, 0]),
    section(10, [...leb(bytes.length), ...bytes]),
  );
}
const again: Item[] = [
  ...(["local.get", 0, "if", EMPTY, "i32.const", 0, "call", 0, "drop", "end"] as const),
];

describe.each(TIERS)("%s", (tier) => {
  const same = (bytes: Uint8Array, arg: number): void =>
    expect(load(bytes, tier).run(i32(arg))).toEqual(load(bytes, "interpreter").run(i32(arg)));

  test.each([700, 20_000])("%d blocks in one another", (n) => {
    const opening = Array.from({ length: n }, (): Item[] => ["block", EMPTY]).flat();
    const ends = Array.from({ length: n }, (): Item => "end");
    const out: Item[] = ["local.get", 0, "br_if", ...leb(n >> 1)];
    const bytes = module([], [...opening, ...again, ...out, ...ends, "i32.const", 7]);
    for (const arg of [0, 1]) same(bytes, arg);
  });

  test("a table of more branches than time allows to look through for each", () => {
    const n = 60_000;
    const labels = Array.from({ length: n }, () => 0);
    const table: Item[] = ["local.get", 0, "br_table", ...leb(n), ...labels, 1];
    const ends: Item[] = ["end", "i32.const", 1, "return", "end", "i32.const", 2];
    const bytes = module([], [...again, "block", EMPTY, "block", EMPTY, ...table, ...ends]);
    for (const arg of [0, n - 1, n, -1]) same(bytes, arg);
  });

  test("more locals than a call of the host takes arguments", () => {
    const n = 43_000;
    const set: Item[] = ["i32.const", 5, "local.set", ...leb(n)];
    const sum: Item[] = ["local.get", 0, "local.get", ...leb(n), "i32.add"];
    same(module([[...leb(n), I32]], [...set, ...again, ...sum]), 3);
  });

  test("more operands than that", () => {
    const n = 4_000;
    const push = Array.from({ length: n }, (): Item[] => ["local.get", 0]).flat();
    const add = Array.from({ length: n - 1 }, (): Item => "i32.add");
    same(module([], [...push, ...again, ...add]), 3);
  });
});

test("where the host's stack is nearly used up, calls end with an error or come to the same", () => {
  const parsed = binaryen.parseText(`(module (memory 1)
    (func $down (export "run") (param i32 i64 f64) (result i32)
      (i32.store (i32.const 8) (i32.add (i32.load (i32.const 8)) (i32.const 1)))
      (local.set 1 (i64.shl (local.get 1) (i64.extend_i32_u (i32.and (local.get 0) (i32.const 3)))))
      (local.set 1 (i64.rotr (local.get 1) (i64.extend_i32_u (local.get 0))))
      (local.set 2 (f64.ceil (f64.add (local.get 2) (f64.const 0.25))))
      (local.set 2 (f64.copysign (local.get 2) (f64.const -0.25)))
      (if (i32.eqz (local.get 0)) (then (return (i32.trunc_f64_s (local.get 2)))))
      (i32.add (i32.load (i32.const 8))
        (call $down (i32.sub (local.get 0) (i32.const 1)) (local.get 1) (local.get 2)))))`);
  const bytes = parsed.emitBinary();
  const { machine, instance, run } = load(bytes, "forward");
  const { view } = instance.memories[0]!;
  const args = [i32(600), i64(5n), f64(0.5)];
  const once = load(bytes, "interpreter").run(...args)[1] as number;
  const below = (depth: number, action: () => void): number => {
    if (depth === 0) action();
    return depth === 0 ? 1 : below(depth - 1, action) + 1;
  };
  let ended = 0;
  for (let depth = 2000; ; depth += 50) {
    const { executed } = machine;
    view.setInt32(8, 0, true);
    try {
      below(depth, () => machine.invoke(instance.func("run"), args));
      expect([machine.executed - executed, view.getInt32(8, true)]).toEqual([once, 601]);
    } catch (error) {
      // Here it is the interpreter that has too little, or whoever calls it.
      if (error instanceof RangeError) break;
      expect(error).toBeInstanceOf(Exhaustion);
      ended++;
    }
  }
  expect(ended).toBeGreaterThan(0);
  const { executed } = machine;
  expect(run(...args)[1]).toBe(executed + once);
});
