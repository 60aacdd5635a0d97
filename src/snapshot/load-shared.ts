// What reading the store's sections has in common: types, in the binary format of modules,
// and how to pass over what is read later.

import { decode } from "../binary/decode.js";
import { moduleOf, Section } from "../binary/encode.js";
import { Reader } from "../binary/reader.js";
import { TagInstance } from "../runtime/instances.js";
import {
  type FuncType,
  type HeapType,
  type Limits,
  typeIndexOf,
  type ValType,
} from "../syntax/types.js";
import { BobbinError, MalformedError } from "../util/errors.js";
import type { DefType } from "../valid/deftypes.js";
import { matchesLimits, matchesRefType } from "../valid/matching.js";
import { validate } from "../valid/validate.js";
import type { SectionReader } from "./bytes.js";
import type { SectionName } from "./format.js";
import { Kind } from "./references.js";

export type Sections = (name: SectionName) => SectionReader;

/** How many things there are for instances to name. */
export interface Counts {
  readonly memories: number;
  readonly tables: number;
  readonly globals: number;
  readonly tags: number;
}

/** Reads what the binary format of modules has, too. */
export function readAs<T>(r: SectionReader, read: (reader: Reader) => T): T {
  const reader = new Reader(r.bytes, r.pos);
  try {
    const result = read(reader);
    r.pos = reader.pos;
    return result;
  } catch (error) {
    if (error instanceof MalformedError) return r.fail(error.reason, error.location.offset);
    throw error;
  }
}

/** The types section is the type section of a module: decoding and validation know what is wrong with it. */
export function readTypes(r: SectionReader): readonly DefType[] {
  try {
    const bytes = moduleOf(new Map([[Section.type, r.bytes]]));
    return validate(decode(bytes)).context.defTypes;
  } catch (error) {
    if (error instanceof BobbinError) return r.fail(`no types: ${error.message}`, 0);
    throw error;
  }
}

export function checkHeap(r: SectionReader, types: readonly DefType[], heap: HeapType): void {
  const index = typeIndexOf(heap);
  if (index !== undefined && index >= types.length) r.fail(`there is no type ${index}`);
}
export function checkType(r: SectionReader, types: readonly DefType[], type: ValType): void {
  if (typeof type === "object") checkHeap(r, types, type.heap);
}

export const sameLimits = (a: Limits, b: Limits): boolean =>
  a.min === b.min && matchesLimits(a, b) && a.max === b.max;
export const sameType = (a: ValType<DefType>, b: ValType<DefType>): boolean =>
  typeof a === "object" && typeof b === "object"
    ? matchesRefType(a, b) && matchesRefType(b, a)
    : a === b;

export function skipReference(r: SectionReader): void {
  const start = r.pos;
  const kind = r.byte("a kind of reference");
  r.ensure(kind <= Kind.host, `expected a kind of reference, found ${kind}`, start);
  if (kind === Kind.i31) r.word("an i31 reference");
  else if (kind !== Kind.null) r.uint("an index");
  if (kind === Kind.func) r.uint("a function");
}

export function skipValue(r: SectionReader, type: ValType): void {
  if (typeof type === "object") skipReference(r);
  else r.raw(type === "v128" ? 16 : type === "i64" || type === "f64" ? 8 : 4, "a value");
}

export const paramsOf = ({ type }: TagInstance): readonly ValType<DefType>[] =>
  (type.sub.comp as FuncType<DefType>).params;

export function rethrow(error: unknown): never {
  throw error;
}
