// A debugging session: one call of an exported function, run forward by steps, to stops
// (`stops.ts`), to the end of a frame; and back, where it is recorded (`travel.ts`). What
// stopped it is plain data; front ends render it. Knows no terminal and no Node. Calls that a
// host function makes back into the program run to their end without stopping: JavaScript waits
// for them, and cannot be put aside.

import type { Fiber, FiberView } from "../exec/fiber.js";
import type { Machine } from "../exec/machine.js";
import { codeOf } from "../exec/lower.js";
import { readSlots } from "../exec/slots.js";
import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import { callOf } from "../history/calls.js";
import { type Edit, perform } from "../history/edits.js";
import type { History } from "../history/history.js";
import type { Position } from "../history/position.js";
import { framesOf } from "../history/queries.js";
import type { FiberState, FiberTracker } from "../observe/fibers.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import type { Reference, Value } from "../runtime/values.js";
import { UsageError } from "../util/errors.js";
import { elementEdit, globalEdit, localEdit, memoryEdit, operandEdit } from "./edits.js";
import type { Scope } from "./evaluate.js";
import { lineStep } from "./line-steps.js";
import { PastScene } from "./past.js";
import { RecordLog } from "./records.js";
import { logicalOf, Runner } from "./runner.js";
import { LiveScene, type Scene } from "./scene.js";
import type { DebugOptions, End, Stop } from "./session-types.js";
import { type FiberStack, stacksOf } from "./stacks.js";
import { Stops } from "./stops.js";
import { Travel, type Traveller } from "./travel.js";
import type { WatchTarget } from "./watch.js";

export type { DebugOptions, End, Stop } from "./session-types.js";

export class DebugSession {
  readonly stops: Stops;
  private scene: Scene;
  private readonly runner: Runner;
  private readonly travel: Travel | null;
  private readonly nothing = new RecordLog();

  /** Stands where the machine's current fiber does: at the start of a call, or in its middle. */
  constructor(
    machine: Machine,
    instance: ModuleInstance,
    private readonly options: DebugOptions = {},
    past: PastScene | null = null,
  ) {
    const { breathe = () => Promise.resolve(), history = null, onProgress } = options;
    const live = past === null ? new LiveScene(machine, instance, options) : null;
    this.scene = past ?? live!;
    const stops = (this.stops = new Stops(instance));
    const runner = new Runner(stops, this.scene, breathe, () => {
      const crossed = this.travel?.crossed() ?? null;
      if (crossed !== null) this.scene = crossed;
      return crossed;
    });
    this.runner = runner;
    const traveller: Traveller = {
      stops,
      breathe,
      onProgress: onProgress ?? (() => undefined),
      pauses: () => runner.pauses,
      begin: () => runner.reset(),
      show: (scene) => {
        this.scene = scene;
        runner.show(scene);
      },
    };
    this.travel = history === null ? null : new Travel(history, live, past, traveller);
  }

  /** Looks at what was recorded, from its first place on. @throws RecordingError, UsageError */
  static async ofRecording(history: History, options: DebugOptions = {}): Promise<DebugSession> {
    const past = await PastScene.make(history, null, options.breathe ?? (() => Promise.resolve()));
    await past.begin(options);
    return new DebugSession(past.machine, past.instance, { ...options, history }, past);
  }

  // What is looked at: the program, or how it was.
  get machine(): Machine {
    return this.scene.machine;
  }
  get instance(): ModuleInstance {
    return this.scene.instance;
  }
  get instances(): readonly ModuleInstance[] {
    return this.scene.instances;
  }
  get asyncify(): Asyncify | null {
    return this.scene.asyncify;
  }
  get tracker(): FiberTracker | null {
    return this.scene.events?.tracker ?? null;
  }
  /** Records of continuations, as far as somebody tells of them. */
  get records(): RecordLog {
    return this.scene.events?.records ?? this.nothing;
  }
  /** Where the program is: the innermost of the fibers that resumed each other. */
  get fiber(): Fiber {
    return this.scene.fiber;
  }
  /** How the program ended, once it has. */
  get end(): End | null {
    return this.scene.end;
  }

  /** The fibers that the program made, as far as somebody follows them. */
  fibers(): readonly FiberState[] {
    return this.tracker?.states() ?? [];
  }

  /** The one of them that is on; without anybody who follows them, the machine's. */
  get logical(): number {
    return logicalOf(this.scene);
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
    return this.runner.advance({ steps: count });
  }

  /** Executes one instruction, calls with all that they call. */
  next(): Promise<Stop> {
    const depth = framesOf(this.fiber);
    const isIn = this.inCall();
    let first = true;
    return this.runner.advance({
      until: (fiber) => {
        if (first) return ((first = false), null);
        return isIn(fiber, (frames) => frames > depth) ? null : { kind: "stepped" };
      },
    });
  }

  /** Runs to another line of the source (`line-steps.ts`); `over` calls, with all that they call. */
  stepLine(over: boolean): Promise<Stop> {
    // Between two frames of an unwind there is no line to leave.
    if (this.end !== null || this.fiber.due >= 0) return this.step();
    const ends = lineStep(this.fiber, over);
    return this.runner.advance({ until: (fiber) => (ends(fiber) ? { kind: "stepped" } : null) });
  }

  /** Runs until the frame at `level` (0: the innermost) is gone. */
  finish(level = 0): Promise<Stop> {
    const depth = framesOf(this.fiber) - level;
    if (this.end !== null) throw new UsageError("the program has ended");
    const frame = this.fiber.frames[this.fiber.depth - level - 1];
    if (frame === undefined) throw new UsageError("no frame is left");
    const { func } = frame;
    const call = callOf(this.fiber);
    const isIn = this.inCall();
    let results: readonly Value[] | undefined;
    return this.runner.advance({
      leave: (fiber, how) => {
        if (callOf(fiber) === call && framesOf(fiber) === depth && how === "return")
          results = resultsOf(fiber, func);
      },
      until: (fiber) => {
        if (isIn(fiber, (frames) => frames >= depth)) return null;
        return { kind: "finished", func, ...(results === undefined ? {} : { results }) };
      },
    });
  }

  /** Runs to the next stop, at full speed. */
  continue(): Promise<Stop> {
    return this.runner.advance({});
  }

  /** Changes the program where it stands: all edits come through here. */
  edit(edit: Edit): void {
    if (this.travel === null) perform(edit);
    else this.travel.edit(edit);
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
    const { scene, options } = this;
    if (scene.end !== null) throw new UsageError("the program has ended");
    if (options.save === undefined) throw new UsageError("there is nowhere to save to");
    scene.machine.fiber = scene.fiber;
    return options.save(file, scene);
  }

  /** Asks a running program, or a search, to stop as soon as it can. */
  pause(): void {
    this.runner.pause();
  }

  /** Takes what stops there are out of the program's code: others run it on. */
  close(): void {
    this.runner.close();
  }

  /** Whether a fiber belongs to the call that is debugged. */
  isOurs(fiber: FiberView): boolean {
    return this.scene.isOurs(fiber);
  }

  /**
   * Whether a fiber is that of the call that runs now, with so many frames; or one of a call that
   * the host makes meanwhile.
   */
  private inCall(): (fiber: FiberView, enough: (frames: number) => boolean) => boolean {
    const call = callOf(this.fiber);
    return (fiber, enough) =>
      callOf(fiber) === call ? enough(framesOf(fiber)) : this.scene.lives(call);
  }

  // The way back, where the program is recorded.

  get canReverse(): boolean {
    return this.travel !== null;
  }
  /** Where in its history it stands; null without a history. */
  get position(): Position | null {
    return this.travel?.position ?? null;
  }
  /** To the place before, `count` times: see `step`. */
  stepBack(count = 1): Promise<Stop> {
    return this.back.stepBack(count);
  }
  /** To the instruction before, over calls. */
  nextBack(): Promise<Stop> {
    return this.back.nextBack();
  }
  /** To the call of the frame at `level`. */
  finishBack(level = 0): Promise<Stop> {
    return this.back.finishBack(level);
  }
  /** To the last time that one of `stops` was come to. */
  continueBack(): Promise<Stop> {
    return this.back.continueBack();
  }
  goTo(position: Position): Promise<Stop> {
    return this.back.goTo(position);
  }
  /** To where an event is about to happen, numbered as in a trace. */
  goToEvent(number: number): Promise<Stop> {
    return this.back.goToEvent(number);
  }
  /** To where something was last written before now. */
  lastWrite(target: WatchTarget): Promise<Stop> {
    return this.back.lastWrite(target);
  }
  /** To where one of the program's fibers was last on. */
  lastRun(fiber: number): Promise<Stop> {
    return this.back.lastRun(fiber);
  }

  private get back(): Travel {
    if (this.travel === null) throw new UsageError("the program is not recorded: there is no way back"); // prettier-ignore
    return this.travel;
  }
}

/** What a frame that is about to return returns. */
function resultsOf(fiber: FiberView, func: FuncInstance): Value[] {
  const { sp } = fiber.top;
  return readSlots(fiber, sp - codeOf(func).resultWords, func.signature.results);
}
