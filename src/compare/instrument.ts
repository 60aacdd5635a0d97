// Makes the calls of a twin visible in an engine that lets nobody look. Every defined
// function keeps its index and becomes a wrapper: probe, original body, probe. The
// bodies move to new functions at the end, byte for byte, and the probes are called
// through a table of their own, so that no index changes anywhere. The state,
// the data pointer, the stack pointer and the memories are exported under private names.
//
// The host fills the table after instantiation, so the start function, if there
// is one, becomes a private export that is to be called then.

import { Reader } from "../binary/reader.js";
import type { FuncType } from "../syntax/types.js";
import type { Module } from "../syntax/module.js";
import {
  type Bytes,
  body,
  EMPTY_BLOCK,
  exportEntry,
  FUNCREF,
  functype,
  importedFunction,
  join,
  leb,
  moduleOf,
  op,
  Section,
  sleb,
  utf8,
  vector,
} from "../binary/encode.js";
import type { TwinParts } from "../observe/twin-parts.js";

/** Names of the exports that instrumentation adds start with this. */
export const PRIVATE = "bobbin:";
export const privateName = {
  state: `${PRIVATE}state`,
  data: `${PRIVATE}data`,
  stackPointer: `${PRIVATE}sp`,
  /** Memory as programs use it, and the one that holds the records where that is another. */
  memory: `${PRIVATE}memory`,
  records: `${PRIVATE}records`,
  probes: `${PRIVATE}probes`,
  start: `${PRIVATE}start`,
} as const;

/** The probes, as slots of the table. All take the function index first. */
export const probeNames = ["enter", "leave", "enterRuntime", "leaveRuntime"] as const;
export type ProbeName = (typeof probeNames)[number];
const slotOf = (name: ProbeName) => sleb(probeNames.indexOf(name));

/** Types of the probes: the function's index, and for runtime functions their argument or 0. */
const probeType = functype(["i32"], []);
const argumentProbeType = (pointer: "i32" | "i64") => functype(["i32", pointer], []);

export function instrument(twin: Module, parts: TwinParts): Uint8Array {
  const { imported, functions } = twin;
  const firstType = twin.types.length;
  const table = imported.table + twin.tables.length;

  const probe = (name: ProbeName, ...args: Bytes[]) =>
    join(
      ...args,
      op("i32.const", slotOf(name)),
      op("call_indirect", leb(firstType + (args.length - 1)), leb(table)),
    );
  const unlessNormal = (then: Bytes) =>
    join(op("global.get", leb(parts.state)), op("if", [EMPTY_BLOCK]), then, op("end"));

  const wrapper = (i: number): Uint8Array => {
    const index = imported.func + i;
    const { params } = twin.types[functions[i]!.type]!.comp as FuncType;
    const self = op("i32.const", sleb(index));
    const original = join(
      ...params.map((_, p) => op("local.get", leb(p))),
      op("call", leb(imported.func + functions.length + i)),
    );
    if (!parts.runtime.has(index)) {
      return body(unlessNormal(probe("enter", self)), original, unlessNormal(probe("leave", self)));
    }
    const zero = op(`${parts.pointer}.const`, sleb(0));
    const argument = params.length > 0 ? op("local.get", leb(0)) : zero;
    return body(probe("enterRuntime", self, argument), original, probe("leaveRuntime", self));
  };

  const added = [
    exportEntry(privateName.state, "global", parts.state),
    exportEntry(privateName.data, "global", parts.data),
    exportEntry(privateName.probes, "table", table),
  ];
  if (parts.stackPointer !== null)
    added.push(exportEntry(privateName.stackPointer, "global", parts.stackPointer));
  if (imported.memory + twin.memories.length > 0) {
    added.push(exportEntry(privateName.memory, "memory", 0));
    if (parts.memory > 0) added.push(exportEntry(privateName.records, "memory", parts.memory));
  }
  if (twin.start !== undefined) added.push(exportEntry(privateName.start, "func", twin.start));

  const { sections, names } = payloads(twin);
  const extend = (id: number, entries: readonly Bytes[]) =>
    sections.set(id, extended(sections.get(id), entries));
  extend(Section.type, [probeType, argumentProbeType(parts.pointer)]);
  extend(
    Section.function,
    functions.map(({ type }) => leb(type)),
  );
  extend(Section.table, [[FUNCREF, 0x01, probeNames.length, probeNames.length]]);
  extend(Section.export, added);
  sections.delete(Section.start);
  const wrappers = functions.map((_, i) => wrapper(i));
  const { rest } = split(sections.get(Section.code)!);
  sections.set(Section.code, join(leb(2 * functions.length), ...wrappers, rest));
  return moduleOf(sections, names);
}

/** The payloads of the sections by id. Of the custom ones only names are kept: others may speak of code. */
export function payloads(module: Module): { sections: Map<number, Uint8Array>; names: Bytes[] } {
  const sections = new Map<number, Uint8Array>();
  const names: Bytes[] = [];
  for (const { id, start, end } of module.sections)
    if (id !== Section.custom) sections.set(id, module.bytes.subarray(start, end));
  for (const { name, start, end } of module.customs)
    if (name === "name") names.push(join(utf8(name), module.bytes.subarray(start, end)));
  return { sections, names };
}

export function extended(payload: Uint8Array | undefined, entries: readonly Bytes[]): Uint8Array {
  if (payload === undefined) return vector(entries);
  const { count, rest } = split(payload);
  return join(leb(count + entries.length), rest, ...entries);
}

function split(payload: Uint8Array): { count: number; rest: Uint8Array } {
  const reader = new Reader(payload);
  const count = reader.u32();
  return { count, rest: payload.subarray(reader.pos) };
}

/**
 * A module that exports its imported functions `probes.NAME`: JavaScript functions
 * become functions that a table can hold.
 */
export function trampoline(pointer: "i32" | "i64"): Uint8Array {
  const typeOf = (name: ProbeName) => (name === "enterRuntime" ? 1 : 0);
  return moduleOf(
    new Map<number, Bytes>([
      [Section.type, vector([probeType, argumentProbeType(pointer)])],
      [
        Section.import,
        vector(probeNames.map((name) => importedFunction("probes", name, typeOf(name)))),
      ],
      [Section.export, vector(probeNames.map((name, i) => exportEntry(name, "func", i)))],
    ]),
  );
}
