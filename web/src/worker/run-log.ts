// What happened in a run, by the count of instructions at which it did: events, who was on,
// what was logged. A million events are arrays of numbers and of the events themselves; what
// is drawn of them is gathered by pixels.

import {
  describeEvent,
  type Finding,
  formatValues,
  type Machine,
  type Observer,
  renderFinding,
  type Value,
} from "../../../src/index.js";
import type { ProgramEvents } from "../../../src/debug/happenings.js";
import { PerfettoTimeline } from "../../../src/observe/perfetto.js";
import { renderLine } from "../../../src/observe/render.js";
import type { TraceEvent } from "../../../src/observe/events.js";
import type { TracedEvent } from "../../../src/observe/tracer.js";
import type { Lane, Mark, ShownEnd, ShownFinding, Span, State, Timeline } from "./view.js";

/** Something that happened when so many instructions had been executed. */
interface At<T> {
  readonly time: number;
  readonly what: T;
}

/** Events beyond this many are counted, not kept. */
const KEPT = 2_000_000;
/** What the page shows of a log, of findings, and of fibers. */
const SHOWN_LINES = 200;
const SHOWN_FINDINGS = 20;
const SHOWN_LANES = 40;

export class RunLog {
  private readonly events: At<TracedEvent>[] = [];
  /** Which fiber is on, from then on. */
  private readonly on: At<number>[] = [];
  private readonly states: At<State>[] = [{ time: 0, what: "normal" }];
  private readonly lines: At<string>[] = [];
  /** When each finding was found, in the order of the findings. */
  private readonly foundAt: number[] = [];
  private findingsOf: (() => readonly Finding[]) | null = null;
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

  /** A checker watches, and has found this until now. */
  checked(findings: () => readonly Finding[]): void {
    this.findingsOf = findings;
  }
  /** The checker found one more. */
  found(): void {
    this.foundAt.push(this.now);
  }
  private shown: readonly ShownFinding[] | null = null;
  /** Of a run that is over; null where nobody checked. */
  get findings(): readonly ShownFinding[] | null {
    return (this.shown ??= this.shownFindings());
  }
  private shownFindings(): ShownFinding[] | null {
    const all = this.findingsOf?.() ?? null;
    return (
      all?.slice(0, SHOWN_FINDINGS).map((finding, i) => ({
        time: this.foundAt[i] ?? this.length,
        fiber: finding.fiber,
        code: finding.code,
        message: finding.message,
        text: renderFinding(finding).join("\n"),
      })) ?? null
    );
  }

  /** The last lines that were logged until then, and how many there were before them. */
  linesUntil(time: number): { readonly lines: readonly string[]; readonly before: number } {
    const count = countUntil(this.lines, time);
    const before = Math.max(0, count - SHOWN_LINES);
    return { lines: this.lines.slice(before, count).map(({ what }) => what), before };
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
    const all = this.fiberIds();
    const ids = all.slice(0, SHOWN_LANES);
    const pixel = Math.max(1, (to - from) / width);
    const marks = this.marks(from, to, pixel);
    const lanes = ids.map((fiber): Lane => ({
      fiber,
      name: this.nameOf(fiber),
      on: spansOf(this.on, (id) => id === fiber, from, to, pixel, this.length),
      marks: [...(marks.get(fiber) ?? []), ...this.findingMarks(fiber, from, to)],
    }));
    const states = (["unwinding", "rewinding"] as const).flatMap((state) => {
      const spans = spansOf(this.states, (found) => found === state, from, to, pixel, this.length);
      return spans.map((span) => ({ ...span, state }));
    });
    return { from, to, lanes, hidden: all.length - ids.length, states };
  }

  private ids: readonly number[] | null = null;
  /** All that ever were on, by the time the run is over. */
  private fiberIds(): readonly number[] {
    const found = (this.ids ??= [...new Set(this.on.map(({ what }) => what))].sort((a, b) => a - b)); // prettier-ignore
    return found.length === 0 ? [0] : found;
  }

  private findingMarks(lane: number, from: number, to: number): Mark[] {
    // The checker counts the program's fibers; lanes may be the machine's.
    const own = (fiber: number) =>
      (this.programs.tracker === null ? (this.on[0]?.what ?? 0) : fiber) === lane;
    return (this.findings ?? [])
      .filter(({ time, fiber }) => own(fiber) && time >= from && time <= to)
      .map(({ time, message: text }) => ({ time, kind: "finding", text, count: 1 }));
  }

  /** Of one of the program's fibers; where nobody follows such, of one of the machine's. */
  nameOf(fiber: number): string {
    const first = this.programs.tracker === null ? this.on[0]?.what : 0;
    return fiber === (first ?? 0) ? "main" : `fiber ${fiber}`;
  }

  /** By fiber; what is closer than a pixel is one mark. */
  private marks(from: number, to: number, pixel: number): Map<number, Mark[]> {
    const lanes = new Map<number, Mark[]>();
    for (let i = countUntil(this.events, from - 1); i < this.events.length; i++) {
      const { time, what } = this.events[i]!;
      if (time > to) break;
      const kind = kindOf(what);
      if (kind === null) continue;
      const marks = lanes.get(what.fiber) ?? [];
      lanes.set(what.fiber, marks);
      const last = marks.at(-1);
      if (last !== undefined && time - last.time < pixel)
        marks[marks.length - 1] = { ...last, count: last.count + 1 };
      else marks.push({ time, kind, text: describeEvent(what).trim(), count: 1 });
    }
    return lanes;
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
