// The state of a machine that runs again, put aside to be put back: into the same objects, so
// that instances, functions, compiled code and whoever looks at them stay what they are.
// It holds what can be reached from instances, from calls, and from what has left for the
// outside; who is not reached need not be put back.

import type { Fiber } from "../exec/fiber.js";
import type { Observer } from "../exec/hooks.js";
import type { Counters, Machine } from "../exec/machine.js";
import type { FiberAbi, SavedFibers } from "../fiber/abi/abi.js";
import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import type { SavedAsyncify } from "../fiber/asyncify/saved.js";
import type { AsyncifyEvent, SwitchEvent } from "../observe/events.js";
import type { ModuleInstance } from "../runtime/instances.js";
import type { MemoryInstance } from "../runtime/memory.js";
import { type Page, restoreMemory, type SavedMemory, saveMemory } from "./pages.js";
import type { Keep, Saved } from "./saved.js";
import type { Store } from "./store.js";
import { Walk } from "./walk.js";

/** Who follows a run from its beginning, and so is put back with it. */
export interface Follower {
  /** What it must see of the machine. */
  readonly observer: Observer | null;
  /** Takes what asyncify (of that instance) and the native fibers tell. */
  event(event: AsyncifyEvent | SwitchEvent, of: ModuleInstance | null): void;
  /** An instance was made later than the start; it is not made a second time. */
  made?(instance: ModuleInstance): void;
  /** What it knows, as data that nobody changes. */
  save(): unknown;
  restore(saved: unknown): void;
}

/** What has state, and where to begin to look for more. */
export interface Parts {
  readonly machine: Machine;
  readonly store: Store;
  readonly abi: FiberAbi | null;
  readonly follower: Follower | null;
}

export class Checkpoint {
  private readonly saved = new Map<object, Saved>();
  private readonly memories = new Map<MemoryInstance, SavedMemory>();
  private readonly counters: Counters;
  private readonly fiber: Fiber | null;
  private readonly asyncifies: ReadonlyMap<Asyncify, SavedAsyncify>;
  private readonly abi: SavedFibers | null;
  private readonly followed: unknown;
  readonly pages: ReadonlySet<Page>;
  /** Bytes that it takes beside its pages, roughly. */
  readonly bytes: number;

  /**
   * @param roots fibers and objects that the machine itself may not know of
   * @param before what it may share with: a checkpoint of the same machine
   */
  constructor(
    private readonly parts: Parts,
    roots: readonly unknown[],
    before: Checkpoint | null,
  ) {
    const { machine, store, abi, follower } = parts;
    this.counters = machine.counters;
    this.fiber = machine.fiber;
    this.asyncifies = new Map(store.asyncifies.map((asyncify) => [asyncify, asyncify.save()]));
    this.followed = follower?.save();
    for (const memory of store.memories.list)
      this.memories.set(memory, saveMemory(memory, before?.memories.get(memory)));
    const keep: Keep = (object, make) => {
      const old = before?.saved.get(object) as never;
      this.saved.set(object, make(old));
    };
    const walk = new Walk(keep);
    for (const { references } of this.asyncifies.values())
      for (const [, reference] of references) walk.visit(reference);
    walkAll(walk, parts, roots);
    this.abi = abi?.copy(walk.fibers) ?? null;
    this.pages = new Set([...this.memories.values()].flatMap(({ pages }) => pages));
    let bytes = 1000;
    for (const [object, { bytes: more }] of this.saved)
      if (before?.saved.get(object) !== this.saved.get(object)) bytes += more;
    this.bytes = bytes;
  }

  /** The fiber of that id, if it can be reached. */
  static fibersOf(parts: Parts, roots: readonly unknown[]): readonly Fiber[] {
    const walk = new Walk(() => undefined);
    walkAll(walk, parts, roots);
    return walk.fibers;
  }

  /** Puts back what instances are made of, whatever the machine does. */
  restoreThings(): void {
    for (const [asyncify, saved] of this.asyncifies) asyncify.restore(saved);
    for (const memory of this.memories.values()) restoreMemory(memory);
    for (const saved of this.saved.values()) saved.restore();
  }

  restore(): void {
    const { machine, abi, follower } = this.parts;
    if (this.abi !== null) abi!.restore(this.abi);
    this.restoreThings();
    follower?.restore(this.followed);
    machine.counters = this.counters;
    machine.fiber = this.fiber;
    machine.stop = null;
  }
}

/** Begins where the machine does, and goes on to all that it reaches. */
function walkAll(walk: Walk, { machine, abi, store }: Parts, roots: readonly unknown[]): void {
  walk.visit(machine.fiber);
  roots.forEach(walk.visit);
  for (const { fiber, outer } of abi?.copy([]).suspended ?? []) [fiber, outer].forEach(walk.visit);
  for (const instance of store.instances.list) walk.instance(instance);
  for (const table of store.tables.list) walk.table(table);
  for (const global of store.globals.list) walk.global(global);
  walk.finish();
}
