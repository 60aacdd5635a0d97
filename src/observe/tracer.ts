// Numbers the events of a run and says which fiber was on at each.

import type { Observer } from "../exec/hooks.js";
import type { Module } from "../syntax/module.js";
import { formatSource, type SourcePosition } from "../syntax/source-lines.js";
import type { TraceEvent } from "./events.js";
import { type FiberEvent, FiberTracker, namesFibers } from "./fibers.js";

/** An event with its place in the run. */
export type TracedEvent = (TraceEvent | FiberEvent) & {
  /** 1, 2, 3, … */
  readonly seq: number;
  /** The program's fiber that was on when it happened: 0 is the main one. */
  readonly fiber: number;
  /** Of calls of runtime functions: the line of source, `file.s:12`, where it is known. */
  readonly source?: string;
};

export class Tracer {
  private seq = 0;
  private readonly tracker = new FiberTracker((event) => this.number(event));

  constructor(private readonly sink: (event: TracedEvent) => void) {}

  /** Must watch the machine, or all events are the main fiber's. */
  get observer(): Observer {
    return this.tracker.observer;
  }

  /** The same where there are fibers to follow, or lines of source to tell; else nothing slows the machine. */
  observerFor(module: Module, nativeFibers = false): Observer {
    const follows = nativeFibers || namesFibers(module) || module.lines !== undefined;
    return follows ? this.tracker.observer : {};
  }

  /** Takes the events of the run in order. */
  readonly event = (event: TraceEvent): void => {
    // The fiber that a runtime call stops or starts changes after the call.
    const source = event.type === "runtime" ? this.tracker.source : undefined;
    this.number(event, source);
    this.tracker.event(event);
  };

  private number(event: TraceEvent | FiberEvent, source?: SourcePosition): void {
    const from = source && { source: formatSource(source) };
    this.sink({ seq: ++this.seq, fiber: this.tracker.current.id, ...event, ...from });
  }
}
