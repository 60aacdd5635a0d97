// Entries of a log, read back. What they name may still not be there: who runs them finds out.

import { readMemoryLimits } from "../binary/types.js";
import { RUNTIME_NAMES } from "../fiber/asyncify/events.js";
import { readSettings } from "../snapshot/asyncify.js";
import type { SectionReader } from "../snapshot/bytes.js";
import { readAs } from "../snapshot/load-shared.js";
import type { Limits } from "../syntax/types.js";
import type { ArrayChange, Changes, GlobalChange, MemoryChange, Run, TableChange } from "./changes.js"; // prettier-ignore
import type { LoggedEdit } from "./edits.js";
import { DEEDS, EDITS, ENDS, EXTERNS, NAMES, type Place, STANDINGS, TAGS, TYPES } from "./entry-codes.js"; // prettier-ignore
import type { Given } from "./joining.js";
import type { Deed, End, Entry, Standing } from "./log.js";
import type { Datum, Name, TagName } from "./names.js";
import type { FunctionName } from "./store.js";

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

  end(entries: number): End | null {
    const { standing, ...at } = this.placeOf(ENDS);
    this.r.end();
    return standing === "running" ? null : { entries, ...at, standing };
  }

  private place(): Place<Standing> {
    return this.placeOf(STANDINGS);
  }

  private placeOf<S>(standings: readonly S[]): Place<S> {
    const r: SectionReader = this.r;
    const start = r.pos;
    this.executed += r.uint("a number of instructions");
    this.drops += r.uint("a number of frames");
    r.ensure(Number.isSafeInteger(this.executed + this.drops), "more than can be counted", start);
    const standing = standings[r.below(standings.length, "how the machine stands")]!;
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
      case "asyncified": {
        const module = r.uint("a module");
        const imports = r.list("imports", () => this.given());
        return { kind: "instance", module, imports, asyncify: kind === "instance" ? null : readSettings(r) }; // prettier-ignore
      }
    }
  }

  private runtime(number: number): FunctionName {
    const name = RUNTIME_NAMES[number % RUNTIME_NAMES.length]!;
    return { kind: "runtime", asyncify: Math.floor(number / RUNTIME_NAMES.length), name };
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
        return this.runtime(r.uint("a function"));
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
