// The code of a function as lines, with marks where the program stands and would stop.

import { disassembleFunction } from "../text/disassemble.js";
import { hex } from "../util/hex.js";
import { sourceText } from "./render.js";
import type { Stops } from "./stops.js";
import type { Position } from "./views.js";

/** `>` at byte `current`, `*` at breakpoints; all of the function, or `around` lines about `position`. */
export function codeLines(
  { func, offset: middleOffset }: Position,
  current: number | null,
  stops: Stops,
  around = Infinity,
): string[] {
  const { module } = func.instance!;
  const code = disassembleFunction(module, func.index);
  const stopping = new Set<number>();
  for (const stop of stops.all)
    if (stop.kind === "code" && stop.func === func.index) stopping.add(stop.offset);
  const middle = code.findIndex(({ offset }) => offset === middleOffset);
  const from = Math.max(0, middle - around);
  const lines = code.slice(from, Math.min(code.length, middle + around + 1));
  return lines.map(({ offset, depth, text }) => {
    const marks = `${offset === current ? ">" : " "}${stopping.has(offset) ? "*" : " "}`;
    const source = module.lines?.at(offset);
    const line = `${marks} ${hex(offset, 4)}  ${"  ".repeat(depth)}${text}`;
    return source === undefined ? line : `${line.padEnd(44)}  ${sourceText(source)}`;
  });
}
