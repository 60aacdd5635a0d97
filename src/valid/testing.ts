// A small assembler for the tests of this folder: modules as sections of bytes,
// bodies as mnemonics with their immediates as plain bytes.

import { opcodes, type Mnemonic } from "../syntax/opcodes.js";

/** A mnemonic of the opcode table, or a byte. */
export type Item = Mnemonic | number;

export const I32 = 0x7f;
export const I64 = 0x7e;
export const F32 = 0x7d;
export const F64 = 0x7c;
export const FUNCREF = 0x70;
export const EXTERNREF = 0x6f;
export const EMPTY = 0x40;

/** Unsigned LEB128. */
export function leb(n: number): number[] {
  return n < 0x80 ? [n] : [(n & 0x7f) | 0x80, ...leb(n >>> 7)];
}

/** A length, then the bytes. */
const sized = (bytes: readonly number[]): number[] => [...leb(bytes.length), ...bytes];
/** A count, then the entries. */
export const vec = (...entries: readonly (readonly number[])[]): number[] => [
  ...leb(entries.length),
  ...entries.flat(),
];

export const assemble = (...items: readonly Item[]): number[] =>
  items.flatMap((item) => {
    if (typeof item === "number") return [item];
    const { code } = opcodes[item];
    return code > 0xff ? [code >>> 16, ...leb(code & 0xffff)] : [code];
  });

export const functype = (params: readonly number[], results: readonly number[]): number[] => [
  0x60,
  ...sized(params),
  ...sized(results),
];

/** The body of a function: runs of locals as [count, type], then instructions. */
export const code = (locals: readonly (readonly number[])[], ...items: readonly Item[]) =>
  sized([...vec(...locals), ...assemble(...items)]);

export const section = (id: number, ...entries: readonly (readonly number[])[]): number[] => [
  id,
  ...sized(vec(...entries)),
];

export const wasm = (...sections: readonly (readonly number[])[]): Uint8Array =>
  Uint8Array.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, ...sections.flat()]);
