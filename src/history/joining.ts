// Instances that are made while a run is recorded: the log has what they imported, and the
// machine that runs again makes them anew. Memories, tables, globals and tags that the host made
// for them are made too; its functions are not needed, since it is never asked.

import { decode } from "../binary/decode.js";
import { allocate, getGlobal, setGlobal } from "../exec/instantiate.js";
import { Asyncify, asyncifyOf, type AsyncifySettings } from "../fiber/asyncify/asyncify.js";
import {
  type ExternInstance,
  FuncInstance,
  GlobalInstance,
  type ModuleInstance,
  TableInstance,
  TagInstance,
} from "../runtime/instances.js";
import { MemoryInstance } from "../runtime/memory.js";
import { Trap } from "../runtime/traps.js";
import type { Reference } from "../runtime/values.js";
import type { ExternKind, Import } from "../syntax/module.js";
import type { Limits } from "../syntax/types.js";
import { BobbinError } from "../util/errors.js";
import { closeGlobalType, closeTableType } from "../valid/deftypes.js";
import { validate, type ValidModule } from "../valid/validate.js";
import { nonZero, type Run } from "./changes.js";
import { RecordingError } from "./errors.js";
import type { Datum, Finder, Name, Namer } from "./names.js";
import type { FunctionName, Store } from "./store.js";

/** What an instance imports. `known`: its number in the store. */
export type Given =
  | { readonly kind: "func"; readonly func: FunctionName | null }
  | { readonly kind: Exclude<ExternKind, "func">; readonly known: number }
  | { readonly kind: "memory"; readonly limits: Limits; readonly size: number; readonly runs: readonly Run[] } // prettier-ignore
  | { readonly kind: "table"; readonly limits: Limits; readonly elements: readonly Name[] }
  | { readonly kind: "global"; readonly value: Datum }
  | { readonly kind: "tag" };

/** What an instance was given, which is not in the store yet. @throws RecordingError */
export function givenTo(instance: ModuleInstance, store: Store, namer: Namer): Given[] {
  const { funcs, memories, tables, globals, tags, module } = instance;
  const asyncify = asyncifyOf(instance);
  const next = { func: 0, memory: 0, table: 0, global: 0, tag: 0 };
  return module.imports.map(({ description: { kind } }): Given => {
    const index = next[kind]++;
    switch (kind) {
      case "func": {
        const func = funcs[index]!;
        // Its own asyncify gives it that again.
        if (asyncify !== undefined && asyncifyOf(func) === asyncify) return { kind, func: null };
        if (func.native !== null && store.nameOf(func) === undefined)
          throw new RecordingError(`${func.name} is native code, which no log can hold`);
        return { kind, func: store.nameOf(func) ?? null };
      }
      case "memory": {
        const memory = memories[index]!;
        if (store.memories.has(memory)) return { kind, known: store.memories.idOf(memory) };
        const size = memory.view.byteLength;
        return { kind, limits: memory.type.limits, size, runs: nonZero(memory, 0) };
      }
      case "table": {
        const table = tables[index]!;
        if (store.tables.has(table)) return { kind, known: store.tables.idOf(table) };
        // What refers to the instance itself, its segments write.
        const name = (element: Reference) =>
          element instanceof FuncInstance && store.nameOf(element) === undefined
            ? null
            : namer.name(element);
        return { kind, limits: table.type.limits, elements: table.elements.map(name) };
      }
      case "global": {
        const global = globals[index]!;
        if (store.globals.has(global)) return { kind, known: store.globals.idOf(global) };
        return { kind, value: namer.datum(getGlobal(global)) };
      }
      case "tag": {
        const tag = tags[index]!;
        return store.tags.has(tag) ? { kind, known: store.tags.idOf(tag) } : { kind };
      }
    }
  });
}

/** @throws RecordingError for what is no module */
export function moduleOf(bytes: Uint8Array): ValidModule {
  try {
    return validate(decode(bytes));
  } catch (error) {
    if (error instanceof BobbinError) throw new RecordingError(`a module is none: ${error.message}`); // prettier-ignore
    throw error;
  }
}

/** @throws RecordingError for a module that does not take it */
export function asyncifyWith(module: ValidModule, settings: AsyncifySettings): Asyncify {
  try {
    return new Asyncify(module, settings);
  } catch (error) {
    if (error instanceof BobbinError || error instanceof RangeError)
      throw new RecordingError(`a module does not take asyncify: ${error.message}`);
    throw error;
  }
}

/**
 * Makes an instance again.
 * @param asyncify its native asyncify, which is attached to it
 * @throws RecordingError where what it is given does not fit
 */
export function join(
  module: ValidModule,
  given: readonly Given[],
  asyncify: Asyncify | null,
  store: Store,
  finder: Finder,
): ModuleInstance {
  if (given.length !== module.imports.length)
    throw new RecordingError(`an instance is given ${given.length} imports, expected ${module.imports.length}`); // prettier-ignore
  try {
    const externs = module.imports.map(
      (wanted, i) => resolved(wanted, asyncify) ?? make(given[i]!, wanted, module, store, finder),
    );
    return allocate(module, externs, (instance) => asyncify?.attach(instance));
  } catch (error) {
    const wrong = error instanceof BobbinError || error instanceof RangeError;
    if (error instanceof RecordingError || !wrong) throw error;
    const why = error instanceof Trap ? `traps: ${error.message}` : error.message;
    throw new RecordingError(`an instance cannot be made again: ${why}`);
  }
}

/** What the pass gives an instance of its own. */
const resolved = ({ module, name, description }: Import, asyncify: Asyncify | null) =>
  module === "asyncify" && description.kind === "func" ? asyncify?.imports.get(name) : undefined;

function make(
  given: Given,
  { module: from, name, description }: Import,
  { context }: ValidModule,
  store: Store,
  finder: Finder,
): ExternInstance {
  const { kind } = description;
  if (given.kind !== kind) throw new RecordingError(`import ${from}.${name} is no ${given.kind}`);
  const missing = () => new RecordingError(`import ${from}.${name} is not there`);
  const known = "known" in given ? given.known : null;
  switch (kind) {
    case "func": {
      const { func: wanted } = given as Given & { kind: "func" };
      const type = context.defTypes[description.type]!;
      const func =
        wanted === null ? FuncInstance.host(type, `${from}.${name}`, unasked) : store.functionOf(wanted); // prettier-ignore
      if (func === undefined) throw missing();
      return { kind, func };
    }
    case "memory": {
      const found = known === null ? newMemory(given as NewMemory) : store.memories.list[known];
      if (found === undefined) throw missing();
      return { kind, memory: found };
    }
    case "table": {
      if (known !== null) {
        const table = store.tables.list[known];
        if (table === undefined) throw missing();
        return { kind, table };
      }
      const { limits, elements } = given as NewTable;
      const type = { ...closeTableType(context.defTypes, description.type), limits };
      const table = new TableInstance(type, null);
      if (table.grow(elements.length - table.elements.length, null) < 0) throw missing();
      elements.forEach((element, i) => {
        const value = finder.value({ type: "ref", name: element });
        if (value.type === "ref") table.elements[i] = value.ref;
      });
      return { kind, table };
    }
    case "global": {
      if (known !== null) {
        const global = store.globals.list[known];
        if (global === undefined) throw missing();
        return { kind, global };
      }
      const global = new GlobalInstance(closeGlobalType(context.defTypes, description.type));
      setGlobal(global, finder.value((given as NewGlobal).value, global.type.type));
      return { kind, global };
    }
    case "tag": {
      const tag =
        known === null
          ? new TagInstance(context.defTypes[description.type.type]!)
          : store.tags.list[known];
      if (tag === undefined) throw missing();
      return { kind, tag };
    }
  }
}

type NewMemory = Extract<Given, { readonly runs: unknown }>;
type NewTable = Extract<Given, { readonly elements: unknown }>;
type NewGlobal = Extract<Given, { readonly value: unknown }>;

function newMemory({ limits, size, runs }: NewMemory): MemoryInstance {
  const memory = new MemoryInstance({ limits });
  const delta = (size - memory.view.byteLength) / memory.pageSize;
  if (!Number.isInteger(delta) || memory.grow(delta) < 0)
    throw new RecordingError(`a memory of ${size} bytes is not possible here`);
  for (const { at, bytes } of runs) {
    if (at + bytes.length > size) throw new RecordingError("bytes lie outside of a memory");
    memory.part(at, bytes.length).set(bytes);
  }
  return memory;
}

const unasked = (): never => {
  throw new RecordingError("a function of the host was called");
};
