// Calls from outside, driven to their end: the machine runs, and whatever the program
// asks of the host is answered, at once or when a promise is settled. While a call
// waits, others may run; each keeps its own current fiber.

import type { FuncInstance } from "../runtime/instances.js";
import { Exhaustion, StoppedError, type StackTrace } from "../runtime/traps.js";
import type { Value } from "../runtime/values.js";
import { UsageError } from "../util/errors.js";
import type { Fiber } from "./fiber.js";
import type { Machine, Outcome } from "./machine.js";
import { CapturedStack } from "./stack.js";

type Values = readonly Value[];

/** A call from the host that is under way, and how the host that it asks may answer. */
export interface CallUnderWay {
  readonly func: FuncInstance;
  /** Whether an answer may be a promise. */
  readonly awaits: boolean;
  /** The call in which it is nested, while it runs. */
  readonly outer: CallUnderWay | null;
  /** Its frames as they stand now; null where it has none. */
  readonly trace: StackTrace | null;
  /** The function of the host that it waits for. */
  readonly asked: FuncInstance | null;
}

/** `Machine.invoke`. */
export function invoke(machine: Machine, func: FuncInstance, args: Values): Values {
  if (func.host !== null)
    return directly(machine, func, false, () => callHost(machine, func, args, immediate));
  const invocation = new Invocation(machine, func, args);
  return invocation.report(() => {
    for (;;) {
      const step = invocation.run();
      if (step.kind === "returned") return step.results;
      const { func: host, args: given } = step.call;
      invocation.serve(() => machine.answer(callHost(machine, host, given, immediate)));
    }
  });
}

/** `Machine.invokeAsync`. */
export async function invokeAsync(
  machine: Machine,
  func: FuncInstance,
  args: Values,
): Promise<Values> {
  if (func.host !== null)
    return directly(machine, func, true, () => callHost(machine, func, args, (answer) => answer));
  const invocation = new Invocation(machine, func, args, true);
  try {
    for (;;) {
      const step = invocation.run();
      if (step.kind === "returned") return invocation.returned(step.results);
      const { func: host, args: given } = step.call;
      let pending: Values | Promise<Values> = [];
      invocation.serve(() => (pending = callHost(machine, host, given, (answer) => answer)));
      // Where wasm caught what the host threw, nothing is waited for.
      if (!invocation.waits) continue;
      const answered = pending;
      if (!isPromise(answered)) {
        invocation.serve(() => machine.answer(answered));
        continue;
      }
      machine.awaiting++;
      const settled = await outcomeOf(answered);
      machine.awaiting--;
      invocation.serve(() => {
        if ("error" in settled) throw settled.error;
        machine.answer(settled.answer);
      });
    }
  } catch (error) {
    throw invocation.failed(error);
  }
}

/** A call of the host's own function through an export has no frames. */
function directly<T>(machine: Machine, func: FuncInstance, awaits: boolean, call: () => T): T {
  const { underWay: outer } = machine;
  machine.underWay = { func, awaits, outer, trace: null, asked: func };
  try {
    return call();
  } finally {
    machine.underWay = outer;
  }
}

/** Calls a function of the host, and tells the observer. */
export function callHost<R>(
  machine: Machine,
  func: FuncInstance,
  args: Values,
  settle: (answer: Values | Promise<Values>, func: FuncInstance) => R,
): R {
  const { fiber } = machine;
  machine.observer?.hostCall?.(fiber, func, args);
  const report = (results: Values) => {
    checkResults(func, results);
    machine.observer?.hostReturn?.(fiber, func, results);
    return results;
  };
  const thrown = (error: unknown): never => {
    machine.observer?.hostThrow?.(fiber, func, error);
    throw error;
  };
  let answer: Values | Promise<Values>;
  try {
    answer = func.host!(args);
  } catch (error) {
    return thrown(error);
  }
  return settle(isPromise(answer) ? answer.then(report, thrown) : report(answer), func);
}

/** A call under way, in pieces: its current fiber is the innermost of its chain. */
export class Invocation implements CallUnderWay {
  private fiber: Fiber;
  outer: CallUnderWay | null = null;

  constructor(
    private readonly machine: Machine,
    readonly func: FuncInstance,
    args: Values,
    readonly awaits = false,
  ) {
    const { fiber: outer } = machine;
    try {
      machine.observer?.call?.(func, args);
      this.fiber = machine.start(func, args);
    } catch (error) {
      // The first frame may not even come to be.
      if (error instanceof StoppedError && error.trace === null && machine.fiber !== null)
        error.at(new CapturedStack(machine.fiber));
      throw error;
    } finally {
      machine.fiber = outer;
    }
  }

  get waits(): boolean {
    return this.fiber.status === "waiting";
  }

  /** Runs until the call returns or needs the host. @throws what ends it otherwise */
  run(): Extract<Outcome, { kind: "returned" | "host" }> {
    for (;;) {
      const outcome = this.slice(Infinity);
      if (outcome.kind !== "paused") return outcome;
    }
  }

  /** The same, for up to `fuel` instructions. */
  slice(fuel: number): Extract<Outcome, { kind: "returned" | "host" | "paused" }> {
    const outcome = this.within(() => this.machine.run({ fuel }));
    if (outcome.kind === "trapped" || outcome.kind === "threw") throw outcome.error;
    return outcome;
  }

  /**
   * Runs `action` while the fiber waits for the host: if it fails and wasm does not
   * catch that, it is the fiber's end.
   */
  serve(action: () => void): void {
    const { machine } = this;
    this.within(() => {
      try {
        action();
      } catch (error) {
        if (machine.fiber?.status !== "waiting") machine.fail(error);
        else if (machine.raise(error)) return;
        throw error;
      }
    });
  }

  get asked(): FuncInstance | null {
    return this.fiber.hostCall?.func ?? null;
  }

  get trace(): StackTrace {
    return new CapturedStack(this.fiber);
  }

  /** Ends the call, which waits for the host, whatever wasm would catch. Returns the error. */
  abandon(error: unknown): unknown {
    this.within(() => this.machine.abandon());
    return this.failed(error);
  }

  /** Runs the whole call, and tells the observer how it ended. */
  report(call: () => Values): Values {
    try {
      return this.returned(call());
    } catch (error) {
      throw this.failed(error);
    }
  }

  returned(results: Values): Values {
    this.machine.observer?.return?.(this.func, results);
    return results;
  }

  failed(error: unknown): unknown {
    this.machine.observer?.fail?.(this.func, error);
    return error;
  }

  /** Runs `action` with the call's fiber as the current one, until it may be another. */
  private within<T>(action: () => T): T {
    const { machine } = this;
    const { fiber: outer, underWay, nesting, maxNesting } = machine;
    if (nesting >= maxNesting) {
      throw new Exhaustion(
        "call stack exhausted",
        `${nesting} calls from the host into wasm are nested`,
      );
    }
    machine.nesting++;
    machine.fiber = this.fiber;
    this.outer = underWay;
    machine.underWay = this;
    try {
      return action();
    } finally {
      machine.nesting--;
      this.fiber = machine.fiber;
      machine.fiber = outer;
      machine.underWay = underWay;
      this.outer = null;
    }
  }
}

async function outcomeOf<T>(pending: Promise<T>): Promise<{ answer: T } | { error: unknown }> {
  try {
    return { answer: await pending };
  } catch (error) {
    return { error };
  }
}

function isPromise<T>(answer: T | Promise<T>): answer is Promise<T> {
  return typeof (answer as { then?: unknown }).then === "function";
}

export function immediate(
  answer: readonly Value[] | Promise<readonly Value[]>,
  func: FuncInstance,
): readonly Value[] {
  if (isPromise(answer)) {
    throw new UsageError(
      `host function ${func.name} answered with a promise in a synchronous call`,
    );
  }
  return answer;
}

function checkResults(func: FuncInstance, results: readonly Value[]): void {
  const expected = func.signature.results.map((t) => (typeof t === "object" ? "ref" : t));
  const found = results.map((r) => r.type);
  if (expected.join() !== found.join()) {
    throw new UsageError(
      `host function ${func.name} must answer [${expected.join(" ")}], answered [${found.join(" ")}]`,
    );
  }
}
