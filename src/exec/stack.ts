// The wasm stack of a fiber as entries with names and positions: what a trap carries,
// and what people read.

import { InstructionReader } from "../binary/code.js";
import type { FuncInstance } from "../runtime/instances.js";
import type { StackEntry } from "../runtime/traps.js";
import { formatSource } from "../syntax/source-lines.js";
import { type Code, offsetOfPc } from "./code.js";
import type { FiberView } from "./fiber.js";

const STACK_ENTRIES = 100;

/** The wasm stack of a fiber and of those that resumed it, innermost frame first. */
export function stackOf(innermost: FiberView, limit = STACK_ENTRIES): StackEntry[] {
  const entries: StackEntry[] = [];
  for (let fiber: FiberView | null = innermost; fiber !== null; fiber = fiber.parent) {
    for (let i = fiber.depth - 1; i >= 0 && entries.length < limit; i--) {
      const { func, pc } = fiber.frames[i]!;
      entries.push(stackEntry(func, pc));
    }
  }
  return entries;
}

/** A frame of `func` that stands at word `pc` of its code. */
export function stackEntry(func: FuncInstance, pc: number): StackEntry {
  const offset = offsetOfPc(func.code as Code, pc);
  const source = func.instance!.module.lines?.at(offset);
  return {
    func: func.index,
    name: func.name,
    offset,
    instruction: mnemonicAt(func, offset),
    ...(source && { source: formatSource(source) }),
  };
}

/** The mnemonic of the instruction at byte `offset` of the function's module. */
function mnemonicAt(func: FuncInstance, offset: number): string {
  const reader = new InstructionReader(func.instance!.module.bytes, offset);
  reader.next();
  return reader.instruction.op.mnemonic;
}
