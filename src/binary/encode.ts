// A small encoder: enough of the binary format to put a module together from parts
// of another one and new ones.
// Spec: https://webassembly.github.io/spec/core/binary/index.html

import { opcodes, type Mnemonic } from "../syntax/opcodes.js";
import type { NumType } from "../syntax/types.js";

export type Bytes = readonly number[] | Uint8Array;

/** Unsigned LEB128. */
export function leb(n: number): number[] {
  const bytes: number[] = [];
  for (; n >= 0x80; n = Math.floor(n / 128)) bytes.push((n % 128) | 0x80);
  return [...bytes, n];
}

/** Signed LEB128 of an int32. */
export function sleb(n: number): number[] {
  const bytes: number[] = [];
  for (; n < -64 || n > 63; n >>= 7) bytes.push((n & 0x7f) | 0x80);
  return [...bytes, n & 0x7f];
}

/** Signed LEB128 of an int64. */
export function sleb64(n: bigint): number[] {
  const bytes: number[] = [];
  for (; n < -64n || n > 63n; n >>= 7n) bytes.push(Number(n & 0x7fn) | 0x80);
  return [...bytes, Number(n & 0x7fn)];
}

export function join(...parts: readonly Bytes[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A length, then the bytes. */
export const sized = (bytes: Bytes): Uint8Array => join(leb(bytes.length), bytes);

/** A count, then the entries. */
export const vector = (entries: readonly Bytes[]): Uint8Array =>
  join(leb(entries.length), ...entries);

export const utf8 = (text: string): Uint8Array => sized(new TextEncoder().encode(text));

export const op = (mnemonic: Mnemonic, ...immediates: Bytes[]): Uint8Array => {
  const { code } = opcodes[mnemonic];
  return join(code > 0xff ? [code >>> 16, ...leb(code & 0xffff)] : [code], ...immediates);
};

const numTypes: Readonly<Record<NumType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c };
export const functype = (params: readonly NumType[], results: readonly NumType[]): Uint8Array =>
  join([0x60], vector(params.map((t) => [numTypes[t]])), vector(results.map((t) => [numTypes[t]])));

export const FUNCREF = 0x70;
export const EMPTY_BLOCK = 0x40;

/** A body without locals, as the code section holds it. */
export const body = (...instructions: readonly Bytes[]): Uint8Array =>
  sized(join([0], ...instructions, op("end")));

const externKinds = { func: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;
export type ExternKind = keyof typeof externKinds;

export const exportEntry = (name: string, kind: ExternKind, index: number): Uint8Array =>
  join(utf8(name), [externKinds[kind]], leb(index));

export const importedFunction = (module: string, name: string, type: number): Uint8Array =>
  join(utf8(module), utf8(name), [externKinds.func], leb(type));

export const Section = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  memory: 5,
  global: 6,
  export: 7,
  start: 8,
  element: 9,
  code: 10,
  data: 11,
  dataCount: 12,
  tag: 13,
} as const;

/** Ids in the order that sections must have in a module. */
const order = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

/** A module of section payloads by id, then what custom sections there are (name included). */
export function moduleOf(
  sections: ReadonlyMap<number, Bytes>,
  customs: readonly Bytes[] = [],
): Uint8Array {
  const parts: Bytes[] = [HEADER];
  for (const id of order) {
    const payload = sections.get(id);
    if (payload !== undefined) parts.push([id], sized(payload));
  }
  for (const payload of customs) parts.push([Section.custom], sized(payload));
  return join(...parts);
}
