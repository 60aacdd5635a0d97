// References through the JavaScript door. Functions and objects of the heap are
// seen as one JavaScript object each, small integers as numbers, and host values
// as themselves.
// Spec: https://webassembly.github.io/spec/js-api/#towebassemblyvalue

import { ContinuationInstance } from "../runtime/continuations.js";
import { ExceptionInstance } from "../runtime/exceptions.js";
import { FuncInstance } from "../runtime/instances.js";
import { ArrayInstance, StructInstance } from "../runtime/objects.js";
import { HostRef, type Reference } from "../runtime/values.js";
import type { StructType } from "../syntax/types.js";
import type { DefType } from "../valid/deftypes.js";
import { matchesHeapType } from "../valid/matching.js";

type HeapObject = StructInstance | ArrayInstance;
const isHeapObject = (reference: Reference): reference is HeapObject =>
  reference instanceof StructInstance || reference instanceof ArrayInstance;

/** Structures and arrays are opaque to JavaScript: an exotic object without anything of its own. */
const opaque = new WeakMap<HeapObject, object>();
const behind = new WeakMap<object, HeapObject>();

export function outward(reference: Exclude<Reference, FuncInstance>): unknown {
  if (reference instanceof HostRef) return reference.value;
  if (reference instanceof ExceptionInstance)
    throw new TypeError("exception references cannot pass between WebAssembly and JavaScript");
  if (reference instanceof ContinuationInstance)
    throw new TypeError("continuations cannot pass between WebAssembly and JavaScript");
  if (!isHeapObject(reference)) return reference;
  return opaque.get(reference) ?? makeOpaque(reference);
}

/** Its prototype may be such an object as well, and so on: chains may be long. */
function makeOpaque(reference: HeapObject): unknown {
  const chain: HeapObject[] = [];
  let held: Reference = reference;
  while (isHeapObject(held) && !opaque.has(held)) {
    chain.push(held);
    held = prototypeOf(held);
  }
  let seen = held instanceof FuncInstance ? null : outward(held);
  for (const object of chain.reverse()) {
    const prototype = typeof seen === "object" || typeof seen === "function" ? seen : null;
    const made = new Proxy(Object.freeze(Object.create(prototype) as object), EXOTIC);
    opaque.set(object, made);
    behind.set(made, object);
    seen = made;
  }
  return seen;
}

/** What can be done to a frozen object, such an object does not even ignore. */
const EXOTIC: ProxyHandler<object> = {
  setPrototypeOf: () => false,
  preventExtensions: () => false,
  defineProperty: () => false,
  deleteProperty: () => {
    throw new TypeError("WebAssembly objects are opaque");
  },
  /** A prototype may have a setter. */
  set(target, key, value, receiver) {
    if (!Reflect.set(target, key, value, receiver))
      throw new TypeError("WebAssembly objects are opaque");
    return true;
  },
};

/**
 * Custom descriptors: an object's prototype is what the first field of its descriptor
 * holds, if that is an externref and stays what it is.
 */
function prototypeOf(object: HeapObject): Reference {
  const descriptor = object instanceof StructInstance ? object.descriptor : null;
  if (descriptor === null) return null;
  const [first] = (descriptor.type.sub.comp as StructType<DefType>).fields;
  if (typeof first?.storage !== "object" || first.mutable) return null;
  return matchesHeapType(first.storage.heap, "extern") ? descriptor.slots[0]! : null;
}

/** What a JavaScript value other than null is as an `anyref` or `externref`. */
export function inward(value: unknown): Exclude<Reference, null | FuncInstance> {
  if (typeof value === "number" && isSmall(value)) return value;
  return (typeof value === "object" && behind.get(value!)) || new HostRef(value);
}

const isSmall = (value: number): boolean =>
  Number.isInteger(value) && Math.abs(value + 0.5) < 2 ** 30 && !Object.is(value, -0);
