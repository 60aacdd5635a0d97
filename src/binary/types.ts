// The binary format of types: all of WebAssembly 3.0, continuations, custom descriptors.
// Abstract types are single bytes; type indices are non-negative s33 integers, which
// is why the first byte of an index never collides with one of them.
// Spec: https://webassembly.github.io/spec/core/binary/types.html

import {
  refType,
  type AbsHeapType,
  type CompType,
  type FieldType,
  type GlobalType,
  type HeapType,
  type Limits,
  type NumType,
  type RefType,
  type StorageType,
  type SubType,
  type TableType,
  type TagType,
  type ValType,
  type VecType,
} from "../syntax/types.js";
import type { Reader } from "./reader.js";

/** Both directions of the format rest on these two tables. */
export const numTypes: Readonly<Record<number, NumType | VecType>> = {
  0x7f: "i32",
  0x7e: "i64",
  0x7d: "f32",
  0x7c: "f64",
  0x7b: "v128",
};
export const heapTypes: Readonly<Record<number, AbsHeapType>> = {
  0x75: "nocont",
  0x74: "noexn",
  0x73: "nofunc",
  0x72: "noextern",
  0x71: "none",
  0x70: "func",
  0x6f: "extern",
  0x6e: "any",
  0x6d: "eq",
  0x6c: "i31",
  0x6b: "struct",
  0x6a: "array",
  0x69: "exn",
  0x68: "cont",
};
/** The bytes of the abstract heap types. */
export const heapTypeCodes: ReadonlyMap<AbsHeapType, number> = new Map(
  Object.entries(heapTypes).map(([code, heap]) => [heap, Number(code)]),
);
/** Shared by all modules: types are plain data that nobody changes. */
const shorthands: Readonly<Record<number, RefType>> = Object.fromEntries(
  Object.entries(heapTypes).map(([code, heap]) => [code, refType(heap)]),
);

/** Before the index of a type that is meant exactly. */
export const EXACT = 0x62;

export function readHeapType(r: Reader): HeapType {
  const start = r.pos;
  const code = r.peek();
  const abstract = heapTypes[code];
  if (abstract !== undefined) {
    r.pos++;
    return abstract;
  }
  if (code === EXACT) {
    r.pos++;
    // Not an s33: so no abstract type can be exact.
    return { exact: r.u32() };
  }
  const index = r.s33();
  return index >= 0 ? index : r.fail("malformed heap type", start);
}

/** The byte that says what kind of type follows: in the grammar, a signed LEB128 of 7 bits. */
function typeCode(r: Reader): number {
  const code = r.byte();
  return code < 0x80 ? code : r.fail("integer representation too long");
}

export function readRefType(r: Reader): RefType {
  const code = typeCode(r);
  const shorthand = shorthands[code];
  if (shorthand) return shorthand;
  if (code === 0x63) return refType(readHeapType(r), true);
  if (code === 0x64) return refType(readHeapType(r), false);
  return r.fail("malformed reference type", r.pos - 1);
}

const isRefCode = (code: number) => code === 0x63 || code === 0x64 || code in shorthands;

export function readValType(r: Reader): ValType {
  const code = r.peek();
  const num = numTypes[code];
  if (num === undefined) {
    // At the end of the bytes `readRefType` finds the right words.
    return code < 0 || isRefCode(code) ? readRefType(r) : r.fail("malformed value type");
  }
  r.pos++;
  return num;
}

function readMutability(r: Reader): boolean {
  const code = r.byte();
  return code <= 1 ? code === 1 : r.fail("malformed mutability", r.pos - 1);
}

function readStorageType(r: Reader): StorageType {
  const code = r.peek();
  if (code !== 0x78 && code !== 0x77) {
    return code < 0 || code in numTypes || isRefCode(code)
      ? readValType(r)
      : r.fail("malformed storage type");
  }
  r.pos++;
  return code === 0x78 ? "i8" : "i16";
}

function readFieldType(r: Reader): FieldType {
  const storage = readStorageType(r);
  return { storage, mutable: readMutability(r) };
}

function readCompType(r: Reader): CompType {
  switch (typeCode(r)) {
    case 0x60: {
      const params = r.list(() => readValType(r), "parameters");
      return { kind: "func", params, results: r.list(() => readValType(r), "results") };
    }
    case 0x5f:
      return { kind: "struct", fields: r.list(() => readFieldType(r), "fields") };
    case 0x5e:
      return { kind: "array", field: readFieldType(r) };
    case 0x5d: {
      const start = r.pos;
      const func = r.s33();
      return { kind: "cont", func: func >= 0 ? func : r.fail("malformed heap type", start) };
    }
    default:
      return r.fail("malformed definition type", r.pos - 1);
  }
}

function readSubType(r: Reader, groupStart: number, groupSize: number): SubType {
  const code = r.peek();
  const explicit = code === 0x50 || code === 0x4f;
  if (explicit) r.pos++;
  const supers = explicit ? r.list(() => r.u32()) : [];
  // In this order, and each at most once.
  const describes = readClause(r, 0x4c);
  const descriptor = readClause(r, 0x4d);
  return {
    final: code !== 0x50,
    supers,
    ...(describes === undefined ? {} : { describes }),
    ...(descriptor === undefined ? {} : { descriptor }),
    comp: readCompType(r),
    groupStart,
    groupSize,
  };
}

/** The type index after the byte `code`, where that comes next. */
function readClause(r: Reader, code: number): number | undefined {
  if (r.peek() !== code) return undefined;
  r.pos++;
  return r.u32();
}

/** Reads one recursion group and adds its types. */
export function readRecType(r: Reader, types: SubType[]): void {
  const groupStart = types.length;
  let groupSize = 1;
  if (r.peek() === 0x4e) {
    r.pos++;
    groupSize = r.length();
  }
  r.limit("types", groupStart + groupSize);
  for (let i = 0; i < groupSize; i++) types.push(readSubType(r, groupStart, groupSize));
}

const enum Flag {
  max = 1,
  shared = 2,
  wide = 4,
  pageSize = 8,
}
const memoryFlags = Flag.max | Flag.shared | Flag.wide | Flag.pageSize;
const tableFlags = Flag.max | Flag.wide;

function readLimits(r: Reader, allowed: number): Limits {
  const flags = r.byte();
  // A page size flag with nothing after it comes from a test of the core suite, which
  // does not know that flag.
  if ((flags & ~allowed) !== 0 || (flags & Flag.pageSize && r.pos === r.end)) {
    r.fail("malformed limits flags", r.pos - 1);
  }
  const min = BigInt(r.u64());
  const max = flags & Flag.max ? { max: BigInt(r.u64()) } : {};
  const pageSizeLog2 = flags & Flag.pageSize ? r.u32() : 16;
  if (pageSizeLog2 > 64) r.fail("invalid custom page size", r.pos - 1);
  return {
    min,
    ...max,
    address: flags & Flag.wide ? "i64" : "i32",
    shared: (flags & Flag.shared) !== 0,
    pageSizeLog2,
  };
}

export const readMemoryLimits = (r: Reader): Limits => readLimits(r, memoryFlags);

export function readTableType(r: Reader): TableType {
  const element = readRefType(r);
  return { element, limits: readLimits(r, tableFlags) };
}

export function readGlobalType(r: Reader): GlobalType {
  const type = readValType(r);
  return { type, mutable: readMutability(r) };
}

export function readTagType(r: Reader): TagType {
  r.zero();
  return { type: r.u32() };
}
