// What came from outside, done again to a machine that runs again, as the log has it.

import type { Fiber } from "../exec/fiber.js";
import type { Machine, Outcome } from "../exec/machine.js";
import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import { AsyncifyInstances } from "../fiber/asyncify/instances.js";
import type { AsyncifyEvent } from "../observe/events.js";
import { ExceptionInstance } from "../runtime/exceptions.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { StoppedError } from "../runtime/traps.js";
import type { Value } from "../runtime/values.js";
import type { PortableSettings } from "../snapshot/asyncify.js";
import { isOver } from "../snapshot/save-fibers.js";
import { UsageError } from "../util/errors.js";
import type { ValidModule } from "../valid/validate.js";
import { callOf } from "./calls.js";
import { applyChanges } from "./changes.js";
import { Checkpoint } from "./checkpoint.js";
import { editOf, perform } from "./edits.js";
import { asyncifyWith, join, moduleOf } from "./joining.js";
import type { Deed, Entry, Log } from "./log.js";
import type { Datum, Finder, Name } from "./names.js";
import { Store } from "./store.js";

/** What no wasm catches. */
const UNCATCHABLE = new UsageError("the host failed");

export class Outside {
  /** Calls that have not ended, by the fiber that each started with: their innermost fibers. */
  calls = new Map<number, Fiber>();
  /** What the host's last answer was. */
  answered: readonly Value[] = [];
  private readonly valid = new Map<Uint8Array, ValidModule>();
  /** Instances as they were when they were made. */
  private readonly joined = new Map<Entry, Checkpoint>();
  private readonly asyncified: AsyncifyInstances;

  constructor(
    private readonly machine: Machine,
    private readonly store: Store,
    private readonly finder: Finder,
    private readonly replica: {
      readonly fiberOf: (id: number) => Fiber | undefined;
      /** @throws RecordingError always */
      readonly astray: (what: string) => never;
      /** Told of an instance when it is made for the first time. */
      readonly made: (instance: ModuleInstance) => void;
      readonly heard: (event: AsyncifyEvent, of: ModuleInstance | null) => void;
    },
  ) {
    this.asyncified = new AsyncifyInstances(machine);
  }

  /** The machine has stopped in a fiber. */
  stood(fiber: Fiber): void {
    if (isOver(fiber)) this.calls.delete(callOf(fiber));
    else this.calls.set(callOf(fiber), fiber);
  }

  /** What those tell who drive a machine: nobody drives this one. */
  tell(fiber: Fiber, outcome: Outcome): void {
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

  /**
   * Has an entry take effect.
   * @param drops where it leads to an unwind: frames to drop at most
   * @returns how a call ended at once, if it did
   * @throws RecordingError
   */
  apply(entry: Entry, { modules }: Log, drops: number): Outcome | null {
    if (entry.changes !== null) applyChanges(entry.changes, this.store, this.finder);
    const { deed } = entry;
    switch (deed.kind) {
      case "call":
        return this.begin(entry, deed);
      case "answer":
        return this.answer(this.waiting(entry), deed.results, drops);
      case "raise":
        return this.raise(this.waiting(entry), deed.exception);
      case "go on":
        this.machine.fiber = this.callAt(entry);
        return null;
      case "instance":
        this.join(entry, deed, modules);
        return null;
      case "edit":
        this.machine.fiber = this.calls.get(entry.call) ?? this.machine.fiber;
        perform(editOf(deed.edit, this.store, this.finder, this.replica.fiberOf));
        return null;
    }
  }

  /** Makes an instance, which is the same whenever it is made again. */
  private join(
    entry: Entry,
    { imports, asyncify: settings, ...deed }: Deed & { kind: "instance" },
    modules: Log["modules"],
  ): void {
    const known = this.joined.get(entry);
    if (known !== undefined) return known.restoreThings();
    const { machine, store, asyncified } = this;
    const module = this.moduleOf(deed, modules);
    const asyncify = settings === null ? null : this.asyncifyFor(module, settings);
    const instance = join(module, imports, asyncify, store, this.finder);
    const alone = new Store();
    for (const into of [store, alone]) {
      into.add(instance);
      if (asyncify !== null) into.addAsyncify(asyncify);
    }
    if (asyncify !== null) asyncified.add(asyncify, instance);
    const parts = { machine, store: alone, abi: null, follower: null };
    this.joined.set(entry, new Checkpoint(parts, [], null));
    return this.replica.made(instance);
  }

  /** The module of an instance that is made later. @throws RecordingError */
  moduleOf(
    { module }: Pick<Deed & { kind: "instance" }, "module">,
    modules: Log["modules"],
  ): ValidModule {
    // prettier-ignore
    const bytes = modules[module];
    if (bytes === undefined) return this.replica.astray("has a module that is not there");
    const valid = this.valid.get(bytes) ?? moduleOf(bytes);
    this.valid.set(bytes, valid);
    return valid;
  }

  /** The modules of all of them, in order. @throws RecordingError */
  modulesOf({ entries, modules }: Log): readonly ValidModule[] {
    return entries.flatMap(({ deed }) =>
      deed.kind === "instance" ? [this.moduleOf(deed, modules)] : [],
    );
  }

  private asyncifyFor(module: ValidModule, settings: PortableSettings): Asyncify {
    const { replica, asyncified } = this;
    const made: Asyncify = asyncifyWith(module, {
      ...settings,
      listener: (event) => replica.heard(event, made.instance),
      onState: asyncified.stateChanged,
    });
    return made;
  }

  private begin(entry: Entry, { func: name, args }: Deed & { kind: "call" }): Outcome | null {
    const { machine, store, finder } = this;
    const func = store.functionOf(name);
    if (func === undefined || func.host !== null || machine.counters.nextFiber !== entry.call)
      return this.replica.astray("calls another function");
    machine.fiber = this.calls.get(entry.from) ?? null;
    const values = finder.values(args, func.signature.params);
    machine.observer?.call?.(func, values);
    const ended = this.orFails(() => machine.start(func, values));
    if (ended === null) this.calls.set(entry.call, machine.fiber!);
    return ended;
  }

  private answer(fiber: Fiber, results: readonly Datum[], drops: number): Outcome | null {
    const { machine, finder } = this;
    const { func } = fiber.hostCall!;
    const values = finder.values(results, func.signature.results);
    machine.observer?.hostReturn?.(fiber, func, values);
    machine.fiber = fiber;
    this.answered = values;
    return this.orFails(() => machine.answer(values, { drops }));
  }

  private raise(fiber: Fiber, name: Name): Outcome | null {
    const exception = this.finder.find(name);
    if (exception !== null && !(exception instanceof ExceptionInstance))
      return this.replica.astray("throws what is no exception");
    const { machine } = this;
    const error = exception === null ? UNCATCHABLE : { exception };
    machine.observer?.hostThrow?.(fiber, fiber.hostCall!.func, error);
    machine.fiber = fiber;
    if (machine.raise(error)) return null;
    const ended: Outcome = { kind: "threw", error };
    this.tell(fiber, ended);
    this.calls.delete(callOf(fiber));
    return ended;
  }

  /** What may trap at once, and is the end of the call then. */
  private orFails(action: () => unknown): Outcome | null {
    try {
      action();
      return null;
    } catch (error) {
      if (!(error instanceof StoppedError)) throw error;
      const ended: Outcome = { kind: "trapped", error: this.machine.fail(error) };
      this.tell(this.machine.fiber!, ended);
      return ended;
    }
  }

  private callAt({ call }: Entry): Fiber {
    return this.calls.get(call) ?? this.replica.astray(`goes on with call ${call}`);
  }

  private waiting(entry: Entry): Fiber {
    const fiber = this.callAt(entry);
    return fiber.status === "waiting" ? fiber : this.replica.astray("answers what was not asked");
  }
}
