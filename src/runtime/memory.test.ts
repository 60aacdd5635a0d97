// Memories beyond what one typed array of the host holds (4 GiB on Node 20), and
// pieces that overlap.

import binaryen from "binaryen";
import { describe, expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { validate } from "../valid/validate.js";
import { MemoryInstance } from "./memory.js";
import { Trap } from "./traps.js";
import { i32, i64, type Value } from "./values.js";

const memory = (min: bigint) =>
  new MemoryInstance({
    limits: { min, address: "i64", shared: false, pageSizeLog2: 16 },
  } as ConstructorParameters<typeof MemoryInstance>[0]);

describe("beyond 4 GiB", () => {
  const parsed = binaryen.parseText(`(module
    (memory i64 65537)
    (data $d "abcdef")
    (func (export "store") (param i64 i32) (i32.store offset=4 (local.get 0) (local.get 1)))
    (func (export "load") (param i64) (result i32) (i32.load offset=4 (local.get 0)))
    (func (export "load8") (param i64) (result i32) (i32.load8_u (local.get 0)))
    (func (export "fill") (param i64 i32 i64) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
    (func (export "copy") (param i64 i64 i64) (memory.copy (local.get 0) (local.get 1) (local.get 2)))
    (func (export "init") (param i64) (memory.init $d (local.get 0) (i32.const 1) (i32.const 4)))
    (func (export "size") (result i64) (memory.size))
    (func (export "grow") (param i64) (result i64) (memory.grow (local.get 0))))`);
  parsed.setFeatures(binaryen.Features.All);
  const module = validate(decode(parsed.emitBinary()));
  const machine = new Machine();
  const instance = instantiate(machine, module, new Map());
  const call = (name: string, ...args: Value[]) => machine.invoke(instance.func(name), args);
  const GIB4 = 1n << 32n;
  const END = GIB4 + 65536n;
  const byte = (address: bigint) => call("load8", i64(address))[0];

  test("loads and stores, to the last byte", () => {
    expect(call("size")).toEqual([i64(65537n)]);
    call("store", i64(END - 8n), i32(0x01020304));
    expect(call("load", i64(END - 8n))).toEqual([i32(0x01020304)]);
    expect(byte(END - 1n)).toEqual(i32(1));
    // The same address, less 4 GiB, is another place.
    expect(byte(END - 1n - GIB4)).toEqual(i32(0));
    expect(() => call("load", i64(END - 7n))).toThrow(Trap);
    expect(() => call("load", i64(-4n))).toThrow(Trap);
    expect(() => call("load", i64(GIB4 * GIB4 - 1n))).toThrow(Trap);
  });

  test("fill, copy and init across the edge", () => {
    call("fill", i64(GIB4 - 3n), i32(7), i64(6n));
    expect([-4n, -3n, 2n, 3n].map((d) => byte(GIB4 + d))).toEqual([0, 7, 7, 0].map(i32));
    call("init", i64(GIB4 - 2n));
    call("copy", i64(GIB4 - 1n), i64(GIB4 - 2n), i64(4n));
    expect([-2n, -1n, 0n, 1n, 2n].map((d) => byte(GIB4 + d))).toEqual(
      ["b", "b", "c", "d", "e"].map((c) => i32(c.charCodeAt(0))),
    );
    expect(() => call("fill", i64(END - 1n), i32(0), i64(2n))).toThrow(Trap);
  });

  test("growth that no host can give answers -1", () => {
    expect(call("grow", i64(1n << 40n))).toEqual([i64(-1n)]);
  });
});

test("a copy is as if all bytes were read first", () => {
  const m = memory(1n);
  m.bytes.set([1, 2, 3, 4, 5]);
  m.copy(m, 0, 2, 5);
  expect([...m.part(0, 7)]).toEqual([1, 2, 1, 2, 3, 4, 5]);
  m.copy(m, 2, 1, 5);
  expect([...m.part(0, 7)]).toEqual([1, 1, 2, 3, 4, 5, 5]);
});

test("growth keeps the bytes, and gives a new buffer", () => {
  const m = memory(1n);
  m.fill(9, 65535, 1);
  const before = m.buffer;
  expect(m.grow(1)).toBe(1);
  expect([m.bytes.length, m.bytes[65535], m.bytes[65536]]).toEqual([131072, 9, 0]);
  expect(m.buffer).not.toBe(before);
});
