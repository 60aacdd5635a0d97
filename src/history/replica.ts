// The machine that runs again: made from where a recording starts, and given from the log what
// came from outside. It never asks a host. The machine that was recorded, and JavaScript's
// views of it, are not touched.

import type { Fiber } from "../exec/fiber.js";
import { type Observer, observers } from "../exec/hooks.js";
import type { Machine, MachineOptions, Outcome, RunOptions } from "../exec/machine.js";
import type { FiberAbi } from "../fiber/abi/abi.js";
import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import type { AsyncifyEvent, SwitchEvent } from "../observe/events.js";
import { ExceptionInstance } from "../runtime/exceptions.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { StoppedError } from "../runtime/traps.js";
import type { Value } from "../runtime/values.js";
import type { Codec } from "../snapshot/codec.js";
import { type LoadedSnapshot, loadSnapshot } from "../snapshot/load.js";
import { isOver } from "../snapshot/save-fibers.js";
import { UsageError } from "../util/errors.js";
import type { ValidModule } from "../valid/validate.js";
import { callOf } from "./calls.js";
import { applyChanges } from "./changes.js";
import { Checkpoint, type Follower, type Parts } from "./checkpoint.js";
import { type Edit, editOf, logged, perform } from "./edits.js";
import { RecordingError } from "./errors.js";
import { join, moduleOf } from "./joining.js";
import type { Deed, End, Entry, Log } from "./log.js";
import { type Datum, Finder, type Name } from "./names.js";
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

/** What no wasm catches. */
const UNCATCHABLE = new UsageError("the host failed");

export class Replica {
  readonly machine: Machine;
  readonly asyncify: Asyncify | null;
  readonly abi: FiberAbi | null;
  readonly store = new Store();
  private follower: Follower | null = null;
  /** How the machine stopped last. */
  outcome: Outcome | null = null;
  /** What the host's last answer was. */
  answered: readonly Value[] = [];
  /** Told of each entry, once it has taken effect. */
  onEntry: ((entry: Entry) => void) | null = null;
  /** Told what asyncify and the native fibers tell. */
  listener: ((event: ProgramEvent) => void) | null = null;
  /** The call that was under way when recording began; 0 for none. */
  readonly firstCall: number;
  private readonly modules = new Map<Uint8Array, ValidModule>();
  /** Instances as they were when they were made. */
  private readonly joined = new Map<Entry, Checkpoint>();
  private readonly finder: Finder;
  private entries = 0;
  /** The machine came to a stop by itself: it waits for the host, or the call is over. */
  private stopped: boolean;
  /** It has run since the last entry. */
  private ran = true;
  /** Calls that have not ended, by the fiber that each started with: their innermost fibers. */
  private calls = new Map<number, Fiber>();

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
    const { fiber } = machine;
    this.stopped = fiber === null || fiber.status === "waiting";
    this.firstCall = fiber === null ? 0 : callOf(fiber);
    if (fiber !== null) this.calls.set(this.firstCall, fiber);
  }

  /**
   * @param start the snapshot with which the recording starts
   * @throws SnapshotError for what is none
   */
  static async load(start: Uint8Array, log: Log, options: ReplicaOptions = {}): Promise<Replica> {
    const listener = (event: ProgramEvent): void => {
      replica.listener?.(event);
      replica.follower?.event(event);
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
    return this.calls.has(call);
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
      calls: new Map(this.calls),
      left: this.finder.left.slice(),
      outcome,
    };
  }

  restore({ position, checkpoint, stopped, ran, calls, left, outcome }: SavedReplica): void {
    checkpoint.restore();
    this.entries = position.entries;
    this.stopped = stopped;
    this.ran = ran;
    this.calls = new Map(calls);
    this.finder.restore(left);
    this.outcome = outcome;
  }

  private get parts(): Parts {
    const { machine, store, asyncify, abi, follower } = this;
    return { machine, store, asyncify, abi, follower };
  }

  private get roots(): readonly unknown[] {
    return [...this.calls.values(), ...this.finder.left];
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
   * @param past whether a breakpoint at which it stands is behind it
   * @throws RecordingError where the run does not go as it was recorded
   */
  advance(to: Position, fuel = Infinity, past = false): Arrival {
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
        if (this.run(to, left, past)) return "paused";
      }
      past = false;
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
  private run(to: Position, fuel: number, past: boolean): boolean {
    const { machine } = this;
    const { executed, drops } = machine;
    this.checkRuns();
    const bound = this.bound(to);
    const left = Math.min(fuel, bound.executed - executed);
    this.stood(machine.run({ fuel: left, drops: this.dropsTo(bound.drops), past }));
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
    if (isOver(fiber)) this.calls.delete(callOf(fiber));
    else this.calls.set(callOf(fiber), fiber);
    if (outcome.kind === "host") finder.see(outcome.call.args);
    else if (outcome.kind === "returned") finder.see(outcome.results);
    else if (outcome.kind === "threw") finder.seeError(outcome.error);
    this.tell(fiber, outcome);
    const { next } = this;
    if (this.stopped && next !== null && !(next.standing === "stopped" && isAt(next, machine)))
      this.astray(`stopped (${outcome.kind})`);
  }

  /** What those tell who drive a machine: nobody drives this one. */
  private tell(fiber: Fiber, outcome: Outcome): void {
    const { observer } = this.machine;
    if (outcome.kind === "host") {
      const { func, args } = outcome.call;
      observer?.hostCall?.(fiber, func, args);
    } else if (outcome.kind !== "paused") {
      let root = fiber;
      while (root.parent !== null) root = root.parent;
      if (outcome.kind === "returned") observer?.return?.(root.entry!, outcome.results);
      else observer?.fail?.(root.entry!, outcome.error);
    }
  }

  /** Has the next entry take effect. */
  private consume(entry: Entry, to: Position): void {
    this.apply(entry, to);
    this.onEntry?.(entry);
  }

  private apply(entry: Entry, to: Position): void {
    if (!isAt(entry, this.machine)) this.astray("stands");
    if (entry.changes !== null) applyChanges(entry.changes, this.store, this.finder);
    this.entries++;
    const { deed } = entry;
    // These change nothing of how the machine stands.
    if (deed.kind === "instance") return this.join(entry, deed);
    if (deed.kind !== "edit") this.stopped = false;
    this.ran = false;
    this.outcome = null;
    switch (deed.kind) {
      case "call":
        return this.begin(entry, deed);
      case "answer":
        return this.answer(this.waiting(entry), deed.results, to);
      case "raise":
        return this.raise(this.waiting(entry), deed.exception);
      case "go on":
        this.machine.fiber = this.callAt(entry);
        return undefined;
      case "edit": {
        this.machine.fiber = this.calls.get(entry.call) ?? this.machine.fiber;
        const edit = editOf(deed.edit, this.store, this.finder, (id) => this.fiberOf(id));
        return perform(edit);
      }
    }
  }

  /** Makes an instance, which is the same whenever it is made again. */
  private join(entry: Entry, { module, imports }: Deed & { kind: "instance" }): void {
    const known = this.joined.get(entry);
    if (known !== undefined) return known.restoreThings();
    const { log, machine, store, modules } = this;
    const bytes = log.modules[module];
    if (bytes === undefined) return this.astray("has a module that is not there");
    const valid = modules.get(bytes) ?? moduleOf(bytes);
    modules.set(bytes, valid);
    const instance = join(valid, imports, store, this.finder);
    store.add(instance);
    const alone = new Store();
    alone.add(instance);
    const parts = { machine, store: alone, asyncify: null, abi: null, follower: null };
    this.joined.set(entry, new Checkpoint(parts, [], null));
    return undefined;
  }

  private begin(entry: Entry, { func: name, args }: Deed & { kind: "call" }): void {
    const { machine, store, finder } = this;
    const func = store.functionOf(name);
    if (func === undefined || func.host !== null || machine.counters.nextFiber !== entry.call)
      return this.astray("calls another function");
    machine.fiber = this.calls.get(entry.from) ?? null;
    const values = finder.values(args, func.signature.params);
    machine.observer?.call?.(func, values);
    this.orFails(() => machine.start(func, values));
    if (!this.stopped) this.calls.set(entry.call, machine.fiber!);
  }

  private answer(fiber: Fiber, results: readonly Datum[], to: Position): void {
    const { machine, finder } = this;
    const { func } = fiber.hostCall!;
    const values = finder.values(results, func.signature.results);
    machine.observer?.hostReturn?.(fiber, func, values);
    machine.fiber = fiber;
    this.answered = values;
    const bound = this.bound(to);
    const drops = bound.executed === machine.executed ? this.dropsTo(bound.drops) : Infinity;
    this.orFails(() => machine.answer(values, { drops }));
  }

  private raise(fiber: Fiber, name: Name): void {
    const exception = this.finder.find(name);
    if (exception !== null && !(exception instanceof ExceptionInstance))
      return this.astray("throws what is no exception");
    const { machine } = this;
    const error = exception === null ? UNCATCHABLE : { exception };
    machine.observer?.hostThrow?.(fiber, fiber.hostCall!.func, error);
    machine.fiber = fiber;
    if (machine.raise(error)) return undefined;
    this.tell(fiber, { kind: "threw", error });
    this.stopped = true;
    this.calls.delete(callOf(fiber));
    return undefined;
  }

  /** What may trap at once, and is the end of the call then. */
  private orFails(action: () => unknown): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof StoppedError)) throw error;
      const failed = this.machine.fail(error);
      this.outcome = { kind: "trapped", error: failed };
      this.tell(this.machine.fiber!, this.outcome);
      this.stopped = true;
    }
  }

  private callAt({ call }: Entry): Fiber {
    return this.calls.get(call) ?? this.astray(`goes on with call ${call}`);
  }

  private waiting(entry: Entry): Fiber {
    const fiber = this.callAt(entry);
    return fiber.status === "waiting" ? fiber : this.astray("answers what was not asked");
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
