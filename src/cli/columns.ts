// Tables of text, in aligned columns.

import { printable } from "../util/printable.js";

export type Align = "left" | "right";

/** Pads cells so that columns align; nothing follows the last cell that is not empty. */
export function columns(
  rows: readonly (readonly string[])[],
  aligns: readonly Align[] = [],
  indent = "  ",
): string[] {
  const cells = rows.map((row) => row.map(printable));
  const widths: number[] = [];
  for (const row of cells)
    row.forEach((cell, i) => (widths[i] = Math.max(widths[i] ?? 0, cell.length)));
  const pad = (cell: string, i: number) =>
    aligns[i] === "right" ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!);
  return cells.map((row) => (indent + row.map(pad).join("  ")).trimEnd());
}
