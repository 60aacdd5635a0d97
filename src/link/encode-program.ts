// The linked program as bytes, section by section.

import {
  type Bytes,
  exportEntry,
  join,
  leb,
  moduleOf,
  Section,
  sized,
  utf8,
  vector,
} from "../binary/encode.js";
import { encodeNames } from "../binary/encode-names.js";
import { encodeGlobalType, encodeLimits, encodeTableType } from "../binary/encode-types.js";
import { EXACT_FUNC } from "../binary/sections.js";
import { emptyNames } from "../binary/names.js";
import type { Module } from "../syntax/module.js";
import type { Linker } from "./link.js";
import { SymbolFlag } from "./relocations.js";
import type { Table } from "./spaces.js";

const Extern = { func: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;

export function encodeProgram(linker: Linker): Uint8Array {
  const { funcs, globals, tables, tags, types, program, memory, init } = linker;
  const relocate = linker.relocate;
  // Bodies first: they are what may still need types.
  const bodies = funcs.definedOnes.map((func) => sized(func.body!()));
  const datas = [...(program?.datas() ?? []), ...memory.datas(relocate)];
  const sections = new Map<number, Bytes>();
  const add = (id: number, entries: readonly Bytes[]) => {
    if (entries.length > 0) sections.set(id, vector(entries));
  };
  add(Section.import, importEntries(linker));
  add(
    Section.function,
    funcs.definedOnes.map(({ type }) => leb(type)),
  );
  add(Section.table, tables.definedOnes.map(tableEntry));
  add(Section.memory, memoryEntries(linker));
  add(
    Section.tag,
    tags.definedOnes.map(({ type }) => [0, ...leb(type)]),
  );
  add(
    Section.global,
    globals.definedOnes.map((global) => join(encodeGlobalType(global.type), global.init!())),
  );
  add(Section.export, exportEntries(linker));
  if (init.start !== undefined) sections.set(Section.start, leb(funcs.index(init.start)));
  add(Section.element, [...(program?.elements() ?? []), ...linker.table.elements()]);
  if (program?.module.dataCount !== undefined) sections.set(Section.dataCount, leb(datas.length));
  add(Section.code, bodies);
  add(Section.data, datas);
  if (!types.isEmpty) sections.set(Section.type, types.encode());
  return moduleOf(sections, customs(linker, bodies));
}

const tableEntry = ({ type, init }: Table): Bytes =>
  init === undefined ? encodeTableType(type) : join([0x40, 0], encodeTableType(type), init());

function importEntries({ funcs, globals, tables, tags, program }: Linker): Bytes[] {
  const entry = ({ import: from }: { import: { module: string; name: string } }, what: Bytes) =>
    join(utf8(from.module), utf8(from.name), what);
  const memories = (program?.module.imports ?? []).flatMap((i) =>
    i.description.kind === "memory"
      ? [entry({ import: i }, [Extern.memory, ...encodeLimits(i.description.type.limits)])]
      : [],
  );
  return [
    ...funcs.importedOnes.map((func) =>
      entry(func, [func.exact === true ? EXACT_FUNC : Extern.func, ...leb(func.type)]),
    ),
    ...tables.importedOnes.map((table) =>
      entry(table, [Extern.table, ...encodeTableType(table.type)]),
    ),
    ...memories,
    ...globals.importedOnes.map((global) =>
      entry(global, [Extern.global, ...encodeGlobalType(global.type)]),
    ),
    ...tags.importedOnes.map((tag) => entry(tag, [Extern.tag, 0, ...leb(tag.type)])),
  ];
}

function memoryEntries({ program, memory }: Linker): Bytes[] {
  if (program !== null) return program.module.memories.map(({ limits }) => encodeLimits(limits));
  return [[0, ...leb(memory.pages)]];
}

/** What the program exported, what the objects say is exported, and else what they let see. */
function exportEntries(linker: Linker): Bytes[] {
  const { program, funcs, objects, definitions } = linker;
  const names = new Map<string, Bytes>();
  for (const object of objects)
    for (const { name, kind, index } of object.module.exports) {
      if (kind !== "func") continue;
      const symbol = object.symbols.findIndex(
        (s) => s.kind === "function" && s.index === index && (s.flags & SymbolFlag.exported) !== 0,
      );
      const func = linker.entityOf(object, symbol);
      if (func !== undefined)
        names.set(name, exportEntry(name, "func", funcs.index(func as never)));
    }
  if (program !== null) return [...program.exports(), ...names.values()];
  for (const definition of definitions) {
    const { name, kind, flags } = definition.symbol;
    const visible = (flags & SymbolFlag.hidden) === 0 || name === "_start";
    if (kind !== "function" || !visible || names.has(name)) continue;
    names.set(name, exportEntry(name, "func", funcs.index(linker.definedFunc(definition))));
  }
  return [exportEntry("memory", "memory", 0), ...names.values()];
}

/** Sections that no longer fit where code has moved. */
const isAboutCode = (name: string): boolean =>
  name.startsWith(".debug_") ||
  name.startsWith("reloc.") ||
  name === "sourceMappingURL" ||
  name === "external_debug_info";

function customs(linker: Linker, bodies: readonly Bytes[]): Bytes[] {
  const { program } = linker;
  const moved = program === null || hasMoved(program.module, bodies);
  const kept = (program?.module.customs ?? []).filter(
    ({ name }) => name !== "name" && !(moved && isAboutCode(name)),
  );
  const bytes = program?.module.bytes;
  const names = encodeNames(namesOf(linker));
  return [
    ...kept.map(({ name, start, end }) => join(utf8(name), bytes!.subarray(start, end))),
    ...(names.length === 0 ? [] : [join(utf8("name"), names)]),
  ];
}

/** Whether the program's own code lies elsewhere in its section now. */
function hasMoved({ functions, sections }: Module, bodies: readonly Bytes[]): boolean {
  const section = sections.find(({ id }) => id === Section.code);
  let at = (section?.start ?? 0) + leb(bodies.length).length;
  return functions.some(({ offset, body }, i) => {
    at += bodies[i]!.length;
    return body.end !== at || offset >= at;
  });
}

function namesOf(linker: Linker): Parameters<typeof encodeNames>[0] {
  const { funcs, globals, tables, tags, program } = linker;
  const named = (entities: readonly { readonly name?: string }[]) =>
    new Map(entities.flatMap(({ name }, i) => (name === undefined ? [] : [[i, name] as const])));
  return {
    ...(program?.module.names ?? emptyNames()),
    ...program?.names(),
    functions: named(funcs.all),
    globals: named(globals.all),
    tables: named(tables.all),
    tags: named(tags.all),
  };
}
