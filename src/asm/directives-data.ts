// The directives that choose sections and write data.

import { SegmentFlag } from "../link/relocations.js";
import { Chunk, type ChunkKind } from "./chunks.js";
import { floatBytes } from "./constants.js";
import { constantOf } from "./expressions.js";
import type { Assembler } from "./assembler.js";
import type { Directive } from "./directives.js";
import type { Token } from "./lexer.js";

/** What one directive may ask for at most: a slip of the hand should not fill the memory. */
const MAX_FILL = 1n << 28n;
const MAX_P2ALIGN = 16n;

const CUSTOM = ".custom_section.";

/** What a section is follows from its name. Null: code. */
function kindOfSection(name: string): ChunkKind | null {
  if (name.startsWith(".text")) return null;
  if (name.startsWith(CUSTOM)) return "custom";
  if (name.startsWith(".debug_")) return "debug";
  return name.startsWith(".init_array") ? "init" : "data";
}

function enter(assembler: Assembler, name: string, flags: number, token: Token): Chunk | null {
  const kind = kindOfSection(name);
  const chunkName = kind === "custom" ? name.slice(CUSTOM.length) : name;
  const known = assembler.chunks.find((c) => c.name === chunkName && c.kind === kind);
  if (known !== undefined && known.flags !== flags)
    assembler.cursor.fail(`the flags of ${name} were different before`, token);
  const chunk = kind === null ? null : (known ?? new Chunk(kind, chunkName, flags));
  assembler.enter(chunk);
  return chunk;
}

const section: Directive = (assembler, token) => {
  const { cursor } = assembler;
  const name = cursor.symbolName("the name of a section");
  cursor.expect(",");
  const { token: flagsToken } = cursor;
  const text = String.fromCharCode(...cursor.take("string", "the flags, in quotes").bytes);
  cursor.expect(",");
  cursor.expect("@");
  let flags = 0;
  for (const flag of text) {
    if (flag === "G") cursor.fail("COMDAT groups are not supported", flagsToken);
    const bit = { S: SegmentFlag.strings, T: SegmentFlag.threadLocal, R: SegmentFlag.retain, p: 0 }[
      flag
    ];
    if (bit === undefined)
      return cursor.fail(`unknown section flag ${flag}: expected p, S, T or R`, flagsToken);
    flags |= bit;
  }
  const chunk = enter(assembler, name, flags, token);
  if (!text.includes("p")) return;
  if (chunk?.isData !== true) return cursor.fail("only data can be passive", flagsToken);
  chunk.passive = true;
};

/** Integers of a size; several may stand in a row. */
const integers =
  (bytes: number): Directive =>
  (assembler, token) => {
    const chunk = assembler.data(token);
    do {
      const { token: at } = assembler.cursor;
      assembler.value(chunk, bytes, assembler.expressions.parse(), at);
    } while (assembler.cursor.accept(","));
  };

const floats =
  (width: 4 | 8): Directive =>
  (assembler, token) => {
    const chunk = assembler.data(token);
    do chunk.bytes.push(...floatBytes(assembler.cursor, width));
    while (assembler.cursor.accept(","));
  };

const strings =
  (terminated: boolean): Directive =>
  (assembler, token) => {
    const chunk = assembler.data(token);
    do {
      chunk.bytes.push(...assembler.cursor.take("string", "a string in quotes").bytes);
      if (terminated) chunk.bytes.push(0);
    } while (assembler.cursor.accept(","));
  };

function constant(assembler: Assembler, what: string, min: bigint, max: bigint): bigint {
  const { token } = assembler.cursor;
  const value = constantOf(assembler.expressions.parse(), what, assembler.cursor, token);
  if (value < min || value > max)
    assembler.cursor.fail(`${what} is out of range: ${value}, expected ${min} to ${max}`, token);
  return value;
}

/** `.skip COUNT[, BYTE]` */
const skip: Directive = (assembler, token) => {
  const chunk = assembler.data(token);
  const count = constant(assembler, "the number of bytes", 0n, MAX_FILL);
  const value = assembler.cursor.accept(",") ? constant(assembler, "the byte", -128n, 255n) : 0n;
  chunk.fill(Number(count), Number(BigInt.asUintN(8, value)));
};

/** `.fill COUNT[, SIZE[, VALUE]]` */
const fill: Directive = (assembler, token) => {
  const chunk = assembler.data(token);
  const { cursor } = assembler;
  const count = constant(assembler, "the number of repetitions", 0n, MAX_FILL);
  const size = cursor.accept(",") ? constant(assembler, "the size", 0n, 8n) : 1n;
  const limit = 1n << 64n;
  const value = cursor.accept(",") ? constant(assembler, "the value", -limit, limit) : 0n;
  for (let k = 0n; k < count; k++) chunk.integer(value, Number(size));
};

/** `.p2align LOG2[, BYTE[, MOST]]`, or in bytes. Code has no alignment. */
const align =
  (log2: boolean): Directive =>
  (assembler, token) => {
    const { cursor, section: chunk } = assembler;
    const value = log2
      ? constant(assembler, "the alignment", 0n, MAX_P2ALIGN)
      : constant(assembler, "the alignment", 1n, 1n << MAX_P2ALIGN);
    if (!log2 && (value & (value - 1n)) !== 0n)
      cursor.fail(`the alignment ${value} is no power of two`, token);
    const power = log2 ? Number(value) : Math.log2(Number(value));
    let byte = 0n;
    let most = 1n << MAX_P2ALIGN;
    if (cursor.accept(",")) {
      if (!cursor.is(",") && !cursor.isEnd()) byte = constant(assembler, "the byte", -128n, 255n);
      if (cursor.accept(",")) most = constant(assembler, "the most bytes to fill", 0n, most);
    }
    if (chunk === null) return;
    const missing = (2 ** power - (chunk.bytes.length % 2 ** power)) % 2 ** power;
    chunk.alignment = Math.max(chunk.alignment, power);
    if (missing <= Number(most)) chunk.fill(missing, Number(BigInt.asUintN(8, byte)));
  };

export const dataDirectives: Readonly<Record<string, Directive>> = {
  ".section": section,
  ".text": (assembler) => assembler.enter(null),
  ".data": (assembler, token) => void enter(assembler, ".data", 0, token),
  ".int8": integers(1),
  ".byte": integers(1),
  ".int16": integers(2),
  ".short": integers(2),
  ".2byte": integers(2),
  ".value": integers(2),
  ".int32": integers(4),
  ".int": integers(4),
  ".long": integers(4),
  ".4byte": integers(4),
  ".int64": integers(8),
  ".quad": integers(8),
  ".8byte": integers(8),
  ".float": floats(4),
  ".single": floats(4),
  ".double": floats(8),
  ".ascii": strings(false),
  ".asciz": strings(true),
  ".string": strings(true),
  ".skip": skip,
  ".space": skip,
  ".zero": skip,
  ".fill": fill,
  ".p2align": align(true),
  ".align": align(false),
  ".balign": align(false),
};
