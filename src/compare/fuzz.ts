// Differential execution of one module: the same bytes run on Bobbin and on an engine
// with the WebAssembly JavaScript API. Every exported function is called, in order;
// calls of the host, results, traps, and at the end globals, memories and tables must
// be the same. Both runs become lists of entries, and those are compared.
//
// Everything of the module is exported for that. Vectors, which JavaScript cannot
// see, are shown as two integers by a little module between the program and its host.

import { decode } from "../binary/decode.js";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { jsExports } from "../js-api/exports.js";
import { jsImports } from "../js-api/imports.js";
import { formatHeapType, type FuncType, type GlobalType, type ValType } from "../syntax/types.js";
import { functionTypeIndex, importsOf, type Module } from "../syntax/module.js";
import { validate } from "../valid/validate.js";
import { digestOf } from "./digest.js";
import {
  body,
  type Bytes,
  exportEntry,
  functype,
  importedFunction,
  leb,
  moduleOf,
  op,
  Section,
  vector,
} from "../binary/encode.js";
import { type Engine, type EngineMemory, hostEngine } from "./engine.js";
import { extended, payloads, PRIVATE } from "./instrument.js";
import { reasonOf, sameReason } from "./reasons.js";

/** Something that a run did: a line of text, and why it ended where it did. */
export interface Entry {
  readonly text: string;
  readonly reason?: string;
}

export interface FuzzRun {
  readonly entries: readonly Entry[];
  /** A limit of ours ended a call: what comes after it says nothing. */
  readonly exhausted: boolean;
  /** The engine does not compile the module: why. */
  readonly refused?: string;
}

export interface Disagreement {
  readonly index: number;
  readonly bobbin: string;
  readonly engine: string;
  /** The entries before, the same in both. */
  readonly before: readonly string[];
}

export type FuzzVerdict =
  | { readonly kind: "same"; readonly calls: number; readonly ends: number }
  /** As far as Bobbin's fuel went. */
  | { readonly kind: "exhausted" }
  /** The engine says that it lacks a feature. */
  | { readonly kind: "unsupported"; readonly reason: string }
  | { readonly kind: "different"; readonly disagreement: Disagreement };

export interface FuzzOptions {
  /** Default: the host's own `WebAssembly`. */
  readonly engine?: Engine;
  /** Instructions of all calls together, on Bobbin. Default 5 million. */
  readonly fuel?: number;
}

const FUEL = 5_000_000;
const BEFORE = 8;
/** V8's words. Binaryen writes `ref.as_non_null` without the feature that it belongs to. */
const UNSUPPORTED = /enable with --experimental/;

/** @throws MalformedError, InvalidError where Bobbin refuses the module */
export async function compareExecution(
  bytes: Uint8Array,
  { engine = hostEngine(), fuel = FUEL }: FuzzOptions = {},
): Promise<FuzzVerdict> {
  const opened = openAll(decode(bytes));
  const module = decode(opened);
  const ours = await run(module, new Bobbin(fuel));
  const theirs = await run(module, new Other(engine));
  const { refused } = theirs;
  if (refused !== undefined && UNSUPPORTED.test(refused))
    return { kind: "unsupported", reason: refused };
  const length = Math.max(ours.entries.length, theirs.entries.length);
  for (let index = 0; index < length; index++) {
    const a = ours.entries[index];
    const b = theirs.entries[index];
    if (a === undefined && ours.exhausted) return { kind: "exhausted" };
    if (a !== undefined && b !== undefined && same(a, b)) continue;
    const before = ours.entries.slice(Math.max(0, index - BEFORE), index).map(show);
    return {
      kind: "different",
      disagreement: { index, bobbin: show(a), engine: show(b), before },
    };
  }
  const count = (start: string) => ours.entries.filter(({ text }) => text.startsWith(start)).length;
  return { kind: "same", calls: count("call "), ends: count("=") };
}

const same = (a: Entry, b: Entry): boolean =>
  a.text === b.text &&
  (a.reason === b.reason ||
    (a.reason !== undefined && b.reason !== undefined && sameReason(a.reason, b.reason)));

const show = (entry: Entry | undefined): string =>
  entry === undefined ? "(nothing)" : `${entry.text}${entry.reason ?? ""}`;

type Exports = Readonly<Record<string, unknown>>;
type JsFunction = (...args: unknown[]) => unknown;
type ImportGroups = Record<string, Record<string, unknown>>;

/** One of the two who run the module. */
interface Runner {
  instantiate(bytes: Uint8Array, imports: ImportGroups): Promise<Exports>;
}

class Bobbin implements Runner {
  /** All instances of a run are of one machine, whose fuel is for all of them. */
  private readonly machine: Machine;
  constructor(fuel: number) {
    this.machine = new Machine({ fuel });
  }

  instantiate(bytes: Uint8Array, imports: ImportGroups): Promise<Exports> {
    const module = validate(decode(bytes));
    const given = jsImports(this.machine, module, imports, { suspend: false });
    return Promise.resolve(jsExports(this.machine, instantiate(this.machine, module, given)));
  }
}

class Other implements Runner {
  constructor(private readonly engine: Engine) {}

  async instantiate(bytes: Uint8Array, imports: ImportGroups): Promise<Exports> {
    return (await this.engine.instantiate(bytes, imports)).instance.exports;
  }
}

async function run(module: Module, runner: Runner): Promise<FuzzRun> {
  const entries: Entry[] = [];
  let exhausted = false;
  const failed = (error: unknown): void => {
    const { reason } = reasonOf(error);
    if (reason === "fuel exhausted") exhausted = true;
    else entries.push({ text: "! ", reason });
  };
  let exports: Exports;
  try {
    exports = await runner.instantiate(module.bytes, await hostOf(module, runner, entries));
  } catch (error) {
    if (error instanceof Error && error.name === "CompileError") {
      entries.push({ text: `refused: ${error.message}` });
      return { entries, exhausted, refused: error.message };
    }
    failed(error);
    return { entries, exhausted };
  }
  for (const { name, kind, index } of module.exports) {
    if (kind !== "func") continue;
    const { params, results } = signatureOf(module, functionTypeIndex(module, index));
    const given = params.map((type, i) => argument(type, i));
    entries.push({ text: `call ${name}(${given.map(String).join(", ")})` });
    try {
      const returned = (exports[name] as JsFunction)(...given);
      const list = results.length > 1 ? (returned as unknown[]) : [returned];
      entries.push({ text: `= ${list.slice(0, results.length).map(describe).join(", ")}` });
    } catch (error) {
      failed(error);
      if (exhausted) return { entries, exhausted };
    }
  }
  for (const { name, kind, index } of module.exports) {
    if (!name.startsWith(PRIVATE)) continue;
    const item = exports[name];
    if (kind === "global" && typeAt(module, index) !== "v128")
      entries.push({ text: `global ${index} ${describe((item as { value: unknown }).value)}` });
    if (kind === "memory") {
      const found = new Uint8Array((item as EngineMemory).buffer);
      entries.push({ text: `memory ${index} of ${found.length} bytes ${digestOf(found, [])}` });
    }
    if (kind === "table") entries.push({ text: `table ${index} ${describeTable(item)}` });
  }
  return { entries, exhausted };
}

interface Table {
  readonly length: number;
  get(index: number): unknown;
}
function describeTable(item: unknown): string {
  const table = item as Table;
  const shown = Array.from({ length: Math.min(table.length, 100) }, (_, i) => table.get(i));
  return `of ${table.length}: ${shown.map(describe).join(", ")}`;
}

/** NaNs are all the same: their bits are not determined, and may be lost on the way here. */
function describe(value: unknown): string {
  if (typeof value === "function") return `function ${value.name}`;
  if (typeof value === "bigint") return `${value}n`;
  return Object.is(value, -0) ? "-0" : String(value);
}

const FLOATS = [1.5, -0.25, 1e10, -3];
/** Fixed arguments, which say something about each type. */
function argument(type: ValType, i: number): unknown {
  switch (type) {
    case "i32":
      return [1, -2, 0x12345678, 7][i & 3];
    case "i64":
      return [5n, -3n, 0x123456789abcdef0n, 1n << 40n][i & 3];
    case "f32":
    case "f64":
      return FLOATS[i & 3];
    default:
      // JavaScript has no vectors: both engines refuse that call alike.
      return null;
  }
}

/** A host that tells of each call and answers with zeros, and has the globals that are wanted. */
async function hostOf(module: Module, runner: Runner, entries: Entry[]): Promise<ImportGroups> {
  const host: ImportGroups = {};
  for (const { module: group, name, description } of importsOf(module, "func")) {
    const { params, results } = signatureOf(module, description.type);
    const told = (...given: unknown[]): unknown => {
      entries.push({ text: `host ${group}.${name}(${given.map(describe).join(", ")})` });
      const zeros = results.map((type) =>
        typeof type === "object" ? null : type === "i64" ? 0n : 0,
      );
      return zeros.length > 1 ? zeros : zeros[0];
    };
    const onlyVector = params.length === 1 && params[0] === "v128" && results.length === 0;
    (host[group] ??= {})[name] = onlyVector
      ? (await runner.instantiate(vectorDoor, { host: { told } }))["door"]
      : told;
  }
  for (const { module: group, name, description } of importsOf(module, "global")) {
    const door = globalDoor(description.type);
    if (door === undefined) continue;
    (host[group] ??= {})[name] = (await runner.instantiate(door, {}))["global"];
  }
  return host;
}

/** Of each type that a global may have, its byte, and a constant expression without its end. */
const CONSTANTS: Readonly<Record<string, readonly [type: number, ...init: number[]]>> = {
  i32: [0x7f, 0x41, 42],
  i64: [0x7e, 0x42, 42],
  f32: [0x7d, 0x43, 0, 0, 0x28, 0x42],
  f64: [0x7c, 0x44, 0, 0, 0, 0, 0, 0, 0x45, 0x40],
  v128: [0x7b, 0xfd, 0x0c, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
  func: [0x70, 0xd0, 0x70],
  extern: [0x6f, 0xd0, 0x6f],
};

/** A module that exports one global, `global`: each engine makes its own. */
function globalDoor({ type, mutable }: GlobalType): Uint8Array | undefined {
  const constant = CONSTANTS[typeof type === "object" ? formatHeapType(type.heap) : type];
  if (constant === undefined) return undefined;
  const [code, ...init] = constant;
  const entry = [code, mutable ? 1 : 0, ...init, 0x0b];
  return moduleOf(
    new Map<number, Bytes>([
      [Section.global, vector([entry])],
      [Section.export, vector([exportEntry("global", "global", 0)])],
    ]),
  );
}

/** `(func (export "door") (param v128))`, which gives the halves to `host.told`. */
const vectorDoor = moduleOf(
  new Map<number, Bytes>([
    [Section.type, vector([functype(["i64", "i64"], []), [0x60, 1, 0x7b, 0]])],
    [Section.import, vector([importedFunction("host", "told", 0)])],
    [Section.function, vector([[1]])],
    [Section.export, vector([exportEntry("door", "func", 1)])],
    [
      Section.code,
      vector([
        body(
          op("local.get", leb(0)),
          op("i64x2.extract_lane", [0]),
          op("local.get", leb(0)),
          op("i64x2.extract_lane", [1]),
          op("call", leb(0)),
        ),
      ]),
    ],
  ]),
);

/** The module with its memories, tables and globals exported under private names. */
function openAll(module: Module): Uint8Array {
  const { sections, names } = payloads(module);
  const added = (["memory", "table", "global"] as const).flatMap((kind) => {
    const defined = { memory: "memories", table: "tables", global: "globals" } as const;
    const count = module.imported[kind] + module[defined[kind]].length;
    return Array.from({ length: count }, (_, i) => exportEntry(`${PRIVATE}${kind}${i}`, kind, i));
  });
  sections.set(Section.export, extended(sections.get(Section.export), added));
  return moduleOf(sections, names);
}

const signatureOf = (module: Module, type: number): FuncType =>
  module.types[type]!.comp as FuncType;

function typeAt(module: Module, index: number): ValType {
  const imported = importsOf(module, "global");
  return (
    imported[index]?.description.type.type ?? module.globals[index - imported.length]!.type.type
  );
}
