import { expect, test } from "@jest/globals";
import type { Instruction } from "../syntax/instruction.js";
import { opcodes, type Mnemonic } from "../syntax/opcodes.js";
import { refType } from "../syntax/types.js";
import { InstructionReader } from "./code.js";

/** The fields that the one instruction in these bytes has set. */
function read(mnemonic: Mnemonic, ...immediates: number[]): Instruction {
  const { code } = opcodes[mnemonic];
  const opcode: number[] = code > 0xff ? [code >> 16, code & 0xff] : [code];
  const reader = new InstructionReader(Uint8Array.from([...opcode, ...immediates]));
  expect(reader.next()).toBe(true);
  expect(reader.instruction.op.mnemonic).toBe(mnemonic);
  expect(reader.instruction.next).toBe(opcode.length + immediates.length);
  expect(reader.next()).toBe(false);
  return reader.instruction;
}

test("indices stand in the order of the bytes", () => {
  expect(read("call", 0x80, 0x01)).toMatchObject({ a: 128 });
  expect(read("call_indirect", 3, 4)).toMatchObject({ a: 3, b: 4 });
  expect(read("memory.init", 5, 6)).toMatchObject({ a: 5, b: 6 });
});

test("constants are bits, halves as int32", () => {
  expect(read("i32.const", 0x7f)).toMatchObject({ a: -1 });
  expect(read("i64.const", 0x80, 0x80, 0x80, 0x80, 0x70)).toMatchObject({ a: 0, b: -1 });
  expect(read("i64.const", 0x7f)).toMatchObject({ a: -1, b: -1 });
  expect(read("f32.const", 0, 0, 0xc0, 0xff)).toMatchObject({ a: 0xffc00000 | 0 });
  expect(read("f64.const", 1, 0, 0, 0, 0, 0, 0xf0, 0x7f)).toMatchObject({ a: 1, b: 0x7ff00000 });
});

test("memory accesses: alignment, offset, and the memory where bit 6 announces it", () => {
  expect(read("i64.load", 3, 0x80, 1)).toMatchObject({ a: 0, b: 3, memOffset: 128 });
  expect(read("i64.load", 0x42, 7, 0)).toMatchObject({ a: 7, b: 2, memOffset: 0 });
  const huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
  expect(read("i64.load", 3, ...huge).memOffset).toBe(2n ** 64n - 1n);
});

test("lanes and vectors", () => {
  const bytes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255];
  const vector = Int32Array.of(0x03020100, 0x07060504, 0x0b0a0908, 0xff0e0d0c);
  expect(read("v128.const", ...bytes).vector).toEqual(vector);
  expect(read("i8x16.shuffle", ...bytes).vector).toEqual(vector);
  expect(read("i8x16.extract_lane_s", 255).lane).toBe(255);
  expect(read("v128.load8_lane", 0x40, 3, 9, 15)).toMatchObject({
    a: 3,
    b: 0,
    memOffset: 9,
    lane: 15,
  });
});

test("block types, labels, heap types and value types", () => {
  expect(read("block", 0x40).block).toBe(null);
  expect(read("loop", 0x7d).block).toBe("f32");
  expect(read("if", 0x64, 5).block).toEqual(refType(5, false));
  expect(read("block", 0xc0, 0x00).block).toBe(64);
  expect(read("br_table", 2, 4, 5, 6).labels).toEqual([4, 5, 6]);
  expect(read("ref.null", 0x6f).heap).toBe("extern");
  expect(read("ref.null", 9).heap).toBe(9);
  expect(read("select t", 1, 0x70).types).toEqual([refType("func")]);
});

test("types and fields, and the types of casts with the null that belongs to them", () => {
  expect(read("struct.get_s", 3, 0x80, 1)).toMatchObject({ a: 3, b: 128 });
  expect(read("array.new_fixed", 2, 9)).toMatchObject({ a: 2, b: 9 });
  expect(read("ref.test", 0x6d).types).toEqual([refType("eq", false)]);
  expect(read("ref.cast null", 7).types).toEqual([refType(7)]);
  expect(read("br_on_cast", 1, 4, 0x6e, 5)).toMatchObject({
    a: 4,
    types: [refType("any"), refType(5, false)],
  });
  expect(read("br_on_cast_fail", 2, 0, 0x6e, 0x6c).types).toEqual([
    refType("any", false),
    refType("i31"),
  ]);
  expect(() => read("br_on_cast", 4, 0, 0x6e, 0x6c)).toThrow("malformed br_on_cast flags");
});

test("one object is reused", () => {
  const reader = new InstructionReader(Uint8Array.from([0x01, 0x41, 0x05, 0x0b]), 0, 3);
  const { instruction } = reader;
  reader.next();
  expect(instruction).toMatchObject({ offset: 0, next: 1 });
  reader.next();
  expect(instruction).toMatchObject({ offset: 1, next: 3, a: 5 });
  expect(reader.next()).toBe(false);
});
