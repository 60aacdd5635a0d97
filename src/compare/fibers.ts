// Native fibers against the program's own assembly: nothing unwinds there, so runs can be
// the same in what the host sees, and in memory outside of what unwinding writes.

import { type FiberAssembly, recognizeFibers } from "../fiber/abi/recognize.js";
import type { TraceEvent } from "../observe/events.js";
import type { ValidModule } from "../valid/validate.js";
import { Intervals } from "../observe/digest.js";
import type { Run } from "./run.js";

/** The fiber assembly of a module where it can be replaced, and the module really has one. */
export function definedFibers(module: ValidModule): FiberAssembly | null {
  const found = recognizeFibers(module);
  if (found === null) return null;
  return [...found.functions.keys()].some((index) => index < module.imported.func) ? null : found;
}

/** A byte that differs. */
export interface MemoryDifference {
  readonly address: number;
  readonly a: number;
  readonly b: number;
}

/**
 * All that the unwinds of a run wrote: their records, what a fiber switch put between
 * them, and the two words at each data pointer.
 */
export function asyncifyAreas(events: readonly TraceEvent[]): Intervals {
  const areas = new Intervals();
  let start: number | null = null;
  for (const event of events) {
    if (event.type !== "runtime") continue;
    areas.add(event.data, event.data + 8);
    if (event.name === "start_unwind") start = event.pos;
    else if (event.name === "stop_unwind" && start !== null && event.pos !== null) {
      areas.add(start, event.pos);
      start = null;
    }
  }
  return areas;
}

/** The first byte outside of the areas at which final memories differ. */
export function memoryDifference(
  { memory: a }: Run,
  { memory: b }: Run,
  areas: Intervals,
): MemoryDifference | null {
  const end = Math.max(a.length, b.length);
  let at = 0;
  for (const [start, next] of [...areas, [end, end] as const]) {
    const stop = Math.min(start, end);
    for (; at < stop; at++)
      if (a[at] !== b[at]) return { address: at, a: a[at] ?? -1, b: b[at] ?? -1 };
    at = Math.max(at, next);
  }
  return null;
}
