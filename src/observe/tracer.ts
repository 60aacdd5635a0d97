// Turns what happens on a machine into one numbered sequence of trace events, each
// with the fiber that was on. Needs the module's asyncify for the runtime events.

import type { Observer } from "../exec/hooks.js";
import { observers } from "../exec/hooks.js";
import type { AsyncifyEvent } from "../fiber/asyncify/events.js";
import { FuncInstance, type ModuleInstance } from "../runtime/instances.js";
import { Exhaustion, Trap } from "../runtime/traps.js";
import type { TraceEvent } from "./events.js";
import { type FiberEvent, FiberTracker } from "./fibers.js";

/** An event with its place in the run. */
export type TracedEvent = (TraceEvent | FiberEvent) & {
  /** 1, 2, 3, … */
  readonly seq: number;
  /** The program's fiber that was on when it happened: 0 is the main one. */
  readonly fiber: number;
};

export class Tracer {
  private seq = 0;
  private instance: ModuleInstance | null = null;
  private state: () => number = () => 0;
  private readonly tracker = new FiberTracker((event) => this.emit(event));

  constructor(private readonly sink: (event: TracedEvent) => void) {}

  /** Names calls by the exports of `instance`; `state` reads the asyncify state where there is one. */
  attach(instance: ModuleInstance, state?: () => number): void {
    this.instance = instance;
    if (state !== undefined) this.state = state;
  }

  /** The listener for `Asyncify`. */
  readonly asyncify = (event: AsyncifyEvent): void => {
    // A resumed fiber is on from the call that resumes it; a suspended one is off after the call.
    this.emit(event);
    this.tracker.asyncify(event);
  };

  get observer(): Observer {
    return observers(this.tracker.observer, this.calls);
  }

  private readonly calls: Observer = {
    call: (func, args) => {
      const name = this.exportName(func);
      if (name !== undefined) this.emit({ type: "call", name, args });
    },
    return: (func, results) => {
      const name = this.exportName(func);
      if (name === undefined) return;
      const state = (["normal", "unwinding", "rewinding"] as const)[this.state()]!;
      this.emit({ type: "return", name, results, state });
    },
    fail: (func, error) => {
      const name = this.exportName(func) ?? func.name;
      this.emit({ type: "trap", name, reason: reasonOf(error) });
    },
    hostCall: (_fiber, func, args) => {
      const [module, name] = importNames(func);
      this.emit({ type: "host", module, name, args });
    },
    hostReturn: (_fiber, func, results) => {
      const [module, name] = importNames(func);
      this.emit({ type: "host return", module, name, results });
    },
  };

  private exportName(func: FuncInstance): string | undefined {
    for (const [name, found] of this.instance?.exports ?? []) {
      if (found.kind === "func" && found.func === func) return name;
    }
    return undefined;
  }

  private emit(event: TraceEvent | FiberEvent): void {
    this.sink({ seq: ++this.seq, fiber: this.tracker.current.id, ...event });
  }
}

/** The reason as the events carry it. */
export const reasonOf = (error: unknown): string =>
  error instanceof Trap || error instanceof Exhaustion ? error.reason : "host exception";

/** Host functions are named `module.name` by their maker. */
export function importNames(func: FuncInstance): [module: string, name: string] {
  const dot = func.name.indexOf(".");
  return dot < 0 ? ["", func.name] : [func.name.slice(0, dot), func.name.slice(dot + 1)];
}
