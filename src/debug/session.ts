// A debugging session: one call of an exported function, run forward by steps, to
// breakpoints, to the end of a frame. Stops are plain data; front ends render them.
// Knows no terminal and no Node. Calls that a host function makes back into the
// program run to their end without stopping.

import type { Fiber, FiberView } from "../exec/fiber.js";
import { type Observer, observers } from "../exec/hooks.js";
import { type HostCall, type Machine, type Outcome } from "../exec/machine.js";
import { callHost } from "../exec/invocation.js";
import { codeOf } from "../exec/lower.js";
import { readSlots } from "../exec/slots.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import type { Exhaustion, Trap } from "../runtime/traps.js";
import type { Value } from "../runtime/values.js";
import { UsageError } from "../util/errors.js";
import type { FiberState } from "../observe/fibers.js";
import { type Breakpoint, Breakpoints } from "./breakpoints.js";

export type Stop =
  | { readonly kind: "stepped" }
  | { readonly kind: "breakpoint"; readonly breakpoint: Breakpoint }
  /** The frame that was to finish is gone: `results` are missing where it did not return. */
  | { readonly kind: "finished"; readonly func: FuncInstance; readonly results?: readonly Value[] }
  /** On request. */
  | { readonly kind: "paused" }
  | End;

/** The program is over. Its frames stay to be looked at unless it returned. */
export type End =
  | { readonly kind: "returned"; readonly results: readonly Value[] }
  | { readonly kind: "trapped"; readonly error: Trap | Exhaustion }
  /** A host function threw, or wasm threw an exception that nobody caught. */
  | { readonly kind: "threw"; readonly error: unknown };

export interface DebugOptions {
  /** Gives way to what else wants to run (a key press, say), between slices of a long run. */
  readonly breathe?: () => Promise<void>;
  /** The fibers that the program made, where somebody follows them. */
  readonly fibers?: () => readonly FiberState[];
  /** Saves the machine as a file, where there are files. Returns what to say about it. */
  readonly save?: (file: string) => Promise<string>;
}

/** Instructions between two breaths. */
const SLICE = 1_000_000;

export class DebugSession {
  readonly breakpoints: Breakpoints;
  /** Where the program is: the innermost of the fibers that resumed each other. */
  fiber: Fiber;
  /** The outermost of them: calls of the host have others. */
  private readonly root: Fiber;
  /** How the program ended, once it has. */
  end: End | null = null;
  readonly fibers: () => readonly FiberState[];
  private readonly saver: DebugOptions["save"];
  private readonly breathe: () => Promise<void>;
  private readonly base: Observer | null;
  private pauseRequested = false;
  private hit: Stop | null = null;

  /** Stands where the machine's current fiber does: at the start of a call, or in its middle. */
  constructor(
    readonly machine: Machine,
    readonly instance: ModuleInstance,
    { breathe = () => Promise.resolve(), fibers = () => [], save }: DebugOptions = {},
  ) {
    this.breakpoints = new Breakpoints(instance);
    this.breathe = breathe;
    this.fibers = fibers;
    this.saver = save;
    this.base = machine.observer;
    if (machine.fiber === null) throw new UsageError("nothing runs: there is nothing to debug");
    this.fiber = machine.fiber;
    let root = machine.fiber;
    while (root.parent !== null) root = root.parent;
    this.root = root;
  }

  /** Executes `count` instructions. */
  step(count = 1): Promise<Stop> {
    let left = count;
    return this.advance(() => (--left < 0 ? { kind: "stepped" } : null));
  }

  /** Executes one instruction, calls with all that they call. */
  next(): Promise<Stop> {
    const depth = framesOf(this.fiber);
    let first = true;
    return this.advance((fiber) => {
      if (first) return ((first = false), null);
      return framesOf(fiber) <= depth ? { kind: "stepped" } : null;
    });
  }

  /** Runs until the frame at `level` (0: the innermost) is gone. */
  finish(level = 0): Promise<Stop> {
    this.requireRunning();
    const depth = framesOf(this.fiber) - level;
    const { func } = this.fiber.frames[this.fiber.depth - level - 1]!;
    let results: readonly Value[] | undefined;
    const leave: Observer["leave"] = (fiber, how) => {
      if (this.isOurs(fiber) && framesOf(fiber) === depth && how === "return")
        results = resultsOf(fiber, func);
    };
    return this.advance((fiber) => {
      if (framesOf(fiber) >= depth) return null;
      return { kind: "finished", func, ...(results === undefined ? {} : { results }) };
    }, leave);
  }

  /** Runs to the next breakpoint, at full speed. */
  continue(): Promise<Stop> {
    return this.advance(null);
  }

  /** Saves the machine as it stands. @returns what to say about it */
  async save(file: string): Promise<string> {
    this.requireRunning();
    if (this.saver === undefined) throw new UsageError("there is nowhere to save to");
    this.machine.fiber = this.fiber;
    return this.saver(file);
  }

  /** Asks a running program to stop as soon as it can. */
  pause(): void {
    this.pauseRequested = true;
    this.machine.requestPause();
  }

  /**
   * Runs until `until`, asked before each instruction of the program, answers with a
   * stop; or a breakpoint comes first. Null: full speed, to a breakpoint or the end.
   */
  private async advance(
    until: ((fiber: FiberView) => Stop | null) | null,
    leave?: Observer["leave"],
  ): Promise<Stop> {
    this.requireRunning();
    this.pauseRequested = false;
    this.hit = null;
    this.observe(until, leave);
    if (until === null) this.machine.stopsAt = (fiber) => this.breakpointAt(fiber) !== undefined;
    // The breakpoint it stands at has been told of.
    let past = this.fiber.status !== "waiting";
    try {
      for (;;) {
        this.machine.fiber = this.fiber;
        const { hostCall: call, status } = this.fiber;
        const outcome: Outcome =
          status === "waiting" && call !== null
            ? { kind: "host", call }
            : this.machine.run({ fuel: SLICE, past });
        past = false;
        this.fiber = this.machine.fiber;
        if (until === null && outcome.kind === "paused") {
          const breakpoint = this.breakpointAt(this.fiber);
          if (breakpoint !== undefined) this.hit = { kind: "breakpoint", breakpoint };
        }
        const { kind } = outcome;
        if (kind === "returned" || kind === "trapped" || kind === "threw")
          return (this.end = outcome);
        if (outcome.kind === "host") {
          const thrown = await this.serve(outcome.call);
          if (thrown !== null) return (this.end = thrown);
        } else if (this.hit === null && !this.pauseRequested) await this.breathe();
        if (this.hit !== null) return this.hit;
        if (this.pauseRequested) return { kind: "paused" };
      }
    } finally {
      this.machine.observer = this.base;
      this.machine.stopsAt = null;
    }
  }

  private breakpointAt(fiber: FiberView): Breakpoint | undefined {
    return fiber.depth > 0 && this.isOurs(fiber) ? this.breakpoints.at(fiber.top) : undefined;
  }

  private isOurs(fiber: FiberView): boolean {
    let at = fiber;
    while (at.parent !== null) at = at.parent;
    return at === this.root;
  }

  private requireRunning(): void {
    if (this.end !== null) throw new UsageError("the program has ended");
  }

  private observe(
    until: ((fiber: FiberView) => Stop | null) | null,
    leave: Observer["leave"] | undefined,
  ): void {
    if (until === null) return;
    let standing = true;
    const own: Observer = {
      ...(leave === undefined ? {} : { leave }),
      instruction: (fiber) => {
        if (!this.isOurs(fiber)) return undefined;
        this.hit = until(fiber);
        // The breakpoint it stands at has been told of.
        const breakpoint = standing ? undefined : this.breakpoints.at(fiber.top);
        standing = false;
        if (breakpoint !== undefined) this.hit = { kind: "breakpoint", breakpoint };
        return this.hit === null ? undefined : "pause";
      },
    };
    this.machine.observer = this.base === null ? own : observers(this.base, own);
  }

  /** Answers a host call. Null, or how the program ended. */
  private async serve({ func, args }: HostCall): Promise<End | null> {
    const { machine, fiber } = this;
    try {
      const results = await callHost(machine, func, args, (answer) => answer);
      machine.fiber = fiber;
      machine.answer(results);
      this.fiber = machine.fiber;
      return null;
    } catch (error) {
      machine.fiber = fiber;
      const caught = fiber.status === "waiting" && machine.raise(error);
      this.fiber = machine.fiber;
      return caught ? null : { kind: "threw", error };
    }
  }
}

/** How many frames there are, with those of the fibers that wait for this one. */
const framesOf = ({ below, depth }: FiberView): number => below + depth;

/** What a frame that is about to return returns. */
function resultsOf(fiber: FiberView, func: FuncInstance): Value[] {
  const { sp } = fiber.top;
  return readSlots(fiber, sp - codeOf(func).resultWords, func.signature.results);
}
