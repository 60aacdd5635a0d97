// Bytes of a memory as numbers, and back.

import { UsageError } from "../util/errors.js";
import { MEMORY_TYPES, type MemoryType } from "./expression.js";

/** Reads a number at a byte offset, which lies inside. */
export function readTyped(view: DataView, type: MemoryType, at: number): bigint | number {
  switch (type) {
    case "i8":
      return BigInt(view.getInt8(at));
    case "u8":
      return BigInt(view.getUint8(at));
    case "i16":
      return BigInt(view.getInt16(at, true));
    case "u16":
      return BigInt(view.getUint16(at, true));
    case "i32":
      return BigInt(view.getInt32(at, true));
    case "u32":
      return BigInt(view.getUint32(at, true));
    case "i64":
      return view.getBigInt64(at, true);
    case "u64":
      return view.getBigUint64(at, true);
    case "f32":
      return view.getFloat32(at, true);
    case "f64":
      return view.getFloat64(at, true);
  }
}

/** Its bytes. @throws UsageError where the type has no such number */
export function bytesOf(type: MemoryType, value: bigint | number): Uint8Array {
  const bits = 8 * MEMORY_TYPES[type];
  const view = new DataView(new ArrayBuffer(MEMORY_TYPES[type]));
  if (type === "f32") view.setFloat32(0, Number(value), true);
  else if (type === "f64") view.setFloat64(0, Number(value), true);
  else {
    const whole =
      typeof value === "bigint" ? value : Number.isInteger(value) ? BigInt(value) : null;
    if (whole === null || whole < -(2n ** BigInt(bits - 1)) || whole >= 2n ** BigInt(bits))
      throw new UsageError(`${value} is no ${type}`);
    for (let i = 0; i < MEMORY_TYPES[type]; i++)
      view.setUint8(i, Number((whole >> BigInt(8 * i)) & 0xffn));
  }
  return new Uint8Array(view.buffer);
}
