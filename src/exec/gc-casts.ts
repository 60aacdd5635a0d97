// Whether a reference has a type, or a descriptor, as `ref.test`, casts and the
// branches on casts ask. Validation has seen to it that reference and type are in the
// same hierarchy, so the top of a hierarchy holds for every reference that comes here.
// Spec: https://webassembly.github.io/spec/core/exec/values.html#reference-typing

import { type AbsHeapType, formatHeapType, type HeapType } from "../syntax/types.js";
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

const LAST_ABSTRACT = -ABSTRACT.length;

/** A heap type in one word of an entry: a type index, below zero an abstract type, below those an exact one. */
export function heapCode(heap: HeapType): number {
  if (typeof heap === "number") return heap;
  return typeof heap === "object" ? LAST_ABSTRACT - 1 - heap.exact : -1 - ABSTRACT.indexOf(heap);
}

const exactIndex = (code: number): number => LAST_ABSTRACT - 1 - code;
const heapOf = (code: number): HeapType =>
  code >= 0 ? code : (ABSTRACT[-1 - code] ?? { exact: exactIndex(code) });

/** Ref_ok/{null,i31,struct,array,func,exn,host,extern,sub}: `code` is a `heapCode`, `nullable` 0 or 1. */
export function matchesType(
  ref: Reference,
  instance: ModuleInstance,
  code: number,
  nullable: number,
): boolean {
  if (ref === null) return nullable !== 0;
  if (code >= 0) return isTyped(ref) && matchesDefType(ref.type, instance.types[code]!);
  switch (ABSTRACT[-1 - code]) {
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
    case undefined:
      return isTyped(ref) && ref.type === instance.types[exactIndex(code)]!;
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
  const heap = heapOf(code);
  const type = `${typeof heap === "string" ? "" : "type "}${formatHeapType(heap)}`;
  throw new Trap("cast failure", `${describe(ref)} is no ${nullable ? "nullable " : ""}${type}`);
}

/** Traps where there is no descriptor. */
export function descriptorAt(ref: unknown): StructInstance {
  if (ref === null) throw new Trap("null descriptor reference");
  return ref as StructInstance;
}

/** Whether a reference is null and may be (`nullable` is 1), or has the descriptor. */
export function isDescribedBy(ref: Reference, descriptor: unknown, nullable: number): boolean {
  const wanted = descriptorAt(descriptor);
  if (ref === null) return nullable !== 0;
  return ref instanceof StructInstance && ref.descriptor === wanted;
}

/** @throws Trap always */
export function descriptorCastFailure(ref: Reference): never {
  const reason = ref instanceof StructInstance && ref.descriptor !== null ? "another" : "no";
  throw new Trap("descriptor cast failure", `${describe(ref)} has ${reason} descriptor`);
}

function describe(ref: Reference): string {
  if (ref === null) return "null";
  if (typeof ref === "number") return `i31 ${ref}`;
  if (ref instanceof StructInstance) return "a structure";
  if (ref instanceof ArrayInstance) return `an array of ${ref.length}`;
  return ref instanceof FuncInstance ? `function ${ref.name}` : "a host value";
}
