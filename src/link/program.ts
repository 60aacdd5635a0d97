// The finished module that object files are linked to: its parts as entities of the
// new program, and how it is found out what its symbols are.

import { encodeValType } from "../binary/encode-types.js";
import { join, leb, utf8, type Bytes } from "../binary/encode.js";
import { InstructionReader } from "../binary/code.js";
import {
  type ElementSegment,
  type ExternKind,
  importsOf,
  type Module,
  type Names,
} from "../syntax/module.js";
import { LinkError } from "../util/errors.js";
import { copyCode, type IndexMap } from "./rewrite.js";
import type { Func, Global, Table, Tag } from "./spaces.js";

export class Program {
  readonly funcs: Func[];
  readonly globals: Global[];
  readonly tables: Table[];
  readonly tags: Tag[];

  constructor(
    readonly name: string,
    readonly module: Module,
    private readonly map: IndexMap,
    /** What is to stand for an imported function, if anything but the import. */
    private readonly replace: (module: string, name: string, type: number) => Func | undefined,
  ) {
    if (module.customs.some((custom) => custom.name.startsWith("dylink")))
      throw new LinkError(`${name} is a dynamic library: only whole programs can be linked to`);
    this.funcs = this.makeFuncs();
    this.globals = [
      ...importsOf(module, "global").map((i, n) =>
        this.imported("global", n, i, i.description.type),
      ),
      ...module.globals.map((global, i) => ({
        ...this.named("global", module.imported.global + i),
        type: global.type,
        init: () => copyCode(module.bytes, global.init.offset, global.init, map),
      })),
    ];
    this.tables = [
      ...importsOf(module, "table").map((i, n) => this.imported("table", n, i, i.description.type)),
      ...module.tables.map(({ type, init }, i) => ({
        ...this.named("table", module.imported.table + i),
        type,
        ...(init && { init: () => copyCode(module.bytes, init.offset, init, map) }),
      })),
    ];
    this.tags = [
      ...importsOf(module, "tag").map((i, n) =>
        this.imported("tag", n, i, i.description.type.type),
      ),
      ...module.tags.map(({ type }, i) => ({
        ...this.named("tag", module.imported.tag + i),
        type,
      })),
    ];
  }

  private makeFuncs(): Func[] {
    const { module, map } = this;
    return [
      ...importsOf(module, "func").map((i, n): Func => {
        const { type, exact } = i.description;
        const known = this.replace(i.module, i.name, type);
        return known ?? { ...this.imported("func", n, i, type), exact };
      }),
      ...module.functions.map(({ type, offset, body }, i) => ({
        ...this.named("func", module.imported.func + i),
        type,
        body: () => copyCode(module.bytes, offset, body, map),
      })),
    ];
  }

  private imported<T>(
    kind: ExternKind,
    index: number,
    { module, name }: { module: string; name: string },
    type: T,
  ) {
    return { ...this.named(kind, index), import: { module, name }, type };
  }

  private named(kind: ExternKind, index: number): { name?: string } {
    const name = this.namesOf(kind)?.get(index);
    return name === undefined ? {} : { name };
  }

  private namesOf(kind: ExternKind): ReadonlyMap<number, string> | undefined {
    const { names } = this.module;
    return {
      func: names.functions,
      global: names.globals,
      table: names.tables,
      memory: names.memories,
      tag: names.tags,
    }[kind];
  }

  /** The index of what is exported under a name, else of the only thing with that name. */
  find(kind: ExternKind, name: string): number | undefined {
    const exported = this.module.exports.find((e) => e.kind === kind && e.name === name);
    if (exported !== undefined) return exported.index;
    const named = [...(this.namesOf(kind) ?? [])].filter(([, known]) => known === name);
    if (named.length === 1) return named[0]![0];
    const imported = importsOf(this.module, kind).findIndex(
      (i) => i.module === "env" && i.name === name,
    );
    return imported < 0 ? undefined : imported;
  }

  /** The value of a global that starts as a constant. */
  constantOf(index: number): number | undefined {
    const global = this.module.globals[index - this.module.imported.global];
    if (global === undefined) return undefined;
    const { offset, end } = global.init;
    return constantIn(this.module, offset, end);
  }

  /** The slot of the table that holds a function already. */
  slotOf(table: number, func: number): number | undefined {
    for (const { mode, funcs } of this.module.elements) {
      if (mode.kind !== "active" || mode.index !== table || funcs === undefined) continue;
      const at = funcs.indexOf(func);
      const start = constantIn(this.module, mode.offset.offset, mode.offset.end);
      if (at >= 0 && start !== undefined) return start + at;
    }
    return undefined;
  }

  /** Element segments with new indices. */
  elements(): Bytes[] {
    return this.module.elements.map((segment) => this.element(segment));
  }

  private element({ mode, funcs, expressions, type }: ElementSegment): Bytes {
    const { bytes } = this.module;
    const copy = (e: { offset: number; end: number }) => copyCode(bytes, e.offset, e, this.map);
    const active = mode.kind === "active";
    const table = active ? this.map.table(mode.index) : 0;
    // Table 0 and functions alone need neither a table's number nor a type.
    const short = active && table === 0 && isFuncref(type);
    const flags =
      (active ? 0 : 1) |
      ((active ? !short : mode.kind === "declarative") ? 2 : 0) |
      (funcs === undefined ? 4 : 0);
    const items = funcs
      ? funcs.map((index) => leb(this.map.func(index)))
      : (expressions ?? []).map(copy);
    return join(
      leb(flags),
      active ? join(short ? [] : leb(table), copy(mode.offset)) : [],
      short ? [] : funcs ? [0] : encodeValType(type),
      leb(items.length),
      ...items,
    );
  }

  /** Data segments with new indices in their offsets. */
  datas(): Bytes[] {
    const { bytes, datas } = this.module;
    return datas.map(({ mode, start, end }) => {
      const content = join(leb(end - start), bytes.subarray(start, end));
      if (mode.kind !== "active") return join([1], content);
      const offset = copyCode(bytes, mode.offset.offset, mode.offset, this.map);
      return join(mode.index === 0 ? [0] : [2, ...leb(mode.index)], offset, content);
    });
  }

  exports(): Bytes[] {
    const kinds = ["func", "table", "memory", "global", "tag"] as const;
    return this.module.exports.map(({ name, kind, index }) => {
      const moved = kind === "memory" ? index : this.map[kind](index);
      return join(utf8(name), [kinds.indexOf(kind)], leb(moved));
    });
  }

  /** The names with new indices; those of functions and globals go with the entities. */
  names(): Pick<Names, "locals" | "labels"> {
    const moved = <T>(map: ReadonlyMap<number, T>) =>
      new Map(
        [...map].filter(([i]) => i < this.funcs.length).map(([i, v]) => [this.map.func(i), v]),
      );
    const { locals, labels } = this.module.names;
    return { locals: moved(locals), labels: moved(labels) };
  }
}

const isFuncref = ({ heap, nullable }: { heap: unknown; nullable: boolean }): boolean =>
  heap === "func" && nullable;

/** The number that a constant expression is, if it is nothing but one `i32.const`. */
function constantIn(module: Module, offset: number, end: number): number | undefined {
  const r = new InstructionReader(module.bytes, offset, end);
  r.next();
  const { op, a } = r.instruction;
  if (op.mnemonic !== "i32.const" || r.pos !== end - 1) return undefined;
  return a >>> 0;
}
