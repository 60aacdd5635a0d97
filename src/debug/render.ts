// What a debugging session shows, as lines of text. The same input gives the same
// text always: golden transcripts rest on it.

import type { FiberView } from "../exec/fiber.js";
import type { FiberState } from "../observe/fibers.js";
import { getGlobal } from "../exec/instantiate.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { formatSource, type SourcePosition } from "../syntax/source-lines.js";
import { formatValType } from "../syntax/types.js";
import { identifier } from "../text/identifiers.js";
import { formatValue } from "../runtime/notation.js";
import { hex } from "../util/hex.js";
import { type FrameView, frameViews, type Position, type TypedValue } from "./views.js";

/** `func+0x12  0x0043  i32.add`, and the line of its source where that is known. */
export const positionLine = (position: Position): string => {
  const { func, relative, offset, instruction, source } = position;
  const place = `${func.name}+${hex(relative)}  ${hex(offset, 4)}  ${instruction}`;
  return source === undefined ? place : `${place}  ${sourceText(source)}`;
};

/** `; stackful.s:57  i32.load rewinding_stack` */
export const sourceText = (source: SourcePosition): string =>
  `; ${formatSource(source)}  ${source.text}`.trimEnd();

const FRAMES_SHOWN = 50;

/** One of the fibers that the program made of asyncify's continuations. */
export function fiberLine({ id, stack, entry, status, continuation }: FiberState): string {
  const name = id === 0 ? "main" : `fiber ${id}`;
  const at = stack === null ? "" : `, ${entry}, stack pointer ${hex(stack)}`;
  const held = continuation === null ? "" : ` in continuation ${hex(continuation)}`;
  return `${status === "on" ? "*" : " "} ${name} ${status}${held}${at}`;
}

/** Frames, innermost first, the selected one marked. */
export function frameLines(fiber: FiberView, selected: number): string[] {
  const shown = frameViews(fiber, FRAMES_SHOWN);
  const lines = shown.map((frame) => frameLine(frame, frame.level === selected));
  const more = fiber.depth - shown.length;
  return more > 0 ? [...lines, `  and ${more} more`] : lines;
}

export const frameLine = (frame: FrameView, marked: boolean): string =>
  `${marked ? "*" : " "} #${frame.level} ${positionLine(frame)}`;

/** `0  $count  i32:5` */
export function valueLines(values: readonly TypedValue[], none: string): string[] {
  if (values.length === 0) return [none];
  const rows = values.map(({ index, name, type, value }) => [
    String(index),
    name === undefined ? "" : identifier(name),
    formatValue(value, type === "bot" ? undefined : type),
  ]);
  return table(rows, values.some(({ name }) => name !== undefined) ? [0, 1, 2] : [0, 2]);
}

export function globalLines({ globals, module }: ModuleInstance): string[] {
  if (globals.length === 0) return ["no globals"];
  const rows = globals.map((global, index) => {
    const name =
      module.names.globals.get(index) ??
      module.exports.find((e) => e.kind === "global" && e.index === index)?.name;
    const { type, mutable } = global.type;
    return [
      String(index),
      name === undefined ? "" : identifier(name),
      `${mutable ? "mut " : ""}${formatValType(type)}`,
      formatValue(getGlobal(global), type),
    ];
  });
  return table(rows, [0, 1, 2, 3]);
}

/** Columns `shown` of rows, padded. */
export function table(rows: readonly string[][], shown: readonly number[]): string[] {
  const widths = shown.map((i) => Math.max(...rows.map((row) => row[i]!.length)));
  return rows.map((row) =>
    `  ${shown.map((i, at) => row[i]!.padEnd(widths[at]!)).join("  ")}`.trimEnd(),
  );
}
