// What to look for in a run. Marks cost nothing where the program does not come, so compiled
// code goes on elsewhere; whoever wants calls and returns has the interpreter execute.

import { addBreak, removeBreak } from "../exec/breaks.js";
import type { FiberView } from "../exec/fiber.js";
import type { Observer } from "../exec/hooks.js";
import type { TraceEvent } from "../observe/events.js";
import type { FunctionPlace } from "../snapshot/graph.js";
import type { Probe } from "./timeline.js";

/** An instruction: a function, and where in its code. */
export interface Mark extends FunctionPlace {
  readonly pc: number;
}

/** The machine comes to one of some instructions, and `when` says that it counts. */
export const marks = (
  places: readonly Mark[],
  when: (fiber: FiberView) => boolean = () => true,
): Probe => ({
  attach({ store, machine }, hit) {
    const found = places.flatMap((place) => {
      const func = store.functionOf({ kind: "func", ...place });
      return func === undefined || func.instance === null ? [] : [{ func, pc: place.pc }];
    });
    const wanted = new Map<object, Set<number>>();
    for (const { func, pc } of found) {
      if (!wanted.has(func)) wanted.set(func, new Set());
      wanted.get(func)!.add(pc);
      addBreak(func, pc);
    }
    machine.stopsAt = (fiber) => {
      const { func, pc } = fiber.top;
      if (wanted.get(func)?.has(pc) === true && when(fiber)) hit();
      return false;
    };
    return () => {
      machine.stopsAt = null;
      for (const { func, pc } of found) removeBreak(func, pc);
    };
  },
});

/** Asyncify or the native fibers tell of something. */
export const events = (counts: (event: TraceEvent) => boolean): Probe => ({
  attach(replica, hit) {
    replica.listener = (event) => {
      if (counts(event)) hit();
    };
    return () => {
      replica.listener = null;
    };
  },
});

/** An observer calls `hit`. */
export const observed = (observer: (hit: () => void) => Observer): Probe => ({
  attach(replica, hit) {
    replica.watch(observer(hit));
    return () => replica.watch(null);
  },
});
