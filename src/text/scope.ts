// What text refers to by name: indices of every kind, and the types that hold type
// indices. Names come from the name section; what has no name is shown by its index.
// Spec: https://webassembly.github.io/spec/core/text/types.html

import type { IndexImmediate } from "../binary/code.js";
import type { Module } from "../syntax/module.js";
import { formatValType, type HeapType, isExact, type StorageType } from "../syntax/types.js";
import { identifier } from "./identifiers.js";

/** Where an instruction stands: `func` (a function index) is needed to name locals. */
export interface Scope {
  readonly module: Module;
  readonly func: number | undefined;
  /** The name of the label `depth` blocks out, where it has one. */
  readonly label?: (depth: number) => string | undefined;
}

const nameOf = (names: ReadonlyMap<number, string> | undefined, index: number): string => {
  const name = names?.get(index);
  return name === undefined ? String(index) : identifier(name);
};

type IndexFormat = (index: number, scope: Scope, type?: number) => string;
export const indexText: Record<IndexImmediate, IndexFormat> = {
  label: (depth, { label }) => {
    const name = label?.(depth);
    return name === undefined ? String(depth) : identifier(name);
  },
  type: (i, { module }) => nameOf(module.names.types, i),
  func: (i, { module }) => nameOf(module.names.functions, i),
  table: (i, { module }) => nameOf(module.names.tables, i),
  memory: (i, { module }) => nameOf(module.names.memories, i),
  global: (i, { module }) => nameOf(module.names.globals, i),
  local: (i, { module, func }) =>
    nameOf(func === undefined ? undefined : module.names.locals.get(func), i),
  elem: (i, { module }) => nameOf(module.names.elements, i),
  data: (i, { module }) => nameOf(module.names.datas, i),
  tag: (i, { module }) => nameOf(module.names.tags, i),
  field: (i, { module }, type) => nameOf(module.names.fields.get(type!), i),
  count: String,
};

export function heapText(heap: HeapType, scope: Scope): string {
  if (isExact(heap)) return `(exact ${heapText(heap.exact, scope)})`;
  return typeof heap === "number" ? indexText.type(heap, scope) : heap;
}

export function typeText(t: StorageType, scope: Scope): string {
  if (t === "i8" || t === "i16") return t;
  return typeof t === "object" && typeof t.heap !== "string"
    ? `(ref ${t.nullable ? "null " : ""}${heapText(t.heap, scope)})`
    : formatValType(t);
}
