// One of the two sides of a differential run: instantiates a module, calls every export
// in order, and tells what happened as a list of entries. Bobbin and engines with the
// WebAssembly JavaScript API are run by this same code, so what is compared is the same;
// `src/cli/engine-worker.ts` runs it inside other engines' processes.

import { decode } from "../binary/decode.js";
import { instantiate } from "../exec/instantiate.js";
import type { Tier } from "../exec/hooks.js";
import { Machine } from "../exec/machine.js";
import { jsExports } from "../js-api/exports.js";
import { type ImportObject, jsImports } from "../js-api/imports.js";
import { functionTypeIndex, importsOf, type Module } from "../syntax/module.js";
import type { ValType } from "../syntax/types.js";
import { CrashError } from "../util/errors.js";
import { validate } from "../valid/validate.js";
import { digestOf } from "../observe/digest.js";
import { type Engine, type EngineMemory, hostEngine } from "./engine.js";
import { describe, FuzzHost, signatureOf } from "./fuzz-host.js";
import { PRIVATE } from "./instrument.js";
import { reasonOf } from "./reasons.js";

/** Something that a run did: a line of text, and why it ended where it did. */
export interface Entry {
  readonly text: string;
  readonly reason?: string;
  /** The words of an error, which each engine chooses itself: told, not compared. */
  readonly message?: string;
}

export interface FuzzRun {
  readonly entries: readonly Entry[];
  /** A limit of ours ended a call: what comes after it says nothing. */
  readonly exhausted: boolean;
  /** Of Bobbin: instructions executed. */
  readonly executed?: number;
  /** The engine does not compile the module: why. */
  readonly refused?: string;
}

export type Exports = Readonly<Record<string, unknown>>;

/** Something that runs modules by the JavaScript API. */
export interface Runner {
  instantiate(bytes: Uint8Array, imports: ImportObject): Promise<Exports>;
  readonly executed?: number;
}

export class BobbinRunner implements Runner {
  /** All instances of a run are of one machine, whose fuel is for all of them. */
  private readonly machine: Machine;
  constructor(fuel: number, tier: Tier | null = null) {
    this.machine = new Machine({ fuel, tier });
  }

  get executed(): number {
    return this.machine.executed;
  }

  instantiate(bytes: Uint8Array, imports: ImportObject): Promise<Exports> {
    const module = validate(decode(bytes));
    const given = jsImports(this.machine, module, imports, { suspend: false });
    return Promise.resolve(jsExports(this.machine, instantiate(this.machine, module, given)));
  }
}

export class EngineRunner implements Runner {
  constructor(private readonly engine: Engine = hostEngine()) {}

  async instantiate(bytes: Uint8Array, imports: ImportObject): Promise<Exports> {
    return (await this.engine.instantiate(bytes, imports)).instance.exports;
  }
}

/** A run tells no more than this: a module that goes on is compared as far as it came. */
const MOST_ENTRIES = 20_000;

/** Runs a module whose memories, tables and globals are exported (`openAll`). */
export async function runFuzz(module: Module, runner: Runner): Promise<FuzzRun> {
  const run = await runExports(module, runner);
  return runner.executed === undefined ? run : { ...run, executed: runner.executed };
}

async function runExports(module: Module, runner: Runner): Promise<FuzzRun> {
  const entries: Entry[] = [];
  let exhausted = false;
  const failed = (error: unknown): void => {
    // A bug of ours must not look like an exception of the host.
    if (error instanceof CrashError) throw error;
    const { reason, message } = reasonOf(error);
    if (reason === "fuel exhausted") exhausted = true;
    else entries.push({ text: "! ", reason, message });
  };
  const host = new FuzzHost(module, runner, (text) => {
    if (entries.length < MOST_ENTRIES) entries.push({ text });
  });
  let exports: Exports;
  try {
    exports = await runner.instantiate(module.bytes, await host.imports());
  } catch (error) {
    if (error instanceof Error && error.name === "CompileError") {
      entries.push({ text: `refused: ${error.message}` });
      return { entries, exhausted, refused: error.message };
    }
    failed(error);
    return { entries, exhausted };
  }
  host.exports = exports;
  for (const { name, kind, index } of module.exports) {
    if (kind !== "func") continue;
    const { params, results } = signatureOf(module, functionTypeIndex(module, index));
    const given = params.map((type, i) => argument(type, i));
    entries.push({ text: `call ${name}(${given.map(describe).join(", ")})` });
    try {
      const returned = (exports[name] as (...args: unknown[]) => unknown)(...given);
      const list = results.length > 1 ? (returned as unknown[]) : [returned];
      entries.push({ text: `= ${list.slice(0, results.length).map(describe).join(", ")}` });
    } catch (error) {
      failed(error);
      if (exhausted) return { entries, exhausted };
    }
  }
  for (const { name, kind, index } of module.exports)
    if (name.startsWith(PRIVATE) && !(kind === "global" && typeAt(module, index) === "v128"))
      entries.push({ text: `${kind} ${index} ${describeState(kind, exports[name])}` });
  return { entries, exhausted };
}

interface Table {
  /** A bigint in a table of 64-bit indices. */
  readonly length: number | bigint;
  get(index: number | bigint): unknown;
}
const MOST_ELEMENTS = 100;

/** What a global, memory or table holds. */
function describeState(kind: string, item: unknown): string {
  switch (kind) {
    case "global":
      return attempt(() => (item as { value: unknown }).value);
    case "memory": {
      const found = new Uint8Array((item as EngineMemory).buffer);
      return `of ${found.length} bytes ${digestOf(found, [])}`;
    }
    default: {
      const table = item as Table;
      const length = Math.min(Number(table.length), MOST_ELEMENTS);
      const index = (i: number) => (typeof table.length === "bigint" ? BigInt(i) : i);
      const shown = Array.from({ length }, (_, i) => attempt(() => table.get(index(i))));
      return `of ${table.length}: ${shown.join(", ")}`;
    }
  }
}

/** References to exceptions and continuations are not shown to JavaScript. */
function attempt(read: () => unknown): string {
  try {
    return describe(read());
  } catch {
    return "hidden";
  }
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

function typeAt(module: Module, index: number): ValType {
  const imported = importsOf(module, "global");
  return (
    imported[index]?.description.type.type ?? module.globals[index - imported.length]!.type.type
  );
}
