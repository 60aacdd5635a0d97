// The shape of a decoded module. Function bodies stay bytes: a body is read
// instruction by instruction through `binary/code.ts` wherever one is needed.
// Spec: https://webassembly.github.io/spec/core/syntax/modules.html

import type { SourceLines } from "./source-lines.js";
import type {
  GlobalType,
  MemoryType,
  RefType,
  SubType,
  TableType,
  TagType,
  ValType,
} from "./types.js";

export type ExternKind = "func" | "table" | "memory" | "global" | "tag";

export type ImportDescription =
  /** Exact: of no subtype of its type (custom descriptors). */
  | { readonly kind: "func"; readonly type: number; readonly exact: boolean }
  | { readonly kind: "table"; readonly type: TableType }
  | { readonly kind: "memory"; readonly type: MemoryType }
  | { readonly kind: "global"; readonly type: GlobalType }
  | { readonly kind: "tag"; readonly type: TagType };

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly description: ImportDescription;
}

export interface Export {
  readonly name: string;
  readonly kind: ExternKind;
  readonly index: number;
}

/** Bytes [offset, end) of the module hold instructions, the final `end` included. */
export interface Expression {
  readonly offset: number;
  readonly end: number;
}

/** A defined function. `type` is a type index. */
export interface FunctionDefinition {
  readonly type: number;
  /** Offset of the body's first byte after its size field (where locals are declared). */
  readonly offset: number;
  readonly locals: readonly LocalRun[];
  readonly body: Expression;
}
export interface LocalRun {
  readonly count: number;
  readonly type: ValType;
}

export interface TableDefinition {
  readonly type: TableType;
  /** Absent: every element starts null. */
  readonly init?: Expression;
}
export interface GlobalDefinition {
  readonly type: GlobalType;
  readonly init: Expression;
}

export type SegmentMode =
  | { readonly kind: "passive" }
  | { readonly kind: "declarative" }
  | { readonly kind: "active"; readonly index: number; readonly offset: Expression };

/** Elements are function indices (the short forms) or expressions; never both. */
export interface ElementSegment {
  readonly type: RefType;
  readonly mode: SegmentMode;
  readonly funcs?: readonly number[];
  readonly expressions?: readonly Expression[];
  /** Byte offset where the segment starts. */
  readonly offset: number;
}
export interface DataSegment {
  readonly mode: SegmentMode;
  /** The bytes [start, end) of the module. */
  readonly start: number;
  readonly end: number;
  readonly offset: number;
}

export interface CustomSection {
  readonly name: string;
  /** Payload bytes [start, end) of the module, after the name. */
  readonly start: number;
  readonly end: number;
  /** Id of the section this one follows (0 = it comes first). */
  readonly after: number;
}

/** The name section. Indices missing from a map have no name. */
export interface Names {
  readonly module?: string;
  readonly functions: ReadonlyMap<number, string>;
  readonly locals: ReadonlyMap<number, ReadonlyMap<number, string>>;
  readonly labels: ReadonlyMap<number, ReadonlyMap<number, string>>;
  readonly types: ReadonlyMap<number, string>;
  readonly tables: ReadonlyMap<number, string>;
  readonly memories: ReadonlyMap<number, string>;
  readonly globals: ReadonlyMap<number, string>;
  readonly elements: ReadonlyMap<number, string>;
  readonly datas: ReadonlyMap<number, string>;
  readonly fields: ReadonlyMap<number, ReadonlyMap<number, string>>;
  readonly tags: ReadonlyMap<number, string>;
}

/** One section as it lies in the file: payload bytes [start, end). */
export interface SectionSpan {
  readonly id: number;
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

export interface Module {
  readonly bytes: Uint8Array;
  /** Where its code comes from, if anybody knows. */
  readonly lines?: SourceLines;
  readonly sections: readonly SectionSpan[];
  readonly types: readonly SubType[];
  readonly imports: readonly Import[];
  /** Defined functions, tables, … : index spaces start with the imports of that kind. */
  readonly functions: readonly FunctionDefinition[];
  readonly tables: readonly TableDefinition[];
  readonly memories: readonly MemoryType[];
  readonly globals: readonly GlobalDefinition[];
  readonly tags: readonly TagType[];
  readonly exports: readonly Export[];
  readonly start?: number;
  readonly elements: readonly ElementSegment[];
  readonly datas: readonly DataSegment[];
  readonly dataCount?: number;
  readonly customs: readonly CustomSection[];
  readonly names: Names;
  /** Whether bodies were not looked at while decoding: they may be malformed. */
  readonly lazyBodies: boolean;
  /** Number of imported functions, tables, …: the first defined one has this index. */
  readonly imported: Readonly<Record<ExternKind, number>>;
}

/** The imports of one kind, in index order. */
export function importsOf<K extends ExternKind>(
  module: Module,
  kind: K,
): (Import & { readonly description: Extract<ImportDescription, { kind: K }> })[] {
  return module.imports.filter((i) => i.description.kind === kind) as never;
}

/** Type index of function `index` (imports included). */
export function functionTypeIndex(module: Module, index: number): number {
  const imported = importsOf(module, "func");
  return index < imported.length
    ? imported[index]!.description.type
    : module.functions[index - imported.length]!.type;
}

/** The name a person would use: the name section's, else an export's, else an import's, else `func[7]`. */
export function functionName(module: Module, index: number): string {
  return module.names.functions.get(index) ?? outerNames(module).get(index) ?? `func[${index}]`;
}

/** Names that exports, and else imports, give to functions; made once: all functions are named at start-up. */
function outerNames(module: Module): ReadonlyMap<number, string> {
  let names = outerNamesOf.get(module);
  if (names === undefined) {
    names = new Map(importsOf(module, "func").map((i, index) => [index, `${i.module}.${i.name}`]));
    // The first export of a function wins.
    for (const { kind, index, name } of module.exports.toReversed())
      if (kind === "func") names.set(index, name);
    outerNamesOf.set(module, names);
  }
  return names;
}
const outerNamesOf = new WeakMap<Module, Map<number, string>>();
