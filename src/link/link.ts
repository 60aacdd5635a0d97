// Puts object files together to one module: alone, or with a finished program whose
// undefined functions they define and whose memory, stack and table they use.
//
// Not done, and refused where it would matter: position-independent code, thread-local
// addresses, 64-bit memories, a choice among equal COMDAT groups.

import { decode } from "../binary/decode.js";
import type { SourceLines } from "../syntax/source-lines.js";
import { formatFuncType } from "../syntax/types.js";
import { CrashError, LinkError } from "../util/errors.js";
import { hex } from "../util/hex.js";
import { encodeProgram } from "./encode-program.js";
import { InitCode } from "./init.js";
import { LineTable } from "../syntax/line-table.js";
import { Memory, type MemoryOptions } from "./memory.js";
import {
  isObject,
  isUndefined,
  isWeak,
  type LinkInput,
  type ObjectFile,
  type ObjectSymbol,
  readObject,
  type Relocation,
} from "./object.js";
import { importOf, type ObjectParts, partsOf, signatureAt } from "./parts.js";
import { Program } from "./program.js";
import { INDIRECT_FUNCTION_TABLE, STACK_POINTER, SymbolFlag } from "./relocations.js";
import { type Func, type Global, Space, type Table, type Tag, Types } from "./spaces.js";
import { Symbols, type Definition } from "./symbols.js";
import { IndirectTable } from "./table.js";

export interface Linked {
  readonly bytes: Uint8Array;
  /** The sources of the functions that were assembled. */
  readonly lines: SourceLines;
}

type Entity = Func | Global | Table | Tag;

/** @throws MalformedError, LinkError */
export function link(inputs: readonly LinkInput[], options: MemoryOptions = {}): Linked {
  const decoded = inputs.map((input) => ({ input, module: decode(input.bytes) }));
  const objects = decoded.filter(({ module }) => isObject(module));
  const programs = decoded.filter(({ module }) => !isObject(module));
  if (programs.length > 1) {
    const names = programs.map(({ input }) => input.name).join(" and ");
    throw new LinkError(`${names} are finished programs: only one can be linked to`);
  }
  return new Linker(
    objects.map(({ input, module }) => readObject(input, module)),
    programs[0],
    options,
  ).link();
}

export class Linker {
  readonly types: Types;
  readonly funcs = new Space<Func>();
  readonly globals = new Space<Global>();
  readonly tables = new Space<Table>();
  readonly tags = new Space<Tag>();
  readonly program: Program | null;
  readonly memory: Memory;
  readonly table: IndirectTable;
  readonly init: InitCode;
  private readonly symbols: Symbols;
  private readonly parts = new Map<ObjectFile, ObjectParts>();
  /** What the symbols of an object stand for, by index. */
  private readonly entities = new Map<ObjectFile, (Entity | undefined)[]>();
  private readonly imports = new Map<string, Entity>();

  constructor(
    readonly objects: readonly ObjectFile[],
    program: { readonly input: LinkInput; readonly module: LinkInputModule } | undefined,
    options: MemoryOptions,
  ) {
    this.types = new Types(program?.module);
    this.symbols = new Symbols(objects);
    for (const object of objects)
      this.parts.set(object, partsOf(object, this.types, this.relocate));
    this.program = program === undefined ? null : this.adopt(program.input.name, program.module);
    this.memory = new Memory(this, options);
    this.table = new IndirectTable(this);
    this.init = new InitCode(this);
    for (const object of objects) this.include(object);
    for (const object of objects) this.entities.set(object, this.entitiesOf(object));
    this.memory.place();
    this.table.collect();
    this.init.make();
  }

  link(): Linked {
    const bytes = encodeProgram(this);
    return { bytes, lines: this.lines(bytes) };
  }

  /** The program's own parts, its undefined functions replaced by definitions. */
  private adopt(name: string, module: LinkInputModule): Program {
    const program: Program = new Program(
      name,
      module,
      {
        func: (i) => this.funcs.index(program.funcs[i]!),
        global: (i) => this.globals.index(program.globals[i]!),
        table: (i) => this.tables.index(program.tables[i]!),
        tag: (i) => this.tags.index(program.tags[i]!),
      },
      (from, field, type) => (from === "env" ? this.replacement(name, field, type) : undefined),
    );
    const own = new Set([...this.parts.values()].flatMap(({ funcs }) => funcs));
    for (const func of program.funcs) if (!own.has(func)) this.funcs.add(func);
    for (const global of program.globals) this.globals.add(global);
    for (const table of program.tables) this.tables.add(table);
    for (const tag of program.tags) this.tags.add(tag);
    return program;
  }

  private replacement(program: string, name: string, type: number): Func | undefined {
    const definition = this.symbols.find(name);
    if (definition?.symbol.kind !== "function") return undefined;
    const func = this.defined(definition) as Func;
    if (func.type !== type)
      throw new LinkError(
        `${name} has another type in ${program} than in ${definition.object.name}, where it is ${this.typeText(definition)}`,
      );
    return func;
  }

  private typeText({ object, symbol }: Definition): string {
    const type = object.module.functions[symbol.index - object.module.imported.func]!.type;
    return formatFuncType(signatureAt(object, type));
  }

  private include(object: ObjectFile): void {
    const { funcs, globals, tables, tags } = this.parts.get(object)!;
    for (const func of funcs) this.funcs.add(func);
    for (const global of globals) this.globals.add(global);
    for (const table of tables) this.tables.add(table);
    for (const tag of tags) this.tags.add(tag);
    this.table.checkImplicit(object);
  }

  private entitiesOf(object: ObjectFile): (Entity | undefined)[] {
    return object.symbols.map((symbol) => {
      if (symbol.kind === "data" || symbol.kind === "section") return undefined;
      const definition = this.symbols.resolve(object, symbol);
      if (definition === undefined) return this.outside(object, symbol);
      const entity = this.defined(definition);
      this.checkType(object, symbol, entity, definition.object.name);
      return entity;
    });
  }

  private defined({ object, symbol: { kind, index, name } }: Definition): Entity {
    const { funcs, globals, tables, tags } = this.parts.get(object)!;
    const { imported } = object.module;
    const found = {
      function: () => funcs[index - imported.func],
      global: () => globals[index - imported.global],
      table: () => tables[index - imported.table],
      tag: () => tags[index - imported.tag],
    }[kind as "function" | "global" | "table" | "tag"]();
    if (found === undefined) throw new LinkError(`${object.name}: ${name} is not defined there`);
    return found;
  }

  /** An undefined symbol: the program's, the linker's own, or an import. */
  private outside(object: ObjectFile, symbol: ObjectSymbol): Entity {
    const { name, kind } = symbol;
    if (kind === "table" && name === INDIRECT_FUNCTION_TABLE) return this.table.entity;
    const found = this.inProgram(symbol);
    if (found !== undefined) {
      this.checkType(object, symbol, found, this.program!.name);
      return found;
    }
    if (kind === "global" && name === STACK_POINTER) return this.memory.stackPointer();
    if (kind === "function" && name === InitCode.symbol) return this.init.entity();
    if (kind === "function" && isWeak(symbol)) return this.missing(object, symbol);
    return this.imported(object, symbol);
  }

  private inProgram({ name, kind }: ObjectSymbol): Entity | undefined {
    const { program } = this;
    if (program === null) return undefined;
    const space = {
      function: ["func", program.funcs],
      global: ["global", program.globals],
      table: ["table", program.tables],
      tag: ["tag", program.tags],
    } as const;
    const [extern, entities] = space[kind as keyof typeof space];
    const index = program.find(extern, name);
    return index === undefined ? undefined : entities[index];
  }

  private checkType(object: ObjectFile, symbol: ObjectSymbol, entity: Entity, where: string): void {
    if (symbol.kind !== "function" || !isUndefined(symbol)) return;
    const { description } = importOf(object, symbol);
    if (description.kind !== "func") return;
    const wanted = signatureAt(object, description.type);
    if (this.types.indexOf(wanted) !== entity.type)
      throw new LinkError(
        `${symbol.name} has another type in ${where} than in ${object.name}, where it is ${formatFuncType(wanted)}`,
      );
  }

  /** A function that may be missing, and is: calling it traps. */
  private missing(object: ObjectFile, symbol: ObjectSymbol): Func {
    const { description } = importOf(object, symbol);
    const type = description.kind === "func" ? description.type : 0;
    const body = () => Uint8Array.of(0, 0x00, 0x0b);
    return this.funcs.add({
      name: `undefined_weak:${symbol.name}`,
      type: this.types.indexOf(signatureAt(object, type)),
      body,
    });
  }

  private imported(object: ObjectFile, symbol: ObjectSymbol): Entity {
    const { module, name, description } = importOf(object, symbol);
    const type =
      description.kind === "func"
        ? this.types.indexOf(signatureAt(object, description.type))
        : description.kind === "tag"
          ? this.types.indexOf(signatureAt(object, description.type.type))
          : description.type;
    const key = JSON.stringify([symbol.kind, module, name, typeof type === "number" ? type : 0]);
    const known = this.imports.get(key) ?? this.programImport(symbol, module, name, type);
    if (known !== undefined) return known;
    const entity = { name: symbol.name, import: { module, name }, type } as Entity;
    this.imports.set(key, entity);
    const space: { add(entity: Entity): Entity } = {
      function: this.funcs,
      global: this.globals,
      table: this.tables,
      tag: this.tags,
    }[symbol.kind as "function"] as never;
    return space.add(entity);
  }

  /** The program imports the same already. */
  private programImport(
    { kind }: ObjectSymbol,
    module: string,
    name: string,
    type: unknown,
  ): Entity | undefined {
    if (kind !== "function") return undefined;
    return this.program?.funcs.find(
      (f) => f.import?.module === module && f.import.name === name && f.type === type,
    );
  }

  /** What a symbol of an object stands for; undefined for data. */
  entityOf(object: ObjectFile, symbol: number): Entity | undefined {
    return this.entities.get(object)?.[symbol];
  }

  /** What a data symbol means; undefined where no object has it. */
  dataOf(object: ObjectFile, symbol: ObjectSymbol): Definition | undefined {
    return isUndefined(symbol) || !(symbol.flags & SymbolFlag.local)
      ? this.symbols.resolve(object, symbol)
      : { object, symbol };
  }

  get definitions(): readonly Definition[] {
    return this.symbols.all;
  }

  definedFunc(definition: Definition): Func {
    return this.defined(definition) as Func;
  }

  /** The value for a relocation's place. All must be in the program by now. */
  readonly relocate = (object: ObjectFile, { kind, index, addend, offset }: Relocation): number => {
    if (kind.referent === "type") return this.types.indexOf(signatureAt(object, index));
    const symbol = object.symbols[index];
    if (symbol === undefined)
      throw new LinkError(`${object.name}: the relocation at byte ${hex(offset)} names no symbol`);
    const entity = this.entityOf(object, index);
    switch (kind.referent) {
      case "function":
        return this.funcs.index(entity as Func);
      case "global":
        if (entity === undefined) break;
        return this.globals.index(entity as Global);
      case "table":
        return this.tables.index(entity as Table);
      case "tag":
        return this.tags.index(entity as Tag);
      case "pointer":
        return this.table.slotOf(entity as Func, symbol);
      case "address":
        return this.memory.addressOf(object, symbol) + addend;
      default:
        break;
    }
    throw new LinkError(
      `${object.name}: ${kind.name} of ${symbol.name} is not supported: ` +
        "the code is position-independent, or wants thread-local data",
    );
  };

  /** Where the code of the objects came to lie. */
  private lines(bytes: Uint8Array): LineTable {
    const table = new LineTable();
    const { functions, imported } = decode(bytes, { lazyBodies: true });
    for (const object of this.objects) {
      if (object.lines === undefined) continue;
      const { source, marks } = object.lines;
      object.module.functions.forEach(({ offset, body }, i) => {
        const func = this.parts.get(object)!.funcs[i]!;
        const placed = functions[this.funcs.index(func) - imported.func];
        if (placed === undefined) throw new CrashError(`${func.name} is lost`);
        const own = marks.filter((mark) => mark.offset >= offset && mark.offset < body.end);
        table.add(source, own, placed.offset - offset);
      });
    }
    return table;
  }
}

type LinkInputModule = ObjectFile["module"];
