// What happened in a run, by the count of instructions at which it did: events, who was on,
// what was logged. A million events are arrays of numbers and of the events themselves; what
// is drawn of them is gathered by pixels.

import {
  describeEvent,
  formatValues,
  type Machine,
  type Observer,
  type Value,
} from "../../../src/index.js";
import type { ProgramEvents } from "../../../src/debug/happenings.js";
import { PerfettoTimeline } from "../../../src/observe/perfetto.js";
import { renderLine } from "../../../src/observe/render.js";
import type { TraceEvent } from "../../../src/observe/events.js";
import type { TracedEvent } from "../../../src/observe/tracer.js";
import type { Lane, Mark, ShownEnd, Span, State, Timeline } from "./view.js";

/** Something that happened when so many instructions had been executed. */
interface At<T> {
  readonly time: number;
  readonly what: T;
}

/** Events beyond this many are counted, not kept. */
const KEPT = 2_000_000;

export class RunLog {
  private readonly events: At<TracedEvent>[] = [];
  /** Which fiber is on, from then on. */
  private readonly on: At<number>[] = [];
  private readonly states: At<State>[] = [{ time: 0, what: "normal" }];
  private readonly lines: At<string>[] = [];
  end: ShownEnd | null = null;
  private seq = 0;

  constructor(
    private readonly machine: Machine,
    private readonly programs: ProgramEvents,
  ) {
    programs.listen((event) => {
      this.add(event as TraceEvent);
      if (event.type === "runtime") this.becomes(event.after);
    });
  }

  readonly observer: Observer = {
    call: (func, args) => this.add({ type: "call", name: func.name, args }),
    hostCall: (_fiber, { name }, args) => this.add({ type: "host", ...this.named(name), args }),
    hostReturn: (_fiber, { name }, results) =>
      this.add({ type: "host return", ...this.named(name), results }),
    // Who is on shows when it calls or returns: events come before anybody goes on.
    enter: () => this.follow(),
    leave: () => this.follow(),
    fiberSwitch: (_from, to) => {
      if (this.programs.tracker === null) this.turn(to.id);
    },
  };

  private named(name: string): { module: string; name: string } {
    const dot = name.indexOf(".");
    return { module: name.slice(0, Math.max(0, dot)), name: name.slice(dot + 1) };
  }

  private add(event: TraceEvent): void {
    const { tracker } = this.programs;
    // The call itself is told before it has a fiber.
    const fiber = tracker?.current.id ?? this.on.at(-1)?.what ?? this.machine.counters.nextFiber;
    this.turn(fiber);
    const seq = ++this.seq;
    if (this.events.length < KEPT)
      this.events.push({ time: this.now, what: { ...event, seq, fiber } });
  }

  private follow(): void {
    const { tracker } = this.programs;
    if (tracker !== null) this.turn(tracker.current.id);
  }
  private turn(fiber: number): void {
    if (this.on.at(-1)?.what !== fiber) this.on.push({ time: this.now, what: fiber });
  }
  private becomes(state: State): void {
    if (this.states.at(-1)!.what !== state) this.states.push({ time: this.now, what: state });
  }
  private get now(): number {
    return this.machine.now;
  }

  line(text: string): void {
    this.lines.push({ time: this.now, what: text });
  }

  returned(results: readonly Value[]): void {
    this.end = { kind: "returned", text: `returned ${formatValues(results) || "nothing"}` };
  }
  failed(error: unknown): void {
    const text = error instanceof Error ? error.message : String(error);
    this.end = { kind: "trapped", text };
  }

  /** Instructions executed in all. */
  get length(): number {
    return this.machine.executed;
  }

  /** What was logged until then. */
  linesUntil(time: number): string[] {
    return this.lines.slice(0, countUntil(this.lines, time)).map(({ what }) => what);
  }

  stateAt(time: number): State {
    return this.states[Math.max(0, countUntil(this.states, time) - 1)]!.what;
  }

  /** The last event until then, as a line of a trace. */
  eventText(time: number): string | null {
    const found = this.events[countUntil(this.events, time) - 1];
    return found === undefined ? null : describeEvent(found.what).trim();
  }

  eventAfter(time: number): { readonly time: number } | null {
    return this.events[countUntil(this.events, time)] ?? null;
  }
  eventBefore(time: number): { readonly time: number } | null {
    return this.events[countUntil(this.events, time - 1) - 1] ?? null;
  }

  timeline(from: number, to: number, width: number): Timeline {
    const ids = [...new Set(this.on.map(({ what }) => what))].sort((a, b) => a - b);
    const pixel = Math.max(1, (to - from) / width);
    const lanes = (ids.length === 0 ? [0] : ids).map((fiber): Lane => ({
      fiber,
      name: this.nameOf(fiber),
      on: spansOf(this.on, (id) => id === fiber, from, to, pixel, this.length),
      marks: this.marksOf(fiber, from, to, pixel),
    }));
    const states = (["unwinding", "rewinding"] as const).flatMap((state) => {
      const spans = spansOf(this.states, (found) => found === state, from, to, pixel, this.length);
      return spans.map((span) => ({ ...span, state }));
    });
    return { from, to, lanes, states };
  }

  /** Of one of the program's fibers; where nobody follows such, of one of the machine's. */
  nameOf(fiber: number): string {
    const first = this.programs.tracker === null ? this.on[0]?.what : 0;
    return fiber === (first ?? 0) ? "main" : `fiber ${fiber}`;
  }

  private marksOf(fiber: number, from: number, to: number, pixel: number): Mark[] {
    const marks: Mark[] = [];
    let last = -Infinity;
    for (let i = countUntil(this.events, from - 1); i < this.events.length; i++) {
      const { time, what } = this.events[i]!;
      if (time > to) break;
      const kind = kindOf(what);
      if (what.fiber !== fiber || kind === null) continue;
      if (time - last < pixel) {
        const mark = marks[marks.length - 1]!;
        marks[marks.length - 1] = { ...mark, count: mark.count + 1 };
        continue;
      }
      marks.push({ time, kind, text: describeEvent(what).trim(), count: 1 });
      last = time;
    }
    return marks;
  }

  trace(format: "text" | "perfetto"): string {
    if (format === "text") return this.events.map(({ what }) => `${renderLine(what)}\n`).join("");
    const timeline = new PerfettoTimeline();
    const traceEvents = this.events.flatMap(({ what }) => timeline.add(what));
    return JSON.stringify({ traceEvents: [...traceEvents, ...timeline.finish()] });
  }
}

function kindOf(event: TracedEvent): Mark["kind"] | null {
  switch (event.type) {
    case "runtime":
      return event.name.endsWith("unwind") ? "unwind" : event.name.endsWith("rewind") ? "rewind" : null; // prettier-ignore
    case "push":
    case "pop":
      return "record";
    case "host":
      return "host";
    case "fiber":
    case "switch":
      return "switch";
    default:
      return null;
  }
}

/** How many of a list, which is in order, have happened until a time. */
const countUntil = (list: readonly At<unknown>[], time: number): number =>
  upperBound(list.length, (i) => list[i]!.time <= time);

function upperBound(length: number, isBefore: (index: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** When something was so, between two times; what is closer than a pixel is one. */
function spansOf<T>(
  list: readonly At<T>[],
  isSo: (what: T) => boolean,
  from: number,
  to: number,
  pixel: number,
  length: number,
): Span[] {
  const spans: { from: number; to: number }[] = [];
  for (let i = Math.max(0, countUntil(list, from) - 1); i < list.length; i++) {
    const { time, what } = list[i]!;
    if (time > to) break;
    if (!isSo(what)) continue;
    const end = list[i + 1]?.time ?? length;
    const last = spans.at(-1);
    if (last !== undefined && time - last.to < pixel) last.to = end;
    else spans.push({ from: time, to: end });
  }
  return spans;
}
