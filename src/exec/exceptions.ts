// Throwing: the handlers of a function are a table beside its code, so entering one
// costs nothing, and an exception looks them up by where each frame stands. A waiting
// frame stands at its call, which is inside the handlers that enclose the call.
// Spec: https://webassembly.github.io/spec/core/exec/instructions.html#exec-throw-ref

import { ExceptionInstance } from "../runtime/exceptions.js";
import type { ModuleInstance, TagInstance } from "../runtime/instances.js";
import { Trap } from "../runtime/traps.js";
import type { Code as CodeOf } from "../syntax/opcodes.js";
import type { FuncType } from "../syntax/types.js";
import type { DefType } from "../valid/deftypes.js";
import { type Clause, type Code, isTailCall, wordsOfAll } from "./code.js";
import type { Fiber, Frame } from "./fiber.js";
import { readSlots, writeSlots } from "./slots.js";

/** Step/throw: the exception of `tag` whose values are the operands below word `sp`. */
export function makeException(fiber: Fiber, tag: TagInstance, sp: number): ExceptionInstance {
  const { params } = tag.type.sub.comp as FuncType<DefType>;
  return new ExceptionInstance(
    tag,
    readSlots(fiber, sp - wordsOfAll(params as FuncType["params"]), params),
  );
}

export interface Found {
  readonly fiber: Fiber;
  /** The frame that catches is the topmost when so many are left. */
  readonly depth: number;
  readonly clause: Clause;
}

/**
 * The innermost handler that catches the exception; changes nothing.
 * Step_read/throw_ref-{instrs,label,frame}, throw_ref-prompt: what is not looked at.
 */
export function findHandler(fiber: Fiber, exception: ExceptionInstance): Found | null {
  for (let at: Fiber | null = fiber; at !== null; at = at.parent) {
    for (let { depth } = at; depth > 0; depth--) {
      const clause = clauseIn(at.frames[depth - 1]!, exception);
      if (clause !== undefined) return { fiber: at, depth, clause };
    }
  }
  return null;
}

/**
 * The first clause that catches the exception, of those around where a frame stands.
 * Step_read/throw_ref-handler-{empty,next,delegate}
 */
function clauseIn({ func, pc }: Frame, { tag }: ExceptionInstance): Clause | undefined {
  const { handlers, words } = func.code as Code;
  // A tail call that the host answers has left its handlers, though its frame still stands.
  if (handlers.length === 0 || isTailCall(words[pc]!)) return undefined;
  const { tags } = func.instance!;
  let at = pc;
  for (const { start, end, clauses, delegate } of handlers) {
    if (at < start || at >= end) continue;
    if (delegate >= 0) at = delegate;
    const found = clauses.find((clause) => clause.tag < 0 || tags[clause.tag] === tag);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Goes on in the top frame at a clause that catches the exception.
 * Step_read/throw_ref-handler-{catch,catch_ref,catch_all,catch_all_ref},
 * throw_ref-handler-{catch_block,catch_all_block}
 */
export function enterHandler(fiber: Fiber, clause: Clause, exception: ExceptionInstance): void {
  const frame = fiber.top;
  let sp = frame.fp + clause.to;
  if (clause.tag >= 0) sp += writeSlots(fiber, sp, exception.values);
  if (clause.ref) {
    fiber.refs[sp >> 1] = exception;
    sp += 2;
  }
  if (clause.keep >= 0) (frame.caught ??= [])[clause.keep] = exception;
  frame.pc = clause.target;
  frame.sp = sp;
}

/** What the instruction at `pc` throws: `throw`, `throw_ref` or `rethrow`. */
export function thrown(
  fiber: Fiber,
  instance: ModuleInstance,
  code: Int32Array,
  pc: number,
  sp: number,
): ExceptionInstance {
  switch (code[pc]!) {
    // Step/throw
    case 0x08 satisfies CodeOf<"throw">:
      return makeException(fiber, instance.tags[code[pc + 1]!]!, sp);
    // Step_pure/rethrow
    case 0x09 satisfies CodeOf<"rethrow">:
      return fiber.top.caught![code[pc + 1]!]!;
    // Step_read/throw_ref-null
    default: {
      const exception = fiber.refs[(sp - 2) >> 1] as ExceptionInstance | null;
      if (exception === null) throw new Trap("null exception reference");
      return exception;
    }
  }
}
