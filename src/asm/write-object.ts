// What was assembled, as a relocatable object file, byte for byte as LLVM writes it:
// sizes of sections take five bytes, and everything that has an index gets it in the
// order in which its symbol was first emitted.
// Source: https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md

import { join, leb, Section, sized, sleb64, utf8, vector, type Bytes } from "../binary/encode.js";
import {
  encodeFuncType,
  encodeGlobalType,
  encodeTableType,
  encodeValType,
} from "../binary/encode-types.js";
import {
  INDIRECT_FUNCTION_TABLE,
  LINEAR_MEMORY,
  patch,
  type RelocationKind,
  relocationKinds,
  SymbolFlag,
  symbolKinds,
} from "../link/relocations.js";
import { isRefType, type GlobalType } from "../syntax/types.js";
import { CrashError } from "../util/errors.js";
import type { Assembler } from "./assembler.js";
import type { Chunk, Fixup } from "./chunks.js";
import { layOut, type Layout } from "./layout.js";
import { isDefined, kindOf, type AsmSymbol } from "./symbols.js";

/** Where a byte of the object file comes from. */
export interface ObjectLine {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

export interface WrittenObject {
  readonly bytes: Uint8Array;
  /** By offset, rising. */
  readonly lines: readonly ObjectLine[];
}

const padded = (n: number): number[] => {
  const bytes = [0, 0, 0, 0, 0];
  patch(bytes, 0, "leb32", BigInt(n));
  return bytes;
};
const section = (id: number, payload: Bytes): Uint8Array =>
  join([id], padded(payload.length), payload);
const custom = (name: string, payload: Bytes): Uint8Array =>
  section(Section.custom, join(utf8(name), payload));

const HEADER = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const Extern = { func: 0, table: 1, memory: 2, global: 3, tag: 4 } as const;
/** Slot 0 of the table stays empty, so that the null pointer to a function traps. */
const FIRST_SLOT = 1;

export function writeObject(assembler: Assembler, referenceTypes: boolean): WrittenObject {
  return new ObjectWriter(layOut(assembler, referenceTypes)).write();
}

class ObjectWriter {
  private readonly parts: Bytes[] = [HEADER];
  private size = HEADER.length;
  private count = 0;
  private readonly lines: ObjectLine[] = [];
  /** Where each chunk begins, from the start of its section's contents. */
  private readonly starts = new Map<Chunk, number>();

  constructor(private readonly layout: Layout) {}

  write(): WrittenObject {
    const { layout } = this;
    this.section(Section.type, layout.types.map(encodeFuncType));
    this.section(Section.import, this.imports());
    this.section(
      Section.function,
      layout.functions.map((symbol) => leb(layout.typeIndex(symbol))),
    );
    this.section(
      Section.table,
      layout.tables.map(({ tableType }) => encodeTableType(tableType!)),
    );
    this.section(
      Section.tag,
      layout.tags.map((symbol) => [0, ...leb(layout.typeIndex(symbol))]),
    );
    this.section(
      Section.global,
      layout.globals.map(({ globalType }) => zeroGlobal(globalType!)),
    );
    this.section(
      Section.export,
      layout.functions
        .filter(({ exportName }) => exportName !== undefined)
        .map((symbol) =>
          join(utf8(symbol.exportName!), [Extern.func], leb(layout.indexOf(symbol))),
        ),
    );
    if (layout.pointers.length > 0) this.section(Section.element, [this.elements()]);
    if (layout.segments.length > 0) this.raw(Section.dataCount, leb(layout.segments.length));
    const code = this.code();
    const data = this.data();
    for (const chunk of layout.customs) this.push(custom(chunk.name, chunk.bytes));
    this.linking();
    this.relocations(code, "CODE", layout.bodies);
    this.relocations(data, "DATA", layout.segments);
    for (const chunk of layout.trailers) this.push(custom(chunk.name, chunk.bytes));
    return { bytes: join(...this.parts), lines: this.lines };
  }

  private push(bytes: Bytes): void {
    this.parts.push(bytes);
    this.size += bytes.length;
    this.count++;
  }

  private raw(id: number, payload: Bytes): void {
    this.push(section(id, payload));
  }

  private section(id: number, entries: readonly Bytes[]): void {
    if (entries.length > 0) this.raw(id, vector(entries));
  }

  private imports(): Bytes[] {
    const { layout } = this;
    const entry = (module: string, name: string, ...description: Bytes[]) =>
      join(utf8(module), utf8(name), ...description);
    const pages = leb(Math.ceil(layout.dataSize / 65536));
    return [
      entry("env", LINEAR_MEMORY, [Extern.memory, 0], pages),
      ...layout.imports.map((symbol) =>
        entry(
          symbol.importModule ?? "env",
          symbol.importName ?? symbol.name,
          this.importDescription(symbol),
        ),
      ),
      ...layout.got.map((symbol) =>
        entry(kindOf(symbol) === "function" ? "GOT.func" : "GOT.mem", symbol.name, [
          Extern.global,
          ...encodeValType("i32"),
          1,
        ]),
      ),
    ];
  }

  private importDescription(symbol: AsmSymbol): Bytes {
    const { layout } = this;
    switch (kindOf(symbol)) {
      case "function":
        return [Extern.func, ...leb(layout.typeIndex(symbol))];
      case "tag":
        return [Extern.tag, 0, ...leb(layout.typeIndex(symbol))];
      case "global":
        return [Extern.global, ...encodeGlobalType(symbol.globalType!)];
      case "table": {
        const { element, limits } = symbol.tableType!;
        const min = BigInt(layout.pointers.length);
        return [Extern.table, ...encodeTableType({ element, limits: { ...limits, min } })];
      }
      case "data":
        throw new CrashError(`data is not imported: ${symbol.name}`);
    }
  }

  private elements(): Bytes {
    const { layout } = this;
    const table = layout.tableNumber(INDIRECT_FUNCTION_TABLE);
    const offset = [0x41, ...sleb64(BigInt(FIRST_SLOT)), 0x0b];
    const entries = layout.pointers.map((symbol) => leb(layout.indexOf(symbol)));
    return join(
      table === 0 ? [0] : [2, ...leb(table)],
      offset,
      table === 0 ? [] : [0],
      vector(entries),
    );
  }

  /** Number of the section, or -1 where there is none. */
  private code(): number {
    const { bodies } = this.layout;
    if (bodies.length === 0) return -1;
    let at = leb(bodies.length).length;
    for (const body of bodies) {
      at += leb(body.bytes.length).length;
      this.starts.set(body, at);
      // Behind the id and the size of the section.
      const start = this.size + 6 + at;
      for (const mark of body.lines) this.lines.push({ ...mark, offset: start + mark.offset });
      at += body.bytes.length;
    }
    for (const body of bodies) this.fill(body);
    this.section(
      Section.code,
      bodies.map(({ bytes }) => sized(bytes)),
    );
    return this.count - 1;
  }

  private data(): number {
    const { layout } = this;
    const { segments } = layout;
    if (segments.length === 0) return -1;
    let at = leb(segments.length).length;
    const entries = segments.map((chunk) => {
      const address = BigInt(layout.addressOf(chunk));
      const head = [
        ...(chunk.passive ? [1] : [0, 0x41, ...sleb64(address), 0x0b]),
        ...leb(chunk.bytes.length),
      ];
      this.starts.set(chunk, at + head.length);
      at += head.length + chunk.bytes.length;
      this.fill(chunk);
      return join(head, chunk.bytes);
    });
    this.section(Section.data, entries);
    return this.count - 1;
  }

  /** Writes what the places would hold if this file were the whole program. */
  private fill({ bytes, fixups }: Chunk): void {
    for (const fixup of fixups) {
      const kind = relocationKinds[fixup.relocation]!;
      patch(bytes, fixup.offset, kind.encoding, this.provisional(fixup, kind));
    }
  }

  private provisional({ target, addend }: Fixup, { referent, name }: RelocationKind): bigint {
    const { layout } = this;
    if (!("name" in target)) return BigInt(layout.typeIndex(target));
    switch (referent) {
      case "function":
      case "global":
      case "table":
      case "tag":
        return BigInt(
          target.got && referent === "global" ? layout.gotIndex(target) : layout.indexOf(target),
        );
      case "pointer":
        return BigInt(FIRST_SLOT + layout.slotOf(target));
      case "relative":
        if (name.includes("TABLE")) return BigInt(layout.slotOf(target));
        return this.address(target, addend);
      case "address":
        return this.address(target, addend);
      default:
        throw new CrashError(`relocation ${name} of ${target.name}`);
    }
  }

  private address(target: AsmSymbol, addend: bigint): bigint {
    const place = this.layout.placeOf(target);
    if (place === undefined) return 0n;
    return BigInt(this.layout.addressOf(place.chunk) + place.offset) + addend;
  }

  private linking(): void {
    const { layout } = this;
    const parts: Bytes[] = [[2]];
    if (layout.symtab.length > 0)
      parts.push(section(8, vector(layout.symtab.map((symbol) => this.symbol(symbol)))));
    if (layout.segments.length > 0) {
      const infos = layout.segments.map(({ name, alignment, flags }) =>
        join(utf8(name), leb(alignment), leb(flags)),
      );
      parts.push(section(5, vector(infos)));
    }
    if (layout.inits.length > 0) {
      const inits = layout.inits.map(({ priority, symbol }) =>
        join(leb(priority), leb(layout.symbolIndex(symbol))),
      );
      parts.push(section(6, vector(inits)));
    }
    this.push(custom("linking", join(...parts)));
  }

  private symbol(symbol: AsmSymbol): Bytes {
    const { layout } = this;
    const kind = kindOf(symbol);
    const flags = flagsOf(symbol, layout);
    const head = [symbolKinds.indexOf(kind), ...leb(flags)];
    if (kind !== "data") {
      const named = isDefined(symbol) || (flags & SymbolFlag.explicitName) !== 0;
      return join(head, leb(layout.indexOf(symbol)), named ? utf8(symbol.name) : []);
    }
    const place = layout.placeOf(symbol);
    if (place === undefined) return join(head, utf8(symbol.name));
    const segment = layout.segments.indexOf(place.chunk);
    return join(
      head,
      utf8(symbol.name),
      leb(segment),
      leb(place.offset),
      leb(layout.sizeOf(symbol)),
    );
  }

  private relocations(index: number, name: string, chunks: readonly Chunk[]): void {
    const entries = chunks.flatMap((chunk) =>
      chunk.fixups
        .toSorted((a, b) => a.offset - b.offset)
        .map(({ offset, relocation, target, addend }) => {
          const { hasAddend } = relocationKinds[relocation]!;
          const named = "name" in target;
          const { layout } = this;
          return join(
            [relocation],
            leb(this.starts.get(chunk)! + offset),
            leb(named ? layout.symbolIndex(target) : layout.typeIndex(target)),
            hasAddend ? sleb64(addend) : [],
          );
        }),
    );
    if (entries.length > 0) this.push(custom(`reloc.${name}`, join(leb(index), vector(entries))));
  }
}

/** Globals of object files start at zero, whatever the program makes of them. */
function zeroGlobal(type: GlobalType): Bytes {
  const init = isRefType(type.type)
    ? [0xd0, ...encodeValType(type.type)]
    : {
        i32: [0x41, 0],
        i64: [0x42, 0],
        f32: [0x43, 0, 0, 0, 0],
        f64: [0x44, 0, 0, 0, 0, 0, 0, 0, 0],
        v128: [0xfd, 0x0c, ...Array.from({ length: 16 }, () => 0)],
      }[type.type];
  return [...encodeGlobalType(type), ...init, 0x0b];
}

function flagsOf(symbol: AsmSymbol, layout: Layout): number {
  const defined = isDefined(symbol);
  const chunk = layout.placeOf(symbol)?.chunk;
  const flags: [boolean, number][] = [
    [symbol.weak, SymbolFlag.weak],
    [symbol.hidden, SymbolFlag.hidden],
    [!symbol.global && defined, SymbolFlag.local],
    [!defined, SymbolFlag.undefined],
    [symbol.noStrip, SymbolFlag.noStrip],
    [symbol.importName !== undefined, SymbolFlag.explicitName],
    [symbol.exportName !== undefined, SymbolFlag.exported],
    [chunk?.isData === true && (chunk.flags & 2) !== 0, SymbolFlag.threadLocal],
  ];
  return flags.reduce((sum, [on, bit]) => (on ? sum | bit : sum), 0);
}
