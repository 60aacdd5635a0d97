// Types as bytes: the other direction of `types.ts`.
// Spec: https://webassembly.github.io/spec/core/binary/types.html

import {
  type AbsHeapType,
  type FuncType,
  type GlobalType,
  type HeapType,
  isExact,
  type Limits,
  type NumType,
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

export function encodeLimits({ min, max, address, shared, pageSizeLog2 }: Limits): number[] {
  const flags =
    (max === undefined ? 0 : 1) |
    (shared ? 2 : 0) |
    (address === "i64" ? 4 : 0) |
    (pageSizeLog2 === 16 ? 0 : 8);
  return [
    flags,
    ...leb(Number(min)),
    ...(max === undefined ? [] : leb(Number(max))),
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
