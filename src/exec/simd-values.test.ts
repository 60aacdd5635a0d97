// Vectors wherever a value can be: they take four words where other values take two,
// so each program here has other values around them that must stay what they are.

import { describe, expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../binary/decode.js";
import {
  type ExternInstance,
  FuncInstance,
  GlobalInstance,
  type HostFunction,
} from "../runtime/instances.js";
import { Trap } from "../runtime/traps.js";
import { f32, i32, i64, v128, type Value } from "../runtime/values.js";
import { validate } from "../valid/validate.js";
import { getGlobal, instantiate, setGlobal } from "./instantiate.js";
import { Machine, type Outcome } from "./machine.js";

const X = v128(0x0f0e0d0c_0b0a0908_07060504_03020100n);
const Y = v128(0xfffefdfc_fbfaf9f8_f7f6f5f4_f3f2f1f0n);
const ZERO = v128(0n);

/** Gives every result three times: run at once, one instruction at a time, and watched. */
function load(wat: string, host: HostFunction = () => []) {
  const parsed = binaryen.parseText(`(module ${wat})`);
  parsed.setFeatures(binaryen.Features.All);
  const module = validate(decode(parsed.emitBinary()));
  const env = new Map<string, ExternInstance>();
  const global = new GlobalInstance({ type: "v128", mutable: true });
  setGlobal(global, X);
  env.set("global", { kind: "global", global });
  for (const { name, description } of module.imports) {
    if (description.kind !== "func") continue;
    const type = module.context.defTypes[description.type]!;
    env.set(name, { kind: "func", func: FuncInstance.host(type, name, host) });
  }
  const machine = new Machine();
  const instance = instantiate(machine, module, new Map([["env", env]]));
  const call = (name: string, ...args: Value[]): readonly Value[] => {
    const found = instance.exports.get(name);
    if (found?.kind !== "func") throw new Error(`no function ${name}`);
    machine.observer = null;
    const results = machine.invoke(found.func, args);
    expect(stepped(machine, found.func, args, host)).toEqual(results);
    machine.observer = { enter: () => undefined, leave: () => undefined };
    expect(machine.invoke(found.func, args)).toEqual(results);
    return results;
  };
  return { call, instance, global };
}

function stepped(
  machine: Machine,
  func: FuncInstance,
  args: readonly Value[],
  host: HostFunction,
): readonly Value[] {
  machine.start(func, args);
  for (;;) {
    const outcome: Outcome = machine.step();
    if (outcome.kind === "returned") return outcome.results;
    if (outcome.kind === "trapped") throw outcome.error;
    if (outcome.kind === "host") machine.answer(host(outcome.call.args) as readonly Value[]);
  }
}

test("parameters, results and locals", () => {
  const { call } = load(`
    (func (export "turn") (param i32 v128 i64 v128 f32) (result f32 v128 i64 v128 i32)
      (local $a i32) (local $zero v128) (local $b i64) (local $copy v128)
      (local.set $a (local.get 0)) (local.set $b (local.get 2))
      (local.set $copy (local.tee $zero (local.get 1)))
      (local.set 1 (local.get 3)) (local.set 3 (local.get $copy))
      (local.get 4) (local.get 1) (local.get $b) (local.get $zero) (local.get $a))
    (func (export "zero") (param v128) (result v128 i32) (local i32 v128)
      (local.get 2) (local.get 1))`);
  expect(call("turn", i32(1), X, i64(2n), Y, f32(3))).toEqual([f32(3), Y, i64(2n), X, i32(1)]);
  expect(call("zero", X)).toEqual([ZERO, i32(0)]);
});

test("drop and select", () => {
  const { call } = load(`
    (func (export "drop") (param i32 v128) (result i32 v128)
      (local.get 0) (local.get 1) (drop (local.get 1)) (drop (local.get 0)))
    (func (export "select") (param v128 v128 i32) (result i32 v128)
      (i32.const 7) (select (local.get 0) (local.get 1) (local.get 2)))
    (func (export "typed") (param v128 v128 i32) (result i32 v128)
      (i32.const 7) (select (result v128) (local.get 0) (local.get 1) (local.get 2)))`);
  expect(call("drop", i32(5), X)).toEqual([i32(5), X]);
  for (const name of ["select", "typed"]) {
    expect(call(name, X, Y, i32(1))).toEqual([i32(7), X]);
    expect(call(name, X, Y, i32(0))).toEqual([i32(7), Y]);
  }
});

test("blocks and branches", () => {
  const { call } = load(`
    (func (export "branch") (param v128 v128 i32) (result i64 v128 i32)
      (i64.const 9)
      (block $outer (result v128 i32)
        (block $inner (result v128)
          (drop (v128.not (local.get 1)))
          (drop (br_if $inner (local.get 0) (i32.eqz (local.get 2))))
          (br $outer (local.get 1) (i32.const 11)))
        (i32.const 22)))
    (func (export "table") (param v128 i32) (result i32 v128)
      (i32.const 1)
      (block $a (result v128)
        (block $b (result v128)
          (br_table $a $b (local.get 0) (local.get 1)))
        (v128.not)))
    (func (export "loop") (param v128 i32) (result v128)
      (local.get 0)
      (loop $again (param v128) (result v128)
        (local.set 1 (i32.sub (local.get 1) (i32.const 1)))
        (i32x4.add (v128.const i32x4 1 2 3 4))
        (br_if $again (i32.gt_s (local.get 1) (i32.const 0)))))
    (func (export "if") (param v128 i32) (result v128 i32)
      (if (result v128) (local.get 1) (then (local.get 0)) (else (v128.not (local.get 0))))
      (local.get 1))`);
  expect(call("branch", X, Y, i32(0))).toEqual([i64(9n), X, i32(22)]);
  expect(call("branch", X, Y, i32(1))).toEqual([i64(9n), Y, i32(11)]);
  expect(call("table", X, i32(0))).toEqual([i32(1), X]);
  expect(call("table", X, i32(1))).toEqual([i32(1), v128(~0x0f0e0d0c_0b0a0908_07060504_03020100n)]);
  expect(call("loop", ZERO, i32(5))).toEqual([v128(0x00000014_0000000f_0000000a_00000005n)]);
  expect(call("if", X, i32(1))).toEqual([X, i32(1)]);
  expect(call("if", Y, i32(0))[1]).toEqual(i32(0));
});

test("calls of every kind, and slots that grow under way", () => {
  const { call } = load(`
    (type $swap (func (param v128 i32 v128) (result v128 i32 v128)))
    (table funcref (elem $swap)) (elem declare func $swap)
    (func $swap (type $swap) (local.get 2) (local.get 1) (local.get 0))
    (func (export "call") (param v128 i32 v128) (result v128 i32 v128)
      (call $swap (local.get 0) (local.get 1) (local.get 2)))
    (func (export "indirect") (param v128 i32 v128) (result v128 i32 v128)
      (call_indirect (type $swap) (local.get 0) (local.get 1) (local.get 2) (i32.const 0)))
    (func (export "ref") (param v128 i32 v128) (result v128 i32 v128)
      (call_ref $swap (local.get 0) (local.get 1) (local.get 2) (ref.func $swap)))
    (func (export "tail") (param v128 i32 v128) (result v128 i32 v128)
      (return_call $swap (local.get 0) (local.get 1) (local.get 2)))
    (func $deep (export "deep") (param i32 v128) (result v128) (local v128)
      (if (result v128) (i32.eqz (local.get 0))
        (then (local.get 2))
        (else (i64x2.add (local.get 1)
          (call $deep (i32.sub (local.get 0) (i32.const 1)) (local.get 1))))))`);
  for (const name of ["call", "indirect", "ref", "tail"])
    expect(call(name, X, i32(3), Y)).toEqual([Y, i32(3), X]);
  expect(call("deep", i32(400), v128((3n << 64n) | 1n))).toEqual([v128((1200n << 64n) | 400n)]);
});

test("host functions", () => {
  const seen: (readonly Value[])[] = [];
  const { call } = load(
    `(import "env" "host" (func $host (param v128 i32 v128) (result i64 v128 v128)))
     (func (export "call") (param v128 v128) (result i32 i64 v128 v128)
       (i32.const 4) (call $host (local.get 1) (i32.const 8) (local.get 0)))`,
    (args) => {
      seen.push(args);
      return [i64(-1n), args[2]!, args[0]!];
    },
  );
  expect(call("call", X, Y)).toEqual([i32(4), i64(-1n), X, Y]);
  expect(seen[0]).toEqual([Y, i32(8), X]);
});

test("globals and constants", () => {
  const { call, instance, global } = load(`
    (import "env" "global" (global $imported (mut v128)))
    (global $own (export "own") (mut v128)
      (v128.const i8x16 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15))
    (func (export "set") (param v128 v128) (result v128 i32 v128)
      (global.set $own (local.get 0)) (global.set $imported (local.get 1))
      (global.get $own) (i32.const 1) (global.get $imported))`);
  const own = instance.exports.get("own");
  if (own?.kind !== "global") throw new Error("no global");
  expect([getGlobal(own.global), getGlobal(global)]).toEqual([X, X]);
  expect(call("set", Y, X)).toEqual([Y, i32(1), X]);
  expect([getGlobal(own.global), getGlobal(global)]).toEqual([Y, X]);
  setGlobal(global, Y);
  expect(getGlobal(global)).toEqual(Y);
});

test("structures and arrays", () => {
  const { call } = load(`
    (type $s (struct (field (mut i8)) (field (mut v128)) (field anyref) (field (mut i64))))
    (type $a (array (mut v128)))
    (data $d "\\00\\01\\02\\03\\04\\05\\06\\07\\08\\09\\0a\\0b\\0c\\0d\\0e\\0f\\f0")
    (func (export "struct") (param v128 v128) (result i32 v128 i64 v128)
      (local $x (ref null $s))
      (local.set $x (struct.new $s (i32.const 5) (local.get 0) (ref.null any) (i64.const 6)))
      (struct.get_u $s 0 (local.get $x))
      (struct.get $s 1 (local.get $x))
      (struct.set $s 1 (local.get $x) (local.get 1))
      (struct.get $s 3 (local.get $x))
      (struct.get $s 1 (local.get $x)))
    (func (export "array") (param v128 v128) (result v128 i32 v128 v128)
      (local $x (ref null $a)) (local $y (ref null $a))
      (local.set $x (array.new_fixed $a 3 (local.get 0) (v128.const i64x2 0 0) (local.get 1)))
      (local.set $y (array.new $a (local.get 0) (i32.const 4)))
      (array.set $a (local.get $x) (i32.const 1) (array.get $a (local.get $x) (i32.const 2)))
      (array.copy $a $a (local.get $y) (i32.const 2) (local.get $x) (i32.const 1) (i32.const 2))
      (array.fill $a (local.get $x) (i32.const 0) (v128.const i64x2 -1 -1) (i32.const 2))
      (array.get $a (local.get $y) (i32.const 1))
      (array.len (local.get $y))
      (array.get $a (local.get $y) (i32.const 2))
      (array.get $a (local.get $x) (i32.const 1)))
    (func (export "data") (result v128)
      (array.get $a (array.new_data $a $d (i32.const 0) (i32.const 1)) (i32.const 0)))`);
  expect(call("struct", X, Y)).toEqual([i32(5), X, i64(6n), Y]);
  expect(call("array", X, Y)).toEqual([X, i32(4), Y, v128(-1n)]);
  expect(call("data")).toEqual([X]);
});

test("exceptions", () => {
  const { call } = load(`
    (tag $t (param i32 v128 i64))
    (func $throw (param v128) (throw $t (i32.const 1) (local.get 0) (i64.const 2)))
    (func (export "catch") (param v128) (result v128 i32 v128 i64)
      (local.get 0)
      (block $caught (result i32 v128 i64)
        (try_table (catch $t $caught) (drop (v128.const i64x2 5 6)) (call $throw (local.get 0)))
        (unreachable)))`);
  expect(call("catch", X)).toEqual([X, i32(1), X, i64(2n)]);
});

describe("memories", () => {
  const { call } = load(`
    (memory 1) (memory $wide i64 1)
    (func (export "wide") (param i64 v128) (result v128 i32)
      (v128.store $wide offset=16 (local.get 0) (local.get 1))
      (v128.load32_splat $wide offset=20 align=1 (local.get 0))
      (i32.load8_u (i32.const 16)))
    (func (export "far") (param i64) (result v128)
      (v128.load $wide offset=0xfffffffffffffff0 (local.get 0)))`);
  test("others than the first, with 64-bit addresses", () => {
    const splat = v128(0x07060504_07060504_07060504_07060504n);
    expect(call("wide", i64(0n), X)).toEqual([splat, i32(0)]);
  });
  test("an access out of bounds changes nothing, and its trap says what it was", () => {
    for (const address of [65520n, 0x100000000n, -1n])
      expect(() => call("wide", i64(address), X)).toThrow(Trap);
    expect(() => call("far", i64(0n))).toThrow("out of bounds memory access");
    try {
      call("far", i64(0n));
    } catch (error) {
      expect((error as Trap).wasmStack[0]!.instruction).toBe("v128.load");
    }
  });
});
