// The store's sections, read in two goes: what things there are, then what is in them.
// Things refer to each other in circles, so all exist before any is filled.

import { decode } from "../binary/decode.js";
import { moduleOf, Section } from "../binary/encode.js";
import { Reader } from "../binary/reader.js";
import { readGlobalType, readMemoryLimits, readTableType } from "../binary/types.js";
import { Fiber } from "../exec/fiber.js";
import { addExports, link, setGlobal } from "../exec/instantiate.js";
import { ContinuationInstance } from "../runtime/continuations.js";
import { ExceptionInstance, JS_TAG } from "../runtime/exceptions.js";
import {
  type ExternInstance,
  FuncInstance,
  GlobalInstance,
  MAX_TABLE_SIZE,
  ModuleInstance,
  TableInstance,
  TagInstance,
} from "../runtime/instances.js";
import { MemoryInstance } from "../runtime/memory.js";
import { ArrayInstance, elementSizeOf, layoutOf, StructInstance } from "../runtime/objects.js";
import { HostRef, type Value } from "../runtime/values.js";
import { functionName, type Import } from "../syntax/module.js";
import {
  type ArrayType,
  type FuncType,
  type HeapType,
  type Limits,
  type StructType,
  typeIndexOf,
  type ValType,
} from "../syntax/types.js";
import { BobbinError, LinkError, MalformedError } from "../util/errors.js";
import {
  closeGlobalType,
  closeRefType,
  closeTableType,
  closeValType,
  type DefType,
} from "../valid/deftypes.js";
import { matchesLimits, matchesRefType } from "../valid/matching.js";
import { type ValidModule, validate } from "../valid/validate.js";
import type { SectionReader } from "./bytes.js";
import { type Codec, readHostValue } from "./codec.js";
import { Kind, readTyped, readValue, type Things } from "./references.js";
import { BLOCK } from "./save-store.js";
import type { SectionName } from "./format.js";

export type Sections = (name: SectionName) => SectionReader;

/** Reads what the binary format of modules has, too. */
function readAs<T>(r: SectionReader, read: (reader: Reader) => T): T {
  const reader = new Reader(r.bytes, r.pos);
  try {
    const result = read(reader);
    r.pos = reader.pos;
    return result;
  } catch (error) {
    if (error instanceof MalformedError) return r.fail(error.reason, error.location.offset);
    throw error;
  }
}

/** The types section is the type section of a module: decoding and validation know what is wrong with it. */
export function readTypes(r: SectionReader): readonly DefType[] {
  try {
    const bytes = moduleOf(new Map([[Section.type, r.bytes]]));
    return validate(decode(bytes)).context.defTypes;
  } catch (error) {
    if (error instanceof BobbinError) return r.fail(`no types: ${error.message}`, 0);
    throw error;
  }
}

function checkHeap(r: SectionReader, types: readonly DefType[], heap: HeapType): void {
  const index = typeIndexOf(heap);
  if (index !== undefined && index >= types.length) r.fail(`there is no type ${index}`);
}
function checkType(r: SectionReader, types: readonly DefType[], type: ValType): void {
  if (typeof type === "object") checkHeap(r, types, type.heap);
}

const sameLimits = (a: Limits, b: Limits): boolean =>
  a.min === b.min && matchesLimits(a, b) && a.max === b.max;
const sameType = (a: ValType<DefType>, b: ValType<DefType>): boolean =>
  typeof a === "object" && typeof b === "object"
    ? matchesRefType(a, b) && matchesRefType(b, a)
    : a === b;

/** An instance as its entry says, before it can be put together. */
export interface InstancePlan {
  readonly instance: ModuleInstance;
  readonly defined: readonly FuncInstance[];
  /** For each imported function where it comes from; null: from the host. */
  readonly imported: readonly ({ readonly instance: number; readonly index: number } | null)[];
  readonly memories: readonly number[];
  readonly tables: readonly number[];
  readonly globals: readonly number[];
  readonly tags: readonly number[];
  /** Where the element segments stand in the section. */
  readonly elems: number;
  /** Where the entry stands. */
  readonly at: number;
}

/** What reading instances needs to know of native functions, which the file does not hold. */
export type NativesOf = (
  instance: number,
  module: ValidModule,
) => ReadonlyMap<number, FuncInstance>;

interface Counts {
  readonly memories: number;
  readonly tables: number;
  readonly globals: number;
  readonly tags: number;
}

export function readPlans(
  r: SectionReader,
  modules: readonly ValidModule[],
  counts: Counts,
  nativesOf: NativesOf,
): InstancePlan[] {
  const total = r.count("instances");
  return Array.from({ length: total }, (_, id) => readPlan(r, id, total, modules, counts, nativesOf));
}

function readPlan(
  r: SectionReader,
  id: number,
  total: number,
  modules: readonly ValidModule[],
  counts: Counts,
  nativesOf: NativesOf,
): InstancePlan {
  const at = r.pos;
  const module = modules[r.below(modules.length, "a module")]!;
  const instance = new ModuleInstance(module, module.context.defTypes);
  const imported = Array.from({ length: module.imported.func }, () =>
    r.flag("whether an import comes from an instance")
      ? { instance: r.below(total, "an instance"), index: r.uint("a function") }
      : null,
  );
  const natives = nativesOf(id, module);
  const saved = r.list("native functions", () => r.uint("a native function"));
  const known = [...natives.keys()].filter((i) => i >= module.imported.func).sort((a, b) => a - b);
  r.ensure(saved.join() === known.join(), `native functions [${saved.join()}], expected [${known.join()}]`, at); // prettier-ignore
  const defined = module.functions.map(({ type }, i) => {
    const index = module.imported.func + i;
    const name = functionName(module, index);
    return natives.get(index) ?? FuncInstance.wasm(instance.types[type]!, name, instance, index);
  });
  const indices = (kind: keyof Counts, count: number) =>
    Array.from({ length: count }, () => r.below(counts[kind], `an index in section ${kind}`));
  const { context, imported: imports } = module;
  const plan = {
    instance,
    defined,
    imported,
    memories: indices("memories", context.memories.length),
    tables: indices("tables", context.tables.length),
    globals: indices("globals", imports.global + module.globals.length),
    tags: indices("tags", context.tags.length),
    elems: r.pos,
    at,
  };
  for (const _ of module.elements) r.list("elements", () => skipReference(r));
  for (const { start, end } of module.datas)
    instance.datas.push(module.bytes.subarray(start, r.flag("whether a segment is there") ? end : start)); // prettier-ignore
  return plan;
}

function skipReference(r: SectionReader): void {
  const start = r.pos;
  const kind = r.byte("a kind of reference");
  r.ensure(kind <= Kind.host, `expected a kind of reference, found ${kind}`, start);
  if (kind === Kind.i31) r.word("an i31 reference");
  else if (kind !== Kind.null) r.uint("an index");
  if (kind === Kind.func) r.uint("a function");
}

function skipValue(r: SectionReader, type: ValType): void {
  if (typeof type === "object") skipReference(r);
  else r.raw(type === "v128" ? 16 : type === "i64" || type === "f64" ? 8 : 4, "a value");
}

/** The objects of the store that instances share, and what of them is still to be filled. */
export class Parts {
  readonly memories: MemoryInstance[] = [];
  readonly tables: TableInstance[] = [];
  readonly globals: GlobalInstance[] = [];
  readonly tags: TagInstance[] = [];
  private readonly globalAt: number[] = [];
  private readonly tableAt: number[] = [];

  constructor(
    private readonly sections: Sections,
    private readonly types: readonly DefType[],
  ) {
    this.readMemories(sections("memories"));
    this.readTables(sections("tables"));
    this.readGlobals(sections("globals"));
    this.readTags(sections("tags"));
  }

  private readMemories(r: SectionReader): void {
    r.list("memories", () => {
      const start = r.pos;
      const limits = readAs(r, readMemoryLimits);
      const pages = r.uint("a number of pages");
      r.ensure([0, 16].includes(limits.pageSizeLog2), "pages have 1 or 65536 bytes", start);
      this.memories.push(this.makeMemory(r, { limits }, pages, start));
    });
    r.end();
  }

  private makeMemory(
    r: SectionReader,
    type: { readonly limits: Limits },
    pages: number,
    at: number,
  ): MemoryInstance {
    const delta = pages - Number(type.limits.min);
    r.ensure(delta >= 0, `${pages} pages are fewer than the type's ${type.limits.min}`, at);
    try {
      const memory = new MemoryInstance(type);
      r.ensure(memory.grow(delta) >= 0, `a memory of ${pages} pages is not possible here`, at);
      return memory;
    } catch (error) {
      return error instanceof RangeError ? r.fail(error.message, at) : rethrow(error);
    }
  }

  private readTables(r: SectionReader): void {
    r.list("tables", () => {
      const start = r.pos;
      const type = readAs(r, readTableType);
      checkHeap(r, this.types, type.element.heap);
      this.tableAt.push(r.pos);
      const length = r.count("elements");
      const { min, max } = type.limits;
      const bound = max === undefined ? MAX_TABLE_SIZE : Number(max);
      r.ensure(
        BigInt(length) >= min && length <= Math.min(bound, MAX_TABLE_SIZE),
        `${length} elements are not within the type's limits`,
        start,
      );
      for (let i = 0; i < length; i++) skipReference(r);
      const table = new TableInstance(closeTableType(this.types, type), null);
      table.grow(length - Number(min), null);
      this.tables.push(table);
    });
    r.end();
  }

  private readGlobals(r: SectionReader): void {
    r.list("globals", () => {
      const type = readAs(r, readGlobalType);
      checkType(r, this.types, type.type);
      this.globalAt.push(r.pos);
      skipValue(r, type.type);
      this.globals.push(new GlobalInstance(closeGlobalType(this.types, type)));
    });
    r.end();
  }

  private readTags(r: SectionReader): void {
    r.list("tags", () => {
      if (r.flag("whether it is the tag of the host's errors")) return this.tags.push(JS_TAG);
      const start = r.pos;
      const type = this.types[r.below(this.types.length, "a type")]!;
      r.ensure(type.sub.comp.kind === "func", "a tag needs a function type", start);
      return this.tags.push(new TagInstance(type));
    });
    r.end();
    r.ensure(this.tags.filter((tag) => tag === JS_TAG).length <= 1, "one tag is there twice");
  }

  /** Where the host has an object of its own for an import, it is that object that is filled. */
  adopt(kind: keyof Counts, id: number, given: ExternInstance): void {
    const mismatch = () => new LinkError(`the host's ${given.kind} is of another type than the snapshot's`); // prettier-ignore
    if (kind === "memories" && given.kind === "memory") {
      const { memory } = given;
      const saved = this.memories[id]!;
      const delta = saved.pages - memory.pages;
      if (!sameLimits(memory.type.limits, saved.type.limits) || delta < 0 || memory.grow(delta) < 0)
        throw mismatch();
      memory.fill(0, 0, memory.view.byteLength);
      this.memories[id] = memory;
    } else if (kind === "tables" && given.kind === "table") {
      const { table } = given;
      const saved = this.tables[id]!;
      const delta = saved.elements.length - table.elements.length;
      const same =
        sameLimits(table.type.limits, saved.type.limits) &&
        sameType(table.type.element, saved.type.element);
      if (!same || delta < 0 || table.grow(delta, null) < 0) throw mismatch();
      this.tables[id] = table;
    } else if (kind === "globals" && given.kind === "global") {
      const { type, mutable } = this.globals[id]!.type;
      if (!sameType(given.global.type.type, type) || given.global.type.mutable !== mutable)
        throw mismatch();
      this.globals[id] = given.global;
    } else if (kind === "tags" && given.kind === "tag") {
      if (given.tag.type !== this.tags[id]!.type) throw mismatch();
      this.tags[id] = given.tag;
    }
  }

  /** Elements of tables and values of globals, now that there is what they refer to. */
  fill(things: Things): void {
    const tables = this.sections("tables");
    this.tables.forEach(({ type, elements }, i) => {
      tables.pos = this.tableAt[i]!;
      const length = tables.count("elements");
      for (let k = 0; k < length; k++) elements[k] = readTyped(tables, things, type.element);
    });
    const globals = this.sections("globals");
    this.globals.forEach((global, i) => {
      globals.pos = this.globalAt[i]!;
      setGlobal(global, readValue(globals, things, global.type.type));
    });
  }
}

/** The contents of memories. */
export function fillMemory(r: SectionReader, memories: readonly MemoryInstance[]): void {
  const memory = memories[r.below(memories.length, "a memory")]!;
  const size = memory.view.byteLength;
  for (let block = 0; r.left > 0; block++) {
    const start = r.pos;
    block += r.uint("a block");
    const at = block * BLOCK;
    r.ensure(at < size, `block ${block} is beyond the memory's ${size} bytes`, start);
    const length = Math.min(BLOCK, size - at);
    memory.part(at, length).set(r.raw(length, "a block of memory"));
  }
}

/** Puts an instance together, whose imports are there. */
export function assemble(
  r: SectionReader,
  plan: InstancePlan,
  parts: Parts,
  funcOf: (index: number) => FuncInstance,
): void {
  const { instance, defined, at } = plan;
  const { module, types } = instance;
  const next = { func: 0, memory: 0, table: 0, global: 0, tag: 0 };
  for (const wanted of module.imports) link(instance, wanted, externOf(wanted));
  function externOf({ description: { kind } }: Import): ExternInstance {
    const i = next[kind]++;
    if (kind === "func") return { kind, func: funcOf(i) };
    if (kind === "memory") return { kind, memory: parts.memories[plan.memories[i]!]! };
    if (kind === "table") return { kind, table: parts.tables[plan.tables[i]!]! };
    if (kind === "global") return { kind, global: parts.globals[plan.globals[i]!]! };
    return { kind, tag: parts.tags[plan.tags[i]!]! };
  }
  for (const func of defined) instance.funcs.push(func);
  const check = (condition: boolean, what: string) =>
    r.ensure(condition, `${what} is of another type than its module says`, at);
  module.memories.forEach((type, i) => {
    const memory = parts.memories[plan.memories[next.memory + i]!]!;
    check(sameLimits(memory.type.limits, type.limits), `memory ${next.memory + i}`);
    instance.memories.push(memory);
  });
  module.tables.forEach(({ type }, i) => {
    const table = parts.tables[plan.tables[next.table + i]!]!;
    const { element, limits } = table.type;
    const same = sameType(element, closeRefType(types, type.element)) && sameLimits(limits, type.limits); // prettier-ignore
    check(same, `table ${next.table + i}`);
    instance.tables.push(table);
  });
  module.globals.forEach(({ type }, i) => {
    const global = parts.globals[plan.globals[next.global + i]!]!;
    const same = global.type.mutable === type.mutable && sameType(global.type.type, closeValType(types, type.type)); // prettier-ignore
    check(same, `global ${next.global + i}`);
    instance.globals.push(global);
  });
  module.tags.forEach(({ type }, i) => {
    const tag = parts.tags[plan.tags[next.tag + i]!]!;
    check(tag.type === types[type] && tag !== JS_TAG, `tag ${next.tag + i}`);
    instance.tags.push(tag);
  });
  addExports(instance);
}

/** Element segments: whole, or dropped. */
export function fillElements(
  r: SectionReader,
  { instance, elems }: InstancePlan,
  things: Things,
): void {
  r.pos = elems;
  for (const { type, mode, funcs, expressions } of instance.module.elements) {
    const start = r.pos;
    const closed = closeRefType(instance.types, type);
    const elements = r.list("elements", () => readTyped(r, things, closed));
    const whole = (funcs ?? expressions!).length;
    r.ensure(
      elements.length === 0 || (elements.length === whole && mode.kind === "passive"),
      `${elements.length} elements, expected 0 or ${whole} of a passive segment`,
      start,
    );
    instance.elems.push(elements);
  }
}

interface StructHead {
  readonly at: number;
  readonly type: DefType;
  readonly descriptor: number | null;
}

/** The objects of the heap: made first, filled later. */
export class Heap {
  readonly structs: StructInstance[] = [];
  readonly arrays: ArrayInstance[] = [];
  readonly exceptions: ExceptionInstance[] = [];
  readonly continuations: ContinuationInstance<Fiber>[] = [];
  readonly hosts: HostRef[] = [];

  constructor(
    private readonly sections: Sections,
    private readonly types: readonly DefType[],
    private readonly tags: readonly TagInstance[],
    codec: Codec | undefined,
  ) {
    this.makeStructs(sections("structures"));
    this.makeArrays(sections("arrays"));
    this.makeExceptions(sections("exceptions"));
    this.makeContinuations(sections("continuations"));
    const hosts = sections("host values");
    hosts.list("host values", () => this.hosts.push(new HostRef(readHostValue(hosts, codec))));
    hosts.end();
  }

  private type(r: SectionReader, kind: "struct" | "array" | "cont"): DefType {
    const start = r.pos;
    const type = this.types[r.below(this.types.length, "a type")]!;
    r.ensure(type.sub.comp.kind === kind, `expected a ${kind} type`, start);
    return type;
  }

  /** A descriptor belongs to what it describes from the start, so those are made outermost first. */
  private makeStructs(r: SectionReader): void {
    const heads = r.list("structures", (): StructHead => {
      const at = r.pos;
      const type = this.type(r, "struct");
      const descriptor = type.sub.descriptor === undefined ? null : r.uint("a descriptor");
      for (const { storage } of (type.sub.comp as StructType<DefType>).fields) {
        if (storage === "i8" || storage === "i16") r.word("a field");
        else skipValue(r, storage as ValType);
      }
      return { at, type, descriptor };
    });
    r.end();
    heads.forEach((_, first) => {
      // Each is of another type than those before, so this ends.
      const chain: number[] = [];
      for (let id: number | null = first; id !== null && this.structs[id] === undefined;) {
        chain.push(id);
        const { type, descriptor, at }: StructHead = heads[id]!;
        r.ensure(
          descriptor === null || heads[descriptor]?.type === type.sub.descriptor,
          "expected a descriptor of the type's own type",
          at,
        );
        id = descriptor;
      }
      for (const id of chain.reverse()) {
        const { type, descriptor } = heads[id]!;
        const described = descriptor === null ? null : this.structs[descriptor]!;
        this.structs[id] = new StructInstance(type, described);
      }
    });
  }

  private makeArrays(r: SectionReader): void {
    r.list("arrays", () => {
      const type = this.type(r, "array");
      const size = elementSizeOf(type);
      const start = r.pos;
      const length = r.count("elements", size || 1);
      try {
        this.arrays.push(ArrayInstance.make(type, length));
      } catch (error) {
        return error instanceof BobbinError ? r.fail(error.message, start) : rethrow(error);
      }
      if (size > 0) r.raw(length * size, "elements");
      else for (let i = 0; i < length; i++) skipReference(r);
    });
    r.end();
  }

  private makeExceptions(r: SectionReader): void {
    r.list("exceptions", () => {
      const tag = this.tags[r.below(this.tags.length, "a tag")]!;
      for (const type of paramsOf(tag)) skipValue(r, type as ValType);
      this.exceptions.push(new ExceptionInstance(tag, []));
    });
    r.end();
  }

  private makeContinuations(r: SectionReader): void {
    r.list("continuations", () => {
      const type = this.type(r, "cont");
      this.continuations.push(new ContinuationInstance<Fiber>(type, null, null));
      if (!r.flag("whether it is still to be used")) return;
      r.uint("a fiber");
      r.uint("a fiber");
    });
    r.end();
  }

  fill(things: Things, fibers: readonly Fiber[]): void {
    this.fillStructs(again(this.sections("structures")), things);
    this.fillArrays(again(this.sections("arrays")), things);
    const exceptions = again(this.sections("exceptions"));
    for (const { tag, values } of this.exceptions) {
      exceptions.uint("a tag");
      for (const type of paramsOf(tag)) (values as Value[]).push(readValue(exceptions, things, type));
    }
    const r = again(this.sections("continuations"));
    for (const continuation of this.continuations) {
      r.uint("a type");
      if (!r.flag("whether it is still to be used")) continue;
      continuation.fiber = fibers[r.below(fibers.length, "a fiber")]!;
      continuation.outer = fibers[r.below(fibers.length, "a fiber")]!;
    }
  }

  private fillStructs(r: SectionReader, things: Things): void {
    for (const { type, slots } of this.structs) {
      r.uint("a type");
      if (type.sub.descriptor !== undefined) r.uint("a descriptor");
      const { fields } = type.sub.comp as StructType<DefType>;
      layoutOf(type).fields.forEach(({ size, at }, i) => {
        const { storage } = fields[i]!;
        const start = r.pos;
        if (typeof storage === "object") slots[at] = readTyped(r, things, storage);
        else for (let k = 0; k < Math.max(size >> 2, 1); k++) slots[at + k] = r.word("a field");
        const packed = slots[at] as number;
        r.ensure(size === 0 || size > 2 || packed >>> (8 * size) === 0, `expected ${storage as string}`, start); // prettier-ignore
      });
    }
  }

  private fillArrays(r: SectionReader, things: Things): void {
    for (const { type, size, length, refs, bytes } of this.arrays.map(arrayView)) {
      r.uint("a type");
      r.uint("a length");
      const { storage } = (type.sub.comp as ArrayType<DefType>).field;
      if (typeof storage === "object")
        for (let i = 0; i < length; i++) refs[i] = readTyped(r, things, storage);
      else bytes.set(r.raw(length * size, "elements"));
    }
  }
}

const arrayView = (array: ArrayInstance) => ({
  type: array.type,
  size: array.size,
  length: array.length,
  refs: array.refs,
  bytes: array.size === 0 ? new Uint8Array() : array.bytes(0, array.length),
});

/** From the first entry. */
function again(r: SectionReader): SectionReader {
  r.pos = 0;
  r.uint("a count");
  return r;
}

const paramsOf = ({ type }: TagInstance): readonly ValType<DefType>[] =>
  (type.sub.comp as FuncType<DefType>).params;

function rethrow(error: unknown): never {
  throw error;
}
