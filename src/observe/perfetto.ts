// A trace as timelines for Perfetto (ui.perfetto.dev) and what else reads the trace event
// format of Chrome: a lane for each fiber, one for asyncify's state, one for calls.
// Format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
//
// Events have no time of their own: each takes a microsecond.

import type { AsyncifyState } from "./events.js";
import { describeEvent, eventToJson, fiberName } from "./render.js";
import type { TracedEvent } from "./tracer.js";

/** One object of the format's `traceEvents`. */
export type ChromeEvent = Readonly<Record<string, unknown>>;

const PROCESS = 1;
/** Lanes of no fiber stand above the fibers'. */
const CALLS = 1_000_001;
const STATE = 1_000_002;

export class PerfettoTimeline {
  private readonly lanes = new Set<number>();
  private on = -1;
  private state: AsyncifyState = "normal";
  /** Calls that have not returned, outermost first: what their ends must say. */
  private readonly open: string[] = [];
  /** Of each continuation: the number of its arrow from suspension to resumption. */
  private readonly arrows = new Map<number, number>();
  private nextArrow = 1;
  private now = 0;

  /** What an event adds to the timelines, in order. */
  add(event: TracedEvent): ChromeEvent[] {
    this.now = event.seq;
    return [...this.begun(event), ...this.switched(event.fiber), ...this.told(event)];
  }

  /** Ends what is open. */
  finish(): ChromeEvent[] {
    this.now++;
    const ends = this.open.splice(0).map(() => this.end(CALLS));
    if (this.on >= 0) ends.push(this.end(this.on));
    if (this.state !== "normal") ends.push(this.end(STATE));
    return ends;
  }

  /** Names of lanes that nothing stood in before. */
  private begun({ seq, fiber }: TracedEvent): ChromeEvent[] {
    const names = [
      ...(seq === 1 ? [this.lane(CALLS, "calls", -2), this.lane(STATE, "asyncify", -1)] : []),
      ...(this.lanes.has(fiber) ? [] : [this.lane(fiber, fiberName(fiber), fiber)]),
    ];
    this.lanes.add(fiber);
    return names.flat();
  }

  private lane(tid: number, name: string, order: number): ChromeEvent[] {
    const about = { ph: "M", pid: PROCESS, tid };
    return [
      { ...about, name: "thread_name", args: { name } },
      { ...about, name: "thread_sort_index", args: { sort_index: order } },
    ];
  }

  private switched(fiber: number): ChromeEvent[] {
    if (fiber === this.on) return [];
    const before = this.on < 0 ? [] : [this.end(this.on)];
    this.on = fiber;
    return [...before, this.begin(fiber, "on", {})];
  }

  private told(event: TracedEvent): ChromeEvent[] {
    const { seq: _seq, fiber, type: _type, ...args } = eventToJson(event);
    const mark = this.mark(Number(fiber), describeEvent(event).trim(), args);
    switch (event.type) {
      case "call":
        return [this.enter(event.name, args)];
      case "host":
        return [this.enter(`${event.module}.${event.name}`, args)];
      case "return":
        return this.leave(event.name);
      case "host return":
        return this.leave(`${event.module}.${event.name}`);
      case "trap":
      case "exit":
        return [mark, ...this.leave(event.name)];
      case "runtime":
        return [mark, ...this.becomes(event.after)];
      case "fiber":
        return [mark, ...this.arrow(event.action, event.fibers[0]!, event.at)];
      default:
        return [mark];
    }
  }

  private becomes(state: AsyncifyState): ChromeEvent[] {
    if (state === this.state) return [];
    const before = this.state === "normal" ? [] : [this.end(STATE)];
    this.state = state;
    return state === "normal" ? before : [...before, this.begin(STATE, state, {})];
  }

  private enter(name: string, args: object): ChromeEvent {
    this.open.push(name);
    return this.begin(CALLS, name, args);
  }

  /** Calls inside of it that told no end are over too. */
  private leave(name: string): ChromeEvent[] {
    const at = this.open.lastIndexOf(name);
    return at < 0 ? [] : this.open.splice(at).map(() => this.end(CALLS));
  }

  private arrow(action: string, fiber: number, continuation: number): ChromeEvent[] {
    const flow = { cat: "fiber", name: "continuation", ...this.at(fiber) };
    if (action === "suspend") {
      this.arrows.set(continuation, this.nextArrow);
      return [{ ...flow, ph: "s", id: this.nextArrow++ }];
    }
    const id = this.arrows.get(continuation);
    if (action !== "resume" || id === undefined) return [];
    this.arrows.delete(continuation);
    return [{ ...flow, ph: "f", bp: "e", id }];
  }

  private begin = (tid: number, name: string, args: object): ChromeEvent => ({
    ph: "B",
    name,
    ...this.at(tid),
    args,
  });
  private end = (tid: number): ChromeEvent => ({ ph: "E", ...this.at(tid) });
  private mark = (tid: number, name: string, args: object): ChromeEvent => ({
    ph: "i",
    s: "t",
    name,
    ...this.at(tid),
    args,
  });
  private at = (tid: number) => ({ pid: PROCESS, tid, ts: this.now });
}
