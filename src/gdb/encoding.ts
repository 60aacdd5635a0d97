// How packets write numbers, bytes and text: mostly as hexadecimal digits, two a byte.

import type { Value } from "../runtime/values.js";
import { hexByte } from "../util/hex.js";
import { textOf } from "./framing.js";

const utf8 = new TextEncoder();

/** Text as a string of bytes, as it travels in XML. */
export const utf8Text = (text: string): string => textOf(utf8.encode(text));

export const hexOf = (bytes: Uint8Array): string => Array.from(bytes, hexByte).join("");
export const hexOfText = (text: string): string => hexOf(utf8.encode(text));

/** Null where they are no bytes in hexadecimal. */
export function bytesOfHex(digits: string): Uint8Array | null {
  if (!/^(?:[\da-f]{2})*$/i.test(digits)) return null;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

const decoder = new TextDecoder();
/** The text that stands in hexadecimal, as far as it is any. */
export const textOfHex = (digits: string): string =>
  decoder.decode(bytesOfHex(digits) ?? new Uint8Array());

/** A number as the program's memory would have it: little-endian. */
export function littleEndian(value: bigint, bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn));
}

/** A value in as many bytes as its type has; null for references, which have none. */
export function bytesOfValue(value: Value): Uint8Array | null {
  switch (value.type) {
    case "i32":
      return littleEndian(BigInt(value.value), 4);
    case "i64":
      return littleEndian(value.value, 8);
    case "f32":
      return littleEndian(BigInt(value.bits), 4);
    case "f64":
      return littleEndian(value.bits, 8);
    case "v128":
      return littleEndian(value.bits, 16);
    case "ref":
      return null;
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};
export const xmlText = (text: string): string => text.replace(/[&<>"]/g, (c) => ESCAPES[c]!);
