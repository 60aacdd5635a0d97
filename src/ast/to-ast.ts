// A module as a tree of `@webassemblyjs/ast`, in the shape that its wasm-parser gives.
// A function's body is made when it is first looked at, so a tree of a large module
// costs little. What the package has no node or field for: see README.md.

import * as t from "@webassemblyjs/ast";
import {
  functionTypeIndex,
  type DataSegment,
  type ElementSegment,
  type Expression,
  type ImportDescription,
  type Module,
  type SegmentMode,
} from "../syntax/module.js";
import {
  formatValType,
  type GlobalType,
  type Limits,
  type MemoryType,
  type TableType,
} from "../syntax/types.js";
import { UsageError } from "../util/errors.js";
import { expressionAst, located, number, signatureOf } from "./instructions.js";
import type { AstNode } from "./types.js";

export interface ToAstOptions {
  /**
   * `lazy` (the default): bodies are made when first looked at. `eager`: at once.
   * `none`: they stay empty, `funcAst` gives them one by one.
   */
  readonly functions?: "lazy" | "eager" | "none";
}

function limitsAst({ min, max, shared, address, pageSizeLog2 }: Limits): AstNode {
  const node = t.limit(Number(min), max === undefined ? undefined : Number(max), shared);
  // Nodes hold no bigint that `traverse` or JSON would stumble over.
  if (address === "i64")
    Object.assign(node, { address, exact: { min: String(min), max: max?.toString() } });
  return pageSizeLog2 === 16 ? node : Object.assign(node, { pageSizeLog2 });
}

const tableAst = ({ element, limits }: TableType, index: number): AstNode =>
  t.table(
    formatValType(element),
    limitsAst(limits),
    t.withRaw(t.identifier(`table_${index}`), String(index)),
  );
const memoryAst = ({ limits }: MemoryType, index: number): AstNode =>
  t.memory(limitsAst(limits), t.indexLiteral(index));
const globalTypeAst = ({ type, mutable }: GlobalType): AstNode =>
  t.globalType(formatValType(type), mutable ? "var" : "const");
const tagAst = (type: number): AstNode => t.instruction("tag", [number(type)]);

function importAst(module: Module, description: ImportDescription, index: number): AstNode {
  switch (description.kind) {
    case "func":
      return Object.assign(
        t.funcImportDescr(t.identifier(`func_${index}`), signatureOf(module, description.type)),
        { typeIndex: description.type },
        description.exact ? { exact: true } : {},
      );
    case "table":
      return tableAst(description.type, index);
    case "memory":
      return memoryAst(description.type, index);
    case "global":
      return globalTypeAst(description.type);
    case "tag":
      return tagAst(description.type.type);
  }
}

function importsAst(module: Module): AstNode[] {
  const next = { func: 0, table: 0, memory: 0, global: 0, tag: 0 };
  return module.imports.map(({ module: from, name, description }) =>
    t.moduleImport(from, name, importAst(module, description, next[description.kind]++)),
  );
}

/** Where a segment goes. Modes other than active are a field that the package lacks. */
function modeAst(module: Module, mode: SegmentMode): { index: AstNode; offset: AstNode[] } {
  return mode.kind === "active"
    ? { index: t.indexLiteral(mode.index), offset: expressionAst(module, mode.offset) }
    : { index: t.indexLiteral(0), offset: [] };
}
const modeField = ({ kind }: SegmentMode): object => (kind === "active" ? {} : { mode: kind });

function elementAst(module: Module, { mode, funcs, expressions, type }: ElementSegment): AstNode {
  const { index, offset } = modeAst(module, mode);
  const node = t.elem(index, offset, (funcs ?? []).map(t.indexLiteral));
  const inits = expressions?.map((e: Expression) => expressionAst(module, e));
  return Object.assign(
    node,
    modeField(mode),
    inits === undefined ? {} : { expressions: inits, elementType: formatValType(type) },
  );
}

function dataAst(module: Module, { mode, start, end }: DataSegment): AstNode {
  const { index, offset } = modeAst(module, mode);
  const first = offset[0] ?? t.instruction("end");
  const node = t.data(index, first, t.byteArray(Array.from(module.bytes.subarray(start, end))));
  // The package knows offsets of one instruction, here are the others.
  return Object.assign(node, modeField(mode), offset.length > 2 ? { offsets: offset } : {});
}

const exportKinds = {
  func: "Func",
  table: "Table",
  memory: "Memory",
  global: "Global",
  tag: "Tag",
} as const;

function typesAst(module: Module): AstNode[] {
  return module.types.map((subtype, index) => {
    const node = t.typeInstruction(undefined, signatureOf(module, index));
    return subtype.comp.kind === "func" ? node : Object.assign(node, { subtype });
  });
}

function bodyAst(module: Module, index: number): AstNode[] {
  const { locals, body } = module.functions[index - module.imported.func]!;
  const declared = locals.map(({ count, type }) =>
    t.instruction(
      "local",
      Array.from({ length: count }, () => t.valtypeLiteral(formatValType(type))),
    ),
  );
  return [...declared, ...expressionAst(module, body)];
}

function func(module: Module, index: number, bodies: "lazy" | "eager" | "none"): AstNode {
  const { offset, body } = module.functions[index - module.imported.func]!;
  const name = module.names.functions.get(index);
  const type = functionTypeIndex(module, index);
  const signature = signatureOf(module, type);
  const params = signature["params"] as { id?: string }[];
  params.forEach((param, i) => {
    const local = module.names.locals.get(index)?.get(i);
    if (local !== undefined) param.id = local;
  });
  const identifier = t.identifier(name ?? `func_${index}`);
  if (name !== undefined) Object.assign(identifier, { numeric: `func_${index}` });
  const node = t.func(identifier, signature, bodies === "eager" ? bodyAst(module, index) : []);
  if (bodies === "lazy") makeLazy(node, () => bodyAst(module, index));
  Object.assign(node, { metadata: { bodySize: body.end - offset }, typeIndex: type });
  return located(node, offset, body.end);
}

/** The body is made when it is first read; from then on, and once it is set, it is plain data. */
function makeLazy(node: AstNode, make: () => AstNode[]): void {
  const settle = (value: unknown): void => {
    Object.defineProperty(node, "body", {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  };
  Object.defineProperty(node, "body", {
    enumerable: true,
    configurable: true,
    get: () => {
      settle(make());
      return node["body"];
    },
    set: settle,
  });
}

/**
 * One function with its body.
 * @throws UsageError if there is none with this index (imports included), or it is imported
 */
export function funcAst(module: Module, index: number): AstNode {
  if (module.functions[index - module.imported.func]) return func(module, index, "eager");
  throw new UsageError(
    index >= 0 && index < module.imported.func
      ? `function ${index} is imported: it has no body`
      : `there is no function ${index}`,
  );
}

/** Bytes before the first section. */
const HEADER = 8;

function metadataAst(module: Module): AstNode {
  const counts: Readonly<Record<string, number>> = {
    type: module.types.length,
    import: module.imports.length,
    func: module.functions.length,
    table: module.tables.length,
    memory: module.memories.length,
    global: module.globals.length,
    export: module.exports.length,
    element: module.elements.length,
    code: module.functions.length,
    data: module.datas.length,
  };
  const sections = module.sections.map(({ id, name, start, end }, i) => {
    const short = id === 0 ? "custom" : name === "function" ? "func" : name;
    // Where its size stands: after the byte of its id.
    const at = (module.sections[i - 1]?.end ?? HEADER) + 1;
    return t.sectionMetadata(short, at, number(end - start), number(counts[short] ?? 1));
  });
  const { functions, locals } = module.names;
  const functionNames = [...functions].map(([i, name]) => t.functionNameMetadata(name, i));
  const localNames = [...locals].flatMap(([f, names]) =>
    [...names].map(([i, name]) => t.localNameMetadata(name, i, f)),
  );
  return t.moduleMetadata(sections, functionNames, localNames);
}

/** The tree of a module: a program of one module, which the package's `traverse` walks. */
export function toAst(module: Module, { functions = "lazy" }: ToAstOptions = {}): AstNode {
  const { imported } = module;
  const fields = [
    ...typesAst(module),
    ...importsAst(module),
    ...module.tables.map(({ type, init }, i) =>
      Object.assign(
        tableAst(type, imported.table + i),
        init === undefined ? {} : { init: expressionAst(module, init) },
      ),
    ),
    ...module.memories.map((type, i) => memoryAst(type, imported.memory + i)),
    ...module.tags.map(({ type }) => tagAst(type)),
    ...module.globals.map(({ type, init }) =>
      t.global(globalTypeAst(type), expressionAst(module, init)),
    ),
    ...(module.start === undefined ? [] : [t.start(t.indexLiteral(module.start))]),
    ...module.elements.map((element) => elementAst(module, element)),
    ...module.datas.map((data) => dataAst(module, data)),
    ...module.functions.map((_, i) => func(module, imported.func + i, functions)),
    ...module.exports.map(({ name, kind, index }) =>
      t.moduleExport(name, t.moduleExportDescr(exportKinds[kind], t.indexLiteral(index))),
    ),
  ];
  return t.program([t.module(module.names.module ?? null, fields, metadataAst(module))]);
}
