// Numbers the events of a run and says which fiber was on at each.

import type { Observer } from "../exec/hooks.js";
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
  private readonly tracker = new FiberTracker((event) => this.number(event));

  constructor(private readonly sink: (event: TracedEvent) => void) {}

  /** Must watch the machine, or all events are the main fiber's. */
  get observer(): Observer {
    return this.tracker.observer;
  }

  /** Takes the events of the run in order. */
  readonly event = (event: TraceEvent): void => {
    // The fiber that a runtime call stops or starts changes after the call.
    this.number(event);
    this.tracker.event(event);
  };

  private number(event: TraceEvent | FiberEvent): void {
    this.sink({ seq: ++this.seq, fiber: this.tracker.current.id, ...event });
  }
}
