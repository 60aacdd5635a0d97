// Trace events for people (one line each) and for programs (one JSON object each).
// `docs/trace.md` documents both.

import { formatValue } from "../runtime/notation.js";
import type { Value } from "../runtime/values.js";
import type { AsyncifyStack } from "./events.js";
import type { TracedEvent } from "./tracer.js";
import { hex } from "../util/hex.js";

const list = (values: readonly Value[]): string =>
  values.map((value) => formatValue(value)).join(", ");

/** `main`, `fiber 1`. */
export const fiberName = (id: number): string => (id === 0 ? "main" : `fiber ${id}`);

const stack = ({ data, pos, end, sp }: AsyncifyStack): string =>
  `data ${hex(data)}  pos ${hex(pos)}  end ${hex(end)}` + (sp === null ? "" : `  sp ${hex(sp)}`);

/** What happened, without number and fiber. */
export function describeEvent(event: TracedEvent): string {
  switch (event.type) {
    case "call":
      return `call ${event.name}(${list(event.args)})`;
    case "return":
      return (
        `return ${event.name} = ${list(event.results) || "nothing"}` +
        (event.state === "normal" ? "" : `  (${event.state})`)
      );
    case "trap":
      return `trap in ${event.name}: ${event.reason}`;
    case "exit":
      return `exit from ${event.name} with code ${event.code}`;
    case "host":
      return `host ${event.module}.${event.name}(${list(event.args)})`;
    case "host return":
      return `host ${event.module}.${event.name} = ${list(event.results) || "nothing"}`;
    case "runtime": {
      const from = event.source === undefined ? "" : `  ${event.source}`;
      const call = `${event.name}(${event.argument === null ? "" : hex(event.argument)})`;
      return `${call.padEnd(22)} ${event.before} -> ${event.after}  ${stack(event)}${from}`;
    }
    case "push":
    case "pop": {
      const record = `${event.type.padEnd(4)} ${event.name}, call ${event.callIndex}`;
      return `  ${record.padEnd(34)} ${String(event.size).padStart(3)} bytes at ${hex(event.address)}  pos ${hex(event.pos)}`;
    }
    case "switch": {
      const entry = event.entry === undefined ? "" : `  runs ${event.entry}`;
      return `${event.name}(${hex(event.to)}, ${hex(event.payload)})  from ${hex(event.from)}${entry}`;
    }
    case "fiber": {
      const names = event.fibers.map(fiberName).join(" + ");
      const where =
        event.action === "create"
          ? `${event.runtime}, runs ${event.entry}, stack pointer ${hex(event.at)}`
          : `continuation ${hex(event.at)}`;
      return `== ${event.action} ${names} (${where})`;
    }
  }
}

/** One line: number, fiber, event. */
export const renderLine = (event: TracedEvent): string =>
  `${String(event.seq).padStart(5)}  ${fiberName(event.fiber).padEnd(8)}  ${describeEvent(event)}`;

/** The event as an object of JSON types: values become text in the notation of the command line. */
export function eventToJson(event: TracedEvent): Record<string, unknown> {
  const texts = (values: readonly Value[]) => values.map((value) => formatValue(value));
  switch (event.type) {
    case "call":
    case "host":
      return { ...event, args: texts(event.args) };
    case "return":
    case "host return":
      return { ...event, results: texts(event.results) };
    default:
      return { ...event };
  }
}
