// The last words on a run that died: whether the trap is Asyncify's doing, and why. With a
// checker, which finding tells it; without one, what the state at the end shows.

import { InstructionReader } from "../../binary/code.js";
import { offsetOfPc } from "../../exec/code.js";
import { codeOf } from "../../exec/lower.js";
import { OverflowTrap } from "../../fiber/asyncify/overflow.js";
import { UncaughtException } from "../../runtime/exceptions.js";
import type { ModuleInstance } from "../../runtime/instances.js";
import { type StackSite, type StoppedError, Trap } from "../../runtime/traps.js";
import { hex } from "../../util/hex.js";
import type { AsyncifyState } from "../events.js";
import { twinParts } from "../twin-parts.js";
import { type CheckCode, CODES } from "./codes.js";
import type { Finding } from "./finding.js";
import { partsOf, type StateAtEnd, stateAtEnd, unlessTwinError } from "./trap-state.js";

/** A call failed with `error` in this state; `findings` are those of the run so far. */
export function lastWords(
  error: unknown,
  state: AsyncifyState,
  findings: readonly Finding[],
): string | null {
  const cause = findings.at(-1);
  const because = cause === undefined ? "" : `; see ${cause.code} at event ${cause.event}`;
  if (!(error instanceof Trap)) {
    if (state === "normal") return null;
    const what = error instanceof UncaughtException ? "exception" : "failure";
    return `this ${what} left the instance ${state}${because}`;
  }
  const verdict = verdictOn(error, state);
  if (verdict !== null) return `${verdict}${because}`;
  if (cause === undefined) return null;
  return `this \`${error.reason}\` may be Asyncify's: the run had gone wrong before${because}`;
}

/** What state and place of the trap tell of every run; null where it has nothing to do with Asyncify. */
function verdictOn(error: Trap, state: AsyncifyState): string | null {
  const it = `this \`${error.reason}\` is Asyncify's`;
  if (error.reason === "asyncify stack overflow")
    return `${it}: Bobbin stops in front of the store that Binaryen's code would make`;
  if (runtimeNames(error).length > 0)
    return error.reason === "unreachable"
      ? `${it}: its runtime functions trap where the position is past the end`
      : `${it}: its runtime functions read the two words at the data pointer`;
  if (error.detail.startsWith("asyncify-asserts:"))
    return `${it}: an assertion of asyncify-asserts`;
  if (state === "rewinding" && error.reason === "unreachable")
    return `${it}: a function that a rewind leaves without reaching a call ends in \`unreachable\``;
  if (state === "unwinding" && error.reason === "unreachable")
    return `${it}, or of code that runs while it should unwind`;
  return state === "normal" ? null : `${it}: the instance is ${state}`;
}

/** How Asyncify stood when it ended a run, and why, as far as the end shows it. */
export interface AsyncifyEnd {
  readonly state: AsyncifyState;
  /** The data pointer, and the two words there; null where they are out of bounds. */
  readonly data: number;
  readonly position: number | null;
  readonly end: number | null;
  /**
   * The rule that the end breaks (docs/check.md), where it is one: what went wrong before, only
   * the checker finds.
   */
  readonly cause: CheckCode | null;
  /** What is known of why, in one line. */
  readonly text: string;
}

/**
 * To be asked when the error leaves wasm: later the program has gone on.
 * Null where the end has nothing to do with Asyncify.
 */
export function explainEnd(error: StoppedError): AsyncifyEnd | null {
  const at = stateAtEnd(error);
  const explanation = at === null ? null : explanationOf(error, at);
  if (explanation === null) return null;
  const { state, data, pos: position, end } = at!;
  return { state, data, position, end, cause: explanation.code, text: explanation.text };
}

interface Explanation {
  readonly code: CheckCode | null;
  readonly text: string;
}

function explanationOf(error: StoppedError, at: StateAtEnd): Explanation | null {
  if (!(error instanceof Trap)) {
    const text = lastWords(error, at.state, []);
    return text === null ? null : { code: null, text: `${text}; ${MORE}` };
  }
  const assertion = assertionAt(error);
  const verdict =
    assertion === null
      ? verdictOn(error, at.state)
      : `this \`unreachable\` is Asyncify's: an assertion of asyncify-asserts`;
  if (verdict === null) return null;
  const { code, detail } = assertion ?? detailOf(error, at);
  const advice = code === null ? MORE : CODES[code].fix;
  return { code, text: [verdict, ...(detail === "" ? [] : [detail]), advice].join("; ") };
}

const MORE = "BOBBIN_CHECK=1 or `bobbin check` finds out what went wrong before";

interface Detail {
  readonly code: CheckCode | null;
  readonly detail: string;
}

function detailOf(error: Trap, at: StateAtEnd): Detail {
  // What native asyncify traps with says it all.
  if (error instanceof OverflowTrap) return { code: "record-past-end", detail: "" };
  const names = runtimeNames(error);
  if (names.length > 0) return reversed(names, at);
  if (at.pos === null || at.end === null) return { code: "data-out-of-bounds", detail: words(at) };
  const top = error.trace?.sites[0];
  if (top === undefined || at.instance === null || top.func.instance !== at.instance)
    return { code: null, detail: words(at) };
  return inCode(top, at, at.instance);
}

/** `data 0x10000, position 0x10008, end 0x10020` */
const words = ({ data, pos, end }: StateAtEnd): string =>
  `data ${hex(data)}, position ${hex(pos)}, end ${hex(end)}`;

/** A runtime function found the position past the end. */
function reversed([name = ""]: readonly string[], at: StateAtEnd): Detail {
  const { data, pos, end } = at;
  const here = `${name} found ${words(at)}`;
  if (pos === null || end === null) return { code: "data-out-of-bounds", detail: here };
  if (name.startsWith("start_"))
    return { code: data === 0 ? "data-null" : "position-past-end", detail: here };
  if (data === 0) return { code: "stop-before-start", detail: here };
  if (name !== "stop_unwind") return { code: null, detail: here };
  const over = `${here}: the records are ${pos - end} bytes longer than their buffer`;
  // Where records begin, only the usual place tells.
  const start = data + 8;
  const sizes =
    end > start && pos > start
      ? `, which needs ${pos - start} bytes and has ${end - start}, if it begins behind the two words`
      : "";
  return { code: "record-past-end", detail: over + sizes };
}

/** The program's own code trapped. */
function inCode({ func }: StackSite, at: StateAtEnd, { module }: ModuleInstance): Detail {
  const parts = unlessTwinError(() => twinParts(module));
  const instrumented = parts?.instrumented.has(func.index) === true;
  const how = instrumented ? "is instrumented" : "is not instrumented";
  const what = `${func.name} ${how}; ${words(at)}`;
  if (parts === null || at.state === "normal") return { code: null, detail: words(at) };
  if (at.state === "unwinding")
    return {
      code: null,
      detail: instrumented
        ? `${what}; it was entered while unwinding, or the call that unwound is not instrumented in it`
        : `${what}; it ran on with a zero from a call that unwound, or was called after it`,
    };
  if (!instrumented) return { code: null, detail: `${what}; it runs while the instance rewinds` };
  return {
    code: null,
    detail:
      `${what}; the call index that was popped is ${at.callIndex ?? "out of bounds"}: the record is another ` +
      "function's, its bytes have changed, or the leaf never called stop_rewind",
  };
}

/** Which runtime functions may have trapped: native ones say so, others are the innermost frame. */
function runtimeNames({ trace, message }: StoppedError): readonly string[] {
  const native = /^unreachable: asyncify\.(\w+):/.exec(message)?.[1];
  if (native !== undefined) return [native];
  const func = trace?.sites[0]?.func;
  const parts = func?.instance == null ? null : partsOf(func.instance.module);
  return parts?.runtime.get(func!.index) ?? [];
}

/** What stands in front of the `unreachable` of an assertion; the two operands in any order. */
const ASSERTION = /^(?:state local\.get|local\.get state) i32\.ne if$/;
const ASSERTION_LENGTH = 4;

/** Whether the `unreachable` is one that asyncify-asserts put behind a comparison of the state. */
function assertionAt(error: Trap): Detail | null {
  const top = error.trace?.sites[0];
  if (error.reason !== "unreachable" || top?.func.instance == null) return null;
  const { func } = top;
  const { module } = top.func.instance;
  const parts = partsOf(module);
  if (parts === null) return null;
  const offset = offsetOfPc(codeOf(func), top.pc);
  const { body } = module.functions[func.index - module.imported.func]!;
  const reader = new InstructionReader(module.bytes, body.offset, body.end);
  const before: string[] = [];
  while (reader.next() && reader.instruction.offset < offset) {
    const { op, a } = reader.instruction;
    before.push(op.mnemonic === "global.get" && a === parts.state ? "state" : op.mnemonic);
    if (before.length > ASSERTION_LENGTH) before.shift();
  }
  if (!ASSERTION.test(before.join(" "))) return null;
  return {
    code: "frame-not-instrumented",
    detail: `a call in ${func.name}, which is not instrumented, changed the state`,
  };
}
