// Types as bytes: the other direction of `types.ts`.
// Spec: https://webassembly.github.io/spec/core/binary/types.html

import {
  type AbsHeapType,
  type CompType,
  type FieldType,
  type FuncType,
  type GlobalType,
  type HeapType,
  isExact,
  type Limits,
  type NumType,
  type StorageType,
  type SubType,
  type TableType,
  type ValType,
  type VecType,
} from "../syntax/types.js";
import { leb, sleb64 } from "./encode.js";
import { EXACT, heapTypes, numTypes } from "./types.js";

const reversed = <T extends string>(codes: Readonly<Record<number, T>>) =>
  new Map(Object.entries(codes).map(([code, type]) => [type, Number(code)]));
const numberCodes = reversed<NumType | VecType>(numTypes);
const heapCodes = reversed<AbsHeapType>(heapTypes);

export function encodeHeapType(heap: HeapType): number[] {
  if (isExact(heap)) return [EXACT, ...leb(heap.exact)];
  return typeof heap === "number" ? sleb64(BigInt(heap)) : [heapCodes.get(heap)!];
}

export function encodeValType(type: ValType): number[] {
  if (typeof type === "string") return [numberCodes.get(type)!];
  const { nullable, heap } = type;
  // The abstract nullable types are short: `funcref`.
  if (nullable && typeof heap === "string") return encodeHeapType(heap);
  return [nullable ? 0x63 : 0x64, ...encodeHeapType(heap)];
}

export const encodeFuncType = ({
  params,
  results,
}: Pick<FuncType, "params" | "results">): number[] => [
  0x60,
  ...leb(params.length),
  ...params.flatMap(encodeValType),
  ...leb(results.length),
  ...results.flatMap(encodeValType),
];

function storageType(type: StorageType): number[] {
  if (type === "i8") return [0x78];
  return type === "i16" ? [0x77] : encodeValType(type);
}
const fieldType = ({ storage, mutable }: FieldType): number[] => [
  ...storageType(storage),
  mutable ? 1 : 0,
];

function compType(comp: CompType): number[] {
  switch (comp.kind) {
    case "func":
      return encodeFuncType(comp);
    case "struct":
      return [0x5f, ...leb(comp.fields.length), ...comp.fields.flatMap(fieldType)];
    case "array":
      return [0x5e, ...fieldType(comp.field)];
    case "cont":
      return [0x5d, ...encodeHeapType(comp.func)];
  }
}

const subType = ({ final, supers, describes, descriptor, comp }: SubType): number[] => [
  final ? 0x4f : 0x50,
  ...leb(supers.length),
  ...supers.flatMap(leb),
  ...(describes === undefined ? [] : [0x4c, ...leb(describes)]),
  ...(descriptor === undefined ? [] : [0x4d, ...leb(descriptor)]),
  ...compType(comp),
];

/** The contents of a type section: all types of a module, in their groups. */
export function encodeTypes(types: readonly SubType[]): number[] {
  const groups = types.filter(({ groupStart }, i) => groupStart === i);
  return [
    ...leb(groups.length),
    ...groups.flatMap(({ groupStart, groupSize }) => [
      0x4e,
      ...leb(groupSize),
      ...types.slice(groupStart, groupStart + groupSize).flatMap(subType),
    ]),
  ];
}

function wide(n: bigint): number[] {
  const bytes: number[] = [];
  for (; n >= 0x80n; n >>= 7n) bytes.push(Number(n & 0x7fn) | 0x80);
  return [...bytes, Number(n)];
}

export function encodeLimits({ min, max, address, shared, pageSizeLog2 }: Limits): number[] {
  const flags =
    (max === undefined ? 0 : 1) |
    (shared ? 2 : 0) |
    (address === "i64" ? 4 : 0) |
    (pageSizeLog2 === 16 ? 0 : 8);
  return [
    flags,
    ...wide(min),
    ...(max === undefined ? [] : wide(max)),
    ...(pageSizeLog2 === 16 ? [] : leb(pageSizeLog2)),
  ];
}

/** Table limits have no page size. */
export const encodeTableType = ({ element, limits }: TableType): number[] => [
  ...encodeValType(element),
  ...encodeLimits({ ...limits, pageSizeLog2: 16 }),
];

export const encodeGlobalType = ({ type, mutable }: GlobalType): number[] => [
  ...encodeValType(type),
  mutable ? 1 : 0,
];
