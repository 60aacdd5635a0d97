// How a program was: a machine that runs again what was recorded. Calls that the host made
// back into a program that is debugged are hidden, as they are while it runs; of a recording
// that somebody else made, all calls are looked at.

import type { Fiber, FiberView } from "../exec/fiber.js";
import { type Observer, observers } from "../exec/hooks.js";
import type { Machine, Outcome, RunOptions } from "../exec/machine.js";
import type { FiberAbi } from "../fiber/abi/abi.js";
import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import { callOf } from "../history/calls.js";
import type { Follower } from "../history/checkpoint.js";
import type { History } from "../history/history.js";
import type { Replica } from "../history/replica.js";
import type { Timeline } from "../history/timeline.js";
import type { SavedTracker } from "../observe/fibers.js";
import { namesFibers } from "../observe/fibers.js";
import { InstrumentedEvents } from "../observe/instrumented.js";
import type { SavedProjection } from "../observe/projection.js";
import { isInstrumented } from "../observe/runtime-functions.js";
import { TwinError } from "../observe/twin-parts.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { UsageError } from "../util/errors.js";
import { type ProgramEvent, ProgramEvents } from "./happenings.js";
import type { SavedRecords } from "./records.js";
import type { Deed, Scene } from "./scene.js";
import type { End } from "./session-types.js";

/** Instructions between two breaths. */
const SLICE = 1_000_000;

export class PastScene implements Scene {
  instance!: ModuleInstance;
  fiber!: Fiber;
  end: End | null = null;
  readonly replica: Replica;
  /** Told what happens in the program. */
  hear: ((event: ProgramEvent) => void) | null = null;

  private constructor(
    readonly timeline: Timeline,
    readonly events: ProgramEvents,
    /** The only call that is looked at; null for all. */
    private readonly only: number | null,
    private readonly breathe: () => Promise<void>,
  ) {
    this.replica = timeline.replica;
    const [instance] = this.replica.instances;
    if (instance !== undefined) this.instance = instance;
    events.listen((event) => this.hear?.(event));
  }

  /** At the start of a history. @throws SnapshotError */
  static async make(
    history: History,
    only: number | null,
    breathe: () => Promise<void>,
  ): Promise<PastScene> {
    let events: ProgramEvents | null = null;
    const timeline = await history.timeline(({ abi, instances }) => {
      events = new ProgramEvents(abi !== null || instances.some((i) => namesFibers(i.module)));
      return followerOf(events, instances[0]);
    });
    return new PastScene(timeline, events!, only, breathe);
  }

  get machine(): Machine {
    return this.replica.machine;
  }
  get instances(): readonly ModuleInstance[] {
    return this.replica.instances;
  }
  get asyncify(): Asyncify | null {
    return this.replica.asyncify;
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
    // The program's own may not have been there from the start.
    this.instance ??= this.fiber.frames[0]?.func.instance ?? this.replica.instances[0]!;
    this.end = null;
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
    if (entry.deed.kind === "answer" && func !== undefined)
      return { kind: "returned", func, results: replica.answered };
    if (entry.deed.kind !== "raise") return { kind: "other" };
    if (this.fiber.status !== "dead") return { kind: "caught" };
    return this.isLast ? { kind: "threw", error: new UsageError("the host failed") } : { kind: "other" }; // prettier-ignore
  }
}

interface SavedFollower {
  readonly tracker: SavedTracker | undefined;
  readonly records: SavedRecords;
  readonly projection: SavedProjection | undefined;
}

/** Who tells of a program's events, put back with it. */
function followerOf(events: ProgramEvents, instance: ModuleInstance | undefined): Follower {
  const { tracker, records } = events;
  const instrumented = instance === undefined ? null : instrumentedEvents(instance, events);
  const watching = [instrumented?.observer, tracker?.observer].filter((one) => one !== undefined);
  return {
    observer: watching.length === 0 ? null : observers(...watching),
    event: events.emit,
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
  instance: ModuleInstance,
  { emit }: ProgramEvents,
): InstrumentedEvents | null {
  if (!isInstrumented(instance.module)) return null;
  try {
    const instrumented = new InstrumentedEvents(instance.module, emit);
    instrumented.attach(instance);
    return instrumented;
  } catch (error) {
    if (error instanceof TwinError) return null;
    throw error;
  }
}
