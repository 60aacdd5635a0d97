// Memories, tables, globals and tags: made first, filled when there is what they refer to.

import { readGlobalType, readMemoryLimits, readTableType } from "../binary/types.js";
import { setGlobal } from "../exec/instantiate.js";
import { JS_TAG } from "../runtime/exceptions.js";
import {
  type ExternInstance,
  GlobalInstance,
  MAX_TABLE_SIZE,
  TableInstance,
  TagInstance,
} from "../runtime/instances.js";
import { MemoryInstance } from "../runtime/memory.js";
import type { Limits } from "../syntax/types.js";
import { LinkError } from "../util/errors.js";
import { closeGlobalType, closeTableType, type DefType } from "../valid/deftypes.js";
import type { SectionReader } from "./bytes.js";
import {
  type Sections,
  type Counts,
  readAs,
  checkHeap,
  checkType,
  sameLimits,
  sameType,
  skipReference,
  skipValue,
  rethrow,
} from "./load-shared.js";
import { readTyped, readValue, type Things } from "./references.js";
import { BLOCK } from "./save-store.js";

/** The objects of the store that instances share, and what of them is still to be filled. */
export class Parts {
  readonly memories: MemoryInstance[] = [];
  readonly tables: TableInstance[] = [];
  readonly globals: GlobalInstance[] = [];
  readonly tags: TagInstance[] = [];
  private readonly globalAt: number[] = [];
  private readonly tableAt: number[] = [];

  constructor(
    private readonly sections: Sections,
    private readonly types: readonly DefType[],
  ) {
    this.readMemories(sections("memories"));
    this.readTables(sections("tables"));
    this.readGlobals(sections("globals"));
    this.readTags(sections("tags"));
  }

  private readMemories(r: SectionReader): void {
    r.list("memories", () => {
      const start = r.pos;
      const limits = readAs(r, readMemoryLimits);
      const pages = r.uint("a number of pages");
      r.ensure([0, 16].includes(limits.pageSizeLog2), "pages have 1 or 65536 bytes", start);
      this.memories.push(this.makeMemory(r, { limits }, pages, start));
    });
    r.end();
  }

  private makeMemory(
    r: SectionReader,
    type: { readonly limits: Limits },
    pages: number,
    at: number,
  ): MemoryInstance {
    const delta = pages - Number(type.limits.min);
    r.ensure(delta >= 0, `${pages} pages are fewer than the type's ${type.limits.min}`, at);
    try {
      const memory = new MemoryInstance(type);
      r.ensure(memory.grow(delta) >= 0, `a memory of ${pages} pages is not possible here`, at);
      return memory;
    } catch (error) {
      return error instanceof RangeError ? r.fail(error.message, at) : rethrow(error);
    }
  }

  private readTables(r: SectionReader): void {
    r.list("tables", () => {
      const start = r.pos;
      const type = readAs(r, readTableType);
      checkHeap(r, this.types, type.element.heap);
      this.tableAt.push(r.pos);
      const length = r.count("elements");
      const { min, max } = type.limits;
      const bound = max === undefined ? MAX_TABLE_SIZE : Number(max);
      r.ensure(
        BigInt(length) >= min && length <= Math.min(bound, MAX_TABLE_SIZE),
        `${length} elements are not within the type's limits`,
        start,
      );
      for (let i = 0; i < length; i++) skipReference(r);
      const table = new TableInstance(closeTableType(this.types, type), null);
      table.grow(length - Number(min), null);
      this.tables.push(table);
    });
    r.end();
  }

  private readGlobals(r: SectionReader): void {
    r.list("globals", () => {
      const type = readAs(r, readGlobalType);
      checkType(r, this.types, type.type);
      this.globalAt.push(r.pos);
      skipValue(r, type.type);
      this.globals.push(new GlobalInstance(closeGlobalType(this.types, type)));
    });
    r.end();
  }

  private readTags(r: SectionReader): void {
    r.list("tags", () => {
      if (r.flag("whether it is the tag of the host's errors")) return this.tags.push(JS_TAG);
      const start = r.pos;
      const type = this.types[r.below(this.types.length, "a type")]!;
      r.ensure(type.sub.comp.kind === "func", "a tag needs a function type", start);
      return this.tags.push(new TagInstance(type));
    });
    r.end();
    r.ensure(this.tags.filter((tag) => tag === JS_TAG).length <= 1, "one tag is there twice");
  }

  /** Where the host has an object of its own for an import, it is that object that is filled. */
  adopt(kind: keyof Counts, id: number, given: ExternInstance): void {
    const mismatch = () => new LinkError(`the host's ${given.kind} is of another type than the snapshot's`); // prettier-ignore
    if (kind === "memories" && given.kind === "memory") {
      const { memory } = given;
      const saved = this.memories[id]!;
      const delta = saved.pages - memory.pages;
      if (!sameLimits(memory.type.limits, saved.type.limits) || delta < 0 || memory.grow(delta) < 0)
        throw mismatch();
      memory.fill(0, 0, memory.view.byteLength);
      this.memories[id] = memory;
    } else if (kind === "tables" && given.kind === "table") {
      const { table } = given;
      const saved = this.tables[id]!;
      const delta = saved.elements.length - table.elements.length;
      const same =
        sameLimits(table.type.limits, saved.type.limits) &&
        sameType(table.type.element, saved.type.element);
      if (!same || delta < 0 || table.grow(delta, null) < 0) throw mismatch();
      this.tables[id] = table;
    } else if (kind === "globals" && given.kind === "global") {
      const { type, mutable } = this.globals[id]!.type;
      if (!sameType(given.global.type.type, type) || given.global.type.mutable !== mutable)
        throw mismatch();
      this.globals[id] = given.global;
    } else if (kind === "tags" && given.kind === "tag") {
      if (given.tag.type !== this.tags[id]!.type) throw mismatch();
      this.tags[id] = given.tag;
    }
  }

  /** Elements of tables and values of globals, now that there is what they refer to. */
  fill(things: Things): void {
    const tables = this.sections("tables");
    this.tables.forEach(({ type, elements }, i) => {
      tables.pos = this.tableAt[i]!;
      const length = tables.count("elements");
      for (let k = 0; k < length; k++) elements[k] = readTyped(tables, things, type.element);
    });
    const globals = this.sections("globals");
    this.globals.forEach((global, i) => {
      globals.pos = this.globalAt[i]!;
      setGlobal(global, readValue(globals, things, global.type.type));
    });
  }
}

/** The contents of memories. */
export function fillMemory(r: SectionReader, memories: readonly MemoryInstance[]): void {
  const memory = memories[r.below(memories.length, "a memory")]!;
  const size = memory.view.byteLength;
  for (let block = 0; r.left > 0; block++) {
    const start = r.pos;
    block += r.uint("a block");
    const at = block * BLOCK;
    r.ensure(at < size, `block ${block} is beyond the memory's ${size} bytes`, start);
    const length = Math.min(BLOCK, size - at);
    memory.part(at, length).set(r.raw(length, "a block of memory"));
  }
}
