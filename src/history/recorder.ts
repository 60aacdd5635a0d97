// Records a run, whoever drives it: it watches a machine and notes what comes from outside.
// Compiled code goes on to execute, since nobody looks at single calls or instructions.
//
// From the moment on at which a run does what no log can hold, nothing more is recorded:
// what was until then can be looked at, and `problem` says why it ends there.

import type { FiberView } from "../exec/fiber.js";
import { type Input, type Interposer, type Observer, observers } from "../exec/hooks.js";
import type { Machine, Outcome } from "../exec/machine.js";
import type { FiberAbi } from "../fiber/abi/abi.js";
import { type Asyncify, asyncifyOf } from "../fiber/asyncify/asyncify.js";
import { AsyncifyInstances } from "../fiber/asyncify/instances.js";
import type { ModuleInstance } from "../runtime/instances.js";
import type { HostRef } from "../runtime/values.js";
import { settingsOf } from "../snapshot/asyncify.js";
import type { Codec } from "../snapshot/codec.js";
import type { AtOnce } from "../snapshot/container.js";
import { SnapshotError } from "../snapshot/errors.js";
import { isOver } from "../snapshot/save-fibers.js";
import { takeSnapshot } from "../snapshot/save.js";
import { callOf } from "./calls.js";
import { type SameBytes, Shadow } from "./changes.js";
import { type Edit, logged, perform } from "./edits.js";
import { RecordingError } from "./errors.js";
import { givenTo } from "./joining.js";
import type { Deed, End, Entry, Log, Standing } from "./log.js";
import { Namer } from "./names.js";
import { Store } from "./store.js";

export interface RecordOptions {
  /** The instances that are there already; what they reach comes along. */
  readonly instances?: readonly ModuleInstance[];
  /** Native asyncify and the native fiber ABI, where the program runs on them. */
  readonly asyncify?: Asyncify | null | undefined;
  readonly fibers?: FiberAbi | null | undefined;
  /**
   * Compares bytes, as a host may do it faster (Node has one for its buffers): all of what the host can
   * reach is compared whenever it comes back.
   */
  readonly same?: SameBytes;
}

export class Recorder implements Log {
  readonly store = new Store();
  /** The machine when recording began, uncompressed; objects of the host are numbers in `values`. */
  readonly start: Promise<Uint8Array<ArrayBuffer>>;
  /** The same for whoever cannot wait. */
  startAtOnce: (host: AtOnce) => Uint8Array<ArrayBuffer>;
  /** Objects of the host that the start holds. */
  readonly values: unknown[] = [];
  /** Why recording has ended, if it has. */
  problem: string | null = null;
  readonly entries: Entry[] = [];
  readonly modules: Uint8Array[] = [];
  private readonly known = new Map<ModuleInstance["module"], number>();
  private readonly shadow: Shadow;
  private readonly namer = new Namer(this.store, (object) => this.shadow.holder(object));
  private standing: Standing;
  /** The call that runs, or stood last. */
  private call: number;
  /** Nothing but this run of JavaScript has had a chance to do anything since the last entry. */
  private atOnce = false;
  /** What was recorded when it ended. */
  private ended: End | null = null;
  /** It ended while the machine ran: nobody knows where, but it was not before `end`. */
  isCut = false;
  private readonly interposer: Interposer | null;

  /**
   * Records all that `machine` does from now on. It is at rest, or stands where a snapshot
   * could be taken.
   * @throws SnapshotError where it stands otherwise, RecordingError
   */
  constructor(
    readonly machine: Machine,
    { instances = [], asyncify, fibers, same }: RecordOptions = {},
  ) {
    this.shadow = new Shadow(this.store, same);
    const taken = takeSnapshot(machine, {
      instances,
      asyncify,
      fibers,
      compress: false,
      codec: codecOf(this.values),
    });
    this.start = taken.bytes;
    this.startAtOnce = taken.atOnce;
    const made = (bytes: Uint8Array<ArrayBuffer>) => (this.startAtOnce = () => bytes);
    // Whoever wants them waits for them.
    this.start.then(made, () => undefined);
    for (const instance of taken.instances) this.store.add(instance);
    if (asyncify != null) this.store.addAsyncify(asyncify);
    const { fiber } = machine;
    this.call = fiber === null || isOver(fiber) ? 0 : callOf(fiber);
    this.standing = this.call === 0 || fiber!.status === "waiting" ? "stopped" : "paused";
    this.shadow.take();
    this.interposer = machine.interposer;
    const { observer } = machine;
    machine.observer = observer === null ? this.observer : observers(observer, this.observer);
  }

  /** Records no more. */
  stop(): void {
    this.ended ??= this.end;
  }

  /**
   * Records no more, of a machine that was stopped at once in the middle of something, and is
   * not to be used again. Where it was then, it had come to from the last entry by itself: `end`
   * is not behind that.
   */
  cut(): void {
    if (this.ended !== null) return;
    this.stop();
    this.isCut = true;
  }

  get hosts(): readonly HostRef[] {
    return this.namer.hosts;
  }

  /** How far it is recorded: where the machine stands, as long as it is recorded. */
  get end(): End {
    const { executed, drops } = this.machine;
    return this.ended ?? { entries: this.entries.length, executed, drops, standing: this.standing };
  }

  private readonly observer: Observer = {
    input: (current, input) => this.record(() => this.input(current, input)),
    goesOn: (fiber) => this.record(() => this.goesOn(fiber)),
    stops: (fiber, outcome) => this.record(() => this.stops(fiber, outcome)),
    instantiated: (instance) => this.record(() => this.instantiated(instance)),
  };

  /** What cannot be recorded ends the recording, not the program. */
  private record(action: () => void): void {
    if (this.ended !== null) return;
    try {
      action();
    } catch (error) {
      if (!(error instanceof RecordingError || error instanceof SnapshotError)) throw error;
      this.fail(error.message);
    }
  }

  private fail(reason: string): void {
    if (this.ended !== null) return;
    this.problem = reason;
    this.stop();
  }

  private input(current: FiberView | null, input: Input): void {
    const changes = this.shadow.diff(this.namer);
    const from = current === null || isOver(current) ? 0 : callOf(current);
    const call = input.kind === "call" ? this.machine.counters.nextFiber : from;
    this.add({ call, from, changes, deed: this.deedOf(input) });
  }

  private instantiated(instance: ModuleInstance): void {
    const { store, namer, machine, known } = this;
    const asyncify = asyncifyOf(instance) ?? null;
    const { interposer } = machine;
    if (interposer !== this.interposer && !(interposer instanceof AsyncifyInstances))
      throw new RecordingError("the course of calls is changed by what no log can hold");
    const changes = this.shadow.diff(namer);
    const imports = givenTo(instance, store, namer);
    let module = known.get(instance.module);
    if (module === undefined) {
      known.set(instance.module, (module = this.modules.length));
      this.modules.push(instance.module.bytes);
    }
    const { fiber } = machine;
    const call = fiber === null || isOver(fiber) ? 0 : callOf(fiber);
    const settings = asyncify === null ? null : settingsOf(asyncify);
    const deed: Deed = { kind: "instance", module, imports, asyncify: settings };
    this.add({ call, from: 0, changes, deed });
    store.add(instance);
    if (asyncify !== null) store.addAsyncify(asyncify);
    this.shadow.take();
  }

  private deedOf(input: Input): Deed {
    const { namer } = this;
    switch (input.kind) {
      case "call":
        return {
          kind: "call",
          func: namer.functionName(input.func),
          args: input.args.map((value) => namer.datum(value)),
        };
      case "answer":
        return { kind: "answer", results: input.results.map((value) => namer.datum(value)) };
      case "raise":
        return { kind: "raise", exception: namer.name(input.exception) };
    }
  }

  private add(entry: Omit<Entry, "executed" | "drops" | "standing">): void {
    const { executed, drops } = this.machine;
    this.entries.push({ executed, drops, standing: this.standing, ...entry });
    // An instance that is made changes nothing of how the machine stands.
    if (entry.deed.kind === "instance") return;
    this.call = entry.call;
    this.standing = "not run";
    this.atOnce = true;
    void Promise.resolve().then(() => (this.atOnce = false));
  }

  private goesOn(fiber: FiberView): void {
    const call = callOf(fiber);
    // An invocation goes on before anybody else can do anything.
    const meanwhile = !this.atOnce || this.machine.underWay === null;
    const changes = meanwhile ? this.shadow.diff(this.namer) : null;
    if (call !== this.call || changes !== null)
      this.add({ call, from: 0, changes, deed: { kind: "go on" } });
  }

  private stops(fiber: FiberView, outcome: Outcome): void {
    this.call = callOf(fiber);
    this.standing = outcome.kind === "paused" ? "paused" : "stopped";
    const { namer } = this;
    if (outcome.kind === "host" && outcome.call.wait !== undefined)
      throw new RecordingError("it waits for another thread, and those are not recorded");
    if (outcome.kind === "host") namer.see(outcome.call.args);
    else if (outcome.kind === "returned") namer.see(outcome.results);
    else if (outcome.kind === "threw") namer.seeError(outcome.error);
    this.shadow.take(outcome.kind === "host" ? outcome.call.args : []);
  }

  /** Changes the machine, which stands still, as part of the history. @throws RecordingError */
  edit(edit: Edit): void {
    if (this.ended !== null) throw new RecordingError(this.problem ?? "it has ended");
    const changes = this.shadow.diff(this.namer);
    const deed: Deed = { kind: "edit", edit: logged(edit, this.store) };
    perform(edit);
    this.add({ call: this.call, from: 0, changes, deed });
    this.shadow.take();
  }
}

/** Objects of the host as their numbers in a list. */
export const codecOf = (values: unknown[]): Codec => ({
  encode(value) {
    let id = values.indexOf(value);
    if (id < 0) id = values.push(value) - 1;
    const bytes = new DataView(new ArrayBuffer(4));
    bytes.setUint32(0, id);
    return new Uint8Array(bytes.buffer);
  },
  decode({ buffer, byteOffset, length }) {
    return length === 4 ? values[new DataView(buffer, byteOffset).getUint32(0)] : undefined;
  },
});
