// All that a machine can reach, each thing once: what has to be put aside with it.

import { Fiber } from "../exec/fiber.js";
import { ContinuationInstance } from "../runtime/continuations.js";
import { ExceptionInstance } from "../runtime/exceptions.js";
import type { GlobalInstance, ModuleInstance, TableInstance } from "../runtime/instances.js";
import { ArrayInstance, StructInstance } from "../runtime/objects.js";
import type { Value } from "../runtime/values.js";
import {
  type Keep,
  same,
  SavedArray,
  SavedContinuation,
  SavedGlobal,
  SavedSegments,
  SavedStruct,
  SavedTable,
} from "./saved.js";
import { extentOf, SavedFiber } from "./saved-fiber.js";

/** Finds what can be reached, each thing once. Not by recursion: lists may be long. */
export class Walk {
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
