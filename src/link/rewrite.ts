// Copies code of a module whose index spaces change. Indices keep the width that they
// had wherever it is enough, so that code rarely moves within its section.

import { InstructionReader, isIndex } from "../binary/code.js";
import { leb } from "../binary/encode.js";
import { Reader } from "../binary/reader.js";
import { readValType } from "../binary/types.js";
import type { Expression } from "../syntax/module.js";
import type { Immediate, Opcode } from "../syntax/opcodes.js";

/** New indices; the spaces that are missing stay as they are. */
export interface IndexMap {
  readonly func: (index: number) => number;
  readonly global: (index: number) => number;
  readonly table: (index: number) => number;
  readonly tag: (index: number) => number;
}

const MOVED: readonly Immediate[] = ["func", "global", "table", "tag", "catches", "handlers"];

/** Unsigned LEB128 of at least `width` bytes. */
function lebOf(value: number, width: number): number[] {
  const bytes = leb(value);
  while (bytes.length < width) {
    bytes[bytes.length - 1]! |= 0x80;
    bytes.push(0);
  }
  return bytes;
}

/** The bytes [from, end) of a module, which end with an expression that begins at `code.offset`. */
export function copyCode(
  bytes: Uint8Array,
  from: number,
  code: Expression,
  map: IndexMap,
): Uint8Array {
  const out: number[] = [];
  let copied = from;
  const reader = new InstructionReader(bytes, code.offset, code.end);
  const { instruction } = reader;
  while (reader.next()) {
    const { op, offset, next } = instruction;
    if (!op.immediates.some((immediate) => MOVED.includes(immediate))) continue;
    const start = offset + opcodeWidth(bytes, offset, op);
    for (let k = copied; k < start; k++) out.push(bytes[k]!);
    copyImmediates(new Reader(bytes, start, next), op, map, out);
    copied = next;
  }
  for (let k = copied; k < code.end; k++) out.push(bytes[k]!);
  return Uint8Array.from(out);
}

function opcodeWidth(bytes: Uint8Array, offset: number, { code }: Opcode): number {
  if (code <= 0xff) return 1;
  let width = 2;
  while (bytes[offset + width - 1]! >= 0x80) width++;
  return width;
}

function copyImmediates(r: Reader, op: Opcode, map: IndexMap, out: number[]): void {
  const raw = (end: number, start: number) => {
    for (let k = start; k < end; k++) out.push(r.bytes[k]!);
  };
  const index = (change: (index: number) => number) => {
    const start = r.pos;
    const value = r.u32();
    out.push(...lebOf(change(value), r.pos - start));
  };
  const keep = (value: number) => value;
  const byte = () => {
    const value = r.byte();
    out.push(value);
    return value;
  };
  for (const immediate of op.immediates) {
    if (isIndex(immediate)) index(immediate in map ? map[immediate as keyof IndexMap] : keep);
    else if (immediate === "blocktype") {
      const start = r.pos;
      const first = r.peek();
      if (first === 0x40) r.byte();
      else if ((first & 0xc0) === 0x40) readValType(r);
      else r.s33();
      raw(r.pos, start);
    } else if (immediate === "catches" || immediate === "handlers") {
      const start = r.pos;
      const count = r.u32();
      raw(r.pos, start);
      for (let k = 0; k < count; k++) {
        const kind = byte();
        const hasTag = immediate === "handlers" || kind < 2;
        const hasLabel = immediate === "catches" || kind === 0;
        if (hasTag) index(map.tag);
        if (hasLabel) index(keep);
      }
    }
  }
}
