// Waiting and notifying between fibers, which the official suite leaves out, and
// atomics on memories other than the plain first one.

import { describe, expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../binary/decode.js";
import type { FuncInstance } from "../runtime/instances.js";
import { i32, i64, type Value } from "../runtime/values.js";
import { code, EMPTY, functype, section, wasm } from "../valid/testing.js";
import { validate } from "../valid/validate.js";
import { instantiate } from "./instantiate.js";
import { Machine } from "./machine.js";

function load(wat: string) {
  const parsed = binaryen.parseText(wat);
  parsed.setFeatures(binaryen.Features.All);
  const machine = new Machine();
  const instance = instantiate(machine, validate(decode(parsed.emitBinary())));
  const func = (name: string) =>
    (instance.exports.get(name) as unknown as { func: FuncInstance }).func;
  return {
    call: (name: string, ...args: Value[]) => machine.invoke(func(name), args)[0],
    start: async (name: string, ...args: Value[]) =>
      (await machine.invokeAsync(func(name), args))[0],
  };
}

const WAITING = (memory: string) => `(module
  (memory ${memory})
  (func (export "wait32") (param i32 i32 i64) (result i32)
    (i32.add (i32.const 10)
      (memory.atomic.wait32 offset=4 (local.get 0) (local.get 1) (local.get 2))))
  (func (export "wait64") (param i32 i64 i64) (result i32)
    (memory.atomic.wait64 (local.get 0) (local.get 1) (local.get 2)))
  (func (export "notify") (param i32 i32) (result i32)
    (memory.atomic.notify (local.get 0) (local.get 1)))
  (func (export "store") (param i32 i32) (i32.atomic.store (local.get 0) (local.get 1))
    (atomic.fence)))`;
const FOREVER = i64(-1n);

describe("waiting", () => {
  test("ends when another fiber notifies, first come, first served", async () => {
    const { call, start } = load(WAITING("1 1 shared"));
    const order: string[] = [];
    const waits = ["a", "b", "c"].map(async (name) => {
      expect(await start("wait32", i32(0), i32(0), FOREVER)).toEqual(i32(10));
      order.push(name);
    });
    expect(call("notify", i32(4), i32(2))).toEqual(i32(2));
    await Promise.all(waits.slice(0, 2));
    expect(order).toEqual(["a", "b"]);
    expect(call("notify", i32(0), i32(-1))).toEqual(i32(0));
    expect(call("notify", i32(4), i32(-1))).toEqual(i32(1));
    await waits[2];
    expect(call("notify", i32(4), i32(-1))).toEqual(i32(0));
  });

  test("does not begin where the value is another, and ends in time", async () => {
    const { call, start } = load(WAITING("1 1 shared"));
    expect(call("wait32", i32(0), i32(1), FOREVER)).toEqual(i32(11));
    expect(call("wait64", i32(8), i64(-1n), FOREVER)).toEqual(i32(1));
    expect(call("wait32", i32(0), i32(0), i64(0n))).toEqual(i32(12));
    expect(await start("wait64", i32(8), i64(0n), i64(1_000_000n))).toEqual(i32(2));
    expect(call("notify", i32(8), i32(1))).toEqual(i32(0));
    call("store", i32(4), i32(-5));
    expect(await start("wait32", i32(0), i32(-5), i64(1n))).toEqual(i32(12));
  });

  test("needs a shared memory and an aligned address, and a caller who can wait", () => {
    const shared = load(WAITING("1 1 shared"));
    expect(() => shared.call("wait64", i32(4), i64(0n), FOREVER)).toThrow("unaligned atomic");
    expect(() => shared.call("wait32", i32(65532), i32(0), FOREVER)).toThrow("out of bounds");
    expect(() => shared.call("wait32", i32(0), i32(0), FOREVER)).toThrow("synchronous call");
    const plain = load(WAITING("1 1"));
    expect(() => plain.call("wait32", i32(0), i32(0), FOREVER)).toThrow("expected shared memory");
    expect(plain.call("notify", i32(0), i32(1))).toEqual(i32(0));
  });
});

test("accesses reach any memory, with addresses of 64 bits", () => {
  const { call } = load(`(module (memory 1) (memory $m i64 1)
    (func (export "add") (param i64 i32) (result i32)
      (i32.atomic.rmw16.add_u $m offset=2 (local.get 0) (local.get 1)))
    (func (export "load") (param i64) (result i64) (i64.atomic.load $m (local.get 0))))`);
  expect(call("add", i64(0n), i32(0x1fffe))).toEqual(i32(0));
  expect(call("add", i64(0n), i32(3))).toEqual(i32(0xfffe));
  expect(call("load", i64(0n))).toEqual(i64(0x10000n));
  expect(() => call("load", i64(1n << 40n))).toThrow("out of bounds");
});

// The official suite (June 2026) has no operand that is too wide.
test("a narrow exchange compares no more than it replaces", () => {
  const { call } = load(`(module (memory 1)
    (func (export "i32") (param i32 i32) (result i32)
      (i32.atomic.rmw8.cmpxchg_u (i32.const 0) (local.get 0) (local.get 1)))
    (func (export "i64") (param i64 i64) (result i64)
      (i64.atomic.rmw32.cmpxchg_u (i32.const 0) (local.get 0) (local.get 1)))
    (func (export "load") (result i64) (i64.atomic.load (i32.const 0))))`);
  expect(call("i32", i32(0x100), i32(0x2ab))).toEqual(i32(0));
  expect(call("load")).toEqual(i64(0xabn));
  expect(call("i64", i64(0x1_0000_00abn), i64(-1n))).toEqual(i64(0xabn));
  expect(call("load")).toEqual(i64(0xffff_ffffn));
  expect(call("i64", i64(0xabn), i64(0n))).toEqual(i64(0xffff_ffffn));
  expect(call("load")).toEqual(i64(0xffff_ffffn));
});

test("accesses must be aligned, and a fence ends in zero", () => {
  const module = (...body: Parameters<typeof code>[1][]) =>
    wasm(
      section(1, functype([], [])),
      section(3, [0]),
      section(5, [0, 1]),
      section(10, code([], "block", EMPTY, ...body, "end", "end")),
    );
  const load8 = module("i32.const", 0, "i32.atomic.load", 1, 0, "drop");
  expect(() => validate(decode(load8))).toThrow("atomic alignment must be natural");
  expect(() => decode(module("atomic.fence", 1))).toThrow("zero byte expected");
  expect(() => validate(decode(module("atomic.fence", 0)))).not.toThrow();
});
