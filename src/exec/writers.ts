// Who writes to a place: the instructions that may, found by looking at all code once, and
// whether one of them, before it executes, is about to. With a break at each (`breaks.ts`) a
// place can be watched exactly, at the speed of the interpreter.
// What the host and native functions write is not code: whoever lets them run compares.

import { InstructionReader } from "../binary/code.js";
import type { FuncInstance, GlobalInstance, ModuleInstance, TableInstance } from "../runtime/instances.js"; // prettier-ignore
import type { MemoryInstance } from "../runtime/memory.js";
import type { Instruction } from "../syntax/instruction.js";
import { addBreaks, removeBreaks } from "./breaks.js";
import { offsetOfPc, pcOfOffset, wordsOfAll } from "./code.js";
import type { FiberView } from "./fiber.js";
import { codeOf } from "./lower.js";

/** What can be written to. */
export type Place =
  | { readonly kind: "memory"; readonly memory: MemoryInstance; readonly address: number; readonly size: number } // prettier-ignore
  | { readonly kind: "table"; readonly table: TableInstance; readonly index: number; readonly size: number } // prettier-ignore
  | { readonly kind: "global"; readonly global: GlobalInstance }
  /** Of one frame: `depth` counts the frames up to and including it, over all fibers that wait for its own. */
  | { readonly kind: "local"; readonly func: FuncInstance; readonly local: number; readonly depth: number }; // prettier-ignore

/** The instructions that may write to a place, in the code of some instances. */
export class Writers {
  /** By function and position. Null: it writes there whatever its operands are. */
  private readonly found = new Map<FuncInstance, Map<number, Range | null>>();

  constructor(
    readonly place: Place,
    instances: readonly ModuleInstance[],
  ) {
    if (place.kind === "local") this.look(place.func);
    else
      for (const instance of instances)
        for (const func of instance.funcs) if (func.instance === instance) this.look(func);
  }

  /** How many there are. */
  get size(): number {
    let size = 0;
    for (const { size: more } of this.found.values()) size += more;
    return size;
  }

  /** Marks them all. */
  addBreaks(): void {
    for (const [func, at] of this.found) addBreaks(func, [...at.keys()]);
  }
  removeBreaks(): void {
    for (const [func, at] of this.found) removeBreaks(func, [...at.keys()]);
  }

  /** The instructions behind them: whoever stands at one may look at what was written. */
  *behind(): Iterable<readonly [func: FuncInstance, pcs: readonly number[]]> {
    for (const [func, at] of this.found) {
      const { starts } = codeOf(func);
      const next = [...at.keys()].map((pc) => starts[starts.indexOf(pc) + 1]);
      yield [func, next.filter((pc) => pc !== undefined)];
    }
  }

  /**
   * Whether the instruction at which the top frame stands is one of them and, with the
   * operands it has, writes to the place unless it traps.
   */
  writes(fiber: FiberView): boolean {
    const { func, pc, sp } = fiber.top;
    const range = this.found.get(func)?.get(pc);
    if (range === undefined) return false;
    const { place } = this;
    if (place.kind === "global") return true;
    if (place.kind === "local") return fiber.below + fiber.depth === place.depth;
    if (range === null) return false;
    const { start, long, offset, size, count, longCount } = range;
    const from = operand(fiber, sp - start, long) + offset;
    const length = size ?? operand(fiber, sp - count, longCount);
    const at = place.kind === "memory" ? place.address : place.index;
    return from < at + place.size && at < from + length;
  }

  private look(func: FuncInstance): void {
    const { module } = func.instance!;
    const { body } = module.functions[func.index - module.imported.func]!;
    const reader = new InstructionReader(module.bytes, body.offset, body.end);
    const at = new Map<number, Range | null>();
    while (reader.next()) {
      const { instruction } = reader;
      const range = writeOf(instruction, func.instance!, this.place);
      if (range === undefined) continue;
      const code = codeOf(func);
      const pc = pcOfOffset(code, instruction.offset);
      // What cannot be reached has no code.
      if (pc >= 0 && offsetOfPc(code, pc) === instruction.offset) at.set(pc, range);
    }
    if (at.size > 0) this.found.set(func, at);
  }
}

/** What an instruction writes of a memory or table: words are counted down from the operands' end. */
interface Range {
  /** Where the operand with the first address is, and whether it is an i64. */
  readonly start: number;
  readonly long: boolean;
  readonly offset: number;
  /** How much it writes; null where an operand says so. */
  readonly size: number | null;
  readonly count: number;
  readonly longCount: boolean;
}

const operand = ({ i32, i64 }: FiberView, word: number, long: boolean): number =>
  long ? Number(BigInt.asUintN(64, i64[word >> 1]!)) : i32[word]! >>> 0;

/** Undefined: it does not write to such a place. */
function writeOf(
  { op, a, b, memOffset }: Instruction,
  { memories, tables, globals }: ModuleInstance,
  place: Place,
): Range | null | undefined {
  const { mnemonic } = op;
  switch (place.kind) {
    case "local":
      return (mnemonic === "local.set" || mnemonic === "local.tee") && a === place.local
        ? null
        : undefined;
    case "global":
      return mnemonic === "global.set" && globals[a] === place.global ? null : undefined;
    case "table": {
      // `table.init` names the segment first.
      const index = mnemonic === "table.init" ? b : a;
      const at = BULK_TABLE[mnemonic];
      if (at === undefined || tables[index] !== place.table) return undefined;
      const long = place.table.type.limits.address === "i64";
      if (mnemonic === "table.set") return { ...whole(4, long), size: 1 };
      const longCount = long && (mnemonic !== "table.init") && (mnemonic !== "table.copy" || tables[b]!.type.limits.address === "i64"); // prettier-ignore
      return { ...whole(at, long), longCount };
    }
    case "memory": {
      const { type } = place.memory;
      const long = type.limits.address === "i64";
      if (BULK_MEMORY.has(mnemonic)) {
        const index = mnemonic === "memory.init" ? b : a;
        if (memories[index] !== place.memory) return undefined;
        const longCount = long && (mnemonic !== "memory.init") && (mnemonic !== "memory.copy" || memories[b]!.type.limits.address === "i64"); // prettier-ignore
        return { ...whole(6, long), longCount };
      }
      if (!STORES.test(mnemonic) || memories[a] !== place.memory) return undefined;
      return {
        ...whole(wordsOfAll(op.type!.params), long),
        offset: Number(memOffset),
        size: op.access!,
      };
    }
  }
}

const whole = (start: number, long: boolean): Range => ({
  start,
  long,
  offset: 0,
  size: null,
  count: 2,
  longCount: false,
});
const STORES = /store|\.rmw/;
const BULK_MEMORY: ReadonlySet<string> = new Set(["memory.fill", "memory.copy", "memory.init"]);
/** Words from the first index to the end of the operands. */
const BULK_TABLE: Readonly<Record<string, number>> = {
  "table.set": 4,
  "table.fill": 6,
  "table.copy": 6,
  "table.init": 6,
};
