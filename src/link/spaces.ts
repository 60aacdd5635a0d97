// The index spaces of the program that is put together. While it is, its parts know
// each other as objects; they get their indices when all are there, imports first.

import { encodeFuncType } from "../binary/encode-types.js";
import { join, leb, type Bytes } from "../binary/encode.js";
import { Reader } from "../binary/reader.js";
import type { Module } from "../syntax/module.js";
import {
  formatFuncType,
  type FuncType,
  type GlobalType,
  type TableType,
  type ValType,
} from "../syntax/types.js";
import { CrashError } from "../util/errors.js";

export interface Imported {
  readonly module: string;
  readonly name: string;
}

interface Entity {
  /** What people call it. */
  readonly name?: string;
  readonly import?: Imported;
}
export interface Func extends Entity {
  /** In the program's types. */
  readonly type: number;
  /** An import whose type must be this one, not a subtype. */
  readonly exact?: boolean;
  /** The body as the code section holds it, without its size; made when all indices are known. */
  readonly body?: () => Uint8Array;
}
export interface Global extends Entity {
  readonly type: GlobalType;
  /** The initial value's expression. */
  init?: () => Bytes;
}
export interface Table extends Entity {
  type: TableType;
  readonly init?: () => Bytes;
}
export interface Tag extends Entity {
  readonly type: number;
}

export class Space<E extends Entity> {
  private readonly imports: E[] = [];
  private readonly defined: E[] = [];
  private readonly indices = new Map<E, number>();

  add(entity: E): E {
    if (this.indices.size > 0) throw new CrashError("an index space grows after its use");
    (entity.import === undefined ? this.defined : this.imports).push(entity);
    return entity;
  }

  get importedOnes(): readonly (E & { readonly import: Imported })[] {
    return this.imports as (E & { import: Imported })[];
  }
  get definedOnes(): readonly E[] {
    return this.defined;
  }
  get all(): readonly E[] {
    return [...this.imports, ...this.defined];
  }

  /** From the first call on, nothing can be added. */
  index(entity: E): number {
    if (this.indices.size === 0) this.all.forEach((e, i) => this.indices.set(e, i));
    const index = this.indices.get(entity);
    if (index === undefined) throw new CrashError(`${entity.name} is not in the program`);
    return index;
  }
}

export interface Signature {
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
}

/** The program's types: those of a finished module stay where they are, new ones follow. */
export class Types {
  private readonly raw: Bytes = [];
  private readonly entries: number = 0;
  private readonly count: number = 0;
  private readonly known = new Map<string, number>();
  private readonly added: Signature[] = [];

  constructor(base?: Module) {
    const section = base?.sections.find(({ id }) => id === 1);
    if (base === undefined || section === undefined) return;
    const r = new Reader(base.bytes, section.start, section.end);
    this.entries = r.u32();
    this.raw = base.bytes.subarray(r.pos, section.end);
    this.count = base.types.length;
    base.types.forEach(({ comp, final, supers, groupSize }, index) => {
      const plain = comp.kind === "func" && final && supers.length === 0 && groupSize === 1;
      if (plain && !this.known.has(formatFuncType(comp)))
        this.known.set(formatFuncType(comp), index);
    });
  }

  indexOf(signature: Signature | FuncType): number {
    const key = formatFuncType(signature);
    let index = this.known.get(key);
    if (index === undefined) {
      index = this.count + this.added.length;
      this.added.push(signature);
      this.known.set(key, index);
    }
    return index;
  }

  /** The payload of the type section. */
  encode(): Bytes {
    return join(
      leb(this.entries + this.added.length),
      this.raw,
      ...this.added.map((signature) => encodeFuncType(signature)),
    );
  }

  get isEmpty(): boolean {
    return this.entries + this.added.length === 0;
  }
}
