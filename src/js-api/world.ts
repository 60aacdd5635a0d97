// Which JavaScript object stands for which instance: one world per machine, so that
// the same instance is always the same object, and objects that come back are
// recognised.
// Spec: https://webassembly.github.io/spec/js-api/#object-caches

import type { Machine } from "../exec/machine.js";
import {
  type ExternInstance,
  FuncInstance,
  type GlobalInstance,
  type TableInstance,
  type TagInstance,
} from "../runtime/instances.js";
import type { MemoryInstance } from "../runtime/memory.js";
import { isOf } from "../runtime/typing.js";
import type { Reference } from "../runtime/values.js";
import type { RefType } from "../syntax/types.js";
import type { DefType } from "../valid/deftypes.js";
import { Global, Memory, Table, Tag } from "./objects.js";
import { inward, outward } from "./references.js";
import { type ReferenceDoor, refuseSignature, toJsResults, toWasmValue } from "./values.js";

export type JsFunction = (...args: unknown[]) => unknown;

/** Exported functions, of all worlds: what they are when they come back in. */
const exported = new WeakMap<object, FuncInstance>();

/** The function behind an exported one; undefined for every other value. */
export const functionBehind = (value: unknown): FuncInstance | undefined =>
  typeof value === "function" ? exported.get(value) : undefined;

const worlds = new WeakMap<Machine, World>();

export function worldOf(machine: Machine): World {
  let world = worlds.get(machine);
  if (world === undefined) worlds.set(machine, (world = new World(machine)));
  return world;
}

export class World implements ReferenceDoor {
  private readonly functions = new WeakMap<FuncInstance, JsFunction>();
  private readonly memories = new WeakMap<MemoryInstance, Memory>();
  private readonly tables = new WeakMap<TableInstance, Table>();
  private readonly globals = new WeakMap<GlobalInstance, Global>();
  private readonly tags = new WeakMap<TagInstance, Tag>();

  constructor(private readonly machine: Machine) {}

  /** The object that JavaScript sees. */
  objectOf(extern: ExternInstance): unknown {
    switch (extern.kind) {
      case "func":
        return this.functionOf(extern.func);
      case "memory":
        return cached(this.memories, extern.memory, (memory) => new Memory(memory));
      case "table":
        return cached(this.tables, extern.table, (table) => new Table(table, this));
      case "global":
        return cached(this.globals, extern.global, (global) => new Global(global, this));
      case "tag":
        return cached(this.tags, extern.tag, (tag) => new Tag(tag));
    }
  }

  functionOf(func: FuncInstance): JsFunction {
    return cached(this.functions, func, () => {
      const { params } = func.signature;
      const call: JsFunction = (...args) => {
        refuseSignature(func.signature);
        const values = params.map((type, i) => toWasmValue(args[i], type, this));
        return toJsResults(this.machine.invoke(func, values), this);
      };
      Object.defineProperty(call, "name", { value: String(Math.max(func.index, 0)) });
      Object.defineProperty(call, "length", { value: params.length });
      exported.set(call, func);
      return call;
    });
  }

  /** As `functionOf`, but host functions may answer with promises, and so does this. */
  promisingOf(func: FuncInstance): (...args: unknown[]) => Promise<unknown> {
    const { params } = func.signature;
    return async (...args) => {
      refuseSignature(func.signature);
      const values = params.map((type, i) => toWasmValue(args[i], type, this));
      return toJsResults(await this.machine.invokeAsync(func, values), this);
    };
  }

  toJs(reference: Reference): unknown {
    if (reference instanceof FuncInstance) return this.functionOf(reference);
    return reference === null ? null : outward(reference);
  }

  toReference(value: unknown, { heap, nullable }: RefType<DefType>): Reference {
    if (value === null) {
      if (nullable) return null;
      throw new TypeError("null is not of the reference type");
    }
    const reference = heap === "extern" ? inward(value) : (functionBehind(value) ?? inward(value));
    if (!isOf(reference, heap)) throw new TypeError("the value is not of the reference type");
    return reference;
  }
}

function cached<K extends object, V>(cache: WeakMap<K, V>, key: K, make: (key: K) => V): V {
  let value = cache.get(key);
  if (value === undefined) cache.set(key, (value = make(key)));
  return value;
}
