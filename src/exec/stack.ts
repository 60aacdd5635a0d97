// The wasm stack of a fiber as entries with names and positions: what a trap carries,
// and what people read.

import { InstructionReader } from "../binary/code.js";
import type { FuncInstance } from "../runtime/instances.js";
import type { StackEntry, StackSite, StackTrace } from "../runtime/traps.js";
import { formatSource } from "../syntax/source-lines.js";
import { type Code, offsetOfPc } from "./code.js";
import type { FiberView } from "./fiber.js";

const STACK_ENTRIES = 100;

/** The wasm stack of a fiber and of those that resumed it, innermost frame first. */
export const stackOf = (innermost: FiberView, limit = STACK_ENTRIES): StackEntry[] =>
  sitesOf(innermost, limit).map(({ func, pc }) => stackEntry(func, pc));

function sitesOf(innermost: FiberView, limit: number): StackSite[] {
  const sites: StackSite[] = [];
  for (let fiber: FiberView | null = innermost; fiber !== null; fiber = fiber.parent) {
    for (let i = fiber.depth - 1; i >= 0 && sites.length < limit; i--) {
      const { func, pc } = fiber.frames[i]!;
      sites.push({ func, pc });
    }
  }
  return sites;
}

/** The stack of a fiber as it stands now, for later: names and sources are looked up when they are asked for. */
export class CapturedStack implements StackTrace {
  readonly sites: readonly StackSite[];
  readonly frames: number;
  readonly fiber: number;
  readonly entry: FuncInstance | null;
  private told: readonly StackEntry[] | null = null;

  constructor(fiber: FiberView) {
    this.sites = sitesOf(fiber, STACK_ENTRIES);
    this.frames = fiber.below + fiber.depth;
    this.fiber = fiber.id;
    this.entry = fiber.entry;
  }

  get entries(): readonly StackEntry[] {
    return (this.told ??= this.sites.map(({ func, pc }) => stackEntry(func, pc)));
  }
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
export function mnemonicAt(func: FuncInstance, offset: number): string {
  const reader = new InstructionReader(func.instance!.module.bytes, offset);
  reader.next();
  return reader.instruction.op.mnemonic;
}
