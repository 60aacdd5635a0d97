// What the machine lets others do. An interposer may change the course of calls;
// an observer may only look. The machine knows neither asyncify nor tracing: both
// come in through here.

import type { ExceptionInstance } from "../runtime/exceptions.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import type { Exhaustion, Trap } from "../runtime/traps.js";
import type { Value } from "../runtime/values.js";
import type { Outcome } from "./call-stack.js";
import type { Fiber, FiberView } from "./fiber.js";
import type { Machine } from "./machine.js";

export type Course =
  /** Nothing special. */
  | "go on"
  /** Discard the results, drop the frame, hand zeros to its caller. */
  | "leave"
  /** Skip to the end of the function: one without results returns, others trap (`unreachable`). */
  | "skip";

/** The two points where Binaryen's instrumentation acts. Consulted only while `armed`. */
export interface Interposer {
  readonly armed: boolean;
  /**
   * The top frame of `fiber` has just been entered: its arguments stand in its locals. A
   * function as the answer takes its place, as if by a tail call, and is asked about in turn.
   */
  onEnter(fiber: Fiber): Course | FuncInstance;
  /** A call of the top frame returned; the frame stands as before the call. */
  onReturnInto(fiber: Fiber): Course;
  /**
   * Whether a frame of `caller` must wait for the callee of its tail call, as for that of a
   * call. Asked whether armed or not. Default: never.
   */
  keepsCaller?(caller: FuncInstance, target: FuncInstance): boolean;
}

/** One interposer that stands for several: the first of the armed ones that knows a course decides. */
export function interposers(...all: readonly Interposer[]): Interposer {
  const first = <T>(ask: (interposer: Interposer) => T | "go on"): T | "go on" => {
    for (const interposer of all) {
      const course = interposer.armed ? ask(interposer) : "go on";
      if (course !== "go on") return course;
    }
    return "go on";
  };
  return {
    get armed() {
      return all.some(({ armed }) => armed);
    },
    onEnter: (fiber) => first((interposer) => interposer.onEnter(fiber)),
    onReturnInto: (fiber) => first((interposer) => interposer.onReturnInto(fiber)),
    keepsCaller: (caller, target) =>
      all.some((interposer) => interposer.keepsCaller?.(caller, target) === true),
  };
}

/**
 * What executes instructions in place of the interpreter, when nobody looks at single ones:
 * frames stand as the interpreter would leave them.
 */
export interface Tier {
  /**
   * Executes up to `fuel` instructions of the machine's current fiber, or fewer. The fuel
   * left is in `machine.unused`, however it ends.
   * @throws what `interpret` throws
   */
  execute(machine: Machine, fuel: number): void;
}

/**
 * How a frame came to its end. Every `enter` is followed by exactly one `leave`, but for
 * frames of continuations that nobody resumes.
 */
export type Departure = "return" | "unwind" | "skip" | "tail call" | "trap" | "exception";

/** Why the machine goes on in another fiber. */
export type FiberSwitch = "resume" | "suspend" | "switch" | "return" | "exception";

/** What the outside does to a machine that stands still. All else follows from what the machine is. */
export type Input =
  /** Starts a call, in a fiber of its own. */
  | { readonly kind: "call"; readonly func: FuncInstance; readonly args: readonly Value[] }
  /** Answers the call of the host that the current fiber waits for. */
  | { readonly kind: "answer"; readonly results: readonly Value[] }
  /** Has it fail: with an exception that wasm may catch, or with what nobody catches. */
  | { readonly kind: "raise"; readonly exception: ExceptionInstance | null };

export interface Observer {
  /** Before it takes effect. `current` is the machine's fiber, of which a call may know nothing. */
  input?(current: FiberView | null, input: Input): void;
  /**
   * `Machine.run` is about to go on in a fiber, and has stopped. Whatever happens to memories,
   * tables and globals from a `stops` to the next `input` or `goesOn`, the outside did.
   */
  goesOn?(fiber: FiberView): void;
  stops?(fiber: FiberView, outcome: Outcome): void;
  /** An instance was made, its segments written; its start function has not been called. */
  instantiated?(instance: ModuleInstance): void;
  /** The outside calls a wasm function (through an export, say), and that call ends. */
  call?(func: FuncInstance, args: readonly Value[]): void;
  return?(func: FuncInstance, results: readonly Value[]): void;
  /** The call ended by a trap, or by an exception of a host function. */
  fail?(func: FuncInstance, error: unknown): void;
  /**
   * Before each instruction of the top frame. Answering `pause` stops the machine before it.
   * May come and go (as a getter) while calls begin and end; the machine is slow meanwhile.
   */
  readonly instruction?: ((fiber: FiberView) => "pause" | undefined) | undefined;
  /** The top frame was pushed; nothing of it has run. */
  enter?(fiber: FiberView): void;
  /** The top frame is about to go. On `return` its results are its topmost operands. */
  leave?(fiber: FiberView, how: Departure): void;
  /** The machine goes on in fiber `to`, which has not received anything yet. */
  fiberSwitch?(from: FiberView, to: FiberView, how: FiberSwitch): void;
  /** `fiber` is null where the host called the function itself, through an export. */
  hostCall?(fiber: FiberView | null, func: FuncInstance, args: readonly Value[]): void;
  hostReturn?(fiber: FiberView | null, func: FuncInstance, results: readonly Value[]): void;
  /** The function threw, or its promise was rejected. Wasm may yet catch that. */
  hostThrow?(fiber: FiberView | null, func: FuncInstance, error: unknown): void;
  /** The top frame has caught an exception: it stands at the handler, which has its operands. */
  caught?(fiber: FiberView, exception: ExceptionInstance): void;
  /** The fiber stopped for good; its frames still stand. */
  trap?(fiber: FiberView, error: Trap | Exhaustion): void;
}

/** One observer that passes everything on to several, in order. */
export function observers(...all: readonly Observer[]): Observer {
  const fan = <K extends keyof Observer>(key: K): Observer => {
    const those = all.filter((o) => o[key] !== undefined);
    if (those.length === 0) return {};
    const call = (...args: unknown[]) => {
      let answer: unknown;
      for (const o of those) answer = (o[key] as (...a: unknown[]) => unknown)(...args) ?? answer;
      return answer;
    };
    return { [key]: call };
  };
  const keys = [
    "input",
    "goesOn",
    "stops",
    "instantiated",
    "call",
    "return",
    "fail",
    "enter",
    "leave",
    "fiberSwitch",
    "hostCall",
    "hostReturn",
    "hostThrow",
    "caught",
    "trap",
  ] as const;
  const together = Object.assign({}, ...keys.map(fan)) as Observer;
  // It may come and go.
  const stepping = all.filter((o) => "instruction" in o);
  if (stepping.length === 0) return together;
  const instruction = (fiber: FiberView): "pause" | undefined => {
    let answer: "pause" | undefined;
    for (const o of stepping) answer = o.instruction?.(fiber) ?? answer;
    return answer;
  };
  return Object.defineProperty(together, "instruction", {
    get: () => (stepping.some((o) => o.instruction !== undefined) ? instruction : undefined),
    enumerable: true,
    configurable: true,
  });
}
