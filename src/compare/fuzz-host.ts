// The host of modules that `wasm-opt -ttf` makes. It tells of each call. The functions
// that Binaryen's fuzzer knows under `fuzzing-support` call back into the module, throw,
// and read and write its table; every other one answers with zeros. Tags, globals, and a
// function that takes a vector, come out of little modules that each engine makes itself.
// Source of the meaning of the names: scripts/fuzz_shell.js of Binaryen.

import {
  body,
  type Bytes,
  exportEntry,
  functype,
  importedFunction,
  join,
  leb,
  moduleOf,
  op,
  Section,
  vector,
} from "../binary/encode.js";
import { importsOf, type Module } from "../syntax/module.js";
import {
  formatHeapType,
  type FuncType,
  type GlobalType,
  type NumType,
  type ValType,
} from "../syntax/types.js";
import type { Exports, Runner } from "./fuzz-run.js";
import { HOST_EXCEPTION, reasonOf } from "./reasons.js";

type ImportGroups = Record<string, Record<string, unknown>>;
type Callable = (...args: unknown[]) => unknown;

const SUPPORT = "fuzzing-support";

export class FuzzHost {
  /** Known once the module is instantiated: its start function finds none. */
  exports: Exports = {};
  private throwTag: Callable | undefined;

  constructor(
    private readonly module: Module,
    private readonly runner: Runner,
    private readonly tell: (text: string) => void,
  ) {}

  async imports(): Promise<ImportGroups> {
    const { module, runner } = this;
    const host: ImportGroups = {};
    const add = (group: string, name: string, value: unknown): void => {
      (host[group] ??= {})[name] = value;
    };
    // First the tags: `throw` throws exceptions of one.
    for (const { module: group, name, description } of importsOf(module, "tag")) {
      const { params } = signatureOf(module, description.type.type);
      const door = tagDoor(params);
      if (door === undefined) continue;
      const made = await runner.instantiate(door, {});
      add(group, name, made["tag"]);
      if (name === "wasmtag") this.throwTag = made["throw"] as Callable;
    }
    for (const { module: group, name, description } of importsOf(module, "func")) {
      const { params, results } = signatureOf(module, description.type);
      const answer = (group === SUPPORT ? this.support(name) : undefined) ?? zeros(results);
      const told = (...given: unknown[]): unknown => {
        this.tell(`host ${group}.${name}(${given.map(describe).join(", ")})`);
        return answer(...given);
      };
      const onlyVector = params.length === 1 && params[0] === "v128" && results.length === 0;
      const value = onlyVector
        ? (await runner.instantiate(vectorDoor, { host: { told } }))["door"]
        : told;
      add(group, name, value);
    }
    for (const { module: group, name, description } of importsOf(module, "global")) {
      const door = globalDoor(description.type);
      const value =
        door === undefined
          ? hostValue(description.type, name)
          : (await runner.instantiate(door, {}))["global"];
      if (value !== undefined) add(group, name, value);
    }
    return host;
  }

  /** What the function of this name does, if it is one that does something. */
  private support(name: string): Callable | undefined {
    switch (name) {
      case "throw":
        return (which) => {
          if (which !== 0 && this.throwTag !== undefined) this.throwTag(which);
          throw new Error("an exception of the host");
        };
      case "call-export":
        return (index) => void this.call(this.exported(index as number));
      case "call-export-catch":
        return (index) => caught(() => this.call(this.exported(index as number)));
      case "call-ref":
        return (ref) => void this.call(ref);
      case "call-ref-catch":
        return (ref) => caught(() => this.call(ref));
      case "table-get":
        return (index) => this.table.get(this.tableIndex(index as number));
      case "table-set":
        return (index, value) => this.table.set(this.tableIndex(index as number), value);
      case "sleep":
        return (_, id) => id;
      case "log-branch":
        return (actual) => actual;
      default:
        return undefined;
    }
  }

  /** Any number means some function that is exported. */
  private exported(index: number): unknown {
    const names = this.module.exports.filter(({ kind }) => kind === "func");
    return this.exports[names[(index >>> 0) % names.length]?.name ?? ""];
  }

  /** With nulls, which convert to numbers and to most references. */
  private call(func: unknown): unknown {
    if (typeof func !== "function") throw new TypeError("not a function");
    return (func as Callable)(...Array.from({ length: func.length }, () => null));
  }

  private get table() {
    return this.exports["table"] as {
      readonly length: number | bigint;
      get(index: number | bigint): unknown;
      set(index: number | bigint, value: unknown): void;
    };
  }
  private tableIndex(index: number): number | bigint {
    return typeof this.table.length === "bigint" ? BigInt(index >>> 0) : index >>> 0;
  }
}

/** 1 where the call threw an exception. Traps and limits of the host go on. */
function caught(action: () => unknown): number {
  try {
    action();
    return 0;
  } catch (error) {
    if (reasonOf(error).kind !== HOST_EXCEPTION) throw error;
    return 1;
  }
}

function zeros(results: readonly ValType[]): Callable {
  const values = results.map((type) => (typeof type === "object" ? null : type === "i64" ? 0n : 0));
  return () => (values.length > 1 ? values : values[0]);
}

/** NaNs are all the same: their bits are not determined, and may be lost on the way here. */
export function describe(value: unknown): string {
  if (typeof value === "function") return `function ${value.name}`;
  if (typeof value === "bigint") return `${value}n`;
  // Structures and arrays are opaque.
  if (typeof value === "object" && value !== null) return "object";
  return Object.is(value, -0) ? "-0" : String(value);
}

export const signatureOf = (module: Module, type: number): FuncType =>
  module.types[type]!.comp as FuncType;

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
const constantOf = (type: ValType) =>
  CONSTANTS[typeof type === "object" ? (type.nullable ? formatHeapType(type.heap) : "") : type];

/** A module that exports one global, `global`: each engine makes its own. */
function globalDoor({ type, mutable }: GlobalType): Uint8Array | undefined {
  const constant = constantOf(type);
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

/** What a reference that cannot be null may be, if it is to any value of the host. */
const hostValue = ({ type }: GlobalType, name: string): unknown =>
  typeof type === "object" && (type.heap === "extern" || type.heap === "any") ? name : undefined;

/** A module that exports a tag, `tag`, and `throw`, which throws an exception of it. */
function tagDoor(params: readonly ValType[]): Uint8Array | undefined {
  const codes = params.map((type) => constantOf(type)?.[0]);
  if (codes.some((code) => code === undefined)) return undefined;
  const type = join([0x60], vector(codes.map((code) => [code!])), [0]);
  return moduleOf(
    new Map<number, Bytes>([
      [Section.type, vector([type])],
      [Section.function, vector([[0]])],
      [Section.tag, vector([[0, 0]])],
      [Section.export, vector([exportEntry("tag", "tag", 0), exportEntry("throw", "func", 0)])],
      [
        Section.code,
        vector([body(...params.map((_, i) => op("local.get", leb(i))), op("throw", leb(0)))]),
      ],
    ]),
  );
}

const HALVES: readonly NumType[] = ["i64", "i64"];
/** `(func (export "door") (param v128))`, which gives the halves to `host.told`. */
const vectorDoor = moduleOf(
  new Map<number, Bytes>([
    [Section.type, vector([functype(HALVES, []), [0x60, 1, 0x7b, 0]])],
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
