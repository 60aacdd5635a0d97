// The sections of a module but for code: each reader adds what its section holds to
// a draft of the module. Section payloads are not bounded here (see `Reader`): the
// caller compares where the reader ends with what the section's size promised.
// Spec: https://webassembly.github.io/spec/core/binary/modules.html#sections

import type {
  DataSegment,
  ElementSegment,
  Export,
  Expression,
  ExternKind,
  FunctionDefinition,
  GlobalDefinition,
  Import,
  ImportDescription,
  SegmentMode,
  TableDefinition,
} from "../syntax/module.js";
import {
  FUNCREF,
  refType,
  type MemoryType,
  type RefType,
  type SubType,
  type TagType,
} from "../syntax/types.js";
import type { InstructionReader } from "./code.js";
import { walkExpression } from "./expression.js";
import {
  readGlobalType,
  readMemoryLimits,
  readRecType,
  readRefType,
  readTableType,
  readTagType,
} from "./types.js";

/** A module while it is being read. */
export interface Draft {
  readonly types: SubType[];
  readonly imports: Import[];
  readonly imported: Record<ExternKind, number>;
  /** Type indices of the function section. */
  readonly functionTypes: number[];
  readonly functions: FunctionDefinition[];
  readonly tables: TableDefinition[];
  readonly memories: MemoryType[];
  readonly tags: TagType[];
  readonly globals: GlobalDefinition[];
  readonly exports: Export[];
  start?: number;
  readonly elements: ElementSegment[];
  dataCount?: number;
  readonly datas: DataSegment[];
  readonly lazyBodies: boolean;
}

/** Reads a section's payload, which should end at `end`. */
export type SectionReader = (r: InstructionReader, draft: Draft, end: number) => void;

const externKinds: readonly ExternKind[] = ["func", "table", "memory", "global", "tag"];

function readExpression(r: InstructionReader, sectionEnd: number): Expression {
  const offset = r.pos;
  walkExpression(r, sectionEnd);
  return { offset, end: r.pos };
}

/** Imports of exact functions are a kind of their own in the bytes; exports have no such kind. */
export const EXACT_FUNC = 0x20;

function readDescription(r: InstructionReader): ImportDescription {
  const code = r.byte();
  if (code === EXACT_FUNC) return { kind: "func", type: r.u32(), exact: true };
  const kind = externKinds[code];
  switch (kind) {
    case "func":
      return { kind, type: r.u32(), exact: false };
    case "table":
      return { kind, type: readTableType(r) };
    case "memory":
      return { kind, type: { limits: readMemoryLimits(r) } };
    case "global":
      return { kind, type: readGlobalType(r) };
    case "tag":
      return { kind, type: readTagType(r) };
    case undefined:
      return r.fail("malformed import kind", r.pos - 1);
  }
}

export const readTypes: SectionReader = (r, draft) => {
  r.each(() => readRecType(r, draft.types), "types");
};

export const readImports: SectionReader = (r, draft) => {
  r.each(() => {
    const module = r.name();
    const name = r.name();
    const description = readDescription(r);
    draft.imported[description.kind]++;
    draft.imports.push({ module, name, description });
  }, "imports");
};

export const readFunctions: SectionReader = (r, draft) => {
  r.each(() => draft.functionTypes.push(r.u32()), "functions");
};

export const readTables: SectionReader = (r, draft, end) => {
  r.each(() => {
    if (r.peek() !== 0x40) return draft.tables.push({ type: readTableType(r) });
    r.pos++;
    r.zero();
    const type = readTableType(r);
    return draft.tables.push({ type, init: readExpression(r, end) });
  }, "tables");
};

export const readMemories: SectionReader = (r, draft) => {
  r.each(() => draft.memories.push({ limits: readMemoryLimits(r) }), "memories");
};

export const readTags: SectionReader = (r, draft) => {
  r.each(() => draft.tags.push(readTagType(r)), "tags");
};

export const readGlobals: SectionReader = (r, draft, end) => {
  r.each(() => {
    const type = readGlobalType(r);
    draft.globals.push({ type, init: readExpression(r, end) });
  }, "globals");
};

export const readExports: SectionReader = (r, draft) => {
  r.each(() => {
    const name = r.name();
    const kind = externKinds[r.byte()] ?? r.fail("malformed export kind", r.pos - 1);
    draft.exports.push({ name, kind, index: r.u32() });
  }, "exports");
};

export const readStart: SectionReader = (r, draft) => {
  draft.start = r.u32();
};

export const readDataCount: SectionReader = (r, draft) => {
  draft.dataCount = r.u32();
  r.limit("data segments", draft.dataCount);
};

/**
 * The three low bits of an element segment's flags: not active; an explicit table
 * (active) or declarative (not active); expressions instead of function indices.
 */
export const readElements: SectionReader = (r, draft, end) => {
  r.each(() => {
    const offset = r.pos;
    const flags = r.u32();
    if (flags > 7) r.fail("malformed elements segment kind", offset);
    const inactive = (flags & 1) !== 0;
    const explicit = (flags & 2) !== 0;
    const mode: SegmentMode = inactive
      ? { kind: explicit ? "declarative" : "passive" }
      : { kind: "active", index: explicit ? r.u32() : 0, offset: readExpression(r, end) };
    const typed = inactive || explicit;
    if (flags & 4) {
      const type: RefType = typed ? readRefType(r) : FUNCREF;
      const expressions = r.list(() => readExpression(r, end), "elements");
      draft.elements.push({ type, mode, expressions, offset });
    } else {
      if (typed && r.byte() !== 0) r.fail("malformed element kind", r.pos - 1);
      const funcs = r.list(() => r.u32(), "elements");
      draft.elements.push({ type: refType("func", false), mode, funcs, offset });
    }
  }, "element segments");
};

export const readDatas: SectionReader = (r, draft, end) => {
  r.each(() => {
    const offset = r.pos;
    const flags = r.u32();
    if (flags > 2) r.fail("malformed data segment kind", offset);
    const mode: SegmentMode =
      flags === 1
        ? { kind: "passive" }
        : { kind: "active", index: flags === 2 ? r.u32() : 0, offset: readExpression(r, end) };
    const length = r.length();
    const start = r.pos;
    r.skip(length);
    draft.datas.push({ mode, start, end: r.pos, offset });
  }, "data segments");
};
