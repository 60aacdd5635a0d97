// What an object file brings into the program: an entity for each of its functions,
// globals, tables and tags, and for each of its symbols what it stands for.

import type { FuncType } from "../syntax/types.js";
import { importsOf } from "../syntax/module.js";
import { LinkError } from "../util/errors.js";
import { hex } from "../util/hex.js";
import { isUndefined, type ObjectFile, type ObjectSymbol, type Relocation } from "./object.js";
import { patch, widthOf } from "./relocations.js";
import type { Func, Global, Table, Tag, Types } from "./spaces.js";

export interface ObjectParts {
  readonly funcs: readonly Func[];
  readonly globals: readonly Global[];
  readonly tables: readonly Table[];
  readonly tags: readonly Tag[];
}

/** The value for a relocation's place. */
export type Relocate = (object: ObjectFile, relocation: Relocation) => number;

/** Entities for what the object defines. */
export function partsOf(object: ObjectFile, types: Types, relocate: Relocate): ObjectParts {
  const { module, symbols } = object;
  const named = (kind: ObjectSymbol["kind"], index: number) => {
    const symbol = symbols.find((s) => s.kind === kind && s.index === index && !isUndefined(s));
    return symbol === undefined ? {} : { name: symbol.name };
  };
  return {
    funcs: module.functions.map(({ type, offset, body }, i) => ({
      ...named("function", module.imported.func + i),
      type: types.indexOf(signatureAt(object, type)),
      body: () => relocated(object, offset, body.end, relocate),
    })),
    globals: module.globals.map(({ type, init }, i) => ({
      ...named("global", module.imported.global + i),
      type,
      init: () => module.bytes.slice(init.offset, init.end),
    })),
    tables: module.tables.map(({ type }, i) => ({
      ...named("table", module.imported.table + i),
      type,
    })),
    tags: module.tags.map(({ type }, i) => ({
      ...named("tag", module.imported.tag + i),
      type: types.indexOf(signatureAt(object, type)),
    })),
  };
}

/** The bytes [start, end) of an object file with the values of all relocations in them. */
export function relocated(
  object: ObjectFile,
  start: number,
  end: number,
  relocate: Relocate,
): Uint8Array {
  const bytes = object.bytes.slice(start, end);
  for (const relocation of object.relocations) {
    const { offset, kind } = relocation;
    if (offset < start || offset >= end) continue;
    if (offset + widthOf(kind.encoding) > end)
      throw new LinkError(`${object.name}: a relocation at byte ${hex(offset)} has no room`);
    patch(bytes, offset - start, kind.encoding, BigInt(relocate(object, relocation)));
  }
  return bytes;
}

/** The function type at an index of an object file. */
export function signatureAt({ module, name }: ObjectFile, type: number): FuncType {
  const comp = module.types[type]?.comp;
  if (comp?.kind === "func") return comp;
  throw new LinkError(`${name}: type ${type} is no function type`);
}

/** Where an undefined symbol is to be imported from, and as what. */
export function importOf(object: ObjectFile, { kind, index }: ObjectSymbol) {
  const kinds = { function: "func", global: "global", table: "table", tag: "tag" } as const;
  return importsOf(object.module, kinds[kind as keyof typeof kinds])[index]!;
}
