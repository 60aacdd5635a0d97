// The machine that runs again: made from where a recording starts, and given from the log what
// came from outside. It never asks a host. The machine that was recorded, and JavaScript's
// views of it, are not touched.

import type { Fiber } from "../exec/fiber.js";
import { type Observer, observers } from "../exec/hooks.js";
import type { Machine, MachineOptions, Outcome, RunOptions } from "../exec/machine.js";
import type { FiberAbi } from "../fiber/abi/abi.js";
import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import type { AsyncifyEvent, SwitchEvent } from "../observe/events.js";
import type { ModuleInstance } from "../runtime/instances.js";
import type { Value } from "../runtime/values.js";
import type { Codec } from "../snapshot/codec.js";
import { type LoadedSnapshot, loadSnapshot } from "../snapshot/load.js";
import { isOver } from "../snapshot/save-fibers.js";
import type { ValidModule } from "../valid/validate.js";
import { callOf } from "./calls.js";
import { Checkpoint, type Follower, type Parts } from "./checkpoint.js";
import { type Edit, logged } from "./edits.js";
import { RecordingError } from "./errors.js";
import type { Deed, End, Entry, Log } from "./log.js";
import { Finder } from "./names.js";
import { Outside } from "./outside.js";
import { compare, formatPosition, type Position } from "./position.js";
import { Store } from "./store.js";

export interface ReplicaOptions {
  /** What executes instructions, and what is allowed. */
  readonly machine?: Pick<MachineOptions, "tier">;
  /** Finds the host's objects again that the start holds. */
  readonly codec?: Codec;
  /** Modules that are the recorded program's own. */
  readonly known?: readonly ValidModule[];
  /** Makes who is to follow the run; it sees it from its beginning on. */
  readonly follow?: (replica: Replica) => Follower | null;
}

type ProgramEvent = AsyncifyEvent | SwitchEvent;

/** Why `advance` came back. */
export type Arrival =
  /** Where it was to go. */
  | "there"
  /** The instructions that it might execute were executed. */
  | "used up"
  /** `Machine.stopsAt` or an observer had it pause. */
  | "paused"
  /** The log holds nothing that came after. */
  | "end";

/** A place to come back to. */
export interface SavedReplica {
  readonly position: Position;
  readonly checkpoint: Checkpoint;
  readonly stopped: boolean;
  readonly ran: boolean;
  readonly calls: ReadonlyMap<number, Fiber>;
  readonly left: Finder["left"];
  readonly outcome: Outcome | null;
}

export class Replica {
  readonly machine: Machine;
  readonly asyncify: Asyncify | null;
  readonly abi: FiberAbi | null;
  readonly store = new Store();
  private follower: Follower | null = null;
  /** How the machine stopped last. */
  outcome: Outcome | null = null;
  /** Told of each entry, once it has taken effect. */
  onEntry: ((entry: Entry) => void) | null = null;
  /** Told what asyncify and the native fibers tell. */
  listener: ((event: ProgramEvent) => void) | null = null;
  /** The call that was under way when recording began; 0 for none. */
  readonly firstCall: number;
  private readonly finder: Finder;
  private readonly outside: Outside;
  private entries = 0;
  /** The machine came to a stop by itself: it waits for the host, or the call is over. */
  private stopped: boolean;
  /** It has run since the last entry. */
  private ran = true;

  private constructor(
    { machine, instances, asyncify, fibers }: LoadedSnapshot,
    public log: Log,
  ) {
    this.machine = machine;
    this.asyncify = asyncify;
    this.abi = fibers;
    for (const instance of instances) this.store.add(instance);
    if (asyncify !== null) this.store.addAsyncify(asyncify);
    this.finder = new Finder(this.store, log.hosts);
    this.outside = new Outside(machine, this.store, this.finder, {
      fiberOf: (id) => this.fiberOf(id),
      astray: (what) => this.astray(what),
      made: (instance) => this.follower?.made?.(instance),
      heard: (event, of) => this.heard(event, of),
    });
    const { fiber } = machine;
    this.stopped = fiber === null || fiber.status === "waiting";
    this.firstCall = fiber === null ? 0 : callOf(fiber);
    if (fiber !== null) this.outside.stood(fiber);
  }

  /**
   * @param start the snapshot with which the recording starts
   * @throws SnapshotError for what is none
   */
  static async load(start: Uint8Array, log: Log, options: ReplicaOptions = {}): Promise<Replica> {
    const listener = (event: ProgramEvent): void => {
      replica.heard(event, replica.asyncify?.instance ?? null);
    };
    const loaded = await loadSnapshot(start, {
      allowMissing: true,
      asyncify: { listener },
      fibers: { listener },
      machine: { ...options.machine },
      ...(options.codec === undefined ? {} : { codec: options.codec }),
      ...(options.known === undefined ? {} : { known: options.known }),
    });
    const replica: Replica = new Replica(loaded, log);
    replica.follower = options.follow?.(replica) ?? null;
    replica.watch(null);
    return replica;
  }

  private heard(event: ProgramEvent, of: ModuleInstance | null): void {
    this.listener?.(event);
    this.follower?.event(event, of);
  }

  /** The modules of instances that the log makes, in that order. @throws RecordingError */
  get later(): readonly ValidModule[] {
    return this.outside.modulesOf(this.log);
  }

  /** In the order in which they came; those that come later stay, once they have been made. */
  get instances(): readonly ModuleInstance[] {
    return this.store.instances.list;
  }

  /** Has the machine watched by `observer` too, or by nobody else. */
  watch(observer: Observer | null): void {
    const base = this.follower?.observer ?? null;
    this.machine.observer =
      observer === null || base === null ? (observer ?? base) : observers(base, observer);
  }

  get position(): Position {
    const { executed, drops } = this.machine;
    return { entries: this.entries, executed, drops };
  }

  /** Whether a call has begun, and not ended. */
  lives(call: number): boolean {
    return this.outside.calls.has(call);
  }

  /** The call that the machine is in; 0 before there is any. */
  get call(): number {
    const { fiber } = this.machine;
    return fiber === null ? 0 : callOf(fiber);
  }

  save(before: SavedReplica | null): SavedReplica {
    const { position, stopped, ran, outcome } = this;
    return {
      position,
      checkpoint: new Checkpoint(this.parts, this.roots, before?.checkpoint ?? null),
      stopped,
      ran,
      calls: new Map(this.outside.calls),
      left: this.finder.left.slice(),
      outcome,
    };
  }

  restore({ position, checkpoint, stopped, ran, calls, left, outcome }: SavedReplica): void {
    checkpoint.restore();
    this.entries = position.entries;
    this.stopped = stopped;
    this.ran = ran;
    this.outside.calls = new Map(calls);
    this.finder.restore(left);
    this.outcome = outcome;
  }

  private get parts(): Parts {
    const { machine, store, abi, follower } = this;
    return { machine, store, abi, follower };
  }

  private get roots(): readonly unknown[] {
    return [...this.outside.calls.values(), ...this.finder.left];
  }

  /** Where the log goes on: its next entry, or its end. */
  private get next(): Entry | End | null {
    return this.log.entries[this.entries] ?? this.log.end;
  }

  /** Whether the next thing to happen comes from outside. */
  get stands(): boolean {
    const { next, machine } = this;
    if (this.stopped) return true;
    if (next?.standing === "not run") return !this.ran;
    return next?.standing === "paused" && isAt(next, machine);
  }

  /**
   * Goes on towards a position, which is not behind, by up to `fuel` instructions.
   * @throws RecordingError where the run does not go as it was recorded
   */
  advance(to: Position, fuel = Infinity): Arrival {
    const end = this.machine.executed + fuel;
    for (;;) {
      this.settle();
      const order = compare(this.position, to);
      if (order === 0 || this.isBefore(to)) return "there";
      if (order > 0) return this.astray("went on where it should not");
      if (this.stands) {
        const entry = this.log.entries[this.entries];
        if (entry === undefined) return "end";
        this.consume(entry, to);
      } else {
        const left = end - this.machine.executed;
        if (left <= 0) return "used up";
        if (this.run(to, left)) return "paused";
      }
    }
  }

  /** Whether it is about to execute the instruction that `to` means. */
  private isBefore({ entries, executed, drops }: Position): boolean {
    if (drops !== Infinity || this.entries !== entries) return false;
    const { machine } = this;
    return machine.executed === executed && !this.stands && machine.fiber!.due < 0;
  }

  /**
   * Goes on as `Machine.run` does, until something is to come from outside, or an end: see
   * `stands`, which must be false.
   * @throws RecordingError
   */
  go({ fuel = Infinity, drops = Infinity, past = false }: RunOptions): Outcome {
    const { machine } = this;
    this.checkRuns();
    const bound = this.bound(FAR);
    const most = Math.min(fuel, bound.executed - machine.executed);
    const outcome = machine.run({ fuel: most, drops: Math.min(drops, this.dropsTo(bound.drops)), past }); // prettier-ignore
    this.stood(outcome);
    return outcome;
  }

  /**
   * Has the next entry of the log take effect; `stands` must be true.
   * @param drops where it leads to an unwind: frames to drop at most
   * @returns the entry; null where the log holds no more
   * @throws RecordingError
   */
  take(drops = Infinity): Entry | null {
    const entry = this.log.entries[this.entries];
    if (entry === undefined) return null;
    const { executed, drops: dropped } = this.machine;
    const to = { entries: this.entries + 1, executed, drops: dropped + drops - 1 };
    this.consume(entry, drops === Infinity ? FAR : to);
    this.settle();
    return entry;
  }

  /**
   * Makes a change here, at which another run begins: the log ends with it, and what comes from
   * outside later is not known.
   * @throws RecordingError for a change that no log can hold
   */
  edit(edit: Edit): void {
    const { executed, drops } = this.machine;
    const { entries, hosts, modules } = this.log;
    const standing = this.stopped ? "stopped" : this.ran ? "paused" : "not run";
    const deed: Deed = { kind: "edit", edit: logged(edit, this.store) };
    const entry: Entry = { executed, drops, standing, call: this.call, from: 0, changes: null, deed }; // prettier-ignore
    this.log = { entries: [...entries.slice(0, this.entries), entry], hosts, modules, end: null };
    this.take();
  }

  /** Has the smallest thing happen that can: an entry, an instruction, a frame that is dropped. */
  tick(): Arrival {
    this.settle();
    const { machine } = this;
    if (!this.stands) {
      this.checkRuns();
      this.stood(machine.step());
      return "there";
    }
    return this.take(1) === null ? "end" : "there";
  }

  private checkRuns(): void {
    const { fiber } = this.machine;
    if (fiber === null || fiber.status === "waiting" || isOver(fiber)) this.astray("cannot go on");
  }

  /** What happens before the first instruction. */
  private settle(): void {
    const { machine } = this;
    if (this.stands || machine.fiber === null) return;
    if (!machine.fiber.begun || machine.stop !== null) this.stood(machine.run({ fuel: 0 }));
  }

  /** Runs, but not beyond `to` or the next entry. Returns whether somebody had it pause before. */
  private run(to: Position, fuel: number): boolean {
    const { machine } = this;
    const { executed, drops } = machine;
    this.checkRuns();
    const bound = this.bound(to);
    const left = Math.min(fuel, bound.executed - executed);
    this.stood(machine.run({ fuel: left, drops: this.dropsTo(bound.drops) }));
    if (this.stopped) return false;
    const used = machine.executed - executed;
    if (used < left) return !(machine.fiber!.due >= 0 && machine.drops === bound.drops);
    if (used === 0 && left === 0 && machine.drops === drops) return this.astray("unwinds no more");
    return false;
  }

  /** Where to stop at the latest, unless the machine stops by itself. */
  private bound(to: Position): Pick<Position, "executed" | "drops"> {
    const { next } = this;
    const here = to.entries === this.entries ? to : BEYOND;
    if (next === null || next.standing === "stopped") return here;
    return compare({ ...next, entries: 0 }, { ...here, entries: 0 }) < 0 ? next : here;
  }

  /** Frames that are still to be dropped until so many have been, of which the last is due. */
  private dropsTo(drops: number): number {
    const { fiber, drops: dropped } = this.machine;
    return drops - dropped + ((fiber?.due ?? -1) >= 0 ? 0 : 1);
  }

  /** The machine has stopped. */
  private stood(outcome: Outcome): void {
    const { machine, finder } = this;
    const fiber = machine.fiber!;
    this.outcome = outcome;
    this.ran = true;
    this.stopped = outcome.kind !== "paused";
    this.outside.stood(fiber);
    if (outcome.kind === "host") finder.see(outcome.call.args);
    else if (outcome.kind === "returned") finder.see(outcome.results);
    else if (outcome.kind === "threw") finder.seeError(outcome.error);
    this.outside.tell(fiber, outcome);
    const { next } = this;
    if (this.stopped && next !== null && !(next.standing === "stopped" && isAt(next, machine)))
      this.astray(`stopped (${outcome.kind})`);
  }

  /** Has the next entry take effect. */
  private consume(entry: Entry, to: Position): void {
    const { machine, outside } = this;
    if (!isAt(entry, machine)) this.astray("stands");
    this.entries++;
    // Making an instance changes nothing of how the machine stands.
    if (entry.deed.kind !== "instance") {
      this.outcome = null;
      this.ran = false;
    }
    const bound = this.bound(to);
    const drops = bound.executed === machine.executed ? bound.drops - machine.drops + 1 : Infinity;
    const ended = outside.apply(entry, this.log, drops);
    if (entry.deed.kind !== "instance" && entry.deed.kind !== "edit") this.stopped = false;
    if (ended !== null) {
      this.outcome = ended;
      this.stopped = true;
    }
    this.onEntry?.(entry);
  }

  /** What the host's last answer was. */
  get answered(): readonly Value[] {
    return this.outside.answered;
  }

  /** The fiber of that id, if it can be reached. */
  fiberOf(id: number): Fiber | undefined {
    return Checkpoint.fibersOf(this.parts, this.roots).find((fiber) => fiber.id === id);
  }

  /** @throws RecordingError always */
  private astray(what: string): never {
    throw new RecordingError(
      `the run ${what} at ${formatPosition(this.position)}, which it did not when it was recorded`,
    );
  }
}

const FAR: Position = { entries: Infinity, executed: Infinity, drops: Infinity };
const BEYOND = { executed: Infinity, drops: Infinity };

const isAt = (place: Pick<Position, "executed" | "drops">, { executed, drops }: Machine): boolean =>
  place.executed === executed && place.drops === drops;
