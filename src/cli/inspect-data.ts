// What `bobbin inspect` knows of a module, as plain data: `--json` prints it as it
// is, `inspect.ts` as tables. Works on modules that validation rejects, too.

import {
  type ExternKind,
  functionName,
  functionTypeIndex,
  type ImportDescription,
  importsOf,
  type Module,
} from "../syntax/module.js";
import { formatFuncType, formatValType, type FuncType, type Limits } from "../syntax/types.js";
import { disassembleFunction } from "../text/disassemble.js";

export interface SectionInfo {
  readonly id: number;
  readonly name: string;
  /** Of the payload, in the file. */
  readonly offset: number;
  readonly size: number;
}
export interface ImportInfo {
  readonly kind: ExternKind;
  readonly index: number;
  readonly module: string;
  readonly name: string;
  readonly type: string;
}
export interface ExportInfo {
  readonly kind: ExternKind;
  readonly index: number;
  readonly name: string;
  readonly type: string;
}
export interface FunctionInfo {
  readonly index: number;
  readonly name: string;
  readonly type: string;
  /** Of the body; missing for imports. */
  readonly offset?: number;
  readonly size?: number;
}
export interface InstructionInfo {
  readonly offset: number;
  readonly depth: number;
  readonly text: string;
}
export interface BodyInfo {
  readonly index: number;
  readonly name: string;
  readonly instructions: readonly InstructionInfo[];
}

export const sectionsOf = (module: Module): SectionInfo[] =>
  module.sections.map(({ id, name, start, end }) => ({
    id,
    name: id === 0 ? `custom ${JSON.stringify(name)}` : name,
    offset: start,
    size: end - start,
  }));

export function importInfos(module: Module): ImportInfo[] {
  const next: Record<ExternKind, number> = { func: 0, table: 0, memory: 0, global: 0, tag: 0 };
  return module.imports.map(({ module: from, name, description }) => ({
    kind: description.kind,
    index: next[description.kind]++,
    module: from,
    name,
    type: `${isExact(description) ? "exact " : ""}${describe(module, description)}`,
  }));
}

const isExact = (description: ImportDescription): boolean =>
  description.kind === "func" && description.exact;

export const exportInfos = (module: Module): ExportInfo[] =>
  module.exports.map(({ name, kind, index }) => {
    const description = descriptionAt(module, kind, index);
    return { kind, index, name, type: description ? describe(module, description) : "?" };
  });

export function functionInfos(module: Module): FunctionInfo[] {
  const count = module.imported.func + module.functions.length;
  return Array.from({ length: count }, (_, index) => {
    const definition = module.functions[index - module.imported.func];
    const size = definition && definition.body.end - definition.offset;
    return {
      index,
      name: functionName(module, index),
      type: functionTypeText(module, functionTypeIndex(module, index)),
      ...(definition ? { offset: definition.offset, size: size! } : {}),
    };
  });
}

/** The bodies of the functions with these indices; of all by default. */
export function bodyInfos(module: Module, indices?: readonly number[]): BodyInfo[] {
  const { func } = module.imported;
  return (indices ?? module.functions.map((_, i) => func + i)).map((index) => ({
    index,
    name: functionName(module, index),
    instructions: disassembleFunction(module, index).map(({ offset, depth, text }) => ({
      offset,
      depth,
      text,
    })),
  }));
}

function descriptionAt(
  module: Module,
  kind: ExternKind,
  index: number,
): ImportDescription | undefined {
  const imported = importsOf(module, kind);
  if (index < imported.length) return imported[index]!.description;
  const at = index - imported.length;
  switch (kind) {
    case "func":
      return module.functions[at] && { kind, type: module.functions[at].type, exact: true };
    case "table":
      return module.tables[at] && { kind, type: module.tables[at].type };
    case "memory":
      return module.memories[at] && { kind, type: module.memories[at] };
    case "global":
      return module.globals[at] && { kind, type: module.globals[at].type };
    case "tag":
      return module.tags[at] && { kind, type: module.tags[at] };
  }
}

function describe(module: Module, description: ImportDescription): string {
  switch (description.kind) {
    case "func":
      return functionTypeText(module, description.type);
    case "tag":
      return functionTypeText(module, description.type.type);
    case "global":
      return `${description.type.mutable ? "mut " : ""}${formatValType(description.type.type)}`;
    case "table":
      return `${limitsText(description.type.limits)} ${formatValType(description.type.element)}`;
    case "memory":
      return `${limitsText(description.type.limits)} pages`;
  }
}

function functionTypeText(module: Module, index: number): string {
  const comp = module.types[index]?.comp;
  return comp?.kind === "func" ? formatFuncType(comp as FuncType) : "?";
}

const limitsText = ({ min, max, address }: Limits): string =>
  `${address === "i64" ? "i64 " : ""}${min}..${max ?? ""}`;
