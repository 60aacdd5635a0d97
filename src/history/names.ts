// References as a log has them. The log outlives the machine that it was made of, and is
// read by another one: so a reference is named by what both machines agree on. Functions have
// their place; an object of wasm's heap is known by when it first left for the outside, which
// is the only way how the outside can have got it, or by the table or global that holds it.

import { ExceptionInstance, JS_TAG, UncaughtException } from "../runtime/exceptions.js";
import { FuncInstance, TagInstance } from "../runtime/instances.js";
import { HostRef, type Reference, type Value } from "../runtime/values.js";
import { isOfType } from "../runtime/typing.js";
import { formatValType, type FuncType, type ValType } from "../syntax/types.js";
import type { DefType } from "../valid/deftypes.js";
import { RecordingError } from "./errors.js";
import type { FunctionName, Store } from "./store.js";

export type Name =
  | null
  /** An `i31ref`. */
  | number
  | FunctionName
  /** In `Log.hosts`. */
  | { readonly kind: "host"; readonly id: number }
  /** By the order in which such objects left. */
  | { readonly kind: "left"; readonly id: number }
  | { readonly kind: "element"; readonly table: number; readonly index: number }
  | { readonly kind: "global"; readonly global: number }
  /** Made by the outside. */
  | { readonly kind: "exception"; readonly tag: TagName; readonly values: readonly Datum[] };

/** In the store; or the tag of the host's errors; or one that no instance knows. */
export type TagName = number | "js" | "foreign";

/** A value whose reference is a name. */
export type Datum =
  Exclude<Value, { readonly type: "ref" }> | { readonly type: "ref"; readonly name: Name };

type HeapObject = Exclude<Reference, null | number | FuncInstance | HostRef>;

const isHeap = (reference: Reference): reference is HeapObject =>
  typeof reference === "object" &&
  reference !== null &&
  !(reference instanceof FuncInstance) &&
  !(reference instanceof HostRef);

/** The objects that have left for the outside, in order. */
export abstract class Leavers {
  protected abstract note(object: HeapObject): boolean;

  /** Values went out. */
  see(values: readonly Value[]): void {
    for (const value of values) if (value.type === "ref") this.seeReference(value.ref);
  }

  /** An error went out; it may carry an exception. */
  seeError(error: unknown): void {
    if (error instanceof UncaughtException) this.seeReference(error.exception);
  }

  seeReference(reference: Reference): void {
    if (!isHeap(reference) || !this.note(reference)) return;
    if (reference instanceof ExceptionInstance) this.see(reference.values);
  }
}

/** On the side of the machine that runs: gives names. Keeps no object alive but the host's. */
export class Namer extends Leavers {
  readonly hosts: HostRef[] = [];
  private readonly hostIds = new Map<HostRef, number>();
  private readonly ids = new WeakMap<HeapObject, number>();
  private count = 0;

  /** @param holder where, in a table or a global that the outside may look into, an object is */
  constructor(
    private readonly store: Store,
    private readonly holder: (object: Reference) => Name,
  ) {
    super();
  }

  protected override note(object: HeapObject): boolean {
    if (this.ids.has(object)) return false;
    this.ids.set(object, this.count++);
    return true;
  }

  /** @throws RecordingError for what nobody else could find */
  datum(value: Value): Datum {
    return value.type === "ref" ? { type: "ref", name: this.name(value.ref) } : value;
  }

  /** @throws RecordingError */
  name(reference: Reference): Name {
    if (reference === null || typeof reference === "number") return reference;
    if (reference instanceof FuncInstance) return this.functionName(reference);
    if (reference instanceof HostRef) return { kind: "host", id: this.host(reference) };
    const id = this.ids.get(reference);
    if (id !== undefined) return { kind: "left", id };
    return this.holder(reference) ?? this.made(reference);
  }

  functionName(func: FuncInstance): FunctionName {
    const name = this.store.nameOf(func);
    if (name !== undefined) return name;
    throw new RecordingError(`${func.name} is a function of no instance that is recorded`);
  }

  private host(reference: HostRef): number {
    let id = this.hostIds.get(reference);
    if (id === undefined) {
      id = this.hosts.length;
      this.hosts.push(reference);
      this.hostIds.set(reference, id);
    }
    return id;
  }

  private made(object: HeapObject): Name {
    if (!(object instanceof ExceptionInstance))
      throw new RecordingError("the host has a reference that never left the program");
    const { tag, values } = object;
    const known = this.store.tags.has(tag) ? this.store.tags.idOf(tag) : "foreign";
    const name: Name = {
      kind: "exception",
      tag: tag === JS_TAG ? "js" : known,
      values: values.map((value) => this.datum(value)),
    };
    this.note(object);
    return name;
  }
}

const FOREIGN = new TagInstance(JS_TAG.type);

/** On the side of the machine that runs again: finds what is named. Its state is `left`. */
export class Finder extends Leavers {
  left: HeapObject[] = [];
  private known = new Set<HeapObject>();

  constructor(
    private readonly store: Store,
    private readonly hosts: readonly HostRef[],
  ) {
    super();
  }

  protected override note(object: HeapObject): boolean {
    if (this.known.has(object)) return false;
    this.known.add(object);
    this.left.push(object);
    return true;
  }

  restore(left: readonly HeapObject[]): void {
    this.left = [...left];
    this.known = new Set(left);
  }

  /** @throws RecordingError also for a value that is of another type */
  value(datum: Datum, type?: ValType<DefType>): Value {
    const value: Value = datum.type === "ref" ? { type: "ref", ref: this.find(datum.name) } : datum;
    const fits =
      type === undefined ||
      (typeof type === "string"
        ? value.type === type
        : value.type === "ref" && isOfType(value.ref, type));
    if (fits) return value;
    throw new RecordingError(`an entry of the log has a ${value.type} for ${formatValType(type)}`);
  }

  /** @throws RecordingError */
  values(data: readonly Datum[], types: readonly ValType<DefType>[]): Value[] {
    if (data.length === types.length) return data.map((datum, i) => this.value(datum, types[i]));
    throw new RecordingError(
      `an entry of the log has ${data.length} values, expected ${types.length}`,
    );
  }

  /** @throws RecordingError where the log names what is not there */
  find(name: Name): Reference {
    if (name === null || typeof name === "number") return name;
    const { store } = this;
    switch (name.kind) {
      case "func":
      case "runtime":
        return store.functionOf(name) ?? missing("function");
      case "host":
        return this.hosts[name.id] ?? missing("value of the host");
      case "left":
        return this.left[name.id] ?? missing("object");
      case "element": {
        const element = store.tables.list[name.table]?.elements[name.index];
        return element === undefined ? missing("element of a table") : element;
      }
      case "global":
        return (store.globals.list[name.global] ?? missing("global")).ref;
      case "exception":
        return this.make(name);
    }
  }

  private make({ tag, values }: Extract<Name, { kind: "exception" }>): ExceptionInstance {
    const tags = this.store.tags.list;
    const found =
      tag === "js" ? JS_TAG : tag === "foreign" ? FOREIGN : (tags[tag] ?? missing("tag"));
    const { params } = found.type.sub.comp as FuncType<DefType>;
    const made = new ExceptionInstance(
      found,
      tag === "foreign" ? values.map((value) => this.value(value)) : this.values(values, params),
    );
    this.note(made);
    return made;
  }
}

function missing(what: string): never {
  throw new RecordingError(`an entry of the log names a ${what} that is not there`);
}
