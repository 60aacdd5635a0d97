// Whether two runs are the same, at three levels of closeness:
//   E0  what the host sees: calls, arguments, results, traps, final exported globals
//   E1  and every runtime call with the state it found, every record with its call index
//   E2  and all pointers at each of these events, and memory outside of record payloads
// NaNs are equal: at the JavaScript door their bits may be lost.

import type { RuntimeEvent, TraceEvent } from "../observe/events.js";
import { floatOf, HostRef, type Value } from "../runtime/values.js";
import { sameReason } from "./reasons.js";
import { Elsewhere, type ToldRun } from "./told-run.js";

export const levels = ["E0", "E1", "E2"] as const;
export type Level = (typeof levels)[number];

/** What a run leaves behind, after its last event. */
export interface EndEvent {
  readonly type: "end";
  readonly results: readonly Value[] | null;
  readonly reason: string | null;
  /** By name, in order of names. */
  readonly globals: readonly (readonly [name: string, value: Value])[];
  readonly digest?: number;
}
export type ComparedEvent = TraceEvent | EndEvent;

export interface Difference {
  readonly level: Level;
  /** Among the events of that level. */
  readonly index: number;
  /** Undefined where the run has ended. */
  readonly a: ComparedEvent | undefined;
  readonly b: ComparedEvent | undefined;
  /** The events before, which are equal at that level: the latest last. */
  readonly contextA: readonly ComparedEvent[];
  readonly contextB: readonly ComparedEvent[];
}
const CONTEXT = 8;

/** What the host does not see. */
const INSIDE: ReadonlySet<TraceEvent["type"]> = new Set(["runtime", "push", "pop", "switch"]);

/** The events of a run that matter at a level, and its end. */
export function project(run: ToldRun, level: Level): ComparedEvent[] {
  const seen = (type: TraceEvent["type"]) => level !== "E0" || !INSIDE.has(type);
  return [...run.events.filter(({ type }) => seen(type)), endOf(run)];
}

function endOf({ results, error, globals, digest }: ToldRun): EndEvent {
  return {
    type: "end",
    results: results ?? null,
    reason: error?.reason ?? null,
    globals: [...globals].sort(([a], [b]) => (a < b ? -1 : 1)),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** The first difference, or null. */
export function compareRuns(a: ToldRun, b: ToldRun, level: Level): Difference | null {
  const as = project(a, level);
  const bs = project(b, level);
  const length = Math.max(as.length, bs.length);
  for (let index = 0; index < length; index++) {
    const x = as[index];
    const y = bs[index];
    if (x !== undefined && y !== undefined && sameEvent(x, y, level)) continue;
    const from = Math.max(0, index - CONTEXT);
    const contextA = as.slice(from, index);
    return { level, index, a: x, b: y, contextA, contextB: bs.slice(from, index) };
  }
  return null;
}

/** The closest level at which the runs are the same; null where they are not even E0. */
export function highestLevel(a: ToldRun, b: ToldRun): Level | null {
  return closenessOf(a, b).level;
}

export interface Closeness {
  /** The closest level at which two runs are the same; null where they are not even E0. */
  readonly level: Level | null;
  /** The first difference at the next level; null where there is none. */
  readonly difference: Difference | null;
}

/** @param limit the closest level at which `b` can be told at all */
export function closenessOf(a: ToldRun, b: ToldRun, limit: Level = "E2"): Closeness {
  let level: Level | null = null;
  for (const next of levels.slice(0, levels.indexOf(limit) + 1)) {
    const difference = compareRuns(a, b, next);
    if (difference !== null) return { level, difference };
    level = next;
  }
  return { level, difference: null };
}

export function sameEvent(a: ComparedEvent, b: ComparedEvent, level: Level): boolean {
  switch (a.type) {
    case "call":
      return b.type === a.type && a.name === b.name && sameValues(a.args, b.args);
    case "return":
      return (
        b.type === a.type &&
        a.name === b.name &&
        sameValues(a.results, b.results) &&
        (level === "E0" || a.state === b.state)
      );
    case "trap":
      return b.type === a.type && a.name === b.name && sameReason(a.reason, b.reason);
    case "exit":
      return b.type === a.type && a.name === b.name && a.code === b.code;
    case "host":
      return (
        b.type === a.type &&
        a.module === b.module &&
        a.name === b.name &&
        sameValues(a.args, b.args)
      );
    case "host return":
      return (
        b.type === a.type &&
        a.module === b.module &&
        a.name === b.name &&
        sameValues(a.results, b.results)
      );
    case "runtime":
      return (
        b.type === a.type &&
        a.name === b.name &&
        a.before === b.before &&
        (level !== "E2" ||
          (a.argument === b.argument && a.after === b.after && sameStack(a, b) && sameDigest(a, b)))
      );
    case "push":
    case "pop":
      return (
        b.type === a.type &&
        a.func === b.func &&
        a.callIndex === b.callIndex &&
        (level !== "E2" || (a.address === b.address && a.size === b.size && sameStack(a, b)))
      );
    case "switch":
      return (
        b.type === a.type &&
        a.name === b.name &&
        a.from === b.from &&
        a.to === b.to &&
        a.payload === b.payload
      );
    case "end":
      return (
        b.type === a.type &&
        sameValues(a.results, b.results) &&
        (a.reason === b.reason ||
          (a.reason !== null && b.reason !== null && sameReason(a.reason, b.reason))) &&
        sameGlobals(a.globals, b.globals) &&
        (level !== "E2" || sameDigest(a, b))
      );
  }
}

type Stack = Pick<RuntimeEvent, "data" | "pos" | "end" | "sp">;
const sameStack = (a: Stack, b: Stack): boolean =>
  a.data === b.data &&
  a.pos === b.pos &&
  a.end === b.end &&
  // A run that does not know where the stack pointer is says nothing of it.
  (a.sp === b.sp || a.sp === null || b.sp === null);

/** Digests are compared where both runs took them. */
const sameDigest = (a: { digest?: number }, b: { digest?: number }): boolean =>
  a.digest === b.digest || a.digest === undefined || b.digest === undefined;

function sameValues(
  a: readonly Value[] | null | undefined,
  b: readonly Value[] | null | undefined,
): boolean {
  if (a === null || a === undefined || b === null || b === undefined)
    return (a ?? null) === (b ?? null);
  return a.length === b.length && a.every((value, i) => sameValue(value, b[i]!));
}

function sameGlobals(a: EndEvent["globals"], b: EndEvent["globals"]): boolean {
  return (
    a.length === b.length &&
    a.every(([name, value], i) => name === b[i]![0] && sameValue(value, b[i]![1]))
  );
}

export function sameValue(a: Value, b: Value): boolean {
  switch (a.type) {
    case "i32":
    case "i64":
      return b.type === a.type && a.value === b.value;
    case "f32":
    case "f64":
      return (
        b.type === a.type &&
        (a.bits === b.bits || (Number.isNaN(floatOf(a)) && Number.isNaN(floatOf(b))))
      );
    case "v128":
      return b.type === a.type && a.bits === b.bits;
    case "ref":
      return b.type === a.type && sameReference(a.ref, b.ref);
  }
}

type Reference = (Value & { type: "ref" })["ref"];
/** Functions of two engines are never the same object: one is like any other. */
function sameReference(a: Reference, b: Reference): boolean {
  if (a === null || b === null) return a === b;
  const x = a instanceof HostRef ? a.value : a;
  const y = b instanceof HostRef ? b.value : b;
  return Object.is(x, y) || (isFunction(x) && isFunction(y)) || sameElsewhere(x, y);
}
const isFunction = (x: unknown): boolean =>
  typeof x === "function" || (x instanceof Elsewhere && x.kind === "function");
const sameElsewhere = (x: unknown, y: unknown): boolean =>
  x instanceof Elsewhere && y instanceof Elsewhere && x.kind === y.kind && x.number === y.number;
