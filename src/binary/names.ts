// The name section: names for everything that has an index. It is a custom section,
// so nothing in it can fail a module: where it is malformed the names just end.
// Spec: https://webassembly.github.io/spec/core/appendix/custom.html#name-section

import type { Names } from "../syntax/module.js";
import { MalformedError } from "../util/errors.js";
import { Reader } from "./reader.js";

type NameMap = Map<number, string>;
type IndirectNameMap = Map<number, NameMap>;

const nameMap = (): NameMap => new Map();
const indirectNameMap = (): IndirectNameMap => new Map();

/** No names at all. */
export const emptyNames = () => ({
  functions: nameMap(),
  locals: indirectNameMap(),
  labels: indirectNameMap(),
  types: nameMap(),
  tables: nameMap(),
  memories: nameMap(),
  globals: nameMap(),
  elements: nameMap(),
  datas: nameMap(),
  fields: indirectNameMap(),
  tags: nameMap(),
});

type Key = keyof ReturnType<typeof emptyNames>;
/** Subsections by id; id 0 is the module's own name. */
const subsections: readonly (Key | undefined)[] = [
  undefined,
  "functions",
  "locals",
  "labels",
  "types",
  "tables",
  "memories",
  "globals",
  "elements",
  "datas",
  "fields",
  "tags",
];

function readNameMap(r: Reader, into: NameMap): void {
  for (let count = r.length(); count > 0; count--) into.set(r.u32(), r.name());
}

function readIndirectNameMap(r: Reader, into: IndirectNameMap): void {
  for (let count = r.length(); count > 0; count--) {
    const inner = nameMap();
    into.set(r.u32(), inner);
    readNameMap(r, inner);
  }
}

/** Reads the section's payload, bytes [start, end). */
export function readNames(bytes: Uint8Array, start: number, end: number): Names {
  const names = emptyNames();
  let module: string | undefined;
  const r = new Reader(bytes, start, end);
  try {
    while (r.pos < end) {
      const id = r.byte();
      const size = r.length();
      const next = r.pos + size;
      r.end = Math.min(next, end);
      const key = subsections[id];
      if (id === 0) module = r.name();
      else if (key === "locals" || key === "labels" || key === "fields") {
        readIndirectNameMap(r, names[key]);
      } else if (key) readNameMap(r, names[key]);
      r.pos = next;
      r.end = end;
    }
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
  }
  return module === undefined ? names : { ...names, module };
}
