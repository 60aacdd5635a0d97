// The machine runs fibers, one at a time, until they return, trap, pause or need the host:
// it says how far, and counts. What happens to frames meanwhile is in `call-stack.ts`.

import { exceptionOf } from "../runtime/exceptions.js";
import type { FuncInstance } from "../runtime/instances.js";
import type { MemoryInstance } from "../runtime/memory.js";
import { Exhaustion, StoppedError } from "../runtime/traps.js";
import type { Value } from "../runtime/values.js";
import { UsageError } from "../util/errors.js";
import { CallStack, type Outcome } from "./call-stack.js";
import { Fiber, type FiberView } from "./fiber.js";
import type { Interposer, Observer, Tier } from "./hooks.js";
import { interpret } from "./interpreter.js";
import { type CallUnderWay, invoke, invokeAsync } from "./invocation.js";
import { writeSlots } from "./slots.js";
import { CapturedStack } from "./stack.js";

export type { Outcome } from "./call-stack.js";
export type { HostCall } from "./fiber.js";

/** What the machine has counted. */
export interface Counters {
  /** Instructions executed so far, and how many more may be. */
  readonly executed: number;
  readonly fuel: number;
  /** Frames dropped by unwinding, as `Machine.drops`. */
  readonly drops: number;
  /** The id that the next fiber gets. */
  readonly nextFiber: number;
}

export interface RunOptions {
  /** Instructions to execute at most. Default: no bound. */
  readonly fuel?: number;
  /** Pause after so many frames were dropped by an unwind, between two of them. Default: never. */
  readonly drops?: number;
  /** Whether a breakpoint at which the fiber stands is behind it. */
  readonly past?: boolean;
}

export interface MachineOptions {
  /** Frames that a fiber and those that resumed it may hold together. Default 100,000. */
  readonly maxFrames?: number;
  /** Instructions that may be executed in all. Default: no bound. */
  readonly fuel?: number;
  /** Calls from the host into wasm that may be nested in one another. Default 200. */
  readonly maxNesting?: number;
  readonly interposer?: Interposer;
  readonly observer?: Observer;
  /** What executes instructions. Default: the interpreter. */
  readonly tier?: Tier | null;
}

/** Instructions between two looks at the world outside. */
const SLICE = 1 << 24;
const NO_MEMORY = new DataView(new ArrayBuffer(0));

export class Machine extends CallStack {
  readonly maxNesting: number;
  readonly tier: Tier | null;
  /** Instructions executed so far. */
  executed = 0;
  /** Asked at each instruction with a breakpoint (`breaks.ts`) whether to stop before it. */
  stopsAt: ((fiber: FiberView) => boolean) | null = null;
  /** The next instruction is executed whatever breakpoint it has. */
  private passing = false;
  /** The slice of fuel that is being executed, and what is left of it, as of the last call or switch. */
  private slice = 0;
  unused = 0;
  private fuel: number;
  /** Calls from the host into wasm that are nested in one another now. */
  nesting = 0;
  /** The innermost of them. */
  underWay: CallUnderWay | null = null;
  /** Calls from the host that wait for a promise of the host. */
  awaiting = 0;

  constructor(options: MachineOptions = {}) {
    super(options.maxFrames ?? 100_000, options.interposer ?? null, options.observer ?? null);
    // V8 keeps a field that held a large number as a double: else it would throw its code for
    // the interpreter away when the count outgrows its small integers, at 2^31.
    this.executed = 2 ** 53;
    this.executed = 0;
    this.maxNesting = options.maxNesting ?? 200;
    this.fuel = options.fuel ?? Infinity;
    this.tier = options.tier ?? null;
  }

  /** Whether calls and returns must come to the machine one by one. */
  get watched(): boolean {
    return (
      this.interposer?.armed === true ||
      (this.observer !== null &&
        (this.observer.enter !== undefined ||
          this.observer.leave !== undefined ||
          "instruction" in this.observer))
    );
  }

  /** Whether an observer wants every instruction. It may want so at times only. */
  get stepping(): boolean {
    return this.observer?.instruction !== undefined;
  }

  /**
   * Instructions executed so far, for observers: also in the middle of a run, where they are
   * told of calls, returns and switches. (Compiled code does not stop to count: there it may be
   * behind, by up to a slice.)
   */
  get now(): number {
    return this.executed + this.slice - this.unused;
  }

  get counters(): Counters {
    const { executed, drops, fuel, nextFiber } = this;
    return { executed, drops, fuel, nextFiber };
  }
  /** For whoever puts a machine together that ran elsewhere before. */
  set counters({ executed, drops, fuel, nextFiber }: Counters) {
    this.executed = executed;
    this.drops = drops;
    this.fuel = fuel;
    this.nextFiber = nextFiber;
  }

  viewOf(memory: MemoryInstance | undefined): DataView {
    return memory === undefined ? NO_MEMORY : memory.view;
  }

  /** Makes a fiber that will call `func`, and makes it the current one. Nothing runs yet. */
  start(func: FuncInstance, args: readonly Value[]): Fiber {
    if (func.host !== null)
      throw new UsageError(`${func.name} is a host function: call it directly`);
    checkArguments(func, args);
    this.observer?.input?.(this.fiber, { kind: "call", func, args });
    const fiber = new Fiber(this.nextFiber++, this.fiber);
    this.fiber = fiber;
    this.stop = null;
    fiber.entry = func;
    fiber.reserve(4 * args.length + 2);
    writeSlots(fiber, 0, args);
    // What a native function does belongs to the run.
    if (func.native === null) this.begin(fiber);
    return fiber;
  }

  /** Executes one instruction of the current fiber; or goes on with an unwind by one frame. */
  step(): Outcome {
    const between = this.fiber !== null && this.fiber.due >= 0;
    return this.run({ fuel: between ? 0 : 1, drops: 1 });
  }

  /** Goes on with the current fiber: with an unwind in whose middle it stands first, then by instructions. */
  run(options: RunOptions = {}): Outcome {
    const fiber = this.fiber;
    if (fiber === null) throw new UsageError("no fiber to run: call start first");
    if (this.stop === null && (fiber.status === "done" || fiber.status === "dead"))
      throw new UsageError(`fiber ${fiber.id} is ${fiber.status}`);
    if (fiber.status === "waiting")
      throw new UsageError(`fiber ${fiber.id} waits for the host: call answer first`);
    this.observer?.goesOn?.(fiber);
    if (this.stop === null) fiber.status = "running";
    const outcome = this.execute(fiber, options);
    this.observer?.stops?.(this.fiber!, outcome);
    return outcome;
  }

  private execute(
    fiber: Fiber,
    { fuel = Infinity, drops = Infinity, past = false }: RunOptions,
  ): Outcome {
    this.pausing = false;
    this.passing = past;
    this.mayDrop = drops;
    try {
      if (!fiber.begun) this.begin(fiber);
      if (fiber.due >= 0) this.deliverDue();
      while (this.stop === null) {
        if (fuel <= 0 || this.pausing) return this.pause();
        if (this.fuel <= 0)
          throw new Exhaustion("fuel exhausted", `after ${this.executed} instructions`);
        const { stepping } = this;
        if (stepping && this.observer!.instruction!(this.fiber!) === "pause") return this.pause();
        const single = stepping || this.passing;
        const slice = single ? 1 : Math.min(fuel, this.fuel, SLICE);
        this.slice = this.unused = slice;
        try {
          if (single || this.tier === null) interpret(this, slice, stepping);
          else this.tier.execute(this, slice);
        } finally {
          this.passing = false;
          const used = slice - this.unused;
          fuel -= used;
          this.fuel -= used;
          this.executed += used;
          this.slice = this.unused = 0;
        }
      }
      const outcome = this.stop;
      this.stop = null;
      return outcome.kind === "paused" ? this.pause() : outcome;
    } catch (error) {
      return { kind: "trapped", error: this.fail(error) };
    } finally {
      this.mayDrop = Infinity;
    }
  }

  /** The top frame stands at an instruction with a breakpoint: whether the machine stops. */
  breaks(): boolean {
    if (this.passing || this.stopsAt?.(this.fiber!) !== true) return false;
    this.stop = { kind: "paused" };
    return true;
  }

  /**
   * Asks a running machine to pause at the next opportunity (from an observer, say): before the
   * next instruction, or, where that unwinds, between two frames.
   */
  requestPause(): void {
    this.pausing = true;
  }

  /**
   * Gives the results of the host call that the current fiber waits for.
   * @param drops where they lead to an unwind: stop after so many frames, between two of them
   */
  answer(results: readonly Value[], { drops = Infinity }: Pick<RunOptions, "drops"> = {}): void {
    const fiber = this.waiting();
    this.observer?.input?.(fiber, { kind: "answer", results });
    fiber.status = "suspended";
    fiber.hostCall = null;
    this.mayDrop = drops;
    try {
      this.deliverValues(fiber, results);
    } finally {
      this.mayDrop = Infinity;
    }
    // Where a run pauses there, nothing has begun to run yet here.
    if (this.stop?.kind === "paused") this.stop = null;
  }

  /**
   * Tells that the host call which the current fiber waits for threw `error`. Where wasm
   * catches it, the fiber is ready to go on there; else its end has come, as by `abandon`.
   * @returns whether it was caught
   */
  raise(error: unknown): boolean {
    const fiber = this.waiting();
    const exception = exceptionOf(error);
    this.observer?.input?.(fiber, { kind: "raise", exception });
    fiber.hostCall = null;
    if (exception === null || !this.catches(fiber, exception)) {
      // A function of the host may trap as wasm does.
      if (error instanceof StoppedError && error.trace === null) error.at(new CapturedStack(fiber));
      this.end(fiber, "trap");
      return false;
    }
    this.fiber!.status = "suspended";
    return true;
  }

  /** Ends the current fiber, which waits for a host call that failed. Its frames stay to be looked at. */
  abandon(): void {
    const fiber = this.waiting();
    this.observer?.input?.(fiber, { kind: "raise", exception: null });
    this.end(fiber, "trap");
  }

  private waiting(): Fiber {
    const fiber = this.fiber;
    if (fiber?.status !== "waiting") throw new UsageError("no host call to answer");
    return fiber;
  }

  /**
   * Calls a function and runs it to its end; host functions must answer at once.
   * @throws Trap, Exhaustion, and whatever a host function throws
   */
  invoke(func: FuncInstance, args: readonly Value[]): readonly Value[] {
    return invoke(this, func, args);
  }

  /**
   * Calls a function and runs it to its end; host functions may answer with
   * promises, and other calls may run in the meantime.
   * @throws what `invoke` throws, as a rejection
   */
  invokeAsync(func: FuncInstance, args: readonly Value[]): Promise<readonly Value[]> {
    return invokeAsync(this, func, args);
  }

  private pause(): Outcome {
    this.fiber!.status = "suspended";
    return { kind: "paused" };
  }
}

/** Val_ok/{num,vec,ref}, Num_ok, Vec_ok: as far as values know their types. */
function checkArguments(func: FuncInstance, args: readonly Value[]): void {
  const { params } = func.signature;
  if (args.length !== params.length) {
    throw new UsageError(`${func.name} takes ${params.length} arguments, got ${args.length}`);
  }
  args.forEach(({ type }, i) => {
    const expected = typeof params[i] === "object" ? "ref" : params[i];
    if (type !== expected)
      throw new UsageError(
        `argument ${i} of ${func.name}: expected ${String(expected)}, got ${type}`,
      );
  });
}
