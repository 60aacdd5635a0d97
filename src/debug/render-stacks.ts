// Logical stacks, and the records of continuations beside their bytes, as lines of text.

import type { MemoryInstance } from "../runtime/memory.js";
import { formatValue } from "../runtime/notation.js";
import { identifier } from "../text/identifiers.js";
import { hex, hexByte } from "../util/hex.js";
import { positionLine } from "./render.js";
import type { FiberStack, StackFrame } from "./stacks.js";
import type { TypedValue } from "./views.js";

const FRAMES_SHOWN = 50;

/** `fiber 2  suspended in continuation 0x4fff0, generator_main, stack pointer 0x50020` */
export function stackLines(stack: FiberStack, selected: number | null): string[] {
  const { frames } = stack;
  const lines = frames
    .slice(0, FRAMES_SHOWN)
    .map((frame) => `  ${frameText(frame, selected !== null && frame.level === selected)}`);
  const more = frames.length - FRAMES_SHOWN;
  return [stackHead(stack), ...lines, ...(more > 0 ? [`    and ${more} more`] : [])];
}

export function stackHead({ name, status, continuation, entry, stack }: FiberStack): string {
  const held = continuation === null ? "" : ` in continuation ${hex(continuation)}`;
  const what = entry === null ? "" : `, ${entry}`;
  const at = stack === null ? "" : `, stack pointer ${hex(stack)}`;
  return `${status === "on" ? "*" : " "} ${name} ${status}${held}${what}${at}`;
}

/** Where a frame stands, or lies. */
function frameText({ func, position, level, record }: StackFrame, marked: boolean): string {
  const at = level === null ? "   " : `#${level}`.padEnd(3);
  const place = position === null ? func.name : positionLine(position);
  const lies = record === null ? "" : `  (call ${record.callIndex}, ${record.size} bytes at ${hex(record.address)})`; // prettier-ignore
  return `${marked ? "*" : " "} ${at} ${place}${lies}`;
}

const ROW = 16;

/** Each record of a continuation, innermost frame first: its bytes, and beside them what they mean. */
export function recordLines(
  data: number,
  frames: readonly StackFrame[],
  memory: MemoryInstance,
): string[] {
  const lines: string[] = [
    `continuation ${hex(data)}: ${frames.length} ${frames.length === 1 ? "record" : "records"}`,
  ];
  for (const frame of frames) {
    const { record } = frame;
    if (record === null) continue;
    lines.push(`  ${frameText(frame, false).trim()}`);
    const bytes = memory.part(record.address, record.size);
    const meaning = meaningOf(frame);
    const rows = Math.max(Math.ceil(bytes.length / ROW), meaning.length);
    for (let i = 0; i < rows; i++) {
      const row = [...bytes.subarray(i * ROW, (i + 1) * ROW)].map(hexByte).join(" ");
      const at = row === "" ? "" : hex(record.address + i * ROW, 6);
      lines.push(`    ${at.padEnd(8)}  ${row.padEnd(3 * ROW - 1)}  ${meaning[i] ?? ""}`.trimEnd());
    }
  }
  return lines;
}

/** The values of a decoded frame; where they are not known, nothing. */
function meaningOf({ locals, operands }: StackFrame): string[] {
  const values = (kind: string, all: readonly TypedValue[] | null) =>
    (all ?? []).map(({ index, name, type, value }) => {
      const known = name === undefined ? `${kind} ${index}` : identifier(name);
      return `${known} = ${formatValue(value, type === "bot" ? undefined : type)}`;
    });
  return [...values("local", locals), ...values("operand", operands)];
}
