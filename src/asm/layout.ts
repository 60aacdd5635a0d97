// Which index everything gets in an object file, and where its data lies. All of it
// follows from the order of the symbols.

import type { Assembler } from "./assembler.js";
import type { Chunk } from "./chunks.js";
import type { Signature } from "./cursor.js";
import { evaluate } from "./expressions.js";
import { INDIRECT_FUNCTION_TABLE, relocationKinds } from "../link/relocations.js";
import { formatFuncType } from "../syntax/types.js";
import { CrashError } from "../util/errors.js";
import { isDefined, isTemporary, kindOf, type AsmSymbol } from "./symbols.js";

export interface Init {
  readonly priority: number;
  readonly symbol: AsmSymbol;
}

/** Custom sections that stand last. */
const TRAILERS = ["producers", "target_features"];
const LOWEST_PRIORITY = 65535;

export class Layout {
  readonly types: Signature[] = [];
  readonly imports: AsmSymbol[] = [];
  /** Symbols whose address an imported global holds. */
  readonly got: AsmSymbol[];
  readonly functions: AsmSymbol[] = [];
  readonly tables: AsmSymbol[] = [];
  readonly globals: AsmSymbol[] = [];
  readonly tags: AsmSymbol[] = [];
  /** Functions whose address is taken, in the order of the table. */
  readonly pointers: AsmSymbol[] = [];
  readonly segments: Chunk[];
  readonly customs: Chunk[];
  readonly trailers: Chunk[];
  readonly inits: Init[] = [];
  /** The symbols that the file tells of. */
  readonly symtab: AsmSymbol[];
  dataSize = 0;
  private readonly typeIndices = new Map<string, number>();
  private readonly indices = new Map<AsmSymbol, number>();
  private readonly addresses = new Map<Chunk, number>();
  private globalImports = 0;

  constructor(
    private readonly assembler: Assembler,
    private readonly referenceTypes: boolean,
  ) {
    const { chunks } = assembler;
    this.segments = chunks.filter(
      (chunk) => chunk.isData || (chunk.kind === "init" && this.holdsSymbol(chunk)),
    );
    const customs = chunks.filter(({ kind }) => kind === "custom");
    this.customs = customs.filter(({ name }) => !TRAILERS.includes(name));
    this.trailers = TRAILERS.flatMap((name) => customs.filter((chunk) => chunk.name === name));
    this.useTable();
    this.got = assembler.symbols.symbols.filter(({ got }) => got);
    this.assignIndices();
    this.placeData();
    this.collectInits();
    this.symtab = assembler.symbols.symbols.filter((symbol) => this.isListed(symbol));
    this.collectPointers();
    this.symtab.forEach((symbol) => kindOf(symbol) === "data" && this.checkData(symbol));
  }

  private holdsSymbol(chunk: Chunk): boolean {
    return this.assembler.symbols.symbols.some(
      (symbol) => kindOf(symbol) === "data" && symbol.place?.chunk === chunk,
    );
  }

  /** In the order of the file. */
  get bodies(): Chunk[] {
    return this.functions.map(({ place }) => place!.chunk);
  }

  /** All that is relocated, in the order of the text. */
  private get relocated(): Chunk[] {
    return [...this.assembler.bodies, ...this.segments];
  }

  /** Whoever takes the address of a function needs the table. */
  private useTable(): void {
    const { symbols } = this.assembler;
    const takes = this.relocated.some(({ fixups }) =>
      fixups.some(({ relocation }) => {
        const { name, referent } = relocationKinds[relocation]!;
        return referent === "pointer" || (referent === "relative" && name.includes("TABLE"));
      }),
    );
    if (!takes) return;
    const table = symbols.register(symbols.find(INDIRECT_FUNCTION_TABLE)!);
    table.noStrip = true;
  }

  private assignIndices(): void {
    const imported = { function: 0, global: 0, table: 0, tag: 0 };
    for (const item of this.assembler.symbols.order) {
      if (!("name" in item)) {
        this.addType(item);
        continue;
      }
      const kind = kindOf(item);
      if (kind === "function" || kind === "tag") this.addType(this.signatureOf(item));
      if (kind === "data" || isDefined(item) || isTemporary(item)) continue;
      this.imports.push(item);
      this.indices.set(item, imported[kind]++);
    }
    this.globalImports = imported.global;
    imported.global += this.got.length;
    const defined = {
      function: this.functions,
      global: this.globals,
      table: this.tables,
      tag: this.tags,
    };
    for (const symbol of this.assembler.symbols.symbols) {
      const kind = kindOf(symbol);
      if (kind === "data" || symbol.place === undefined || isTemporary(symbol)) continue;
      this.indices.set(symbol, imported[kind] + defined[kind].length);
      defined[kind].push(symbol);
    }
  }

  private signatureOf(symbol: AsmSymbol): Signature {
    const { signature } = this.aliased(symbol);
    if (signature !== undefined) return signature;
    return this.fail(symbol, `${symbol.name} has no type: expected a .functype directive`);
  }

  private addType(signature: Signature): void {
    const key = formatFuncType(signature);
    if (this.typeIndices.has(key)) return;
    this.typeIndices.set(key, this.types.length);
    this.types.push(signature);
  }

  private placeData(): void {
    for (const chunk of this.segments) {
      const align = 2 ** chunk.alignment;
      const address = Math.ceil(this.dataSize / align) * align;
      this.addresses.set(chunk, address);
      this.dataSize = address + chunk.bytes.length;
    }
  }

  private isListed(symbol: AsmSymbol): boolean {
    if (symbol.used) return true;
    const omitted = !this.referenceTypes && symbol.name === INDIRECT_FUNCTION_TABLE;
    return !isTemporary(symbol) && !omitted;
  }

  private collectPointers(): void {
    for (const { fixups } of this.relocated)
      for (const { relocation, target } of fixups) {
        const { name, referent } = relocationKinds[relocation]!;
        const takes = referent === "pointer" || (referent === "relative" && name.includes("TABLE"));
        if (!takes || !("name" in target)) continue;
        const base = this.aliased(target);
        if (!this.pointers.includes(base)) this.pointers.push(base);
      }
  }

  private collectInits(): void {
    for (const chunk of this.assembler.chunks) {
      if (chunk.kind !== "init") continue;
      const suffix = chunk.name.slice(".init_array".length);
      const priority = suffix === "" ? LOWEST_PRIORITY : Number(suffix.replace(/^\./, ""));
      for (const { target } of chunk.fixups) {
        if (!("name" in target)) continue;
        if (kindOf(target) !== "function" || !(priority <= LOWEST_PRIORITY))
          this.fail(target, `${chunk.name} holds functions only, and ends with their priority`);
        this.inits.push({ priority, symbol: target });
      }
    }
  }

  private checkData(symbol: AsmSymbol): void {
    const place = this.placeOf(symbol);
    if (place === undefined) return;
    if (!this.segments.includes(place.chunk))
      this.fail(symbol, `${symbol.name} is data: expected it in a section of data`);
    this.sizeOf(symbol);
  }

  /** What an alias stands for in the end. */
  aliased(symbol: AsmSymbol): AsmSymbol {
    const seen = new Set([symbol]);
    for (let at = symbol; ;) {
      if (at.alias === undefined) return at;
      const { symbol: next } = evaluate(at.alias, (reason) => this.fail(symbol, reason));
      if (next === undefined || seen.has(next))
        return this.fail(symbol, `${symbol.name} is a name for nothing`);
      seen.add((at = next));
    }
  }

  private fail(symbol: AsmSymbol, reason: string): never {
    return this.assembler.cursor.fail(reason, symbol.token);
  }

  typeIndex(of: AsmSymbol | Signature): number {
    const signature = "name" in of ? this.signatureOf(of) : of;
    return this.typeIndices.get(formatFuncType(signature))!;
  }

  indexOf(symbol: AsmSymbol): number {
    const index = this.indices.get(this.aliased(symbol));
    if (index === undefined) throw new CrashError(`${symbol.name} has no index`);
    return index;
  }

  gotIndex(symbol: AsmSymbol): number {
    return this.globalImports + this.got.indexOf(symbol);
  }

  tableNumber(name: string): number {
    return this.indexOf(this.assembler.symbols.find(name)!);
  }

  /** Index in the symbol table. */
  symbolIndex(symbol: AsmSymbol): number {
    const index = this.symtab.indexOf(symbol);
    if (index < 0) throw new CrashError(`${symbol.name} is not in the symbol table`);
    return index;
  }

  slotOf(symbol: AsmSymbol): number {
    return this.pointers.indexOf(this.aliased(symbol));
  }

  addressOf(chunk: Chunk): number {
    return this.addresses.get(chunk) ?? 0;
  }

  /** Where data lies; undefined where another file has it. */
  placeOf(symbol: AsmSymbol): { readonly chunk: Chunk; readonly offset: number } | undefined {
    if (symbol.alias === undefined) return symbol.place;
    const value = evaluate(symbol.alias, (reason) => this.fail(symbol, reason));
    const place = value.symbol === undefined ? undefined : this.placeOf(value.symbol);
    return place && { chunk: place.chunk, offset: place.offset + Number(value.addend) };
  }

  /** Bytes of a data symbol. */
  sizeOf(symbol: AsmSymbol): number {
    const base = this.aliased(symbol);
    if (base.size === undefined)
      return this.fail(symbol, `${symbol.name} has no size: expected .size ${symbol.name}, BYTES`);
    const { symbol: unknown, addend } = evaluate(base.size, (reason) => this.fail(base, reason));
    if (unknown !== undefined || addend < 0n)
      return this.fail(base, `the size of ${base.name} is no number`);
    const { chunk, offset } = this.placeOf(symbol)!;
    // Of an alias into the middle, what is left.
    return symbol === base ? Number(addend) : Math.min(Number(addend), chunk.bytes.length - offset);
  }
}

export const layOut = (assembler: Assembler, referenceTypes: boolean): Layout =>
  new Layout(assembler, referenceTypes);
