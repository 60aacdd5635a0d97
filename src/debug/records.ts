// The records of continuations that were pushed and not popped yet, as asyncify told of them:
// bytes alone do not say whose they are.

import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import type { MemoryInstance } from "../runtime/memory.js";
import type { RecordEvent } from "../observe/events.js";
import type { ProgramEvent } from "./happenings.js";

/** A record, and the data pointer under which it was pushed. */
export type KeptRecord = Pick<RecordEvent, "func" | "name" | "callIndex" | "address" | "size" | "data">; // prettier-ignore

export class RecordLog {
  /** Data pointer of the unwind or rewind that is under way. */
  moving: number | null = null;
  private readonly byData = new Map<number, KeptRecord[]>();

  event(event: ProgramEvent): void {
    if (event.type === "runtime") this.moving = event.after === "normal" ? null : event.data;
    if (event.type === "runtime" && event.name === "start_unwind") this.byData.set(event.data, []);
    else if (event.type === "push") {
      const { func, name, callIndex, address, size, data } = event;
      const kept = this.byData.get(data) ?? [];
      this.byData.set(data, kept);
      kept.push({ func, name, callIndex, address, size, data });
    } else if (event.type === "pop") {
      const kept = this.byData.get(event.data);
      if (kept?.at(-1)?.address === event.address) kept.pop();
    }
  }

  /** Data pointers under which there are records. */
  get continuations(): number[] {
    return [...this.byData].filter(([, kept]) => kept.length > 0).map(([data]) => data);
  }

  /** Of one of them, innermost frame first. */
  of(data: number): readonly KeptRecord[] {
    return this.byData.get(data) ?? [];
  }

  /** All of it, as plain data. */
  save(): SavedRecords {
    const records = [...this.byData].map(([data, kept]) => [data, kept.slice()] as const);
    return { moving: this.moving, records };
  }
  restore({ moving, records }: SavedRecords): void {
    this.moving = moving;
    this.byData.clear();
    for (const [data, kept] of records) this.byData.set(data, [...kept]);
  }
}
export interface SavedRecords {
  readonly moving: number | null;
  readonly records: readonly (readonly [data: number, records: readonly KeptRecord[]])[];
}

/** Records that do not lie next to each other are those of several fibers: innermost first. */
export function byFiber(records: readonly KeptRecord[]): KeptRecord[][] {
  const parts: KeptRecord[][] = [];
  let end: number | null = null;
  for (const record of records) {
    if (record.address !== end) parts.push([]);
    parts.at(-1)!.push(record);
    end = record.address + record.size;
  }
  return parts;
}

/** The memory that has the records, and the bytes of a pointer in it. */
export function recordMemory({
  asyncify,
  instance,
}: {
  readonly asyncify: Asyncify | null;
  readonly instance: ModuleInstance;
}): { readonly memory: MemoryInstance | null; readonly pointerSize: 4 | 8 } {
  if (asyncify !== null) return asyncify.records;
  return { memory: instance.memories[0] ?? null, pointerSize: 4 };
}

/** Names of functions that switch fibers, and of what they call to do it. */
const RUNTIME = /^(fiber_(switch_)?(enter|leave)(_impl)?|asyncify[._]\w+|tinygo_(launch|rewind|unwind)|emscripten_fiber_swap|env\.emscripten_fiber_swap)$/; // prettier-ignore

/** Whether a function's frames are of no interest to who looks at a program. */
export const isRuntime = ({ name }: Pick<FuncInstance, "name">): boolean => RUNTIME.test(name);
