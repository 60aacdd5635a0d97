// Well-formedness of types: indices in bounds, declared subtypes structurally
// below their supertypes, limits in range.
// Spec: https://webassembly.github.io/spec/core/valid/types.html

import type { Module } from "../syntax/module.js";
import {
  typeIndexOf,
  type CompType,
  type Limits,
  type StorageType,
  type SubType,
  type TableType,
  type ValType,
} from "../syntax/types.js";
import { MAX_SUBTYPE_DEPTH } from "../binary/limits.js";
import { ensure } from "./context.js";
import { closeTypes, type DefType } from "./deftypes.js";
import { matchesCompType, matchesDefType } from "./matching.js";

/**
 * Checks the type section and closes it.
 * Types_ok/{empty,cons}, Type_ok, Rectype_ok/{empty,cons}, Rectype_ok2/{empty,cons}
 */
export function checkTypes(module: Module): DefType[] {
  const { types } = module;
  // Closing relies on the indices, so all of them are checked before anything is closed.
  const depths: number[] = [];
  types.forEach((type, index) => {
    const visible = type.groupStart + type.groupSize;
    forEachIndex(type.comp, (x) => ensure(x < visible, `unknown type ${x}`));
    for (const x of type.supers) ensure(x < index, `unknown type ${x}`);
    ensure(type.supers.length <= 1, `sub type ${index} has more than one super type`);
    const depth = type.supers.length === 0 ? 0 : depths[type.supers[0]!]! + 1;
    ensure(depth <= MAX_SUBTYPE_DEPTH, `sub type ${index} has more than 63 super types above it`);
    depths.push(depth);
    if (type.comp.kind === "cont") {
      const { func } = type.comp;
      ensure(types[func]!.comp.kind === "func", `non-function type ${func}`);
    }
    checkDescriptors(types, type, index);
  });
  const defs = closeTypes(types);
  types.forEach((type, index) => checkSupers(types, defs, type, index));
  return defs;
}

/** Desctype_ok: a type and its descriptor are structures of one group, name each other, and come in this order. */
function checkDescriptors(
  types: readonly SubType[],
  { describes, descriptor, comp, groupStart, groupSize }: SubType,
  index: number,
): void {
  const inGroup = (x: number) => x >= groupStart && x < groupStart + groupSize;
  if (describes !== undefined) {
    ensure(inGroup(describes), "described type is outside rec group");
    const mutual = types[describes]!.descriptor === index;
    ensure(mutual, "described type is not described by descriptor");
    ensure(describes < index, "forward use of described type");
  }
  if (descriptor !== undefined) {
    ensure(inGroup(descriptor), "descriptor type is outside rec group");
    const mutual = types[descriptor]!.describes === index;
    ensure(mutual, "type is not described by its descriptor");
    ensure(comp.kind === "struct", "descriptor type must be a struct");
  }
  ensure(describes === undefined || comp.kind === "struct", "described type must be a struct");
}

/** Subtype_ok, Subtype_ok2 */
function checkSupers(
  types: readonly SubType[],
  defs: readonly DefType[],
  type: SubType,
  index: number,
): void {
  for (const x of type.supers) {
    checkClauses(defs, type, types[x]!, index);
    ensure(
      !types[x]!.final && matchesCompType(defs[index]!.sub.comp, defs[x]!.sub.comp),
      mismatch(type, index),
    );
  }
}

const mismatch = ({ supers }: SubType, index: number): string =>
  `sub type ${index} does not match super type ${supers[0]}`;

/**
 * Desctype_sub: the descriptor of a subtype is below its supertype's, so that who looks at an
 * object as one of the supertype finds it. What a descriptor describes never changes with subtyping:
 * engines may lay descriptors out in another way than other structures.
 */
function checkClauses(
  defs: readonly DefType[],
  type: SubType,
  above: SubType,
  index: number,
): void {
  const { describes, descriptor } = type;
  const both = (describes === undefined) === (above.describes === undefined);
  ensure(both, mismatch(type, index));
  if (describes !== undefined) {
    const matching = matchesDefType(defs[describes]!, defs[above.describes!]!);
    ensure(matching, `described type ${describes} does not match ${above.describes}`);
  }
  if (above.descriptor === undefined) return;
  ensure(descriptor !== undefined, mismatch(type, index));
  const matching = matchesDefType(defs[descriptor]!, defs[above.descriptor]!);
  ensure(matching, `descriptor type ${descriptor} does not match ${above.descriptor}`);
}

/** Comptype_ok/{struct,array,func,cont}, Fieldtype_ok, Storagetype_ok/{val,pack}, Packtype_ok */
function forEachIndex(comp: CompType, visit: (index: number) => void): void {
  const storage = (t: StorageType): void => {
    const index = typeof t === "object" ? typeIndexOf(t.heap) : undefined;
    if (index !== undefined) visit(index);
  };
  switch (comp.kind) {
    case "func":
      comp.params.forEach(storage);
      comp.results.forEach(storage);
      break;
    case "struct":
      comp.fields.forEach((field) => storage(field.storage));
      break;
    case "array":
      storage(comp.field.storage);
      break;
    case "cont":
      visit(comp.func);
  }
}

/**
 * The type index that is out of bounds, if any.
 * Valtype_ok/{num,vec,ref,bot}, Numtype_ok, Vectype_ok, Reftype_ok, Heaptype_ok/{abs,typeuse,exact,bot},
 * Typeuse_ok/{typeidx,rec,deftype}: all else is well-formed by the grammar.
 */
export function unknownTypeIn(module: Module, t: ValType): number | undefined {
  const index = typeof t === "object" ? typeIndexOf(t.heap) : undefined;
  return index !== undefined && index >= module.types.length ? index : undefined;
}

/** Valtype_ok/ref, Resulttype_ok */
export function checkValType(module: Module, t: ValType): void {
  const unknown = unknownTypeIn(module, t);
  ensure(unknown === undefined, `unknown type ${unknown}`);
}

/** Limits_ok */
function checkLimits({ min, max }: Limits, range: bigint, tooLarge: string): void {
  ensure(min <= range, tooLarge);
  if (max === undefined) return;
  ensure(max <= range, tooLarge);
  ensure(min <= max, "size minimum must not be greater than maximum");
}

/** Tabletype_ok */
export function checkTableType(module: Module, { limits, element }: TableType): void {
  const bits = limits.address === "i64" ? 64n : 32n;
  checkLimits(limits, (1n << bits) - 1n, `table size must be at most 2^${bits}-1`);
  checkValType(module, element);
}

/** Memtype_ok: with the limits of memory64, threads and custom-page-sizes. */
export function checkMemoryLimits(limits: Limits): void {
  const { pageSizeLog2, shared, max } = limits;
  ensure(pageSizeLog2 === 0 || pageSizeLog2 === 16, "invalid custom page size");
  const bytes = limits.address === "i64" ? 64n : 32n;
  let pages = 1n << (bytes - BigInt(pageSizeLog2));
  // With pages of one byte the spec's range is that of the address type itself.
  if (pageSizeLog2 === 0) pages -= 1n;
  const total = limits.address === "i64" ? "16EiB" : "4GiB";
  checkLimits(limits, pages, `memory size must be at most ${pages} pages (${total})`);
  ensure(!shared || max !== undefined, "shared memory must have maximum");
}
