// Stack switching: continuations are fibers put aside. A `resume` makes a
// continuation's fibers the innermost of the running chain, a `suspend` takes those
// above its handler off again; no frame is copied or looked at on the way.
// The clauses of a `resume` are in `Code.prompts`, so resuming costs nothing for them.
// Spec: https://github.com/WebAssembly/stack-switching/blob/main/proposals/stack-switching/Explainer.md

import { ContinuationInstance } from "../runtime/continuations.js";
import type { ExceptionInstance } from "../runtime/exceptions.js";
import type { FuncInstance, ModuleInstance, TagInstance } from "../runtime/instances.js";
import { Exhaustion, Trap } from "../runtime/traps.js";
import type { Code as CodeOf } from "../syntax/opcodes.js";
import type { Code, Prompt } from "./code.js";
import { makeException } from "./exceptions.js";
import type { Fiber } from "./fiber.js";
import type { Machine } from "./machine.js";
import { reserve } from "./slots.js";

type Continuation = ContinuationInstance<Fiber>;

/** Step/cont.new-{null,func}: a fiber that has not begun. */
export function newContinuation(
  machine: Machine,
  instance: ModuleInstance,
  type: number,
  func: FuncInstance | null,
): Continuation {
  if (func === null) throw new Trap("null function reference");
  const fiber = machine.freshFiber(func);
  return new ContinuationInstance(instance.types[type]!, fiber, fiber);
}

/**
 * Step/cont.bind-{null,consumed,cont}: the same fibers in a new continuation, which has the
 * first arguments already.
 * @returns the new stack pointer
 */
export function bindContinuation(
  fiber: Fiber,
  instance: ModuleInstance,
  code: Int32Array,
  pc: number,
  sp: number,
): number {
  const given = usable(fiber.refs[(sp - 2) >> 1]);
  const words = code[pc + 2]!;
  const bound = new ContinuationInstance(instance.types[code[pc + 1]!]!, given.fiber, given.outer);
  give(given.fiber, fiber, sp - 2 - words, words);
  consume(given);
  const at = sp - 2 - words;
  fiber.refs[at >> 1] = bound;
  return at + 2;
}

/** The other instructions, at which the top frame stands. */
export function switchStacks(machine: Machine, op: number): void {
  switch (op) {
    // Step/suspend
    case 0xe2 satisfies CodeOf<"suspend">:
      return suspend(machine);
    // Step/switch-{null,consumed,cont}
    case 0xe6 satisfies CodeOf<"switch">:
      return switchTo(machine);
    default:
      return resume(machine, op);
  }
}

/**
 * Step/{resume,resume_throw}-{null,consumed,cont},
 * resume_throw_ref-{null_exn,null,consumed,cont}
 */
function resume(machine: Machine, op: number): void {
  const fiber = machine.fiber!;
  const { func, pc, sp } = fiber.top;
  const { words } = func.code as Code;
  const b = words[pc + 2]!;
  let exception: ExceptionInstance | null = null;
  if (op === (0xe5 satisfies CodeOf<"resume_throw_ref">)) {
    exception = fiber.refs[(sp - 4) >> 1] as ExceptionInstance | null;
    if (exception === null) throw new Trap("null exception reference");
  }
  const continuation = usable(fiber.refs[(sp - 2) >> 1]);
  if (op === (0xe4 satisfies CodeOf<"resume_throw">))
    exception = makeException(fiber, func.instance!.tags[b]!, sp - 2);
  checkRoom(machine, fiber, continuation);

  const { fiber: inner } = continuation;
  if (exception === null) give(inner, fiber, sp - 2 - b, b);
  attach(continuation, fiber);
  machine.goTo(inner, "resume");
  if (exception === null) machine.proceed();
  else {
    inner.bound = 0;
    machine.throw(exception);
  }
}

/** Step/suspend, suspending-prompt-suspend */
function suspend(machine: Machine): void {
  const fiber = machine.fiber!;
  const { func, pc, sp } = fiber.top;
  const { words } = func.code as Code;
  const { outer, handler, prompt } = find(fiber, func.instance!.tags[words[pc + 1]!]!, false);
  const frame = handler.top;
  const type = frame.func.instance!.types[prompt.type]!;
  const n = words[pc + 3]!;
  const to = frame.fp + prompt.to;
  reserve(handler, to + n + 2);
  outer.resumer = null;
  machine.goTo(handler, "suspend");
  handler.copy(fiber, sp - n, to, n);
  handler.refs[(to + n) >> 1] = new ContinuationInstance(type, fiber, outer);
  frame.pc = prompt.target;
  frame.sp = to + n + 2;
}

/**
 * Step/switch-{null,consumed,cont}, suspending-prompt-switch: a suspension whose handler at
 * once resumes another continuation with it.
 */
function switchTo(machine: Machine): void {
  const fiber = machine.fiber!;
  const { func, pc, sp } = fiber.top;
  const { words } = func.code as Code;
  const target = usable(fiber.refs[(sp - 2) >> 1]);
  const { outer, handler } = find(fiber, func.instance!.tags[words[pc + 1]!]!, true);
  checkRoom(machine, handler, target);

  const { fiber: inner } = target;
  const n = words[pc + 3]!;
  give(inner, fiber, sp - n, n);
  const left = new ContinuationInstance(func.instance!.types[words[pc + 2]!]!, fiber, outer);
  // The last argument is not the operand, which is `target`, but what is left behind.
  inner.refs[(heightOf(inner) + inner.bound - 2) >> 1] = left;
  outer.resumer = null;
  attach(target, handler);
  machine.goTo(inner, "switch");
  machine.proceed();
}

/** The continuation that an operand refers to, while nobody has used it. */
function usable(ref: unknown): Continuation & { fiber: Fiber; outer: Fiber } {
  if (ref === null) throw new Trap("null continuation reference");
  const continuation = ref as Continuation;
  if (continuation.fiber === null) throw new Trap("continuation already consumed");
  return continuation as Continuation & { fiber: Fiber; outer: Fiber };
}

function consume(continuation: Continuation): void {
  continuation.fiber = continuation.outer = null;
}

/**
 * The innermost `resume` around a fiber with a clause for the tag, and the fiber that it resumed.
 * Step/suspending-{label,handler,frame}: what the fibers on the way hold stays there.
 * Step/suspending-prompt-next, suspending-unhandled
 */
function find(
  fiber: Fiber,
  tag: TagInstance,
  switches: boolean,
): { outer: Fiber; handler: Fiber; prompt: Prompt } {
  for (let outer = fiber, handler = outer.parent; handler !== null; handler = outer.parent) {
    const { func, pc } = handler.top;
    const { words, prompts } = func.code as Code;
    const { tags } = func.instance!;
    const prompt = prompts[words[pc + 1]!]!.find(
      (clause) => clause.switches === switches && tags[clause.tag] === tag,
    );
    if (prompt !== undefined) return { outer, handler, prompt };
    outer = handler;
  }
  throw new Trap("unhandled tag");
}

/** Where a continuation's arguments start. */
const heightOf = (fiber: Fiber): number => (fiber.depth === 0 ? 0 : fiber.top.sp);

/** Puts arguments where a continuation finds them when it goes on. */
function give(to: Fiber, from: Fiber, at: number, words: number): void {
  const height = heightOf(to) + to.bound;
  reserve(to, height + words);
  to.copy(from, at, height, words);
  to.bound += words;
}

/** Frames count over all fibers that wait for each other. */
function checkRoom(
  { maxFrames }: Machine,
  resumer: Fiber,
  { fiber, outer }: { readonly fiber: Fiber; readonly outer: Fiber },
): void {
  const below = resumer.below + resumer.depth;
  const own = fiber.below + fiber.depth - outer.below;
  if (below + Math.max(own, 1) > maxFrames)
    throw new Exhaustion("call stack exhausted", `${below} frames`);
}

/** Makes a continuation's fibers the innermost ones, and consumes it. */
function attach(continuation: Continuation & { fiber: Fiber; outer: Fiber }, resumer: Fiber): void {
  const { fiber: inner, outer } = continuation;
  consume(continuation);
  outer.resumer = resumer;
  const moved = resumer.below + resumer.depth - outer.below;
  if (moved === 0) return;
  for (let fiber: Fiber | null = inner; fiber !== resumer; fiber = fiber!.resumer)
    fiber!.below += moved;
}
