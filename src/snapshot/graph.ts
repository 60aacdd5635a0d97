// What a snapshot is about, numbered: everything that can be reached, each thing once, in
// the order in which it was found. Equal machines are walked alike, so they are numbered
// alike, and their files are the same bytes.

import { encodeTypes } from "../binary/encode-types.js";
import type { Fiber } from "../exec/fiber.js";
import type { ContinuationInstance } from "../runtime/continuations.js";
import type { ExceptionInstance } from "../runtime/exceptions.js";
import type {
  FuncInstance,
  GlobalInstance,
  ModuleInstance,
  TableInstance,
  TagInstance,
} from "../runtime/instances.js";
import type { MemoryInstance } from "../runtime/memory.js";
import type { ArrayInstance, StructInstance } from "../runtime/objects.js";
import type { HostRef } from "../runtime/values.js";
import {
  type CompType,
  type FieldType,
  type HeapType,
  inexact,
  isExact,
  type StorageType,
  type SubType,
  type ValType,
} from "../syntax/types.js";
import type { DefType } from "../valid/deftypes.js";
import type { ValidModule } from "../valid/validate.js";

export class Ids<T> {
  readonly list: T[] = [];
  private readonly ids = new Map<T, number>();
  /** How many have been written down: `next` goes on from there. */
  private done = 0;

  idOf(thing: T): number {
    let id = this.ids.get(thing);
    if (id === undefined) {
      id = this.list.length;
      this.ids.set(thing, id);
      this.list.push(thing);
    }
    return id;
  }
  has(thing: T): boolean {
    return this.ids.has(thing);
  }
  /** The next one that nobody has written down yet. */
  next(): T | undefined {
    return this.done < this.list.length ? this.list[this.done++] : undefined;
  }
}

/** Where a function is known from: an instance, and its index there. */
export interface FunctionPlace {
  readonly instance: number;
  readonly index: number;
}

export class Graph {
  readonly modules = new Ids<ValidModule>();
  readonly types = new Types();
  readonly instances = new Ids<ModuleInstance>();
  readonly memories = new Ids<MemoryInstance>();
  readonly tables = new Ids<TableInstance>();
  readonly globals = new Ids<GlobalInstance>();
  readonly tags = new Ids<TagInstance>();
  readonly structs = new Ids<StructInstance>();
  readonly arrays = new Ids<ArrayInstance>();
  readonly exceptions = new Ids<ExceptionInstance>();
  readonly continuations = new Ids<ContinuationInstance<Fiber>>();
  readonly hosts = new Ids<HostRef>();
  readonly fibers = new Ids<Fiber>();
  private readonly places = new Map<FuncInstance, FunctionPlace>();

  /** @param instances all of them, as far as they are known */
  constructor(readonly roots: readonly ModuleInstance[]) {
    for (const instance of roots) this.instances.idOf(instance);
    roots.forEach(({ funcs }, instance) =>
      funcs.forEach((func, index) => {
        // Wasm functions are where they are defined, all others where they occur first.
        if (func.instance === null && !this.places.has(func))
          this.places.set(func, { instance, index });
      }),
    );
  }

  /** Undefined for a function that is neither wasm nor any instance's. */
  placeOf(func: FuncInstance): FunctionPlace | undefined {
    if (func.instance === null) return this.places.get(func);
    return { instance: this.instances.idOf(func.instance), index: func.index };
  }
}

/** Closed types, with all that they refer to, as the types of one module. */
class Types {
  private readonly indices = new Map<DefType, number>();
  private readonly types: SubType[] = [];

  indexOf(type: DefType): number {
    if (!this.indices.has(type)) this.add(type);
    return this.indices.get(type)!;
  }

  /** The contents of a type section. */
  get bytes(): Uint8Array {
    return Uint8Array.from(encodeTypes(this.types));
  }

  /** Adds the group of a type, after those that it refers to. */
  private add(type: DefType): void {
    const stack: { group: readonly DefType[]; entered: boolean }[] = [];
    for (let top = { group: type.group, entered: false }; ; top = stack.pop()!) {
      if (!this.indices.has(top.group[0]!)) {
        if (top.entered) this.append(top.group);
        else {
          stack.push({ group: top.group, entered: true });
          for (const other of top.group.flatMap(referredBy).reverse())
            if (other.group !== top.group) stack.push({ group: other.group, entered: false });
        }
      }
      if (stack.length === 0) return;
    }
  }

  private append(group: readonly DefType[]): void {
    const groupStart = this.types.length;
    group.forEach((type, i) => this.indices.set(type, groupStart + i));
    const index = (type: DefType): number => this.indices.get(type)!;
    for (const { sub } of group) {
      const { final, supers, descriptor, describes, comp } = sub;
      this.types.push({
        final,
        supers: supers.map(index),
        ...(describes === undefined ? {} : { describes: index(describes) }),
        ...(descriptor === undefined ? {} : { descriptor: index(descriptor) }),
        comp: openCompType(comp, index),
        groupStart,
        groupSize: group.length,
      });
    }
  }

  open(type: ValType<DefType>): ValType {
    return openStorage(type, (t) => this.indexOf(t)) as ValType;
  }
}

type IndexOf = (type: DefType) => number;

function openStorage(type: StorageType<DefType>, index: IndexOf): StorageType {
  return typeof type === "object" ? { ...type, heap: openHeapType(type.heap, index) } : type;
}
function openHeapType(heap: HeapType<DefType>, index: IndexOf): HeapType {
  if (typeof heap === "string") return heap;
  return isExact(heap) ? { exact: index(heap.exact) } : index(heap);
}
function openCompType(comp: CompType<DefType>, index: IndexOf): CompType {
  const field = ({ storage, mutable }: FieldType<DefType>): FieldType => ({
    storage: openStorage(storage, index),
    mutable,
  });
  switch (comp.kind) {
    case "func": {
      const all = (types: readonly ValType<DefType>[]) =>
        types.map((t) => openStorage(t, index) as ValType);
      return { kind: "func", params: all(comp.params), results: all(comp.results) };
    }
    case "struct":
      return { kind: "struct", fields: comp.fields.map(field) };
    case "array":
      return { kind: "array", field: field(comp.field) };
    case "cont":
      return { kind: "cont", func: index(comp.func) };
  }
}

/** The types that a type names. */
function referredBy({ sub }: DefType): DefType[] {
  const { supers, descriptor, describes, comp } = sub;
  const storages =
    comp.kind === "func"
      ? [...comp.params, ...comp.results]
      : comp.kind === "struct"
        ? comp.fields.map((f) => f.storage)
        : comp.kind === "array"
          ? [comp.field.storage]
          : [];
  return [
    ...supers,
    ...(describes === undefined ? [] : [describes]),
    ...(descriptor === undefined ? [] : [descriptor]),
    ...storages.flatMap((t) => {
      const heap = typeof t === "object" ? inexact(t.heap) : "any";
      return typeof heap === "string" ? [] : [heap];
    }),
    ...(comp.kind === "cont" ? [comp.func] : []),
  ];
}
