// Whether a reference has a type, as `ref.test`, `ref.cast` and the branches on
// casts ask. Validation has seen to it that reference and type are in the same
// hierarchy, so the top of a hierarchy holds for every reference that comes here.
// Spec: https://webassembly.github.io/spec/core/exec/values.html#reference-typing

import type { AbsHeapType, HeapType } from "../syntax/types.js";
import { FuncInstance, type ModuleInstance } from "../runtime/instances.js";
import { ArrayInstance, StructInstance } from "../runtime/objects.js";
import { Trap } from "../runtime/traps.js";
import type { Reference } from "../runtime/values.js";
import { matchesDefType } from "../valid/matching.js";

const ABSTRACT: readonly AbsHeapType[] = [
  "any",
  "eq",
  "i31",
  "struct",
  "array",
  "none",
  "func",
  "nofunc",
  "extern",
  "noextern",
  "exn",
  "noexn",
  "cont",
  "nocont",
];

/** A heap type in one word of an entry: a type index, or below zero an abstract type. */
export const heapCode = (heap: HeapType): number =>
  typeof heap === "number" ? heap : -1 - ABSTRACT.indexOf(heap);

/** Ref_ok/{null,i31,struct,array,func,exn,host,extern,sub}: `code` is a `heapCode`, `nullable` 0 or 1. */
export function matchesType(
  ref: Reference,
  instance: ModuleInstance,
  code: number,
  nullable: number,
): boolean {
  if (ref === null) return nullable !== 0;
  if (code >= 0) return isTyped(ref) && matchesDefType(ref.type, instance.types[code]!);
  switch (ABSTRACT[-1 - code]!) {
    case "any":
    case "func":
    case "extern":
    case "exn":
    case "cont":
      return true;
    case "eq":
      return typeof ref === "number" || isObject(ref);
    case "i31":
      return typeof ref === "number";
    case "struct":
      return ref instanceof StructInstance;
    case "array":
      return ref instanceof ArrayInstance;
    default:
      // The bottoms hold null only.
      return false;
  }
}

const isObject = (ref: Reference): ref is StructInstance | ArrayInstance =>
  ref instanceof StructInstance || ref instanceof ArrayInstance;
const isTyped = (ref: Reference): ref is StructInstance | ArrayInstance | FuncInstance =>
  isObject(ref) || ref instanceof FuncInstance;

/** @throws Trap always */
export function castFailure(ref: Reference, code: number, nullable: number): never {
  const heap = code >= 0 ? `type ${code}` : ABSTRACT[-1 - code]!;
  throw new Trap("cast failure", `${describe(ref)} is no ${nullable ? "nullable " : ""}${heap}`);
}

function describe(ref: Reference): string {
  if (ref === null) return "null";
  if (typeof ref === "number") return `i31 ${ref}`;
  if (ref instanceof StructInstance) return "a structure";
  if (ref instanceof ArrayInstance) return `an array of ${ref.length}`;
  return ref instanceof FuncInstance ? `function ${ref.name}` : "a host value";
}
