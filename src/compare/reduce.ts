// Makes a module small that shows something, such that it still shows it: exports, start
// function, segments and bodies are taken out, then sequences of instructions inside the
// bodies that are left, each replaced by constants of the types that it leaves. Whatever
// has fewer bytes, is valid and still shows the same is kept, until nothing helps.

import { decode } from "../binary/decode.js";
import {
  type Bytes,
  exportEntry,
  join,
  leb,
  moduleOf,
  Section,
  sized,
  vector,
} from "../binary/encode.js";
import type { Module } from "../syntax/module.js";
import { InvalidError, MalformedError } from "../util/errors.js";
import { validate, type ValidModule } from "../valid/validate.js";
import { payloads } from "./instrument.js";
import { bodyVariants, emptyBody, functionBytes } from "./reduce-body.js";

export interface ReduceOptions {
  /** Whether a module still shows what it has to. */
  readonly shows: (bytes: Uint8Array) => Promise<boolean>;
  /** Makes other modules of a module: tools that remove what is not used. */
  readonly tools?: readonly ((bytes: Uint8Array) => Promise<Uint8Array>)[];
  /** Modules that are tried, at most. Default 4000. */
  readonly tries?: number;
  readonly onProgress?: (bytes: number, tries: number) => void;
}

export interface Reduced {
  readonly bytes: Uint8Array;
  readonly tries: number;
}

const TRIES = 4000;

export async function reduceModule(bytes: Uint8Array, options: ReduceOptions): Promise<Reduced> {
  const reduction = new Reduction(bytes, options);
  for (let size = Infinity; reduction.bytes.length < size && !reduction.tired;) {
    size = reduction.bytes.length;
    await reduction.round();
  }
  return { bytes: reduction.bytes, tries: reduction.tried };
}

class Reduction {
  tried = 0;
  private module: ValidModule;

  constructor(
    public bytes: Uint8Array,
    private readonly options: ReduceOptions,
  ) {
    this.module = validate(decode(bytes));
  }

  get tired(): boolean {
    return this.tried >= (this.options.tries ?? TRIES);
  }

  async round(): Promise<void> {
    await this.keep(withSections(this.module, () => undefined));
    await this.keep(withSections(this.module, (sections) => sections.delete(Section.start)));
    await this.exports();
    await this.segments(Section.data, dataEntries, PASSIVE_DATA);
    await this.segments(Section.element, elementEntries, PASSIVE_ELEMENTS);
    await this.bodies();
    await this.tools();
    for (let i = 0; i < this.module.functions.length && !this.tired; i++) await this.within(i);
    await this.tools();
  }

  /** Keeps the candidate where it is smaller, valid, and still shows it. */
  private async keep(candidate: Uint8Array): Promise<boolean> {
    if (candidate.length >= this.bytes.length || this.tired) return false;
    let module: ValidModule;
    try {
      module = validate(decode(candidate));
    } catch (error) {
      if (error instanceof InvalidError || error instanceof MalformedError) return false;
      throw error;
    }
    this.tried++;
    if (!(await this.options.shows(candidate))) return false;
    this.bytes = candidate;
    this.module = module;
    this.options.onProgress?.(candidate.length, this.tried);
    return true;
  }

  /** Tries to do without runs of `count` things: all, halves, and so on to single ones. */
  private async without(
    count: number,
    make: (from: number, to: number) => Uint8Array,
    removes: boolean,
  ): Promise<void> {
    let left = count;
    for (let size = left; size >= 1 && !this.tired; size = Math.floor(size / 2)) {
      for (let from = 0; from < left;) {
        const to = Math.min(left, from + size);
        const kept = await this.keep(make(from, to));
        if (kept && removes) left -= to - from;
        else from = to;
      }
    }
  }

  private exports(): Promise<void> {
    const make = (from: number, to: number): Uint8Array => {
      const { exports } = this.module;
      const rest = [...exports.slice(0, from), ...exports.slice(to)];
      const entries = rest.map(({ name, kind, index }) => exportEntry(name, kind, index));
      return withSections(this.module, (s) => s.set(Section.export, vector(entries)));
    };
    return this.without(this.module.exports.length, make, true);
  }

  /** Indices of segments stay: those that go become empty ones. */
  private segments(
    id: number,
    entriesOf: (module: Module) => readonly Bytes[],
    empty: Bytes,
  ): Promise<void> {
    const make = (from: number, to: number): Uint8Array => {
      const entries = entriesOf(this.module).map((e, i) => (i >= from && i < to ? empty : e));
      return withSections(this.module, (s) => s.set(id, vector(entries)));
    };
    return this.without(entriesOf(this.module).length, make, false);
  }

  private bodies(): Promise<void> {
    const make = (from: number, to: number): Uint8Array =>
      withBodies(this.module, (i) => (i >= from && i < to ? emptyBody(this.module, i) : undefined));
    return this.without(this.module.functions.length, make, false);
  }

  /** Sequences of instructions of one function, long ones first. */
  private async within(index: number): Promise<void> {
    let variants = bodyVariants(this.module, index);
    for (let size = variants.length - 1; size >= 1 && !this.tired; size = Math.floor(size / 2)) {
      for (let from = 0; from + size < variants.length && !this.tired;) {
        const body = variants.without(from, size);
        const kept =
          body !== undefined &&
          (await this.keep(withBodies(this.module, (i) => (i === index ? body : undefined))));
        // What follows has moved here.
        if (kept) variants = bodyVariants(this.module, index);
        else from += Math.max(1, size >>> 1);
      }
    }
  }

  private async tools(): Promise<void> {
    for (const tool of this.options.tools ?? []) {
      if (this.tired) return;
      let candidate: Uint8Array;
      try {
        candidate = await tool(this.bytes);
      } catch {
        // A tool that cannot do anything with this module.
        continue;
      }
      await this.keep(candidate);
    }
  }
}

const PASSIVE_DATA = [0x01, 0x00];
const PASSIVE_ELEMENTS = [0x01, 0x00, 0x00];

/** The module with other sections, and without custom ones. */
function withSections(
  module: Module,
  change: (sections: Map<number, Uint8Array>) => unknown,
): Uint8Array {
  const { sections } = payloads(module);
  change(sections);
  return moduleOf(sections);
}

/** The module with other bodies, locals included, of some functions. */
function withBodies(module: Module, other: (index: number) => Uint8Array | undefined): Uint8Array {
  const bodies = module.functions.map((_, i) => sized(other(i) ?? functionBytes(module, i)));
  return withSections(module, (s) => s.set(Section.code, join(leb(bodies.length), ...bodies)));
}

const dataEntries = (module: Module): Uint8Array[] =>
  entriesBetween(module, Section.data, module.datas);
const elementEntries = (module: Module): Uint8Array[] =>
  entriesBetween(module, Section.element, module.elements);

/** Each entry goes as far as the next one. */
function entriesBetween(
  module: Module,
  id: number,
  entries: readonly { readonly offset: number }[],
): Uint8Array[] {
  const end = module.sections.find((section) => section.id === id)?.end ?? 0;
  return entries.map(({ offset }, i) =>
    module.bytes.subarray(offset, entries[i + 1]?.offset ?? end),
  );
}
