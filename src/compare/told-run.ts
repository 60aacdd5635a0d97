// A run as it is told from one process to another: what of it is compared, as JSON.
// Numbers keep their bits. Of what a host passes as references, primitive values
// arrive; objects and functions arrive as their kind and a number, in the order in
// which the run first showed them, so that the same one is the same number.

import type { TraceEvent } from "../observe/events.js";
import { HostRef, type Value } from "../runtime/values.js";
import { HOST_EXCEPTION, type RunError } from "./reasons.js";
import type { Run } from "./run.js";

/** What of a run is compared. */
export type ToldRun = Pick<Run, "events" | "results" | "globals" | "digest"> & {
  readonly error?: Omit<RunError, "thrown">;
};

/** An object or a function of a run elsewhere. */
export class Elsewhere {
  constructor(
    readonly kind: "object" | "function" | "symbol",
    readonly number: number,
  ) {}
}

/** What came is no run. */
export class NoRunError extends Error {
  override readonly name = "NoRunError";
}

/** JSON: nothing in it but objects, arrays, strings, numbers, booleans and null. */
export type RunData = unknown;

export function encodeRun(run: ToldRun): RunData {
  const { events, results, error, globals, digest } = asTold(run);
  return {
    events: events.map((event) => encode(event)),
    ...(results === undefined ? {} : { results: encode(results) }),
    ...(error === undefined ? {} : { error: { ...error, thrown: undefined } }),
    globals: [...globals].map((entry) => encode(entry)),
    ...(digest === undefined ? {} : { digest }),
  };
}

export const encodeValues = (values: readonly Value[]): RunData => encode(values);
/** @throws NoRunError */
export const decodeValues = (data: RunData): Value[] => list(data).map(valueOf);

/** @throws NoRunError */
export function decodeRun(data: RunData): ToldRun {
  const { events, results, error, globals, digest } = record(data);
  return {
    events: list(events).map((event) => eventOf(decode(event))),
    ...(results === undefined ? {} : { results: decodeValues(results) }),
    ...(error === undefined ? {} : { error: errorOf(error) }),
    globals: new Map(
      list(globals).map((entry) => {
        const [name, value] = list(entry);
        return [text(name), valueOf(value)] as const;
      }),
    ),
    ...(digest === undefined ? {} : { digest: number(digest) }),
  };
}

/**
 * The run with objects and functions of the host as numbers: what two runs of one script
 * made is never the same object, but may be the same one of each run.
 */
export function asTold(run: ToldRun): ToldRun {
  const seen = new Map<unknown, number>();
  const value = (given: Value): Value => {
    if (given.type !== "ref" || !(given.ref instanceof HostRef)) return given;
    const held = given.ref.value;
    const kind = held === null ? "null" : typeof held;
    if (
      (kind !== "object" && kind !== "function" && kind !== "symbol") ||
      held instanceof Elsewhere
    )
      return given;
    const number = seen.get(held) ?? seen.size;
    seen.set(held, number);
    return { type: "ref", ref: new HostRef(new Elsewhere(kind, number)) };
  };
  const told = run.events.map((event): TraceEvent => {
    const member = events[event.type];
    if (member === null) return event;
    const values = (event as unknown as Record<typeof member, readonly Value[]>)[member];
    return values.some(({ type }) => type === "ref")
      ? { ...event, [member]: values.map(value) }
      : event;
  });
  const { results } = run;
  return {
    ...run,
    events: told,
    ...(results === undefined ? {} : { results: results.map(value) }),
  };
}

/** What is written for a value that JSON has not: an object with this one member. */
const TAG = "$";

function encode(value: unknown): unknown {
  if (typeof value === "bigint") return { [TAG]: "bigint", value: String(value) };
  if (value instanceof HostRef) return { [TAG]: "host", value: encodeHeld(value.value) };
  if (Array.isArray(value)) return value.map(encode);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, encode(member)]));
}

function encodeHeld(value: unknown): unknown {
  if (value instanceof Elsewhere) return { [TAG]: value.kind, value: value.number };
  if (value === undefined) return { [TAG]: "undefined" };
  // As text, because JSON has no NaN, no infinities and no minus zero.
  if (typeof value === "number")
    return { [TAG]: "number", value: Object.is(value, -0) ? "-0" : String(value) };
  return encode(value);
}

function decode(data: unknown): unknown {
  if (Array.isArray(data)) return data.map(decode);
  if (typeof data !== "object" || data === null) return data;
  const members = data as Record<string, unknown>;
  const { value } = members;
  switch (members[TAG]) {
    case undefined:
      return Object.fromEntries(Object.entries(members).map(([key, item]) => [key, decode(item)]));
    case "bigint":
      return bigint(value);
    case "host":
      return new HostRef(decode(value));
    case "undefined":
      return undefined;
    case "number":
      return Number(text(value));
    case "object":
    case "function":
    case "symbol":
      return new Elsewhere(members[TAG], number(value));
    default:
      throw new NoRunError(`unknown value ${JSON.stringify(data).slice(0, 100)}`);
  }
}

const isRecord = (data: unknown): data is Record<string, unknown> =>
  typeof data === "object" && data !== null && !Array.isArray(data);

function record(data: unknown): Record<string, unknown> {
  if (isRecord(data)) return data;
  throw new NoRunError(`expected an object, found ${JSON.stringify(data)?.slice(0, 100)}`);
}
function list(data: unknown): unknown[] {
  if (Array.isArray(data)) return data as unknown[];
  throw new NoRunError(`expected a list, found ${JSON.stringify(data)?.slice(0, 100)}`);
}
function text(data: unknown): string {
  if (typeof data === "string") return data;
  throw new NoRunError(`expected text, found ${JSON.stringify(data)?.slice(0, 100)}`);
}
function number(data: unknown): number {
  if (typeof data === "number") return data;
  throw new NoRunError(`expected a number, found ${JSON.stringify(data)?.slice(0, 100)}`);
}
function bigint(data: unknown): bigint {
  try {
    return BigInt(text(data));
  } catch {
    throw new NoRunError(`expected an integer, found ${JSON.stringify(data)?.slice(0, 100)}`);
  }
}

function errorOf(data: unknown): Omit<RunError, "thrown"> {
  const { kind, reason, message } = record(data);
  if (kind !== "trap" && kind !== "exhaustion" && kind !== "exit" && kind !== HOST_EXCEPTION)
    throw new NoRunError(`unknown kind of error ${String(kind)}`);
  return { kind, reason: text(reason), message: text(message) };
}

/** By type, the members that hold a list of values: the others are compared as they are. */
const events: Readonly<Record<TraceEvent["type"], "args" | "results" | null>> = {
  call: "args",
  return: "results",
  trap: null,
  exit: null,
  host: "args",
  "host return": "results",
  runtime: null,
  push: null,
  pop: null,
  switch: null,
};

function eventOf(data: unknown): TraceEvent {
  const event = record(data);
  const type = text(event["type"]);
  if (!Object.hasOwn(events, type)) throw new NoRunError(`unknown event ${type}`);
  const values = events[type as TraceEvent["type"]];
  text(event["name"]);
  if (values !== null) list(event[values]).forEach(isValue);
  return event as unknown as TraceEvent;
}

const valueOf = (data: unknown): Value => isValue(decode(data));

function isValue(data: unknown): Value {
  const value = record(data);
  const held = value["type"] === "ref" ? value["ref"] : (value["value"] ?? value["bits"]);
  const wanted = { i32: "number", i64: "bigint", f32: "number", f64: "bigint", v128: "bigint" };
  const type = text(value["type"]);
  const good =
    type === "ref"
      ? held === null || held instanceof HostRef
      : Object.hasOwn(wanted, type) && typeof held === wanted[type as keyof typeof wanted];
  if (!good) throw new NoRunError(`no value of type ${type}`);
  return value as unknown as Value;
}
