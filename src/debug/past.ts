// How a program was: a machine that runs again what was recorded. Calls that the host made
// back into a program that is debugged are hidden, as they are while it runs; of a recording
// that somebody else made, all calls are looked at.

import type { Fiber, FiberView } from "../exec/fiber.js";
import { type Observer, observers } from "../exec/hooks.js";
import type { Machine, Outcome, RunOptions } from "../exec/machine.js";
import type { FiberAbi } from "../fiber/abi/abi.js";
import { type Asyncify, asyncifyOf } from "../fiber/asyncify/asyncify.js";
import { callOf } from "../history/calls.js";
import type { Follower } from "../history/checkpoint.js";
import type { History } from "../history/history.js";
import type { Replica } from "../history/replica.js";
import { firstPlace } from "../history/queries.js";
import { type Drive, finish, type Timeline } from "../history/timeline.js";
import type { SavedTracker } from "../observe/fibers.js";
import { namesFibers } from "../observe/fibers.js";
import { InstrumentedEvents } from "../observe/instrumented.js";
import type { SavedProjection } from "../observe/projection.js";
import { isInstrumented } from "../observe/runtime-functions.js";
import { TwinError } from "../observe/twin-parts.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { UsageError } from "../util/errors.js";
import type { ValidModule } from "../valid/validate.js";
import { type ProgramEvent, ProgramEvents } from "./happenings.js";
import type { SavedRecords } from "./records.js";
import type { Deed, Scene } from "./scene.js";
import type { End } from "./session-types.js";

/** What the host threw is not recorded. */
const hostFailed = () => ({ kind: "threw", error: new UsageError("the host failed") }) as const;

/** Instructions between two breaths. */
const SLICE = 1_000_000;

export class PastScene implements Scene {
  fiber!: Fiber;
  end: End | null = null;
  readonly replica: Replica;
  /** Told what happens in the program. */
  hear: ((event: ProgramEvent) => void) | null = null;

  private constructor(
    readonly timeline: Timeline,
    readonly events: ProgramEvents,
    /** The number of the instance that is looked at. */
    private readonly subject: number,
    /** The only call that is looked at; null for all. */
    private readonly only: number | null,
    private readonly breathe: () => Promise<void>,
  ) {
    this.replica = timeline.replica;
    events.listen((event) => this.hear?.(event));
  }

  /** At the start of a history. @throws SnapshotError */
  static async make(
    history: History,
    only: number | null,
    breathe: () => Promise<void>,
  ): Promise<PastScene> {
    let events: ProgramEvents | null = null;
    let subject = 0;
    const timeline = await history.timeline((replica) => {
      const { abi, instances, later } = replica;
      const modules = [...instances.map(({ module }) => module), ...later];
      events = new ProgramEvents(abi !== null || modules.some(namesFibers));
      subject = subjectOf(replica);
      return followerOf(events, modules[subject], () => instances[subject] ?? null);
    });
    return new PastScene(timeline, events!, subject, only, breathe);
  }

  /** Goes to the first place of a recording. @throws RecordingError, UsageError where nothing runs */
  async begin(drive: Drive): Promise<void> {
    const { timeline, replica, subject } = this;
    const before = replica.instances.length;
    // Once made, it is there: also where it had not been made yet.
    if (subject >= before) {
      const { entries: log } = replica.log;
      const made = log.flatMap(({ deed }, entry) => (deed.kind === "instance" ? [entry] : []));
      const entry = made[subject - before];
      if (entry === undefined) throw new UsageError("nothing runs in the recording");
      const { executed, drops } = log[entry]!;
      await finish(timeline.goTo({ entries: entry + 1, executed, drops }), drive);
    }
    await finish(firstPlace(timeline), drive);
    if (this.machine.fiber === null) throw new UsageError("nothing runs in the recording");
    this.look();
  }

  get machine(): Machine {
    return this.replica.machine;
  }
  get instances(): readonly ModuleInstance[] {
    return this.replica.instances;
  }
  get instance(): ModuleInstance {
    return this.replica.instances[this.subject]!;
  }
  get asyncify(): Asyncify | null {
    return asyncifyOf(this.instance) ?? null;
  }
  get native(): FiberAbi | null {
    return this.replica.abi;
  }
  get stands(): boolean {
    return this.replica.stands;
  }

  isOurs(fiber: FiberView): boolean {
    return this.only === null || callOf(fiber) === this.only;
  }
  lives(call: number): boolean {
    return this.replica.lives(call);
  }
  watch(observer: Observer | null): void {
    this.replica.watch(observer);
  }

  /** The replica stands somewhere else now. */
  look(): void {
    this.fiber = this.machine.fiber!;
    this.end = this.ended;
  }

  /** How the run ended, where it did and nothing follows. */
  private get ended(): End | null {
    const { outcome } = this.replica;
    if (outcome === null || !this.isLast || !this.isOurs(this.fiber)) return null;
    if (outcome.kind === "paused" || outcome.kind === "host") return null;
    return outcome.kind === "threw" && !(outcome.error instanceof Error) ? hostFailed() : outcome;
  }

  /** Ends are ends only where nothing follows in the log. */
  go(options: RunOptions): Outcome {
    const outcome = this.replica.go(options);
    this.fiber = this.machine.fiber!;
    const { kind } = outcome;
    const isEnd = kind !== "paused" && kind !== "host";
    return isEnd && !this.isLast ? { kind: "paused" } : outcome;
  }

  private get isLast(): boolean {
    const { replica } = this;
    return replica.position.entries >= replica.log.entries.length;
  }

  async serve(drops: number): Promise<Deed> {
    const { replica } = this;
    const func = this.machine.fiber?.hostCall?.func;
    let entry = replica.take(drops);
    while (entry !== null && !this.isOurs(this.machine.fiber!)) {
      if (!replica.stands) replica.go({ fuel: SLICE });
      else entry = replica.take(drops);
      await this.breathe();
    }
    if (entry === null) return { kind: "no answer" };
    this.fiber = this.machine.fiber!;
    const { kind } = entry.deed;
    if (func === undefined || (kind !== "answer" && kind !== "raise")) return { kind: "other" };
    if (kind === "answer") return { kind: "returned", func, results: replica.answered };
    if (this.fiber.status !== "dead") return { kind: "caught", func };
    return this.isLast ? hostFailed() : { kind: "other" };
  }
}

interface SavedFollower {
  readonly tracker: SavedTracker | undefined;
  readonly records: SavedRecords;
  readonly projection: SavedProjection | undefined;
}

/**
 * Which instance a recording is about, by its number: the first; of those that were made later
 * (a host may have modules of its own) the first that may unwind.
 */
function subjectOf({ instances, later, log }: Replica): number {
  if (instances.length > 0) return 0;
  const native = log.entries.flatMap(({ deed }) => deed.kind === "instance" ? [deed.asyncify !== null] : []); // prettier-ignore
  return Math.max(
    0,
    later.findIndex((module, i) => native[i] === true || isInstrumented(module)),
  );
}

/**
 * Who tells of a program's events, put back with it.
 * @param subject the instance of `module`, once it is there
 */
function followerOf(
  events: ProgramEvents,
  module: ValidModule | undefined,
  subject: () => ModuleInstance | null,
): Follower {
  const { tracker, records } = events;
  const instrumented = module === undefined ? null : instrumentedEvents(module, events);
  const attach = (): void => {
    const instance = subject();
    if (instance !== null) instrumented?.attach(instance);
  };
  attach();
  const watching = [instrumented?.observer, tracker?.observer].filter((one) => one !== undefined);
  return {
    observer: watching.length === 0 ? null : observers(...watching),
    event(event, of) {
      if (of === null || of === subject()) events.emit(event);
    },
    made: attach,
    save: (): SavedFollower => ({
      tracker: tracker?.save(),
      records: records.save(),
      projection: instrumented?.save(),
    }),
    restore(saved) {
      const known = saved as SavedFollower;
      if (known.tracker !== undefined) tracker?.restore(known.tracker);
      if (known.projection !== undefined) instrumented?.restore(known.projection);
      records.restore(known.records);
    },
  };
}

/** Null where the module is not instrumented, or cannot be told of: whoever runs it says why. */
function instrumentedEvents(
  module: ValidModule,
  { emit }: ProgramEvents,
): InstrumentedEvents | null {
  if (!isInstrumented(module)) return null;
  try {
    return new InstrumentedEvents(module, emit);
  } catch (error) {
    if (error instanceof TwinError) return null;
    throw error;
  }
}
