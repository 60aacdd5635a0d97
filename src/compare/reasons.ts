// Why a call ended without results, in the spec's words, whatever engine says so.
// Where an engine does not tell reasons apart, both are given: `a or b`.

import type { ExitEvent, TrapEvent } from "../observe/events.js";
import { Exhaustion, Trap } from "../runtime/traps.js";
import { CrashError, ProgramExit } from "../util/errors.js";

export interface RunError {
  readonly kind: "trap" | "exhaustion" | "exit" | typeof HOST_EXCEPTION;
  /** The spec's text; `host exception` where a host function or the script threw. */
  readonly reason: string;
  readonly message: string;
  /** What was thrown. */
  readonly thrown: unknown;
}

export const HOST_EXCEPTION = "host exception";
const SIGNATURE = "uninitialized element or indirect call type mismatch";
const TABLE = "undefined element or out of bounds table access";
const NULL = [
  "null reference",
  "null function reference",
  "null structure reference",
  "null array reference",
  "null i31 reference",
].join(" or ");

/** V8's messages first, then SpiderMonkey's and JavaScriptCore's where they differ. */
const messages: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/unreachable/i, "unreachable"],
  [
    /memory access out of bounds|out of bounds memory access|data segment/i,
    "out of bounds memory access",
  ],
  [/divide by zero|remainder by zero|division by zero/i, "integer divide by zero"],
  [/divide result unrepresentable|integer overflow/i, "integer overflow"],
  [/float unrepresentable/i, "integer overflow or invalid conversion to integer"],
  [
    /invalid conversion to integer|out of bounds trunc/i,
    "integer overflow or invalid conversion to integer",
  ],
  // wabt says `uninitialized table element` and `undefined table index`.
  [
    /function signature mismatch|^null function$|uninitialized table element|null table entry|signature that does not match|indirect call/i,
    SIGNATURE,
  ],
  [/illegal cast|failed to cast/i, "cast failure"],
  [/array element access out of bounds/i, "out of bounds array access"],
  [/requested new array is too large/i, "array too large"],
  [/rethrowing null value/i, "null exception reference"],
  [/unaligned (memory )?access/i, "unaligned atomic"],
  [
    /table index is out of bounds|undefined table index|table access|call_indirect|element segment/i,
    TABLE,
  ],
  [/dereferencing a null|null reference/i, NULL],
  [/index out of bounds/i, `out of bounds memory access or ${TABLE}`],
];

/** @throws CrashError as it is: a bug of Bobbin's ends no program */
export function reasonOf(error: unknown): RunError {
  if (error instanceof CrashError) throw error;
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Trap) return { kind: "trap", reason: error.reason, message, thrown: error };
  if (error instanceof Exhaustion)
    return { kind: "exhaustion", reason: error.reason, message, thrown: error };
  if (error instanceof ProgramExit)
    return { kind: "exit", reason: message, message, thrown: error };
  // By name and not by class: the engine may live in another realm.
  const name = error instanceof Error ? error.name : "";
  if (name === "RuntimeError") {
    const found = messages.find(([pattern]) => pattern.test(message));
    return { kind: "trap", reason: found?.[1] ?? message, message, thrown: error };
  }
  if (isStackOverflow(name, message))
    return { kind: "exhaustion", reason: "call stack exhausted", message, thrown: error };
  return { kind: HOST_EXCEPTION, reason: HOST_EXCEPTION, message, thrown: error };
}

/** What a boundary tells of a call that ended without results. */
export const endEvent = (name: string, error: unknown): TrapEvent | ExitEvent =>
  error instanceof ProgramExit
    ? { type: "exit", name, code: error.code }
    : { type: "trap", name, reason: reasonOf(error).reason };

const isStackOverflow = (name: string, message: string): boolean =>
  (name === "RangeError" && /call stack/i.test(message)) ||
  (name === "InternalError" && /recursion/i.test(message));

/** Whether two reasons can be the same one. */
export function sameReason(a: string, b: string): boolean {
  if (a === b) return true;
  const others = b.split(" or ");
  return a.split(" or ").some((reason) => others.includes(reason));
}
