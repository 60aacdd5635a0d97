// Object files: a decoded module with what its `linking` and `reloc.*` sections say.
// Source: https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md

import { decode } from "../binary/decode.js";
import { Reader } from "../binary/reader.js";
import type { ExternKind, Module } from "../syntax/module.js";
import { importsOf } from "../syntax/module.js";
import { LinkError } from "../util/errors.js";
import type { LineMark, Source } from "../syntax/line-table.js";
import {
  type RelocationKind,
  relocationKinds,
  SymbolFlag,
  type SymbolKind,
  symbolKinds,
} from "./relocations.js";

export interface ObjectSymbol {
  readonly name: string;
  readonly kind: SymbolKind;
  readonly flags: number;
  /** Index in its kind's space, imports first; -1 for data. */
  readonly index: number;
  /** Where defined data lies. */
  readonly data?: { readonly segment: number; readonly offset: number; readonly size: number };
}

export interface Relocation {
  readonly kind: RelocationKind;
  /** Byte offset in the file. */
  readonly offset: number;
  /** Index of the symbol, or of the type. */
  readonly index: number;
  readonly addend: number;
}

export interface SegmentInfo {
  readonly name: string;
  /** log2 */
  readonly alignment: number;
  readonly flags: number;
}

export interface InitFunction {
  readonly priority: number;
  /** Index of the symbol. */
  readonly symbol: number;
}

/** One of the things to link. */
export interface LinkInput {
  /** For messages. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Where its code comes from. */
  readonly lines?: { readonly source: Source; readonly marks: readonly LineMark[] };
}

export interface ObjectFile extends LinkInput {
  readonly module: Module;
  readonly symbols: readonly ObjectSymbol[];
  readonly segments: readonly SegmentInfo[];
  readonly inits: readonly InitFunction[];
  /** Names of the groups of which a program has one only. */
  readonly comdats: readonly string[];
  /** In code and data, by offset. */
  readonly relocations: readonly Relocation[];
}

export const isUndefined = ({ flags }: ObjectSymbol): boolean =>
  (flags & SymbolFlag.undefined) !== 0;
export const isLocal = ({ flags }: ObjectSymbol): boolean => (flags & SymbolFlag.local) !== 0;
export const isWeak = ({ flags }: ObjectSymbol): boolean => (flags & SymbolFlag.weak) !== 0;

/** Whether a module is an object file. */
export const isObject = (module: Module): boolean =>
  module.customs.some(({ name }) => name === "linking");

const externOf: Readonly<Partial<Record<SymbolKind, ExternKind>>> = {
  function: "func",
  global: "global",
  table: "table",
  tag: "tag",
};

const VERSION = 2;
const Subsection = { segments: 5, inits: 6, comdats: 7, symbols: 8 } as const;

/** @throws MalformedError, LinkError */
export function readObject(input: LinkInput, module: Module = decode(input.bytes)): ObjectFile {
  const section = module.customs.find(({ name }) => name === "linking");
  if (section === undefined) throw new LinkError(`${input.name} is no object file`);
  const r = new Reader(module.bytes, section.start, section.end);
  const version = r.u32();
  if (version !== VERSION)
    throw new LinkError(
      `${input.name}: expected version ${VERSION} of the linking section, found ${version}`,
    );
  let symbols: ObjectSymbol[] = [];
  let segments: SegmentInfo[] = [];
  let inits: InitFunction[] = [];
  let comdats: string[] = [];
  while (r.pos < section.end) {
    const id = r.byte();
    const next = r.length() + r.pos;
    if (id === Subsection.symbols) symbols = r.list(() => readSymbol(r, module));
    else if (id === Subsection.segments)
      segments = r.list(() => ({ name: r.name(), alignment: r.u32(), flags: r.u32() }));
    else if (id === Subsection.inits)
      inits = r.list(() => ({ priority: r.u32(), symbol: r.u32() }));
    else if (id === Subsection.comdats) comdats = r.list(() => readComdat(r));
    r.pos = next;
  }
  return { ...input, module, symbols, segments, inits, comdats, relocations: readAll(module) };
}

function readComdat(r: Reader): string {
  const name = r.name();
  r.u32();
  r.list(() => {
    r.byte();
    r.u32();
  });
  return name;
}

function readSymbol(r: Reader, module: Module): ObjectSymbol {
  const start = r.pos;
  const kind = symbolKinds[r.byte()] ?? r.fail("malformed symbol kind", start);
  const flags = r.u32();
  const undefined_ = (flags & SymbolFlag.undefined) !== 0;
  if (kind === "data") {
    const name = r.name();
    const data = undefined_ ? undefined : { segment: r.u32(), offset: r.u32(), size: r.u32() };
    return { name, kind, flags, index: -1, ...(data === undefined ? {} : { data }) };
  }
  const index = r.u32();
  if (kind === "section") return { name: "", kind, flags, index };
  const named = !undefined_ || (flags & SymbolFlag.explicitName) !== 0;
  const name = named ? r.name() : importsOf(module, externOf[kind]!)[index]?.name;
  return { name: name ?? r.fail("a symbol names no import", start), kind, flags, index };
}

function readAll(module: Module): Relocation[] {
  const relocations: Relocation[] = [];
  for (const { name, start, end } of module.customs) {
    if (name !== "reloc.CODE" && name !== "reloc.DATA") continue;
    const r = new Reader(module.bytes, start, end);
    const at = r.pos;
    const section = module.sections[r.u32()] ?? r.fail("relocations of no section", at);
    for (let count = r.length(); count > 0; count--) {
      const kind = relocationKinds[r.byte()] ?? r.fail("unknown relocation", r.pos - 1);
      const offset = section.start + r.u32();
      const index = r.u32();
      relocations.push({ kind, offset, index, addend: kind.hasAddend ? readAddend(r) : 0 });
    }
  }
  return relocations.toSorted((a, b) => a.offset - b.offset);
}

function readAddend(r: Reader): number {
  const halves = { a: 0, b: 0 };
  r.s64(halves);
  return halves.b * 2 ** 32 + (halves.a >>> 0);
}
