// Stack switching: continuations are fibers put aside. A `resume` makes a
// continuation's fibers the innermost of the running chain, a `suspend` takes those
// above its handler off again (`chains.ts`).
// The clauses of a `resume` are in `Code.prompts`, so resuming costs nothing for them.
// Spec: https://github.com/WebAssembly/stack-switching/blob/main/proposals/stack-switching/Explainer.md

import { ContinuationInstance } from "../runtime/continuations.js";
import type { ExceptionInstance } from "../runtime/exceptions.js";
import type { FuncInstance, ModuleInstance, TagInstance } from "../runtime/instances.js";
import { Trap } from "../runtime/traps.js";
import type { Code as CodeOf } from "../syntax/opcodes.js";
import { type Chain, checkRoom, cutChain, joinChain } from "./chains.js";
import { type Code, isResume, type Prompt } from "./code.js";
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
  joinChain(machine, consume(continuation), fiber, "resume");
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
  cutChain(machine, outer);
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
  joinChain(machine, consume(target), handler, "switch");
  machine.proceed();
}

/** The continuation that an operand refers to, while nobody has used it. */
function usable(ref: unknown): Continuation & Chain {
  if (ref === null) throw new Trap("null continuation reference");
  const continuation = ref as Continuation;
  if (continuation.fiber === null) throw new Trap("continuation already consumed");
  return continuation as Continuation & Chain;
}

/** Takes the fibers out of a continuation: nobody else gets them. */
function consume(continuation: Continuation & Chain): Chain {
  const { fiber, outer } = continuation;
  (continuation as Continuation).fiber = (continuation as Continuation).outer = null;
  return { fiber, outer };
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
    const prompt = promptsOf(handler).find(
      (clause) =>
        clause.switches === switches && handler!.top.func.instance!.tags[clause.tag] === tag,
    );
    if (prompt !== undefined) return { outer, handler, prompt };
    outer = handler;
  }
  throw new Trap("unhandled tag");
}

/** The clauses of the `resume` at which a fiber stands; none where a native function waits. */
function promptsOf(fiber: Fiber): readonly Prompt[] {
  if (fiber.depth === 0) return [];
  const { func, pc } = fiber.top;
  const { words, prompts } = func.code as Code;
  return isResume(words[pc]!) ? prompts[words[pc + 1]!]! : [];
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
