// Where a program is to stop: breakpoints, events, watchpoints. Plain data, the same whatever
// machine runs the program: `marks.ts` puts it into the code of one.

import type { ModuleInstance } from "../runtime/instances.js";
import { UsageError } from "../util/errors.js";
import { type Expression, parseExpression } from "./expression.js";
import { type LogMessage, parseMessage } from "./log-message.js";
import { placeInCode } from "./places.js";
import type { WatchTarget } from "./watch.js";

/** What can happen, and be stopped at, beside coming to an instruction and writing. */
export const EVENTS = {
  unwind: "an unwind started",
  push: "a record was pushed (in FUNC)",
  unwound: "an unwind ended",
  rewind: "a rewind started",
  pop: "a record was popped (in FUNC)",
  rewound: "a rewind reached the leaf, and ended",
  switch: "another fiber goes on",
  "host-call": "a function of the host (FUNC) is about to be called",
  "host-return": "it returned",
  throw: "an exception is about to be thrown (in FUNC)",
  catch: "an exception was caught (in FUNC)",
} as const;
export type EventName = keyof typeof EVENTS;

export type StopSpec =
  /** Before an instruction; `placeInCode` says how places are written. */
  | { readonly kind: "code"; readonly place: string }
  /** At an event, of one function if `of` says its name. */
  | { readonly kind: "event"; readonly event: EventName; readonly of?: string }
  /** After something was written to. */
  | { readonly kind: "watch"; readonly target: WatchTarget };

export interface StopOptions {
  /** An expression that must be true there. */
  readonly condition?: string | null;
  /** How often to pass by first. */
  readonly ignore?: number;
  /** At which of the times that it comes there to stop. */
  readonly times?: Times | null;
  /** What to tell instead of stopping (`log-message.ts`). */
  readonly log?: string | null;
  /** Forgotten after it has stopped once. */
  readonly temporary?: boolean;
  /** Only for this one of the program's fibers. */
  readonly fiber?: number | null;
  readonly enabled?: boolean;
}

/** `%`: of so many times, the last one. */
export interface Times {
  readonly op: "==" | "<" | "<=" | ">" | ">=" | "%";
  readonly count: number;
}

interface StopState extends Required<StopOptions> {
  readonly id: number;
  /** How often the program came there, under its condition and in its fiber. */
  readonly hits: number;
}
/** One that was set. Of those in code, the function's index and the instruction's byte offset. */
export type StopPoint = StopState &
  (
    | (StopSpec & { readonly kind: "code"; readonly func: number; readonly offset: number })
    | (StopSpec & { readonly kind: "event" })
    | (StopSpec & { readonly kind: "watch" })
  );
export type CodeStop = StopPoint & { readonly kind: "code" };
export type EventStop = StopPoint & { readonly kind: "event" };
export type WatchStop = StopPoint & { readonly kind: "watch" };

const DEFAULTS: Required<StopOptions> = {
  condition: null,
  ignore: 0,
  times: null,
  log: null,
  temporary: false,
  fiber: null,
  enabled: true,
};

export class Stops {
  /** Counts changes of what is to be marked. */
  version = 0;
  /** Takes what those tell that do not stop. */
  onMessage: (text: string) => void = () => undefined;
  private readonly list: StopPoint[] = [];
  private readonly conditions = new Map<number, Expression>();
  private readonly messages = new Map<number, LogMessage>();
  private nextId = 1;

  constructor(private readonly instance: ModuleInstance) {}

  /** In the order of their making. */
  get all(): readonly StopPoint[] {
    return this.list;
  }

  /**
   * Sets one. A breakpoint that is there already, without options of its own, is that one.
   * @throws UsageError for a place that is none, or a condition that is no expression
   */
  add(spec: StopSpec, options: StopOptions = {}): StopPoint {
    const where = spec.kind === "code" ? placeInCode(this.instance, spec.place) : {};
    if (spec.kind === "code" && Object.keys(options).length === 0) {
      const known = this.list.find((stop) => isPlain(stop) && isAt(stop, where as CodeStop));
      if (known !== undefined) return known;
    }
    const id = this.nextId;
    const stop = { ...DEFAULTS, hits: 0, ...spec, ...where, id } as StopPoint;
    const made = this.change(stop, options);
    this.nextId++;
    this.list.push(made);
    this.version++;
    return made;
  }

  /** @throws UsageError where there is none with this id */
  get(id: number): StopPoint {
    const found = this.list.find((stop) => stop.id === id);
    if (found === undefined) throw new UsageError(`there is no breakpoint ${id}`);
    return found;
  }

  /** Changes options of one. @throws as `add` and `get` */
  set(id: number, options: StopOptions): StopPoint {
    const changed = this.change(this.get(id), options);
    this.put(changed);
    this.version++;
    return changed;
  }

  /** @throws as `get` */
  delete(id: number): void {
    this.list.splice(this.list.indexOf(this.get(id)), 1);
    this.conditions.delete(id);
    this.messages.delete(id);
    this.version++;
  }

  deleteAll(): void {
    this.list.length = 0;
    this.conditions.clear();
    this.messages.clear();
    this.version++;
  }

  /** The same to look for in the past: nothing is counted or passed by there. */
  forSearch(): Stops {
    const { instance, conditions } = this;
    const made = new Stops(instance);
    for (const stop of this.list)
      if (stop.log === null) made.list.push({ ...stop, ignore: 0, times: null, temporary: false });
    for (const [id, condition] of conditions) made.conditions.set(id, condition);
    made.version = 1;
    return made;
  }

  conditionOf({ id }: StopPoint): Expression | undefined {
    return this.conditions.get(id);
  }

  messageOf({ id }: StopPoint): LogMessage | undefined {
    return this.messages.get(id);
  }

  /**
   * The program has come there, in the right fiber and with the condition true.
   * @returns the one to stop at, or null where it is to be passed by
   */
  hit(stop: StopPoint): StopPoint | null {
    const known = this.get(stop.id);
    const counted = { ...known, hits: known.hits + 1 };
    const passes = counted.ignore > 0;
    const now = passes ? { ...counted, ignore: counted.ignore - 1 } : counted;
    this.put(now);
    if (passes || !isDue(now)) return null;
    if (now.temporary) this.delete(now.id);
    return now;
  }

  private put(stop: StopPoint): void {
    this.list[this.list.findIndex(({ id }) => id === stop.id)] = stop;
  }

  private change(stop: StopPoint, options: StopOptions): StopPoint {
    const { condition } = options;
    if (condition === null) this.conditions.delete(stop.id);
    else if (condition !== undefined) this.conditions.set(stop.id, parseExpression(condition));
    if (options.log === null) this.messages.delete(stop.id);
    else if (options.log !== undefined) this.messages.set(stop.id, parseMessage(options.log));
    return { ...stop, ...options };
  }
}

function isDue({ times, hits }: StopPoint): boolean {
  switch (times?.op) {
    case undefined:
      return true;
    case "==":
      return hits === times!.count;
    case "<":
      return hits < times!.count;
    case "<=":
      return hits <= times!.count;
    case ">":
      return hits > times!.count;
    case ">=":
      return hits >= times!.count;
    case "%":
      return hits % times!.count === 0;
  }
}

const isAt = (stop: StopPoint, { func, offset }: CodeStop): boolean =>
  stop.kind === "code" && stop.func === func && stop.offset === offset;
const isPlain = ({ condition, ignore, times, log, temporary, fiber }: StopPoint): boolean =>
  condition === null && ignore === 0 && times === null && log === null && !temporary && fiber === null; // prettier-ignore
