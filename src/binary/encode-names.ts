// The name section as bytes: the other direction of `names.ts`.
// Spec: https://webassembly.github.io/spec/core/appendix/custom.html#name-section

import type { Names } from "../syntax/module.js";
import { join, leb, sized, utf8, vector, type Bytes } from "./encode.js";

type NameMap = ReadonlyMap<number, string>;

const rising = <T>(map: ReadonlyMap<number, T>): [number, T][] =>
  [...map].toSorted(([a], [b]) => a - b);
const encodeMap = (map: NameMap): Bytes =>
  vector(rising(map).map(([index, name]) => join(leb(index), utf8(name))));
const encodeIndirect = (map: ReadonlyMap<number, NameMap>): Bytes =>
  vector(rising(map).map(([index, names]) => join(leb(index), encodeMap(names))));

/** The payload, after the section's own name; empty where there are no names. */
export function encodeNames(names: Names): Uint8Array {
  const maps: [id: number, size: number, bytes: Bytes][] = [
    [1, names.functions.size, encodeMap(names.functions)],
    [2, names.locals.size, encodeIndirect(names.locals)],
    [3, names.labels.size, encodeIndirect(names.labels)],
    [4, names.types.size, encodeMap(names.types)],
    [5, names.tables.size, encodeMap(names.tables)],
    [6, names.memories.size, encodeMap(names.memories)],
    [7, names.globals.size, encodeMap(names.globals)],
    [8, names.elements.size, encodeMap(names.elements)],
    [9, names.datas.size, encodeMap(names.datas)],
    [10, names.fields.size, encodeIndirect(names.fields)],
    [11, names.tags.size, encodeMap(names.tags)],
  ];
  const module = names.module === undefined ? [] : join([0], sized(utf8(names.module)));
  return join(
    module,
    ...maps.filter(([, size]) => size > 0).map(([id, , bytes]) => join([id], sized(bytes))),
  );
}
