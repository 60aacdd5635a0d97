// What happens between the instructions of one frame and those of the next: calls and
// returns, exceptions, switches of fibers, what the host is asked and answers. What happens
// inside a frame is in `interpreter.ts`; who runs it all is the machine, in `machine.ts`.

import { errorOf, type ExceptionInstance, UncaughtException } from "../runtime/exceptions.js";
import type { FuncInstance, NativeFunction } from "../runtime/instances.js";
import { formatValues } from "../runtime/notation.js";
import { Exhaustion, Trap } from "../runtime/traps.js";
import type { Value } from "../runtime/values.js";
import { beginWait, endWait } from "./atomics.js";
import { type Code, isTailCall, isWait } from "./code.js";
import { enterHandler, findHandler } from "./exceptions.js";
import { Fiber, type FiberStatus, Frame, type HostCall } from "./fiber.js";
import type { Course, Departure, FiberSwitch, Interposer, Observer } from "./hooks.js";
import { codeOf } from "./lower.js";
import { readSlots, reserve, writeSlots } from "./slots.js";
import { CapturedStack } from "./stack.js";

export type Outcome =
  | { readonly kind: "returned"; readonly results: readonly Value[] }
  | { readonly kind: "trapped"; readonly error: Trap | Exhaustion }
  /** An exception left the fiber: an `UncaughtException`, or what a host function threw. */
  | { readonly kind: "threw"; readonly error: unknown }
  | { readonly kind: "host"; readonly call: HostCall }
  /** Stopped before an instruction, or between two frames that an unwind drops; `run` or `step` go on from there. */
  | { readonly kind: "paused" };

/** What a fiber is after the machine has left it for another. */
const LEFT: Readonly<Record<FiberSwitch, FiberStatus>> = {
  resume: "resuming",
  suspend: "suspended",
  switch: "suspended",
  return: "done",
  exception: "dead",
};

/** A continuation of a host function is a fiber without frames. */
const NO_FRAME = { func: null, pc: 0, sp: 0 };

export abstract class CallStack {
  /**
   * The fiber that runs, or ran last.
   * Step/ctxt-prompt: it is the innermost of those that resumed each other.
   */
  fiber: Fiber | null = null;
  /** Set when the interpreter must return to `run`. */
  stop: Outcome | null = null;
  protected nextFiber = 1;
  /** Frames dropped so far by an interposer whose results are delivered, be they due to one that goes too. */
  drops = 0;
  /** Frames that may yet be dropped before the machine must pause. */
  protected mayDrop = Infinity;
  /** Whether somebody asked a running machine to pause. */
  pausing = false;

  constructor(
    readonly maxFrames: number,
    public interposer: Interposer | null,
    public observer: Observer | null,
  ) {}

  // What the interpreter hands over. The current frame is written back before.

  /** Enters, or asks for, the callee of the call at which the top frame stands. */
  call(target: FuncInstance): void {
    const fiber = this.fiber!;
    const { func, pc, sp } = fiber.top;
    const operands = (func.code as Code).words[pc + 3]!;
    if (target.instance !== null) this.enter(target, sp - operands, sp);
    else this.callOutside(fiber, target, sp - operands);
  }

  /**
   * Replaces the top frame by a frame of `target`.
   * Step_read/return_call_ref-frame-{null,addr}
   */
  tailCall(target: FuncInstance | null, operands: number): void {
    if (target === null) throw new Trap("null function reference");
    const fiber = this.fiber!;
    const { sp, fp } = fiber.top;
    if (target.instance === null) return this.callOutside(fiber, target, sp - operands);
    if (this.interposer?.keepsCaller?.(fiber.top.func, target) === true)
      return this.enter(target, sp - operands, sp);
    this.leave(fiber, "tail call");
    this.enter(target, sp - operands, fp);
  }

  /** The top frame stands at a wait for another fiber: the host tells when it is over. */
  wait(): void {
    const fiber = this.fiber!;
    const call = beginWait(fiber);
    if (typeof call === "number") return endWait(fiber, call);
    this.ask(fiber, call);
  }

  /** Throws an exception where the top frame stands: frames go until one catches it. */
  throw(exception: ExceptionInstance): void {
    const fiber = this.fiber!;
    if (this.catches(fiber, exception)) return;
    const error = errorOf(exception, formatValues(exception.values));
    if (error instanceof UncaughtException) error.at(new CapturedStack(fiber));
    this.stop = { kind: "threw", error };
    this.end(fiber, "exception");
  }

  /** Goes on at the handler that catches the exception, if there is one. */
  protected catches(fiber: Fiber, exception: ExceptionInstance): boolean {
    const found = findHandler(fiber, exception);
    if (found === null) return false;
    for (let at = fiber; ; at = this.fiber!) {
      while (at.depth > (at === found.fiber ? found.depth : 0)) this.leave(at, "exception");
      if (at === found.fiber) break;
      this.goTo(at.parent!, "exception");
    }
    enterHandler(found.fiber, found.clause, exception);
    this.observer?.caught?.(found.fiber, exception);
    return true;
  }

  // What those do who switch fibers (`continuations.ts`, native functions).

  /** A fiber that nobody has resumed yet. */
  freshFiber(entry: FuncInstance): Fiber {
    const fiber = new Fiber(this.nextFiber++, null, false);
    fiber.entry = entry;
    return fiber;
  }

  /** Leaves the current fiber for another. */
  goTo(to: Fiber, how: FiberSwitch): void {
    const from = this.fiber!;
    to.status = from.status;
    from.status = LEFT[how];
    this.fiber = to;
    this.observer?.fiberSwitch?.(from, to, how);
  }

  /** The current fiber, which was a continuation's, begins or goes on with what it was given. */
  proceed(): void {
    const fiber = this.fiber!;
    const { begun, bound } = fiber;
    fiber.bound = 0;
    if (begun) accept(fiber, fiber.top.sp, bound);
    else this.begin(fiber);
  }

  protected begin(fiber: Fiber): void {
    fiber.begun = true;
    this.callFirst(fiber, fiber.entry!);
  }

  /** Calls a function, whose arguments are a fiber's first slots, in that fiber without frames. */
  private callFirst(fiber: Fiber, func: FuncInstance): void {
    if (func.instance === null) this.callOutside(fiber, func, 0);
    else this.enter(func, 0, 0);
  }

  /**
   * The top frame stands at its end or at a `return`, its results on top.
   * Step_pure/return-frame, frame-vals
   */
  returnFrame(): void {
    const fiber = this.fiber!;
    const { func, sp } = fiber.top;
    const { resultWords } = func.code as Code;
    this.leave(fiber, "return");
    this.deliver(fiber, sp - resultWords, resultWords);
  }

  private callOutside(fiber: Fiber, target: FuncInstance, from: number): void {
    const args = readSlots(fiber, from, target.signature.params);
    if (target.native !== null) {
      const results = (target.native as NativeFunction<CallStack>)(args, this);
      if (results !== null) this.deliverValues(this.fiber!, results);
      return;
    }
    this.ask(fiber, { func: target, args });
  }

  private ask(fiber: Fiber, call: HostCall): void {
    fiber.status = "waiting";
    fiber.hostCall = call;
    this.stop = { kind: "host", call };
  }

  /** Step_read/call_ref-func */
  private enter(target: FuncInstance, from: number, fp: number): void {
    const fiber = this.fiber!;
    const depth = fiber.below + fiber.depth;
    if (depth >= this.maxFrames) throw new Exhaustion("call stack exhausted", `${depth} frames`);
    const code = codeOf(target);
    reserve(fiber, fp + code.maxWords);
    fiber.move(from, fp, code.paramWords, code.hasRefs);
    fiber.i32.fill(0, fp + code.paramWords, fp + code.localWords);
    if (code.hasRefs) fiber.clear(fp + code.paramWords, code.localWords - code.paramWords);
    const frame = (fiber.frames[fiber.depth] ??= new Frame());
    fiber.depth++;
    frame.func = target;
    frame.pc = 0;
    frame.fp = fp;
    frame.sp = fp + code.localWords;
    this.observer?.enter?.(fiber);
    if (this.interposer?.armed !== true) return;
    const course = this.interposer.onEnter(fiber);
    if (typeof course !== "string") {
      this.leave(fiber, "tail call");
      this.enter(course, fp, fp);
    } else if (course !== "go on" && this.drop(fiber, course)) this.deliverDue();
  }

  protected deliverValues(fiber: Fiber, results: readonly Value[]): void {
    const { func, pc, sp } = fiber.depth === 0 ? NO_FRAME : fiber.top;
    if (func !== null && isWait((func.code as Code).words[pc]!))
      return endWait(fiber, (results[0] as Value & { type: "i32" }).value);
    reserve(fiber, sp + 4 * results.length);
    this.deliver(fiber, sp, writeSlots(fiber, sp, results));
  }

  /** Goes on between two frames that an unwind drops. */
  protected deliverDue(): void {
    const fiber = this.fiber!;
    this.deliver(fiber, fiber.depth === 0 ? 0 : fiber.top.sp, this.takeDue(fiber));
  }

  private takeDue(fiber: Fiber): number {
    const { due } = fiber;
    fiber.due = -1;
    this.drops++;
    return due;
  }

  /**
   * Hands `n` words at `from`, the results of a call, to the top frame, which made
   * the call; or, frame by frame, to whom the interposer's course leads.
   */
  private deliver(fiber: Fiber, from: number, n: number): void {
    for (;;) {
      if (fiber.depth === 0) {
        const { parent, sequel } = fiber;
        if (sequel !== null) {
          fiber.sequel = null;
          fiber.move(from, 0, n, true);
          return this.callFirst(fiber, sequel);
        }
        if (parent === null) return this.finish(fiber, from, n);
        // Step_pure/prompt-vals: to the `resume` at which the other fiber stands.
        const { sp } = parent.top;
        reserve(parent, sp + n);
        this.goTo(parent, "return");
        parent.copy(fiber, from, sp, n);
        fiber = parent;
        from = sp;
      }
      const course =
        this.interposer?.armed === true ? this.interposer.onReturnInto(fiber) : "go on";
      const frame = fiber.top;
      if (course === "go on") {
        const { words } = frame.func.code as Code;
        if (!isTailCall(words[frame.pc]!)) return accept(fiber, from, n);
        // A tail call whose frame waited: its results are those.
        this.leave(fiber, "return");
      } else {
        if (!this.drop(fiber, course)) return;
        n = this.takeDue(fiber);
        from = frame.fp;
      }
    }
  }

  /**
   * Drops the top frame. Zeros for its results are due at its `fp`, which is where the
   * operands of the frame below end.
   * @returns false where the machine is to pause before they are delivered
   */
  private drop(fiber: Fiber, course: Course): boolean {
    const frame = fiber.top;
    const { resultWords, starts } = frame.func.code as Code;
    if (course === "skip" && resultWords > 0) {
      frame.pc = starts[starts.length - 1]!;
      throw new Trap(
        "unreachable",
        `no call of ${frame.func.name} was reached on the way to its end`,
      );
    }
    this.leave(fiber, course === "skip" ? "skip" : "unwind");
    fiber.clear(frame.fp, resultWords);
    fiber.due = resultWords;
    if (--this.mayDrop > 0 && !this.pausing) return true;
    this.stop = { kind: "paused" };
    return false;
  }

  private leave(fiber: Fiber, how: Departure): void {
    this.observer?.leave?.(fiber, how);
    fiber.depth--;
  }

  private finish(fiber: Fiber, from: number, n: number): void {
    fiber.move(from, 0, n, true);
    fiber.status = "done";
    this.stop = {
      kind: "returned",
      results: readSlots(fiber, 0, fiber.entry!.signature.results),
    };
  }

  /**
   * Ends the current fiber for an error that nothing catches: hands traps back, throws the rest.
   * Step_pure/trap-{instrs,label,handler,frame}, trap-prompt: nobody is asked on the way out.
   */
  fail(error: unknown): Trap | Exhaustion {
    const fiber = this.fiber!;
    for (let at: Fiber | null = fiber; at !== null; at = at.parent) at.status = "dead";
    this.stop = null;
    if (!(error instanceof Trap || error instanceof Exhaustion)) throw error;
    if (error.trace === null) error.at(new CapturedStack(fiber));
    this.observer?.trap?.(fiber, error);
    this.end(fiber, "trap");
    return error;
  }

  /**
   * The end of a fiber and of all that resumed it. Tells the observer that all frames go,
   * without taking them away: they are evidence.
   */
  protected end(innermost: Fiber, how: Departure): void {
    for (let fiber: Fiber | null = innermost; fiber !== null; fiber = fiber.parent) {
      fiber.status = "dead";
      if (this.observer?.leave === undefined) continue;
      const { depth } = fiber;
      for (; fiber.depth > 0; fiber.depth--) this.observer.leave(fiber, how);
      fiber.depth = depth;
    }
  }
}

/** The top frame gets `n` words at `from` as results of its instruction: a call, or one that waits like one. */
function accept(fiber: Fiber, from: number, n: number): void {
  const frame = fiber.top;
  const to = frame.sp - (frame.func.code as Code).words[frame.pc + 3]!;
  fiber.move(from, to, n, true);
  frame.sp = to + n;
  frame.pc += 4;
}
