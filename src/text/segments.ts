// Element and data segments as text, in all their forms.
// Spec: https://webassembly.github.io/spec/core/text/modules.html#element-segments

import type { DataSegment, ElementSegment, Expression, SegmentMode } from "../syntax/module.js";
import { type ExpressionPrinter, inlineAll } from "./expressions.js";
import { indexText, type Scope, typeText } from "./scope.js";
import { binder } from "./types.js";
import { hexByte } from "../util/hex.js";

const BYTES_PER_LINE = 64;
const COLUMNS = 100;

/** A constant expression where one folded instruction may stand without its keyword. */
function expressionText(
  keyword: "offset" | "item",
  expression: Expression,
  printer: ExpressionPrinter,
): string {
  const nodes = printer.constant(expression);
  const text = inlineAll(nodes);
  return nodes.length === 1 && nodes[0]!.folded ? text : `(${keyword} ${text})`;
}

function modeText(mode: SegmentMode, kind: "table" | "memory", printer: ExpressionPrinter): string {
  if (mode.kind !== "active") return mode.kind === "declarative" ? "declare" : "";
  const scope: Scope = { module: printer.module, func: undefined };
  const offset = expressionText("offset", mode.offset, printer);
  return mode.index === 0 ? offset : `(${kind} ${indexText[kind](mode.index, scope)}) ${offset}`;
}

/** Appends words to the last line, or to new ones where it is full. */
function wrap(head: string, words: readonly string[]): string[] {
  const lines = [head];
  for (const word of words) {
    const last = lines.length - 1;
    const line = lines[last]!;
    if (line.length + 1 + word.length > COLUMNS) lines.push(`    ${word}`);
    else lines[last] = `${line} ${word}`;
  }
  return lines;
}

const joined = (...parts: string[]) => parts.filter(Boolean).join(" ");

export function elementLines(
  segment: ElementSegment,
  index: number,
  printer: ExpressionPrinter,
): string[] {
  const { module } = printer;
  const scope: Scope = { module, func: undefined };
  const { type, mode, funcs, expressions = [], offset } = segment;
  const head = joined(
    `  (elem ${binder(module.names.elements, index)}`,
    printer.comment(offset),
    modeText(mode, "table", printer),
    funcs ? "func" : typeText(type, scope),
  );
  const items = funcs
    ? funcs.map((i) => indexText.func(i, scope))
    : expressions.map((e) => expressionText("item", e, printer));
  const lines = wrap(head, items);
  lines[lines.length - 1] += ")";
  return lines;
}

const escapes = Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c
    ? String.fromCharCode(byte)
    : `\\${hexByte(byte)}`,
);

/** Bytes as a string literal of the text format. */
const bytesText = (bytes: Uint8Array): string =>
  `"${Array.from(bytes, (byte) => escapes[byte]!).join("")}"`;

export function dataLines(
  { mode, start, end, offset }: DataSegment,
  index: number,
  printer: ExpressionPrinter,
): string[] {
  const { module } = printer;
  const head = joined(
    `  (data ${binder(module.names.datas, index)}`,
    printer.comment(offset),
    modeText(mode, "memory", printer),
  );
  const rows: string[] = [];
  for (let at = start; at < end; at += BYTES_PER_LINE) {
    rows.push(bytesText(module.bytes.subarray(at, Math.min(end, at + BYTES_PER_LINE))));
  }
  if (rows.length < 2) return [`${head} ${rows[0] ?? '""'})`];
  return [head, ...rows.map((row, i) => `    ${row}${i === rows.length - 1 ? ")" : ""}`)];
}
