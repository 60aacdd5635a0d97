// What a session looks at and runs: the program that is debugged (here), or how it was
// (`past.ts`). Both go on in the same way; they differ in who answers for the host.

import type { Fiber, FiberView } from "../exec/fiber.js";
import { type Observer, observers } from "../exec/hooks.js";
import { callHost } from "../exec/invocation.js";
import type { Machine, Outcome, RunOptions } from "../exec/machine.js";
import type { FiberAbi } from "../fiber/abi/abi.js";
import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import { callOf } from "../history/calls.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import type { Value } from "../runtime/values.js";
import { UsageError } from "../util/errors.js";
import type { ProgramEvents } from "./happenings.js";
import type { End } from "./session-types.js";

/** What the outside did. */
export type Deed =
  | { readonly kind: "returned"; readonly func: FuncInstance; readonly results: readonly Value[] }
  /** A function of the host threw, and the program caught that. */
  | { readonly kind: "caught"; readonly func: FuncInstance }
  | { readonly kind: "threw"; readonly error: unknown }
  /** Anything else. */
  | { readonly kind: "other" }
  /** Nobody knows what it did. */
  | { readonly kind: "no answer" };

export interface Scene {
  readonly machine: Machine;
  readonly instance: ModuleInstance;
  readonly instances: readonly ModuleInstance[];
  readonly asyncify: Asyncify | null;
  readonly native: FiberAbi | null;
  readonly events: ProgramEvents | null;
  /** Where the program is: the innermost of the fibers that resumed each other. */
  fiber: Fiber;
  /** How the program ended, once it has. */
  end: End | null;
  /** Whether the next thing to happen comes from outside. */
  readonly stands: boolean;
  /** Whether a fiber belongs to what is debugged. */
  isOurs(fiber: FiberView): boolean;
  /** Whether a call has begun and not ended. */
  lives(call: number): boolean;
  /** Has the machine watched by `observer` too; or only by who always watches it. */
  watch(observer: Observer | null): void;
  /** As `Machine.run`. */
  go(options: RunOptions): Outcome;
  /** Has the outside act. @param drops of an unwind to which that leads */
  serve(drops: number): Promise<Deed>;
}

export interface SceneOptions {
  readonly instances?: readonly ModuleInstance[];
  readonly asyncify?: Asyncify | null;
  readonly native?: FiberAbi | null;
  readonly events?: ProgramEvents | null;
}

/** The program that is debugged: one call of it. */
export class LiveScene implements Scene {
  readonly instances: readonly ModuleInstance[];
  readonly asyncify: Asyncify | null;
  readonly native: FiberAbi | null;
  readonly events: ProgramEvents | null;
  fiber: Fiber;
  end: End | null = null;
  private readonly call: number;
  private readonly base: Observer | null;

  /** Stands where the machine's current fiber does. */
  constructor(
    readonly machine: Machine,
    readonly instance: ModuleInstance,
    { instances = [instance], asyncify = null, native = null, events = null }: SceneOptions,
  ) {
    this.instances = instances;
    this.asyncify = asyncify;
    this.native = native;
    this.events = events;
    this.base = machine.observer;
    if (machine.fiber === null) throw new UsageError("nothing runs: there is nothing to debug");
    this.fiber = machine.fiber;
    this.call = callOf(machine.fiber);
  }

  get stands(): boolean {
    return this.fiber.status === "waiting";
  }

  isOurs(fiber: FiberView): boolean {
    return callOf(fiber) === this.call;
  }
  lives(call: number): boolean {
    return call === this.call && this.end === null;
  }

  watch(observer: Observer | null): void {
    const { base } = this;
    this.machine.observer =
      observer === null || base === null ? (observer ?? base) : observers(base, observer);
  }

  go(options: RunOptions): Outcome {
    // Other calls may have run meanwhile.
    this.machine.fiber = this.fiber;
    const outcome = this.machine.run(options);
    this.fiber = this.machine.fiber;
    return outcome;
  }

  async serve(drops: number): Promise<Deed> {
    const { machine, fiber } = this;
    const { func, args } = fiber.hostCall!;
    try {
      machine.fiber = fiber;
      const results = await callHost(machine, func, args, (answer) => answer);
      machine.fiber = fiber;
      machine.answer(results, { drops });
      return { kind: "returned", func, results };
    } catch (error) {
      machine.fiber = fiber;
      const caught = fiber.status === "waiting" && machine.raise(error);
      return caught ? { kind: "caught", func } : { kind: "threw", error };
    } finally {
      this.fiber = machine.fiber!;
    }
  }
}
