// Entries of a log as bytes (docs/recording.md has them to the byte).

import { encodeLimits } from "../binary/encode-types.js";
import { readMemoryLimits } from "../binary/types.js";
import { RUNTIME_NAMES } from "../fiber/asyncify/events.js";
import { ByteWriter, type SectionReader } from "../snapshot/bytes.js";
import type { ArrayChange, Changes, GlobalChange, MemoryChange, Run, TableChange } from "./changes.js"; // prettier-ignore
import { readAs } from "../snapshot/load-shared.js";
import type { ExternKind } from "../syntax/module.js";
import type { Limits } from "../syntax/types.js";
import type { LoggedEdit } from "./edits.js";
import type { Given } from "./joining.js";
import type { Deed, End, Entry, Standing } from "./log.js";
import type { Datum, Name, TagName } from "./names.js";

const STANDINGS: readonly Standing[] = ["stopped", "paused", "not run"];
const DEEDS = ["call", "answer", "raise", "go on", "edit", "instance"] as const satisfies readonly Deed["kind"][]; // prettier-ignore
const EDITS = ["memory", "global", "element", "slot"] as const satisfies readonly LoggedEdit["kind"][]; // prettier-ignore
const NAMES = ["null", "i31", "func", "runtime", "host", "left", "element", "global", "exception"] as const; // prettier-ignore
const TYPES = ["i32", "i64", "f32", "f64", "v128", "ref"] as const;
const EXTERNS = ["func", "memory", "table", "global", "tag"] as const satisfies readonly ExternKind[]; // prettier-ignore
/** Before the tags of the store. */
const TAGS = ["js", "foreign"] as const;

export class EntryWriter {
  readonly w = new ByteWriter();
  private executed = 0;
  private drops = 0;

  end(end: End): void {
    this.place(end);
  }

  private place({ executed, drops, standing }: Pick<End, "executed" | "drops" | "standing">): void {
    const { w } = this;
    w.uint(executed - this.executed);
    w.uint(drops - this.drops);
    w.byte(STANDINGS.indexOf(standing));
    this.executed = executed;
    this.drops = drops;
  }

  entry(entry: Entry): void {
    const { w } = this;
    this.place(entry);
    w.uint(entry.call);
    w.uint(entry.from);
    w.flag(entry.changes !== null);
    if (entry.changes !== null) this.changes(entry.changes);
    this.deed(entry.deed);
  }

  private changes({ memories, tables, globals, arrays }: Changes): void {
    const { w } = this;
    w.list(memories, ({ memory, size, runs }) => {
      w.uint(memory);
      w.uint(size);
      this.runs(runs);
    });
    w.list(tables, ({ table, length, elements }) => {
      w.uint(table);
      w.uint(length);
      w.list(elements, ({ index, name }) => {
        w.uint(index);
        this.name(name);
      });
    });
    w.list(globals, ({ global, value }) => {
      w.uint(global);
      this.datum(value);
    });
    w.list(arrays, ({ array, runs }) => {
      this.name(array);
      this.runs(runs);
    });
  }

  private runs(runs: readonly Run[]): void {
    const { w } = this;
    w.list(runs, ({ at, bytes }) => {
      w.uint(at);
      w.sized(bytes);
    });
  }

  private deed(deed: Deed): void {
    const { w } = this;
    w.byte(DEEDS.indexOf(deed.kind));
    switch (deed.kind) {
      case "call":
        this.name(deed.func);
        return this.data(deed.args);
      case "answer":
        return this.data(deed.results);
      case "raise":
        return this.name(deed.exception);
      case "go on":
        return undefined;
      case "edit":
        return this.edit(deed.edit);
      case "instance":
        w.uint(deed.module);
        return w.list(deed.imports, (given) => this.given(given));
    }
  }

  private given(given: Given): void {
    const { w } = this;
    w.byte(EXTERNS.indexOf(given.kind));
    if (given.kind === "func") return this.name(given.func);
    w.flag("known" in given);
    if ("known" in given) return w.uint(given.known);
    switch (given.kind) {
      case "memory":
        this.limits(given.limits);
        w.uint(given.size);
        return this.runs(given.runs);
      case "table":
        this.limits(given.limits);
        return w.list(given.elements, (element) => this.name(element));
      case "global":
        return this.datum(given.value);
      case "tag":
        return undefined;
    }
  }

  private limits({ pageSizeLog2, ...limits }: Limits): void {
    this.w.byte(pageSizeLog2);
    this.w.raw(Uint8Array.from(encodeLimits({ ...limits, pageSizeLog2: 16 })));
  }

  private edit(edit: LoggedEdit): void {
    const { w } = this;
    w.byte(EDITS.indexOf(edit.kind));
    switch (edit.kind) {
      case "memory":
        w.uint(edit.memory);
        w.uint(edit.at);
        return w.sized(edit.bytes);
      case "global":
        w.uint(edit.global);
        return this.datum(edit.value);
      case "element":
        w.uint(edit.table);
        w.uint(edit.index);
        return this.name(edit.name);
      case "slot":
        w.uint(edit.fiber);
        w.uint(edit.word);
        return this.datum(edit.value);
    }
  }

  private data(data: readonly Datum[]): void {
    this.w.list(data, (datum) => this.datum(datum));
  }

  private datum(datum: Datum): void {
    const { w } = this;
    w.byte(TYPES.indexOf(datum.type));
    switch (datum.type) {
      case "i32":
        return w.word(datum.value);
      case "f32":
        return w.word(datum.bits);
      case "i64":
        return w.long(datum.value);
      case "f64":
        return w.long(datum.bits);
      case "v128":
        w.long(datum.bits);
        return w.long(datum.bits >> 64n);
      case "ref":
        return this.name(datum.name);
    }
  }

  private name(name: Name): void {
    const { w } = this;
    const kind = name === null ? "null" : typeof name === "number" ? "i31" : name.kind;
    w.byte(NAMES.indexOf(kind));
    if (name === null) return undefined;
    if (typeof name === "number") return w.word(name);
    switch (name.kind) {
      case "func":
        w.uint(name.instance);
        return w.uint(name.index);
      case "runtime":
        return w.byte(RUNTIME_NAMES.indexOf(name.name));
      case "host":
      case "left":
        return w.uint(name.id);
      case "element":
        w.uint(name.table);
        return w.uint(name.index);
      case "global":
        return w.uint(name.global);
      case "exception":
        w.uint(typeof name.tag === "number" ? name.tag + TAGS.length : TAGS.indexOf(name.tag));
        return this.data(name.values);
    }
  }
}

/** Exceptions that hold exceptions, and so on: nobody makes them so deep. */
const DEEPEST = 100;

export class EntryReader {
  private executed = 0;
  private drops = 0;
  private depth = 0;

  constructor(private readonly r: SectionReader) {}

  entries(): Entry[] {
    return this.r.list("entries", () => this.entry());
  }

  end(entries: number): End {
    const end = { entries, ...this.place() };
    this.r.end();
    return end;
  }

  private place(): Pick<End, "executed" | "drops" | "standing"> {
    const r: SectionReader = this.r;
    const start = r.pos;
    this.executed += r.uint("a number of instructions");
    this.drops += r.uint("a number of frames");
    r.ensure(Number.isSafeInteger(this.executed + this.drops), "more than can be counted", start);
    const standing = STANDINGS[r.below(STANDINGS.length, "how the machine stands")]!;
    return { executed: this.executed, drops: this.drops, standing };
  }

  private entry(): Entry {
    const { r } = this;
    const place = this.place();
    const call = r.uint("a call");
    const from = r.uint("a call");
    const changes = r.flag("whether the host changed anything") ? this.changes() : null;
    return { ...place, call, from, changes, deed: this.deed() };
  }

  private changes(): Changes {
    const { r } = this;
    return {
      memories: r.list("memories", (): MemoryChange => ({
        memory: r.uint("a memory"),
        size: r.uint("a size"),
        runs: this.runs(),
      })),
      tables: r.list("tables", (): TableChange => ({
        table: r.uint("a table"),
        length: r.uint("a length"),
        elements: r.list("elements", () => ({ index: r.uint("an index"), name: this.name() })),
      })),
      globals: r.list("globals", (): GlobalChange => ({
        global: r.uint("a global"),
        value: this.datum(),
      })),
      arrays: r.list("arrays", (): ArrayChange => ({ array: this.name(), runs: this.runs() })),
    };
  }

  private runs(): Run[] {
    const { r } = this;
    return r.list("runs of bytes", () => ({ at: r.uint("an address"), bytes: r.sized("a run") }));
  }

  private deed(): Deed {
    const r: SectionReader = this.r;
    const kind = DEEDS[r.below(DEEDS.length, "a deed")]!;
    switch (kind) {
      case "call": {
        const start = r.pos;
        const func = this.name();
        if (typeof func !== "object" || (func?.kind !== "func" && func?.kind !== "runtime"))
          return r.fail("expected a function", start);
        return { kind, func, args: this.data() };
      }
      case "answer":
        return { kind, results: this.data() };
      case "raise":
        return { kind, exception: this.name() };
      case "go on":
        return { kind };
      case "edit":
        return { kind, edit: this.edit() };
      case "instance":
        return { kind, module: r.uint("a module"), imports: r.list("imports", () => this.given()) };
    }
  }

  private given(): Given {
    const r: SectionReader = this.r;
    const kind = EXTERNS[r.below(EXTERNS.length, "a kind of import")]!;
    if (kind === "func") {
      const start = r.pos;
      const func = this.name();
      if (func === null) return { kind, func };
      if (typeof func !== "object" || (func.kind !== "func" && func.kind !== "runtime"))
        return r.fail("expected a function", start);
      return { kind, func };
    }
    if (r.flag("whether it was there before")) return { kind, known: r.uint("its number") };
    switch (kind) {
      case "memory":
        return { kind, limits: this.limits(), size: r.uint("a size"), runs: this.runs() };
      case "table":
        return { kind, limits: this.limits(), elements: r.list("elements", () => this.name()) };
      case "global":
        return { kind, value: this.datum() };
      case "tag":
        return { kind };
    }
  }

  private limits(): Limits {
    const r: SectionReader = this.r;
    const start = r.pos;
    const pageSizeLog2 = r.byte("the size of a page");
    r.ensure(pageSizeLog2 === 0 || pageSizeLog2 === 16, "pages have 1 or 65536 bytes", start);
    return { ...readAs(r, readMemoryLimits), pageSizeLog2 };
  }

  private edit(): LoggedEdit {
    const { r } = this;
    const kind = EDITS[r.below(EDITS.length, "a kind of edit")]!;
    switch (kind) {
      case "memory":
        return { kind, memory: r.uint("a memory"), at: r.uint("an address"), bytes: r.sized("bytes") }; // prettier-ignore
      case "global":
        return { kind, global: r.uint("a global"), value: this.datum() };
      case "element":
        return { kind, table: r.uint("a table"), index: r.uint("an index"), name: this.name() };
      case "slot":
        return { kind, fiber: r.uint("a fiber"), word: r.uint("a word"), value: this.datum() };
    }
  }

  private data(): Datum[] {
    return this.r.list("values", () => this.datum());
  }

  private datum(): Datum {
    const { r } = this;
    const type = TYPES[r.below(TYPES.length, "a type")]!;
    switch (type) {
      case "i32":
        return { type, value: r.word("a value") };
      case "f32":
        return { type, bits: r.word("a value") >>> 0 };
      case "i64":
        return { type, value: r.long("a value") };
      case "f64":
        return { type, bits: BigInt.asUintN(64, r.long("a value")) };
      case "v128": {
        const low = BigInt.asUintN(64, r.long("a value"));
        return { type, bits: (BigInt.asUintN(64, r.long("a value")) << 64n) | low };
      }
      case "ref":
        return { type, name: this.name() };
    }
  }

  private name(): Name {
    const r: SectionReader = this.r;
    const kind = NAMES[r.below(NAMES.length, "a kind of reference")]!;
    switch (kind) {
      case "null":
        return null;
      case "i31": {
        const value = r.word("an i31 reference");
        r.ensure((value << 1) >> 1 === value, `${value} has more than 31 bits`);
        return value;
      }
      case "func":
        return { kind, instance: r.uint("an instance"), index: r.uint("a function") };
      case "runtime":
        return { kind, name: RUNTIME_NAMES[r.below(RUNTIME_NAMES.length, "a function")]! };
      case "host":
      case "left":
        return { kind, id: r.uint("a number") };
      case "element":
        return { kind, table: r.uint("a table"), index: r.uint("an index") };
      case "global":
        return { kind, global: r.uint("a global") };
      case "exception": {
        r.ensure(++this.depth < DEEPEST, "exceptions in exceptions without end");
        const tag = r.uint("a tag");
        const named: TagName = TAGS[tag] ?? tag - TAGS.length;
        const values = this.data();
        this.depth--;
        return { kind, tag: named, values };
      }
    }
  }
}
