// Subtyping on closed types, where concrete types are `DefType`s: what import
// matching, `call_indirect`, casts and validation (through `context.ts`) ask.
// Spec: https://webassembly.github.io/spec/core/valid/matching.html

import {
  inexact,
  isExact,
  type AbsHeapType,
  type CompType,
  type FieldType,
  type FuncType,
  type GlobalType,
  type HeapType,
  type Limits,
  type MemoryType,
  type RefType,
  type StorageType,
  type TableType,
  type ValType,
} from "../syntax/types.js";
import type { DefType } from "./deftypes.js";

/**
 * The abstract types strictly above each abstract type.
 * Heaptype_sub/{trans,eq-any,i31-eq,struct-eq,array-eq,none,nofunc,noexn,noextern,nocont}
 */
const above: Readonly<Record<AbsHeapType, readonly AbsHeapType[]>> = {
  any: [],
  eq: ["any"],
  i31: ["eq", "any"],
  struct: ["eq", "any"],
  array: ["eq", "any"],
  none: ["i31", "struct", "array", "eq", "any"],
  func: [],
  nofunc: ["func"],
  extern: [],
  noextern: ["extern"],
  exn: [],
  noexn: ["exn"],
  cont: [],
  nocont: ["cont"],
};

/** The bottom of the hierarchy that concrete types of a kind live in. */
const bottomOf: Readonly<Record<CompType["kind"], AbsHeapType>> = {
  func: "nofunc",
  struct: "none",
  array: "none",
  cont: "nocont",
};

/** Heaptype_sub/{refl,struct,array,func,cont,def,exact}: every value of heap type `a` has heap type `b`. */
export function matchesHeapType(a: HeapType<DefType>, b: HeapType<DefType>): boolean {
  if (a === b) return true;
  if (typeof a === "string") {
    if (typeof b === "string") return above[a].includes(b);
    return a === bottomOf[(inexact(b) as DefType).sub.comp.kind];
  }
  const type = inexact(a) as DefType;
  if (isExact(b)) return isExact(a) && type === b.exact;
  if (typeof b !== "string") return matchesDefType(type, b);
  const { kind } = type.sub.comp;
  return b === kind || above[kind].includes(b);
}

/** Deftype_sub/{refl,super}: the same type, or a declared subtype of it at any distance. */
export const matchesDefType = (a: DefType, b: DefType): boolean => a.ancestors[b.depth] === b;

/** Reftype_sub/{nonnull,null} */
export const matchesRefType = (a: RefType<DefType>, b: RefType<DefType>): boolean =>
  (b.nullable || !a.nullable) && matchesHeapType(a.heap, b.heap);

/** Valtype_sub/{num,vec,ref}, Numtype_sub, Vectype_sub */
export const matchesValType = (a: ValType<DefType>, b: ValType<DefType>): boolean =>
  typeof a === "object" && typeof b === "object" ? matchesRefType(a, b) : a === b;

/** Resulttype_sub */
const matchesAll = (a: readonly ValType<DefType>[], b: readonly ValType<DefType>[]): boolean =>
  a.length === b.length && a.every((t, i) => matchesValType(t, b[i]!));

/** Comptype_sub/func: parameters may be more general, results more special. */
export const matchesFuncType = (a: FuncType<DefType>, b: FuncType<DefType>): boolean =>
  matchesAll(b.params, a.params) && matchesAll(a.results, b.results);

/** Storagetype_sub/{val,pack}, Packtype_sub */
const matchesStorage = (a: StorageType<DefType>, b: StorageType<DefType>): boolean =>
  typeof a === "object" && typeof b === "object" ? matchesRefType(a, b) : a === b;

/** Fieldtype_sub/{const,var}: a field that can be written is invariant. */
const matchesField = (a: FieldType<DefType>, b: FieldType<DefType>): boolean =>
  a.mutable === b.mutable &&
  matchesStorage(a.storage, b.storage) &&
  (!a.mutable || matchesStorage(b.storage, a.storage));

/** Comptype_sub/{struct,array,func,cont}: what a declared subtype's structure owes its supertype's. */
export function matchesCompType(a: CompType<DefType>, b: CompType<DefType>): boolean {
  switch (a.kind) {
    case "func":
      return b.kind === "func" && matchesFuncType(a, b);
    case "struct":
      return b.kind === "struct" && b.fields.every((f, i) => hasField(a.fields[i], f));
    case "array":
      return b.kind === "array" && matchesField(a.field, b.field);
    case "cont":
      return b.kind === "cont" && matchesDefType(a.func, b.func);
  }
}
const hasField = (a: FieldType<DefType> | undefined, b: FieldType<DefType>): boolean =>
  a !== undefined && matchesField(a, b);

/** Limits_sub/{max,eps}: and what the proposals add to it; `a` is what is there, `b` what an import asks for. */
export const matchesLimits = (a: Limits, b: Limits): boolean =>
  a.address === b.address &&
  a.shared === b.shared &&
  a.pageSizeLog2 === b.pageSizeLog2 &&
  a.min >= b.min &&
  (b.max === undefined || (a.max !== undefined && a.max <= b.max));

/** Memtype_sub */
export const matchesMemoryType = (a: MemoryType, b: MemoryType): boolean =>
  matchesLimits(a.limits, b.limits);

/** Tabletype_sub: elements can be written, so their type is invariant. */
export const matchesTableType = (a: TableType<DefType>, b: TableType<DefType>): boolean =>
  matchesLimits(a.limits, b.limits) &&
  matchesRefType(a.element, b.element) &&
  matchesRefType(b.element, a.element);

/** Globaltype_sub/{const,var}: invariant when mutable. */
export const matchesGlobalType = (a: GlobalType<DefType>, b: GlobalType<DefType>): boolean =>
  a.mutable === b.mutable &&
  matchesValType(a.type, b.type) &&
  (!a.mutable || matchesValType(b.type, a.type));
