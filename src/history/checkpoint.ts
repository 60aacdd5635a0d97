// The state of a machine that runs again, put aside to be put back: into the same objects, so
// that instances, functions, compiled code and whoever looks at them stay what they are.
// It holds what can be reached from instances, from calls, and from what has left for the
// outside; who is not reached need not be put back.

import { wordsOfAll } from "../exec/code.js";
import { Fiber, Frame } from "../exec/fiber.js";
import type { Counters, Machine } from "../exec/machine.js";
import type { Observer } from "../exec/hooks.js";
import type { FiberAbi, SavedFibers } from "../fiber/abi/abi.js";
import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import type { SavedAsyncify } from "../fiber/asyncify/saved.js";
import type { AsyncifyEvent, SwitchEvent } from "../observe/events.js";
import { ContinuationInstance } from "../runtime/continuations.js";
import { ExceptionInstance } from "../runtime/exceptions.js";
import type {
  FuncInstance,
  GlobalInstance,
  ModuleInstance,
  TableInstance,
} from "../runtime/instances.js";
import { ArrayInstance, StructInstance } from "../runtime/objects.js";
import type { Reference, Value } from "../runtime/values.js";
import type { ValType } from "../syntax/types.js";
import type { MemoryInstance } from "../runtime/memory.js";
import { type Page, restoreMemory, type SavedMemory, saveMemory } from "./pages.js";
import type { Store } from "./store.js";

/** Who follows a run from its beginning, and so is put back with it. */
export interface Follower {
  /** What it must see of the machine. */
  readonly observer: Observer | null;
  /** Takes what asyncify and the native fibers tell. */
  event(event: AsyncifyEvent | SwitchEvent): void;
  /** What it knows, as data that nobody changes. */
  save(): unknown;
  restore(saved: unknown): void;
}

/** What has state, and where to begin to look for more. */
export interface Parts {
  readonly machine: Machine;
  readonly store: Store;
  readonly asyncify: Asyncify | null;
  readonly abi: FiberAbi | null;
  readonly follower: Follower | null;
}

/** Something as it was. */
interface Saved {
  /** Puts it back. */
  restore(): void;
  /** Bytes that it takes, roughly. */
  readonly bytes: number;
}

/** Equal to what was saved before: then that serves again. */
type Keep = <S extends Saved>(object: object, make: (before: S | undefined) => S) => void;

export class Checkpoint {
  private readonly saved = new Map<object, Saved>();
  private readonly memories = new Map<MemoryInstance, SavedMemory>();
  private readonly counters: Counters;
  private readonly fiber: Fiber | null;
  private readonly asyncify: SavedAsyncify | null;
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
    const { machine, store, asyncify, abi, follower } = parts;
    this.counters = machine.counters;
    this.fiber = machine.fiber;
    this.asyncify = asyncify?.save() ?? null;
    this.followed = follower?.save();
    for (const memory of store.memories.list)
      this.memories.set(memory, saveMemory(memory, before?.memories.get(memory)));
    const keep: Keep = (object, make) => {
      const old = before?.saved.get(object) as never;
      this.saved.set(object, make(old));
    };
    const walk = new Walk(keep);
    walk.visit(machine.fiber);
    roots.forEach(walk.visit);
    for (const [, reference] of this.asyncify?.references ?? []) walk.visit(reference);
    for (const { fiber, outer } of abi?.copy([]).suspended ?? [])
      [fiber, outer].forEach(walk.visit);
    for (const instance of store.instances.list) walk.instance(instance);
    for (const table of store.tables.list) walk.table(table);
    for (const global of store.globals.list) walk.global(global);
    walk.finish();
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
    walk.visit(parts.machine.fiber);
    roots.forEach(walk.visit);
    for (const { fiber, outer } of parts.abi?.copy([]).suspended ?? [])
      [fiber, outer].forEach(walk.visit);
    for (const instance of parts.store.instances.list) walk.instance(instance);
    for (const table of parts.store.tables.list) walk.table(table);
    for (const global of parts.store.globals.list) walk.global(global);
    walk.finish();
    return walk.fibers;
  }

  /** Puts back what instances are made of, whatever the machine does. */
  restoreThings(): void {
    for (const memory of this.memories.values()) restoreMemory(memory);
    for (const saved of this.saved.values()) saved.restore();
  }

  restore(): void {
    const { machine, asyncify, abi, follower } = this.parts;
    if (this.asyncify !== null) asyncify!.restore(this.asyncify);
    if (this.abi !== null) abi!.restore(this.abi);
    this.restoreThings();
    follower?.restore(this.followed);
    machine.counters = this.counters;
    machine.fiber = this.fiber;
    machine.stop = null;
  }
}

/** Finds what can be reached, each thing once. Not by recursion: lists may be long. */
class Walk {
  readonly fibers: Fiber[] = [];
  private readonly seen = new Set<object>();
  private readonly open: object[] = [];

  constructor(private readonly keep: Keep) {}

  readonly visit = (thing: unknown): void => {
    if (typeof thing !== "object" || thing === null || this.seen.has(thing)) return;
    if (
      thing instanceof Fiber ||
      thing instanceof StructInstance ||
      thing instanceof ArrayInstance ||
      thing instanceof ExceptionInstance ||
      thing instanceof ContinuationInstance
    ) {
      this.seen.add(thing);
      this.open.push(thing);
    }
  };

  private readonly visitValue = (value: Value): void => {
    if (value.type === "ref") this.visit(value.ref);
  };

  finish(): void {
    for (let thing = this.open.pop(); thing !== undefined; thing = this.open.pop()) {
      if (thing instanceof Fiber) this.fiber(thing);
      else if (thing instanceof StructInstance) this.struct(thing);
      else if (thing instanceof ArrayInstance) this.array(thing);
      else if (thing instanceof ExceptionInstance) thing.values.forEach(this.visitValue);
      else if (thing instanceof ContinuationInstance) this.continuation(thing);
    }
  }

  /** Its segments, of which some may have been dropped. */
  instance(instance: ModuleInstance): void {
    const { elems, datas } = instance;
    for (const references of elems) references.forEach(this.visit);
    this.keep<SavedSegments>(instance, (before) =>
      before !== undefined && same(before.elems, elems) && same(before.datas, datas)
        ? before
        : new SavedSegments(instance, elems.slice(), datas.slice()),
    );
  }

  table(table: TableInstance): void {
    table.elements.forEach(this.visit);
    this.keep<SavedTable>(table, (before) =>
      before !== undefined && same(before.elements, table.elements)
        ? before
        : new SavedTable(table, table.elements.slice()),
    );
  }

  global(global: GlobalInstance): void {
    this.visit(global.ref);
    this.keep<SavedGlobal>(global, (before) =>
      before !== undefined && before.ref === global.ref && same(before.words, global.words)
        ? before
        : new SavedGlobal(global, global.words.slice(), global.ref),
    );
  }

  private fiber(fiber: Fiber): void {
    this.fibers.push(fiber);
    this.visit(fiber.resumer);
    fiber.hostCall?.args.forEach(this.visitValue);
    for (let i = 0; i < fiber.depth; i++) fiber.frames[i]!.caught?.forEach(this.visit);
    const words = extentOf(fiber);
    for (let i = 0; 2 * i < words; i++) this.visit(fiber.refs[i]);
    this.keep<SavedFiber>(fiber, (before) =>
      before?.fits(words) === true ? before : new SavedFiber(fiber, words),
    );
  }

  private struct(struct: StructInstance): void {
    struct.slots.forEach(this.visit);
    this.visit(struct.descriptor);
    this.keep<SavedStruct>(struct, (before) =>
      before !== undefined && same(before.slots, struct.slots)
        ? before
        : new SavedStruct(struct, struct.slots.slice()),
    );
  }

  private array(array: ArrayInstance): void {
    array.refs.forEach(this.visit);
    this.keep<SavedArray>(array, (before) =>
      before !== undefined && same(before.values, array.values) && same(before.refs, array.refs)
        ? before
        : new SavedArray(array, array.values.slice(), array.refs.slice()),
    );
  }

  private continuation(continuation: ContinuationInstance): void {
    const { fiber, outer } = continuation as ContinuationInstance<Fiber>;
    this.visit(fiber);
    this.visit(outer);
    this.keep<SavedContinuation>(continuation, (before) =>
      before !== undefined && before.fiber === fiber && before.outer === outer
        ? before
        : new SavedContinuation(continuation, fiber, outer),
    );
  }
}

function same<T>(a: ArrayLike<T>, b: ArrayLike<T>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

class SavedSegments implements Saved {
  readonly bytes: number;
  constructor(
    private readonly instance: ModuleInstance,
    readonly elems: readonly Reference[][],
    readonly datas: readonly Uint8Array[],
  ) {
    this.bytes = 8 * (elems.length + datas.length) + 50;
  }
  restore(): void {
    this.elems.forEach((elements, i) => (this.instance.elems[i] = elements));
    this.datas.forEach((data, i) => (this.instance.datas[i] = data));
  }
}

class SavedTable implements Saved {
  readonly bytes: number;
  constructor(
    private readonly table: TableInstance,
    readonly elements: readonly Reference[],
  ) {
    this.bytes = 8 * elements.length + 50;
  }
  restore(): void {
    const { elements } = this.table;
    elements.length = this.elements.length;
    for (let i = 0; i < elements.length; i++) elements[i] = this.elements[i]!;
  }
}

class SavedGlobal implements Saved {
  readonly bytes = 100;
  constructor(
    private readonly global: GlobalInstance,
    readonly words: Int32Array,
    readonly ref: Reference,
  ) {}
  restore(): void {
    this.global.words.set(this.words);
    this.global.ref = this.ref;
  }
}

class SavedStruct implements Saved {
  readonly bytes: number;
  constructor(
    private readonly struct: StructInstance,
    readonly slots: readonly Reference[],
  ) {
    this.bytes = 8 * slots.length + 50;
  }
  restore(): void {
    for (let i = 0; i < this.slots.length; i++) this.struct.slots[i] = this.slots[i]!;
  }
}

class SavedArray implements Saved {
  readonly bytes: number;
  constructor(
    private readonly array: ArrayInstance,
    readonly values: ArrayInstance["values"],
    readonly refs: readonly Reference[],
  ) {
    this.bytes = values.byteLength + 8 * refs.length + 50;
  }
  restore(): void {
    const { values, refs } = this.array;
    values.set(this.values);
    for (let i = 0; i < this.refs.length; i++) refs[i] = this.refs[i]!;
  }
}

class SavedContinuation implements Saved {
  readonly bytes = 50;
  constructor(
    private readonly continuation: ContinuationInstance,
    readonly fiber: Fiber | null,
    readonly outer: Fiber | null,
  ) {}
  restore(): void {
    this.continuation.fiber = this.fiber;
    this.continuation.outer = this.outer;
  }
}

/** Words of a fiber's slots that mean something. */
function extentOf({ depth, frames, bound, due, entry, i32 }: Fiber): number {
  const height = depth === 0 ? 0 : frames[depth - 1]!.sp;
  const { params, results } = entry!.signature;
  const ends = wordsOfAll(params as readonly ValType[]) + wordsOfAll(results as readonly ValType[]);
  return Math.min(i32.length, height + bound + Math.max(due, 0) + (depth === 0 ? ends : 0));
}

type FiberFields = Pick<
  Fiber,
  | "status"
  | "depth"
  | "resumer"
  | "below"
  | "entry"
  | "begun"
  | "sequel"
  | "hostCall"
  | "bound"
  | "due"
>;

const fieldsOf = (fiber: Fiber): FiberFields => {
  const { status, depth, resumer, below, entry, begun, sequel, hostCall, bound, due } = fiber;
  return { status, depth, resumer, below, entry, begun, sequel, hostCall, bound, due };
};

/** Numbers of a frame: `pc`, `fp`, `sp`, `mark`. */
const FRAME_NUMBERS = 4;

class SavedFiber implements Saved {
  readonly bytes: number;
  private readonly fields: FiberFields;
  private readonly i32: Int32Array;
  private readonly refs: readonly unknown[];
  private readonly funcs: readonly FuncInstance[];
  private readonly numbers: Int32Array;
  private readonly caught: readonly (readonly [number, readonly ExceptionInstance[]])[];

  constructor(
    private readonly fiber: Fiber,
    words: number,
  ) {
    this.fields = fieldsOf(fiber);
    this.i32 = fiber.i32.slice(0, words);
    this.refs = fiber.refs.slice(0, (words + 1) >> 1);
    const frames = fiber.frames.slice(0, fiber.depth);
    this.funcs = frames.map(({ func }) => func);
    this.numbers = new Int32Array(FRAME_NUMBERS * frames.length);
    frames.forEach(({ pc, fp, sp, mark }, i) =>
      this.numbers.set([pc, fp, sp, mark], FRAME_NUMBERS * i),
    );
    this.caught = frames.flatMap(({ caught }, i) =>
      caught === null ? [] : [[i, caught.slice()] as const],
    );
    this.bytes = 4 * words + 8 * this.refs.length + 40 * frames.length + 300;
  }

  /** Whether the fiber is as it was. */
  fits(words: number): boolean {
    const { fiber, fields, i32, refs, funcs, numbers } = this;
    // One that runs is hardly ever the same; this is for the many that are suspended.
    if (i32.length !== words || this.caught.length > 0) return false;
    const now = fieldsOf(fiber);
    for (const key of Object.keys(fields) as (keyof FiberFields)[])
      if (fields[key] !== now[key]) return false;
    for (let i = 0; i < words; i++) if (i32[i] !== fiber.i32[i]) return false;
    for (let i = 0; i < refs.length; i++) if (refs[i] !== fiber.refs[i]) return false;
    for (let i = 0; i < funcs.length; i++) {
      const { func, pc, fp, sp, mark, caught } = fiber.frames[i]!;
      const at = FRAME_NUMBERS * i;
      const equal =
        func === funcs[i] &&
        caught === null &&
        pc === numbers[at] &&
        fp === numbers[at + 1] &&
        sp === numbers[at + 2] &&
        mark === numbers[at + 3];
      if (!equal) return false;
    }
    return true;
  }

  restore(): void {
    const { fiber, numbers } = this;
    Object.assign(fiber, this.fields);
    fiber.reserve(this.i32.length);
    fiber.i32.set(this.i32);
    fiber.refs = this.refs.slice();
    this.funcs.forEach((func, i) => {
      const frame = (fiber.frames[i] ??= new Frame());
      const at = FRAME_NUMBERS * i;
      frame.func = func;
      frame.pc = numbers[at]!;
      frame.fp = numbers[at + 1]!;
      frame.sp = numbers[at + 2]!;
      frame.mark = numbers[at + 3]!;
      frame.caught = null;
    });
    for (const [i, caught] of this.caught) fiber.frames[i]!.caught = caught.slice();
  }
}
