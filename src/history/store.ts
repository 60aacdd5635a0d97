// What a recorded machine is made of, numbered: instances in the order in which they came,
// and what they have in the order in which they have it. The machine that runs and the one
// that runs again number alike, so a number means the same to both.

import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import { RUNTIME_NAMES, type RuntimeName } from "../fiber/asyncify/events.js";
import type {
  ExternInstance,
  FuncInstance,
  GlobalInstance,
  ModuleInstance,
  TableInstance,
  TagInstance,
} from "../runtime/instances.js";
import type { MemoryInstance } from "../runtime/memory.js";
import { type FunctionPlace, Ids } from "../snapshot/graph.js";

/** How a function is known. */
export type FunctionName =
  | ({ readonly kind: "func" } & FunctionPlace)
  /** One of asyncify's, which may be no instance's but is exported. By its number in the store. */
  | { readonly kind: "runtime"; readonly asyncify: number; readonly name: RuntimeName };

export class Store {
  readonly instances = new Ids<ModuleInstance>();
  readonly memories = new Ids<MemoryInstance>();
  readonly tables = new Ids<TableInstance>();
  readonly globals = new Ids<GlobalInstance>();
  readonly tags = new Ids<TagInstance>();
  /** Those that the outside can reach by itself, since an instance imports or exports them. */
  readonly open = new Set<MemoryInstance | TableInstance | GlobalInstance>();
  private readonly places = new Map<FuncInstance, FunctionPlace>();
  /** Native asyncify of instances, in the order in which they came. */
  readonly asyncifies: Asyncify[] = [];

  add(instance: ModuleInstance): void {
    const id = this.instances.idOf(instance);
    const { module, exports } = instance;
    instance.funcs.forEach((func, index) => {
      if (func.instance === null && !this.places.has(func))
        this.places.set(func, { instance: id, index });
    });
    for (const memory of instance.memories) this.memories.idOf(memory);
    for (const table of instance.tables) this.tables.idOf(table);
    for (const global of instance.globals) this.globals.idOf(global);
    for (const tag of instance.tags) this.tags.idOf(tag);
    const { memory, table, global } = module.imported;
    for (const found of instance.memories.slice(0, memory)) this.open.add(found);
    for (const found of instance.tables.slice(0, table)) this.open.add(found);
    for (const found of instance.globals.slice(0, global)) this.open.add(found);
    for (const shown of exports.values()) this.opened(shown);
  }

  private opened(shown: ExternInstance): void {
    if (shown.kind === "memory") this.open.add(shown.memory);
    else if (shown.kind === "table") this.open.add(shown.table);
    else if (shown.kind === "global" && shown.global.type.mutable) this.open.add(shown.global);
  }

  /** What asyncify has beside the instance. */
  addAsyncify(asyncify: Asyncify): void {
    const { globals, records } = asyncify;
    this.asyncifies.push(asyncify);
    this.globals.idOf(globals.state);
    this.globals.idOf(globals.data);
    if (records.own !== null) this.memories.idOf(records.own);
  }

  /** Undefined for a function of an instance that is not here, and of none. */
  nameOf(func: FuncInstance): FunctionName | undefined {
    const { instance, index } = func;
    if (instance !== null)
      return this.instances.has(instance)
        ? { kind: "func", instance: this.instances.idOf(instance), index }
        : undefined;
    const place = this.places.get(func);
    if (place !== undefined) return { kind: "func", ...place };
    const asyncify = this.asyncifies.findIndex(({ functions }) => [...functions.values()].includes(func)); // prettier-ignore
    const name = RUNTIME_NAMES.find((one) => this.asyncifies[asyncify]?.functions.get(one) === func); // prettier-ignore
    return name === undefined ? undefined : { kind: "runtime", asyncify, name };
  }

  /** Undefined where there is no such function. */
  functionOf(name: FunctionName): FuncInstance | undefined {
    return name.kind === "func"
      ? this.instances.list[name.instance]?.funcs[name.index]
      : this.asyncifies[name.asyncify]?.functions.get(name.name);
  }
}
