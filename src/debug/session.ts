// A debugging session: one call of an exported function, run forward by steps, to stops
// (`stops.ts`), to the end of a frame. What stopped it is plain data; front ends render it.
// Knows no terminal and no Node. Calls that a host function makes back into the program run
// to their end without stopping: JavaScript waits for them, and cannot be put aside.

import type { Fiber, FiberView } from "../exec/fiber.js";
import { type Observer, observers } from "../exec/hooks.js";
import { type HostCall, type Machine, type Outcome } from "../exec/machine.js";
import { callHost } from "../exec/invocation.js";
import { codeOf } from "../exec/lower.js";
import { readSlots } from "../exec/slots.js";
import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import type { FiberState, FiberTracker } from "../observe/fibers.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import type { Reference, Value } from "../runtime/values.js";
import { UsageError } from "../util/errors.js";
import { type Edit, elementEdit, globalEdit, localEdit, memoryEdit, operandEdit, perform } from "./edits.js"; // prettier-ignore
import type { Scope } from "./evaluate.js";
import { type Happening, happeningOf, type ProgramEvent } from "./happenings.js";
import { RecordLog } from "./records.js";
import { type FiberStack, stacksOf } from "./stacks.js";
import { Stops } from "./stops.js";
import type { DebugOptions, End, Stop } from "./session-types.js";
import { type About, StopLook } from "./stop-look.js";

export type { DebugOptions, End, Stop } from "./session-types.js";

/** How far to run. */
interface Goal {
  /** Instructions, or frames of an unwind; a call of the host is one. */
  readonly steps?: number;
  /** Asked before each instruction of the program. */
  readonly until?: (fiber: FiberView) => Stop | null;
  readonly leave?: NonNullable<Observer["leave"]>;
}

/** Instructions between two breaths. */
const SLICE = 1_000_000;

export class DebugSession {
  readonly stops: Stops;
  readonly instances: readonly ModuleInstance[];
  readonly tracker: FiberTracker | null;
  readonly asyncify: Asyncify | null;
  /** Records of continuations, as far as somebody tells of them. */
  readonly records: RecordLog;
  /** Where the program is: the innermost of the fibers that resumed each other. */
  fiber: Fiber;
  /** The outermost of them: calls of the host have others. */
  private readonly root: Fiber;
  /** How the program ended, once it has. */
  end: End | null = null;
  private readonly saver: DebugOptions["save"];
  private readonly breathe: () => Promise<void>;
  private readonly base: Observer | null;
  private readonly look: StopLook;
  private running = false;
  private pauseRequested = false;
  /** Why to stop. */
  private hit: Stop | null = null;
  /** What the instruction before which a run was stopped is about to do. */
  private about: About | null = null;
  /** The instruction at which it stands was asked about already. */
  private asked = false;

  /** Stands where the machine's current fiber does: at the start of a call, or in its middle. */
  constructor(
    readonly machine: Machine,
    readonly instance: ModuleInstance,
    options: DebugOptions = {},
  ) {
    this.instances = options.instances ?? [instance];
    this.stops = new Stops(instance);
    this.look = new StopLook(this.stops, this);
    this.breathe = options.breathe ?? (() => Promise.resolve());
    this.tracker = options.events?.tracker ?? null;
    this.asyncify = options.asyncify ?? null;
    this.records = options.events?.records ?? new RecordLog();
    this.saver = options.save;
    this.base = machine.observer;
    if (machine.fiber === null) throw new UsageError("nothing runs: there is nothing to debug");
    this.fiber = machine.fiber;
    let root = machine.fiber;
    while (root.parent !== null) root = root.parent;
    this.root = root;
    options.events?.listen((event) => this.tell(event));
  }

  /** The fibers that the program made, as far as somebody follows them. */
  fibers(): readonly FiberState[] {
    return this.tracker?.states() ?? [];
  }

  /** The one of them that is on; without anybody who follows them, the machine's. */
  get logical(): number {
    return this.tracker?.current.id ?? (this.machine.fiber ?? this.fiber).id;
  }

  /** The logical stack of each of them. @param all with the frames of who switches fibers */
  stacks(all = false): FiberStack[] {
    return stacksOf(this, all);
  }

  /** What expressions mean in the frame at `level`. */
  scope(level = 0): Scope {
    const { instance, logical } = this;
    const fiber = this.end?.kind === "returned" ? null : this.fiber;
    return { instance, fiber, level, logical };
  }

  /** Executes `count` instructions; between two frames of an unwind each frame is one. */
  step(count = 1): Promise<Stop> {
    return this.advance({ steps: count });
  }

  /** Executes one instruction, calls with all that they call. */
  next(): Promise<Stop> {
    const depth = framesOf(this.fiber);
    let first = true;
    return this.advance({
      until: (fiber) => {
        if (first) return ((first = false), null);
        return framesOf(fiber) <= depth ? { kind: "stepped" } : null;
      },
    });
  }

  /** Runs until the frame at `level` (0: the innermost) is gone. */
  finish(level = 0): Promise<Stop> {
    this.requireRunning();
    const depth = framesOf(this.fiber) - level;
    const frame = this.fiber.frames[this.fiber.depth - level - 1];
    if (frame === undefined) throw new UsageError("no frame is left");
    const { func } = frame;
    let results: readonly Value[] | undefined;
    return this.advance({
      leave: (fiber, how) => {
        if (this.isOurs(fiber) && framesOf(fiber) === depth && how === "return")
          results = resultsOf(fiber, func);
      },
      until: (fiber) => {
        if (framesOf(fiber) >= depth) return null;
        return { kind: "finished", func, ...(results === undefined ? {} : { results }) };
      },
    });
  }

  /** Runs to the next stop, at full speed. */
  continue(): Promise<Stop> {
    return this.advance({});
  }

  /** Changes the program where it stands: all edits come through here. */
  edit(edit: Edit): void {
    perform(edit);
  }

  // Values must have the types of what they go into: else these throw UsageErrors.
  setLocal(level: number, index: number, value: Value): void {
    this.edit(localEdit(this.fiber, level, index, value));
  }
  setOperand(level: number, index: number, value: Value): void {
    this.edit(operandEdit(this.fiber, level, index, value));
  }
  setGlobal(index: number, value: Value): void {
    this.edit(globalEdit(this.instance, index, value));
  }
  writeMemory(memory: number, address: number, bytes: Uint8Array): void {
    this.edit(memoryEdit(this.instance, memory, address, bytes));
  }
  setTable(table: number, index: number, reference: Reference): void {
    this.edit(elementEdit(this.instance, table, index, reference));
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

  /** Takes what stops there are out of the program's code: others run it on. */
  close(): void {
    this.look.marks.remove();
  }

  /** Whether a fiber belongs to the call that is debugged. */
  isOurs(fiber: FiberView): boolean {
    let at = fiber;
    while (at.parent !== null) at = at.parent;
    return at === this.root;
  }

  private async advance(goal: Goal): Promise<Stop> {
    this.requireRunning();
    this.pauseRequested = false;
    this.hit = null;
    this.begin(goal);
    try {
      return await this.run(goal);
    } finally {
      this.running = false;
      this.machine.observer = this.base;
      this.machine.stopsAt = null;
    }
  }

  private begin(goal: Goal): void {
    const { machine, look } = this;
    look.begin(this.fiber);
    this.about = null;
    this.running = true;
    this.asked = false;
    const own = this.observer(goal);
    if (Object.keys(own).length > 0)
      machine.observer = this.base === null ? own : observers(this.base, own);
    if (goal.steps === undefined) machine.stopsAt = (fiber) => this.stopsAt(fiber);
  }

  /** Whether to stop before an instruction that is marked. */
  private stopsAt(fiber: FiberView): boolean {
    if (!this.isOurs(fiber)) return false;
    this.hit = this.look.arrives(fiber);
    if (this.hit === null) this.about = this.look.about(fiber);
    return this.hit !== null || this.about !== null;
  }

  private async run({ steps = Infinity }: Goal): Promise<Stop> {
    const stepping = steps !== Infinity;
    // What it stands at has been told of.
    for (let done = 0; ; done++) {
      const end = await this.turn(stepping, done === 0);
      if (end !== null) return (this.end = end);
      // A run stops before breakpoints; a step has just come there.
      if (stepping && this.fiber.due < 0 && this.fiber.status !== "waiting")
        this.hit ??= this.look.arrives(this.fiber);
      if (this.hit !== null) return this.hit;
      if (this.pauseRequested) return { kind: "paused" };
      if (done + 1 >= steps) return { kind: "stepped" };
      if (!stepping) await this.breathe();
    }
  }

  /** Goes on by a slice, or by a step, or has the host answer. Null, or how the program ended. */
  private async turn(stepping: boolean, told: boolean): Promise<End | null> {
    const { fiber, look, machine } = this;
    machine.fiber = fiber;
    const { hostCall: call, status } = fiber;
    if (status === "waiting" && call !== null) return this.serve(call, stepping);
    const between = fiber.due >= 0;
    // A run past a mark, or by steps, is not asked about it.
    this.about = !between && (stepping || told) ? look.about(fiber) : null;
    const standing = this.about !== null;
    let outcome: Outcome = { kind: "paused" };
    if (!standing) {
      const slice = { fuel: SLICE, past: told && !between };
      const step = { fuel: between ? 0 : 1, drops: 1, past: true };
      outcome = machine.run(stepping ? step : slice);
    }
    if (this.about !== null) outcome = this.execute(this.about, standing);
    this.fiber = machine.fiber;
    if (outcome.kind === "paused") return null;
    if (outcome.kind !== "host") return outcome;
    this.hit ??= look.hostCall(outcome.call, this.fiber);
    return this.hit === null ? this.serve(outcome.call, stepping) : null;
  }

  /** Executes the one instruction before which the machine stands, which does what a stop is about. */
  private execute(about: About, standing: boolean): Outcome {
    const { machine, look } = this;
    this.about = null;
    // That at which the run began was not asked about yet.
    this.asked = !standing;
    const outcome = machine.run({ fuel: 1, past: true });
    this.asked = false;
    if (outcome.kind === "paused") this.hit ??= look.after(about, machine.fiber!);
    return outcome;
  }

  private observer({ until, leave }: Goal): Observer {
    return {
      ...(leave === undefined ? {} : { leave }),
      ...this.look.observer((happening) => this.happened(happening)),
      ...(until !== undefined && {
        instruction: (fiber: FiberView) => {
          if (!this.isOurs(fiber) || this.asked) return undefined;
          const hit = until(fiber);
          if (hit === null) return undefined;
          // A breakpoint there says more.
          this.hit = this.look.arrives(fiber) ?? hit;
          return "pause";
        },
      }),
    };
  }

  private tell(event: ProgramEvent): void {
    if (!this.running) return;
    const happening = happeningOf(event);
    if (happening !== null) return this.happened(happening);
    if (event.type === "switch") this.happened({ event: "switch", action: event.name }, false);
  }

  /** @param isEvent whether it is one that stops are for; else it may have written to what is watched */
  private happened(happening: Happening, isEvent = true): void {
    const fiber = this.machine.fiber ?? this.fiber;
    const hit = isEvent
      ? this.look.happened(happening, fiber)
      : this.look.changed(happening, fiber);
    if (hit === null) return;
    this.hit ??= hit;
    this.machine.requestPause();
  }

  private requireRunning(): void {
    if (this.end !== null) throw new UsageError("the program has ended");
  }

  /** Answers a host call. Null, or how the program ended. */
  private async serve({ func, args }: HostCall, stepping: boolean): Promise<End | null> {
    const { machine, fiber } = this;
    try {
      machine.fiber = fiber;
      const results = await callHost(machine, func, args, (answer) => answer);
      machine.fiber = fiber;
      machine.answer(results, stepping ? { drops: 1 } : {});
      this.fiber = machine.fiber;
      this.hit ??= this.look.hostReturned(func, results, this.fiber);
      return null;
    } catch (error) {
      machine.fiber = fiber;
      const caught = fiber.status === "waiting" && machine.raise(error);
      this.fiber = machine.fiber;
      if (caught) this.hit ??= this.look.caught(this.fiber);
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
