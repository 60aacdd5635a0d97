// Breakpoints in code: an opcode of its own in place of an instruction's, in the arrays that
// the interpreter's loop executes. So they cost nothing where the program does not come,
// and whoever else reads a function's words sees the instructions.

import type { FuncInstance } from "../runtime/instances.js";
import { BREAKPOINT, type Code } from "./code.js";
import { codeOf } from "./lower.js";
import { withShortcuts } from "./shortcuts.js";

/** By code: how many want a stop, by position. */
const wanted = new WeakMap<Code, Map<number, number>>();
const listeners = new Set<(func: FuncInstance) => void>();

/** `listener` is told of functions that none but the interpreter may execute from now on. */
export function onBreak(listener: (func: FuncInstance) => void): void {
  listeners.add(listener);
}

/** Marks instructions, by their `pc`. A machine that comes to one asks `Machine.stopsAt`. */
export function addBreaks(func: FuncInstance, pcs: readonly number[]): void {
  const code = codeOf(func);
  const counts = wanted.get(code) ?? new Map<number, number>();
  wanted.set(code, counts);
  for (const pc of pcs) counts.set(pc, (counts.get(pc) ?? 0) + 1);
  mark(code, counts);
  func.direct = code;
  for (const listener of listeners) listener(func);
}

/** Takes one of the marks at each of them away. */
export function removeBreaks(func: FuncInstance, pcs: readonly number[]): void {
  const code = codeOf(func);
  const counts = wanted.get(code);
  if (counts === undefined) return;
  for (const pc of pcs) {
    const count = counts.get(pc) ?? 0;
    if (count > 1) counts.set(pc, count - 1);
    else counts.delete(pc);
  }
  mark(code, counts);
}

/** The same for one instruction. */
export const addBreak = (func: FuncInstance, pc: number): void => addBreaks(func, [pc]);
export const removeBreak = (func: FuncInstance, pc: number): void => removeBreaks(func, [pc]);

export const hasBreaks = (code: Code): boolean => code.single !== code.words;

function mark(code: Code, counts: ReadonlyMap<number, number>): void {
  const { words, starts, localTypes, localOffsets } = code;
  code.single = words;
  if (counts.size > 0) {
    code.single = words.slice();
    for (const pc of counts.keys()) code.single[pc] = BREAKPOINT;
  }
  code.shortcuts = withShortcuts(code.single, starts, localTypes, localOffsets);
}
