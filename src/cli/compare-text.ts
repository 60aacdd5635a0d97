// How runs, and where they part, are told: in lines for people, and as JSON.

import {
  type Closeness,
  type ComparedEvent,
  type Difference,
  type Level,
  levels,
} from "../compare/compare.js";
import type { ToldRun } from "../compare/told-run.js";
import { describeEvent, eventToJson } from "../observe/render.js";
import { formatValue } from "../runtime/notation.js";
import { printable } from "../util/printable.js";
import { describeRun, errorJson } from "./failure.js";

const eventText = (event: ComparedEvent | undefined): string =>
  event === undefined
    ? "(the run has ended)"
    : event.type === "end"
      ? endText(event)
      : describeEvent({ ...event, seq: 0, fiber: 0 }).trim();

function endText({ results, reason, globals, digest }: ComparedEvent & { type: "end" }): string {
  const outcome =
    reason ?? `results ${(results ?? []).map((value) => formatValue(value)).join(", ") || "none"}`;
  const names = globals.map(([name, value]) => `${name} ${formatValue(value)}`).join(", ");
  return `end: ${outcome}; globals ${names || "none"}${digest === undefined ? "" : `; memory digest ${digest.toString(16)}`}`;
}

/** What came of a run, in few words. */
export const outcomeText = ({ results, error }: ToldRun): string =>
  error === undefined ? (results ?? []).map((value) => formatValue(value)).join(" ") : error.reason;

export const runJson = ({ results, error, events }: ToldRun) => ({
  events: events.length,
  ...(results === undefined ? {} : { results: results.map((value) => formatValue(value)) }),
  ...(error === undefined ? {} : { error: errorJson(describeRun(error)) }),
});

interface Reached {
  readonly level: Level | null;
  /** The closest that can be reached. */
  readonly limit: Level;
}

/** Whether a level is as close as is wanted, or as close as it can be. */
export const isClose = ({ level, limit }: Reached, wanted: Level): boolean =>
  level !== null &&
  levels.indexOf(level) >= Math.min(levels.indexOf(wanted), levels.indexOf(limit));

/** For each level, whether it is reached; where it cannot be, a dash. */
export function cells(reached: Reached): string {
  const cell = (wanted: Level): string => {
    if (levels.indexOf(wanted) > levels.indexOf(reached.limit)) return "-";
    return isClose(reached, wanted) ? "yes" : "NO";
  };
  return levels
    .map((level) => cell(level).padEnd(5))
    .join("")
    .trimEnd();
}

export function renderDifference(a: string, b: string, difference: Difference): string[] {
  const { level, index, contextA } = difference;
  const width = Math.max(6, a.length, b.length);
  const line = (who: string, event: ComparedEvent | undefined) =>
    `  ${who.padStart(width)}  ${printable(eventText(event))}`;
  return [
    `first difference of ${a} and ${b} at ${level}, event ${index + 1}:`,
    ...contextA.slice(-4).map((event) => line("both", event)),
    line(a, difference.a),
    line(b, difference.b),
  ];
}

const eventJson = (event: ComparedEvent | undefined): unknown =>
  event === undefined
    ? null
    : event.type === "end"
      ? { type: "end", text: endText(event) }
      : eventToJson({ ...event, seq: 0, fiber: 0 });

export const closenessJson = ({ level, difference }: Closeness) => ({
  level,
  difference:
    difference === null
      ? null
      : {
          level: difference.level,
          index: difference.index,
          a: eventJson(difference.a),
          b: eventJson(difference.b),
          context: difference.contextA.map(eventJson),
        },
});

export const levelText = (level: Level | null, wanted: Level): string =>
  `different: ${level === null ? "not even E0" : `${level} only`}, ${wanted} wanted`;
