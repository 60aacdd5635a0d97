// The tracer, attached to a machine: every instance that may unwind has a trace of its own,
// whose events are numbered from 1.

import type { Attachment, NewInstance } from "./attachments.js";
import { type TracedEvent, Tracer } from "./tracer.js";

/** @param sink takes each event with the instance that it is about */
export const traceInstances = (
  sink: (event: TracedEvent, made: NewInstance) => void,
): Attachment => ({
  instance(made) {
    if (!made.unwinds) return null;
    const tracer = new Tracer((event) => sink(event, made));
    return { observer: tracer.observerFor(made.instance.module), event: tracer.event };
  },
});
