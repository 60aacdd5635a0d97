// Bytes of a memory as lines of text: as they are, or as numbers, with who owns them.

import type { MemoryInstance } from "../runtime/memory.js";
import { UsageError } from "../util/errors.js";
import { hex, hexByte } from "../util/hex.js";
import { datumText } from "./evaluate.js";
import { MEMORY_TYPES, type MemoryType } from "./expression.js";
import { readTyped } from "./memory-values.js";
import { ownerOf, type Region } from "./regions.js";

const ROW = 16;

/** How to show what belongs to whom; colours, say. */
export type Paint = (text: string, owner: Region | undefined) => string;
const plain: Paint = (text) => text;

/** Sixteen bytes a line, as numbers and as text, and the owners of each line. */
export function memoryLines(
  memory: MemoryInstance,
  address: number,
  length: number,
  regions: readonly Region[] = [],
  paint: Paint = plain,
): string[] {
  check(memory, address, length);
  const bytes = memory.part(address, length);
  const lines: string[] = [];
  for (let at = 0; at < length; at += ROW) {
    const row = [...bytes.subarray(at, Math.min(at + ROW, length))];
    const owners = row.map((_, i) => ownerOf(regions, address + at + i));
    const numbers = row.map((byte, i) => paint(hexByte(byte), owners[i])).join(" ");
    const text = row.map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : ".")).join("");
    const missing = " ".repeat(3 * (ROW - row.length));
    const names = ownersText(owners);
    const line = `  ${hex(address + at, 6)}  ${numbers}${missing}  ${names === "" ? text : text.padEnd(ROW)}`;
    lines.push(names === "" ? line : `${line}  ${names}`);
  }
  return lines;
}

/** `count` numbers of a type, as many a line as have sixteen bytes. */
export function typedLines(
  memory: MemoryInstance,
  address: number,
  type: MemoryType,
  count: number,
  regions: readonly Region[] = [],
): string[] {
  const size = MEMORY_TYPES[type];
  check(memory, address, size * count);
  const lines: string[] = [];
  const per = ROW / size;
  for (let i = 0; i < count; i += per) {
    const places = Array.from({ length: Math.min(per, count - i) }, (_, k) => address + (i + k) * size); // prettier-ignore
    const numbers = places.map((at) => datumText(readTyped(memory.view, type, at)));
    const names = ownersText(places.map((at) => ownerOf(regions, at)));
    lines.push(
      `  ${hex(places[0]!, 6)}  ${numbers.join("  ")}${names === "" ? "" : `  ; ${names}`}`,
    );
  }
  return lines;
}

function check({ view }: MemoryInstance, address: number, length: number): void {
  if (address + length <= view.byteLength) return;
  throw new UsageError(
    `bytes ${hex(address, 4)} to ${hex(address + length, 4)} are out of bounds: memory has ${hex(view.byteLength, 4)}`,
  );
}

export function regionText({ label, fiber }: Region): string {
  return fiber === null || label.startsWith("shadow stack")
    ? label
    : `${label}, ${fiber === 0 ? "main" : `fiber ${fiber}`}`;
}

const ownersText = (owners: readonly (Region | undefined)[]): string =>
  [...new Set(owners)]
    .filter((owner) => owner !== undefined)
    .map(regionText)
    .join(" | ");
