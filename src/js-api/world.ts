// Which JavaScript object stands for which instance: one world per machine, so that
// the same instance is always the same object, and objects that come back are
// recognised.
// Spec: https://webassembly.github.io/spec/js-api/#object-caches

import type { Machine } from "../exec/machine.js";
import type { ExceptionInstance } from "../runtime/exceptions.js";
import { type ExternInstance, FuncInstance } from "../runtime/instances.js";
import { isOf } from "../runtime/typing.js";
import { f32, f64, i32, i64, type Reference, type Value } from "../runtime/values.js";
import type { RefType, ValType } from "../syntax/types.js";
import type { DefType } from "../valid/deftypes.js";
import { matchesHeapType } from "../valid/matching.js";
import { BARE, type ErrorDoor } from "./errors.js";
import { exceptionInterface, initException, initTag, tagInterface } from "./exception-objects.js";
import { globalInterface, initGlobal } from "./global-object.js";
import { initMemory, memoryInterface } from "./memory-object.js";
import { inward, outward } from "./references.js";
import { functions } from "./slots.js";
import { noteMachine } from "./machines.js";
import { initTable, tableInterface } from "./table-object.js";
import { type ReferenceDoor, refuseSignature, toJsResults, toWasmValue } from "./values.js";

export type JsFunction = (...args: unknown[]) => unknown;
type Shown = ExternInstance | { readonly kind: "exception"; readonly exception: ExceptionInstance };

const worlds = new WeakMap<Machine, World>();

export function worldOf(machine: Machine): World {
  let world = worlds.get(machine);
  if (world === undefined) {
    worlds.set(machine, (world = new World(machine)));
    noteMachine(machine);
  }
  return world;
}

export class World implements ReferenceDoor {
  /** By instance. */
  private readonly objects = new WeakMap<object, object>();
  errors: ErrorDoor = BARE;

  readonly Memory = memoryInterface(this);
  readonly Table = tableInterface(this);
  readonly Global = globalInterface(this);
  readonly Tag = tagInterface(this);
  readonly Exception = exceptionInterface(this);

  constructor(readonly machine: Machine) {}

  /** From now on `object` stands for the instance. */
  adopt(instance: object, object: object): void {
    this.objects.set(instance, object);
  }

  /** The object that JavaScript sees. */
  objectOf(shown: Shown): unknown {
    switch (shown.kind) {
      case "func":
        return this.functionOf(shown.func);
      case "memory":
        return this.cached(shown.memory, this.Memory, initMemory);
      case "table":
        return this.cached(shown.table, this.Table, initTable);
      case "global":
        return this.cached(shown.global, this.Global, initGlobal);
      case "tag":
        return this.cached(shown.tag, this.Tag, initTag);
      case "exception":
        return this.cached(shown.exception, this.Exception, initException);
    }
  }

  private cached<K extends object>(
    instance: K,
    made: { readonly prototype: object },
    init: (world: World, object: object, instance: K) => void,
  ): object {
    let object = this.objects.get(instance);
    if (object === undefined) {
      object = Object.create(made.prototype) as object;
      init(this, object, instance);
    }
    return object;
  }

  functionOf(func: FuncInstance): JsFunction {
    const known = this.objects.get(func);
    if (known !== undefined) return known as JsFunction;
    const { params } = func.signature;
    const call: JsFunction = (...args) => {
      const values = this.argumentsOf(func, args);
      let results: readonly Value[];
      // Not `guarded`: a closure for each call would be felt.
      try {
        results = this.machine.invoke(func, values);
      } catch (error) {
        throw this.errors.outward(error, call);
      }
      return toJsResults(results, this);
    };
    Object.defineProperty(call, "name", { value: String(Math.max(func.index, 0)) });
    Object.defineProperty(call, "length", { value: params.length });
    functions.set(call, func);
    this.adopt(func, call);
    return call;
  }

  /** As `functionOf`, but host functions may answer with promises, and so does this. */
  promisingOf(func: FuncInstance): (...args: unknown[]) => Promise<unknown> {
    return async (...args) => {
      const values = this.argumentsOf(func, args);
      try {
        return toJsResults(await this.machine.invokeAsync(func, values), this);
      } catch (error) {
        throw this.errors.outward(error);
      }
    };
  }

  /** Does what may fail in wasm, with errors as JavaScript sees them. */
  guarded<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw this.errors.outward(error);
    }
  }

  private argumentsOf(func: FuncInstance, args: readonly unknown[]): Value[] {
    refuseSignature(func.signature);
    return func.signature.params.map((type, i) => toWasmValue(args[i], type, this));
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
    const func = matchesHeapType(heap, "func") ? functions.of(value) : undefined;
    const reference = func ?? inward(value);
    if (!isOf(reference, heap)) throw new TypeError("the value is not of the reference type");
    return reference;
  }

  /** DefaultValue. @throws TypeError where the type has none */
  defaultOf(type: ValType<DefType>): Value {
    switch (type) {
      case "i32":
        return i32(0);
      case "i64":
        return i64(0n);
      case "f32":
        return f32(0);
      case "f64":
        return f64(0);
      case "v128":
        return { type, bits: 0n };
      default:
        return { type: "ref", ref: this.defaultReference(type) };
    }
  }

  defaultReference(type: RefType<DefType>): Reference {
    const missing = type.nullable && type.heap === "extern" ? undefined : null;
    return this.toReference(missing, type);
  }
}
