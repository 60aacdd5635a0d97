// What type a reference has: of those alive, it is exactly what it was made as.
// Spec: https://webassembly.github.io/spec/core/exec/values.html#reference-typing

import type { HeapType, RefType } from "../syntax/types.js";
import type { DefType } from "../valid/deftypes.js";
import { matchesHeapType } from "../valid/matching.js";
import { ContinuationInstance } from "./continuations.js";
import { ExceptionInstance } from "./exceptions.js";
import { FuncInstance } from "./instances.js";
import { ArrayInstance, StructInstance } from "./objects.js";
import type { Reference } from "./values.js";

/** Whether a reference other than null is of a heap type of its hierarchy or another. */
export function isOf(reference: Exclude<Reference, null>, heap: HeapType<DefType>): boolean {
  const is = (type: DefType) => matchesHeapType({ exact: type }, heap);
  if (reference instanceof FuncInstance || reference instanceof ContinuationInstance)
    return is(reference.type);
  if (reference instanceof ExceptionInstance) return heap === "exn";
  if (heap === "extern" || heap === "any") return true;
  if (reference instanceof StructInstance || reference instanceof ArrayInstance)
    return is(reference.type);
  return typeof reference === "number" && (heap === "i31" || heap === "eq");
}

/** Whether a reference is a value of a type. */
export const isOfType = (reference: Reference, { nullable, heap }: RefType<DefType>): boolean =>
  reference === null ? nullable : isOf(reference, heap);
