// References through the JavaScript door. Functions and objects of the heap are
// seen as one JavaScript object each, small integers as numbers, and host values
// as themselves.
// Spec: https://webassembly.github.io/spec/js-api/#towebassemblyvalue

import { ContinuationInstance } from "../runtime/continuations.js";
import { ExceptionInstance } from "../runtime/exceptions.js";
import { FuncInstance } from "../runtime/instances.js";
import { ArrayInstance, StructInstance } from "../runtime/objects.js";
import { HostRef, type Reference } from "../runtime/values.js";
import type { HeapType } from "../syntax/types.js";
import type { DefType } from "../valid/deftypes.js";
import { matchesHeapType } from "../valid/matching.js";

type HeapObject = StructInstance | ArrayInstance;
const isHeapObject = (reference: Reference): reference is HeapObject =>
  reference instanceof StructInstance || reference instanceof ArrayInstance;

/** Structures and arrays are opaque to JavaScript: an object without anything in it. */
const opaque = new WeakMap<HeapObject, object>();
const behind = new WeakMap<object, HeapObject>();

export function outward(reference: Exclude<Reference, FuncInstance>): unknown {
  if (reference instanceof HostRef) return reference.value;
  if (reference instanceof ExceptionInstance)
    throw new TypeError("exception references cannot pass between WebAssembly and JavaScript");
  if (reference instanceof ContinuationInstance)
    throw new TypeError("continuations cannot pass between WebAssembly and JavaScript");
  if (!isHeapObject(reference)) return reference;
  let seen = opaque.get(reference);
  if (seen === undefined) {
    seen = Object.freeze(Object.create(null) as object);
    opaque.set(reference, seen);
    behind.set(seen, reference);
  }
  return seen;
}

/** What a JavaScript value other than null is as an `anyref` or `externref`. */
export function inward(value: unknown): Exclude<Reference, null | FuncInstance> {
  if (typeof value === "number" && isSmall(value)) return value;
  return (typeof value === "object" && behind.get(value!)) || new HostRef(value);
}

const isSmall = (value: number): boolean =>
  Number.isInteger(value) && Math.abs(value + 0.5) < 2 ** 30 && !Object.is(value, -0);

/** Whether a reference other than null is of a heap type of its hierarchy or another. */
export function isOf(reference: Exclude<Reference, null>, heap: HeapType<DefType>): boolean {
  // What a reference is, it is exactly.
  const is = (type: DefType) => matchesHeapType({ exact: type }, heap);
  if (reference instanceof FuncInstance) return is(reference.type);
  if (reference instanceof ContinuationInstance) return is(reference.type);
  if (heap === "extern" || heap === "any") return true;
  if (isHeapObject(reference)) return is(reference.type);
  return typeof reference === "number" && (heap === "i31" || heap === "eq");
}
