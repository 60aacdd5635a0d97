// LEB128 integers, read through a cursor. The order of the checks is that of the
// spec interpreter, so that each bad encoding gets the reason its suite expects:
// a last byte with meaningless bits set is "too large", one more byte "too long".
// Spec: https://webassembly.github.io/spec/core/binary/values.html#integers

import { MalformedError } from "./errors.js";

/** A place in `bytes`; readers never look at or beyond `end`. */
export interface Cursor {
  readonly bytes: Uint8Array;
  pos: number;
  end: number;
}

/** The high half of the last 64-bit integer read; saves allocating a pair or a bigint. */
export const wide = { high: 0 };

export function readByte(c: Cursor): number {
  if (c.pos >= c.end) {
    throw new MalformedError("unexpected end of section or function", { offset: c.end });
  }
  return c.bytes[c.pos++]!;
}

const tooLarge = (c: Cursor) => new MalformedError("integer too large", { offset: c.pos - 1 });
const tooLong = (c: Cursor) =>
  new MalformedError("integer representation too long", { offset: c.pos });

/** Signed last bytes must repeat the sign in the bits that `mask` selects. */
function checkSigned(c: Cursor, byte: number, mask: number): void {
  const extension = byte & mask;
  if (extension !== 0 && extension !== mask) throw tooLarge(c);
  if (byte >= 0x80) throw tooLong(c);
}
function checkUnsigned(c: Cursor, byte: number, max: number): void {
  if ((byte & 0x7f) > max) throw tooLarge(c);
  if (byte >= 0x80) throw tooLong(c);
}

export function readU32(c: Cursor): number {
  let byte = readByte(c);
  if (byte < 0x80) return byte;
  let result = byte & 0x7f;
  for (let shift = 7; shift < 28; shift += 7) {
    byte = readByte(c);
    result |= (byte & 0x7f) << shift;
    if (byte < 0x80) return result;
  }
  byte = readByte(c);
  checkUnsigned(c, byte, 0x0f);
  return (result | (byte << 28)) >>> 0;
}

export function readS32(c: Cursor): number {
  let result = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = readByte(c);
    result |= (byte & 0x7f) << shift;
    if (byte < 0x80) return (result << (25 - shift)) >> (25 - shift);
  }
  const byte = readByte(c);
  checkSigned(c, byte, 0x78);
  return result | (byte << 28);
}

/** Type indices where negative numbers mean something else: -2^32 to 2^32 - 1. */
export function readS33(c: Cursor): number {
  let result = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = readByte(c);
    result |= (byte & 0x7f) << shift;
    if (byte < 0x80) return (result << (25 - shift)) >> (25 - shift);
  }
  const byte = readByte(c);
  checkSigned(c, byte, 0x70);
  return result + ((byte << 27) >> 27) * 2 ** 28;
}

/** Reads a 64-bit integer: returns the low half as int32 and leaves the high one in `wide`. */
function read64(c: Cursor, signed: boolean): number {
  let low = 0;
  let high = 0;
  for (let shift = 0; shift < 63; shift += 7) {
    const byte = readByte(c);
    const bits = byte & 0x7f;
    if (shift < 28) low |= bits << shift;
    else if (shift > 28) high |= bits << (shift - 32);
    else {
      low |= bits << 28;
      high = bits >> 4;
    }
    if (byte >= 0x80) continue;
    const used = shift + 7;
    if (signed && byte >= 0x40) {
      if (used < 32) {
        low |= -1 << used;
        high = -1;
      } else high |= -1 << (used - 32);
    }
    wide.high = high;
    return low;
  }
  const byte = readByte(c);
  if (signed) checkSigned(c, byte, 0x7f);
  else checkUnsigned(c, byte, 1);
  wide.high = high | (byte << 31);
  return low;
}

/** The low half as int32; the high half, also as int32, is left in `wide.high`. */
export const readS64Halves = (c: Cursor): number => read64(c, true);

export function readS64(c: Cursor): bigint {
  const low = read64(c, true);
  return (BigInt(wide.high) << 32n) | BigInt(low >>> 0);
}

/** A number up to 2^53, a bigint beyond. */
export function readU64(c: Cursor): number | bigint {
  const start = c.pos;
  let result = 0;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = readByte(c);
    result |= (byte & 0x7f) << shift;
    if (byte < 0x80) return result;
  }
  c.pos = start;
  const low = read64(c, false) >>> 0;
  const high = wide.high >>> 0;
  return high < 2 ** 21 ? high * 2 ** 32 + low : (BigInt(high) << 32n) | BigInt(low);
}
