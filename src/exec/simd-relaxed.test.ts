// What we choose where relaxed vector instructions leave a choice. The official suite
// allows other choices too.

import { expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { v128, type Value } from "../runtime/values.js";
import type { FuncInstance } from "../runtime/instances.js";
import type { SimdMnemonic } from "../syntax/opcodes-simd.js";
import { code, functype, type Item, section, wasm } from "../valid/testing.js";
import { validate } from "../valid/validate.js";
import { instantiate } from "./instantiate.js";
import { Machine } from "./machine.js";

const V128 = 0x7b;
type Lanes = Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;
const bytesOf = ({ buffer }: Lanes): number[] => [...new Uint8Array(buffer)];
const valueOf = (lanes: Lanes): Value =>
  v128(bytesOf(lanes).reduceRight((bits, byte) => (bits << 8n) | BigInt(byte), 0n));

function run(mnemonic: SimdMnemonic, ...operands: Lanes[]): Value {
  const constants = operands.flatMap((lanes): Item[] => ["v128.const", ...bytesOf(lanes)]);
  const bytes = wasm(
    section(1, functype([], [V128])),
    section(3, [0]),
    section(7, [1, 0x66, 0, 0]),
    section(10, code([], ...constants, mnemonic, "end")),
  );
  const machine = new Machine();
  const found = instantiate(machine, validate(decode(bytes))).exports.get("f");
  return machine.invoke((found as unknown as { func: FuncInstance }).func, [])[0]!;
}

const i8 = (...lanes: number[]) => Int8Array.from({ length: 16 }, (_, i) => lanes[i] ?? 0);
const i16 = (...lanes: number[]) => Int16Array.from({ length: 8 }, (_, i) => lanes[i] ?? 0);
const i32 = (...lanes: number[]) => Int32Array.from({ length: 4 }, (_, i) => lanes[i] ?? 0);
const f32 = (...lanes: number[]) => Float32Array.from({ length: 4 }, (_, i) => lanes[i] ?? 0);
const f64 = (...lanes: number[]) => Float64Array.from({ length: 2 }, (_, i) => lanes[i] ?? 0);

// prettier-ignore
test.each([
  ["i8x16.relaxed_swizzle", [i8(1, 2), i8(1, 16, 127, -1, 0)], i8(2, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)],
  ["i32x4.relaxed_trunc_f32x4_s", [f32(NaN, 3e9, -3e9, -1.5)], i32(0, 2 ** 31 - 1, -(2 ** 31), -1)],
  ["i32x4.relaxed_trunc_f32x4_u", [f32(NaN, 5e9, -1, 3e9)], i32(0, -1, 0, 3e9)],
  ["i32x4.relaxed_trunc_f64x2_s_zero", [f64(-1e10, 1e10)], i32(-(2 ** 31), 2 ** 31 - 1)],
  ["i32x4.relaxed_trunc_f64x2_u_zero", [f64(-1e10, 1e10)], i32(0, -1)],
  // Fused, the rounding error of the product would be left.
  ["f32x4.relaxed_madd", [f32(1 + 2 ** -12), f32(1 + 2 ** -12), f32(-1 - 2 ** -11)], f32(0)],
  ["f32x4.relaxed_nmadd", [f32(1 + 2 ** -12), f32(1 + 2 ** -12), f32(1 + 2 ** -11)], f32(0)],
  ["f64x2.relaxed_madd", [f64(1 + 2 ** -27), f64(1 + 2 ** -27), f64(-1 - 2 ** -26)], f64(0)],
  ["f64x2.relaxed_nmadd", [f64(1 + 2 ** -27), f64(1 + 2 ** -27), f64(1 + 2 ** -26)], f64(0)],
  ["i16x8.relaxed_laneselect", [i16(0x1234, -1), i16(0x5678, 1), i16(0xff00 - 65536, 0x7fff)], i16(0x1278, 0x7fff)],
  ["f32x4.relaxed_min", [f32(0, NaN, 1), f32(-0, 1, NaN)], f32(-0, NaN, NaN)],
  ["f32x4.relaxed_max", [f32(-0, NaN, 1), f32(0, 1, NaN)], f32(0, NaN, NaN)],
  ["f64x2.relaxed_min", [f64(0, 1), f64(-0, NaN)], f64(-0, NaN)],
  ["f64x2.relaxed_max", [f64(-0, 1), f64(0, NaN)], f64(0, NaN)],
  ["i16x8.relaxed_q15mulr_s", [i16(-32768, 16384), i16(-32768, 16384)], i16(32767, 8192)],
  ["i16x8.relaxed_dot_i8x16_i7x16_s", [i8(-128, -128, 127, 1), i8(-128, -128, -1, -128)], i16(32767, -255)],
  ["i32x4.relaxed_dot_i8x16_i7x16_add_s", [i8(-128, -128, -128, -128), i8(-128, -128, 127, 127), i32(7)], i32(32767 - 32512 + 7)],
] as [SimdMnemonic, Lanes[], Lanes][])("%s", (mnemonic, operands, result) => {
  expect(run(mnemonic, ...operands)).toEqual(valueOf(result));
});
