// Entries of a log as bytes.

import { encodeLimits } from "../binary/encode-types.js";
import { RUNTIME_NAMES } from "../fiber/asyncify/events.js";
import { writeSettings } from "../snapshot/asyncify.js";
import { ByteWriter } from "../snapshot/bytes.js";
import type { Limits } from "../syntax/types.js";
import type { Changes, Run } from "./changes.js";
import type { LoggedEdit } from "./edits.js";
import { DEEDS, EDITS, ENDS, EXTERNS, NAMES, type Place, TAGS, TYPES } from "./entry-codes.js";
import type { Given } from "./joining.js";
import type { Deed, End, Entry, Standing } from "./log.js";
import type { Datum, Name } from "./names.js";

export class EntryWriter {
  readonly w = new ByteWriter();
  private executed = 0;
  private drops = 0;

  /** @param end null where the machine ran on from the last entry, to nobody knows where */
  end(end: End | null): void {
    const { executed, drops } = this;
    this.place(end ?? { executed, drops, standing: "running" });
  }

  private place({ executed, drops, standing }: Place<Standing | "running">): void {
    const { w } = this;
    w.uint(executed - this.executed);
    w.uint(drops - this.drops);
    w.byte(ENDS.indexOf(standing));
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
    const asyncify = deed.kind === "instance" ? deed.asyncify : null;
    w.byte(DEEDS.indexOf(asyncify === null ? deed.kind : "asyncified"));
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
        w.list(deed.imports, (given) => this.given(given));
        return asyncify === null ? undefined : writeSettings(w, asyncify);
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
        return w.uint(RUNTIME_NAMES.length * name.asyncify + RUNTIME_NAMES.indexOf(name.name));
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
