// Decodes a module: the header, then section by section in their one allowed order.
// Everything that the binary grammar rejects is a MalformedError, found eagerly; what
// only validation rejects (indices, types, duplicate exports) passes.
// Spec: https://webassembly.github.io/spec/core/binary/modules.html

import type { CustomSection, Module, Names, SectionSpan } from "../syntax/module.js";
import type { SourceLines } from "../syntax/source-lines.js";
import { readCode } from "./bodies.js";
import { InstructionReader } from "./code.js";
import { emptyNames, readNames } from "./names.js";
import {
  readDataCount,
  readDatas,
  readElements,
  readExports,
  readFunctions,
  readGlobals,
  readImports,
  readMemories,
  readStart,
  readTables,
  readTags,
  readTypes,
  type Draft,
  type SectionReader,
} from "./sections.js";

export interface DecodeOptions {
  /**
   * Leaves function bodies unread. Validation reads them anyway and finds what is malformed
   * in them too, so nothing is lost for whoever validates at once; else malformed code shows
   * up in whoever reads it.
   */
  readonly lazyBodies?: boolean;
  /** Where the code comes from. */
  readonly lines?: SourceLines;
}

interface Section {
  readonly id: number;
  readonly name: string;
  readonly read: SectionReader;
}
/** All sections but custom ones, in the order they must have. */
const sectionOrder: readonly Section[] = [
  { id: 1, name: "type", read: readTypes },
  { id: 2, name: "import", read: readImports },
  { id: 3, name: "function", read: readFunctions },
  { id: 4, name: "table", read: readTables },
  { id: 5, name: "memory", read: readMemories },
  { id: 13, name: "tag", read: readTags },
  { id: 6, name: "global", read: readGlobals },
  { id: 7, name: "export", read: readExports },
  { id: 8, name: "start", read: readStart },
  { id: 9, name: "element", read: readElements },
  { id: 12, name: "data count", read: readDataCount },
  { id: 10, name: "code", read: readCode },
  { id: 11, name: "data", read: readDatas },
];

const COMPONENT_LAYER = 1;

function readHeader(r: InstructionReader): void {
  // Little endian "\0asm".
  if (r.word() !== 0x6d736100) r.fail("magic header not detected", 0);
  const version = r.word();
  if (version === 1) return;
  r.fail(
    version >>> 16 === COMPONENT_LAYER
      ? "unknown binary version: this is a component, not a core module"
      : "unknown binary version",
    4,
  );
}

function readCustom(r: InstructionReader, end: number, after: number): CustomSection {
  const name = r.name();
  const start = r.pos;
  // A name that is longer than its section fails here.
  r.skip(end - start);
  return { name, start, end, after };
}

/** What is imported counts too. */
function checkLimits(r: InstructionReader, draft: Draft): void {
  const { imported } = draft;
  r.limit("tables", imported.table + draft.tables.length);
  r.limit("memories", imported.memory + draft.memories.length);
  r.limit("globals", imported.global + draft.globals.length);
  r.limit("tags", imported.tag + draft.tags.length);
}

/** Lengths that two sections must agree on, even where one of them is absent. */
function checkCounts(r: InstructionReader, draft: Draft): void {
  if (draft.functionTypes.length !== draft.functions.length) {
    r.fail("function and code section have inconsistent lengths");
  }
  if (draft.dataCount !== undefined && draft.dataCount !== draft.datas.length) {
    r.fail("data count and data section have inconsistent lengths");
  }
}

function namesOf(bytes: Uint8Array, customs: readonly CustomSection[]): Names {
  const section = customs.find((c) => c.name === "name");
  return section ? readNames(bytes, section.start, section.end) : emptyNames();
}

/** @throws {MalformedError} where the bytes are not a module */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): Module {
  try {
    return read(bytes, options);
  } catch (error) {
    // An unread body may be the first thing that is wrong.
    if (options.lazyBodies === true) read(bytes, {});
    throw error;
  }
}

function read(bytes: Uint8Array, options: DecodeOptions): Module {
  const r = new InstructionReader(bytes);
  const sections: SectionSpan[] = [];
  const customs: CustomSection[] = [];
  const draft: Draft = {
    types: [],
    imports: [],
    imported: { func: 0, table: 0, memory: 0, global: 0, tag: 0 },
    functionTypes: [],
    functions: [],
    tables: [],
    memories: [],
    tags: [],
    globals: [],
    exports: [],
    elements: [],
    datas: [],
    lazyBodies: options.lazyBodies ?? false,
  };
  r.limit("module bytes", bytes.length, 0);
  readHeader(r);
  let last = -1;
  while (r.pos < r.end) {
    const sectionStart = r.pos;
    const id = r.byte();
    const rank = sectionOrder.findIndex((section) => section.id === id);
    if (id !== 0 && rank < 0) r.fail("malformed section id", sectionStart);
    if (id !== 0 && rank <= last) r.fail("unexpected content after last section", sectionStart);
    const size = r.length();
    const start = r.pos;
    const end = start + size;
    const section = sectionOrder[rank];
    if (section) {
      section.read(r, draft, end);
      if (r.pos !== end) r.fail("section size mismatch", start);
      last = rank;
    } else customs.push(readCustom(r, end, sectionOrder[last]?.id ?? 0));
    sections.push({ id, name: section?.name ?? customs.at(-1)!.name, start, end });
  }
  checkCounts(r, draft);
  checkLimits(r, draft);
  const { functionTypes: _types, ...decoded } = draft;
  const { lines } = options;
  const sources = lines === undefined ? {} : { lines };
  return { bytes, ...sources, sections, customs, names: namesOf(bytes, customs), ...decoded };
}
