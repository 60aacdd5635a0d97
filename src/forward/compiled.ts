// A compiled function: the form that is called, and, made when it is first needed, the
// form that is entered in its middle.

import type { FuncInstance } from "../runtime/instances.js";
import type { MemoryInstance } from "../runtime/memory.js";
import { atomics } from "../exec/atomics.js";
import { bulk } from "../exec/bulk.js";
import type { Code } from "../exec/code.js";
import { accessMemory, conversions } from "../exec/cold.js";
import { gc } from "../exec/gc.js";
import { matchesType } from "../exec/gc-casts.js";
import { ctz32, divide64, popcnt32 } from "../exec/numeric.js";
import { nearest } from "../exec/numeric.js";
import { simd } from "../exec/simd.js";
import { callee } from "../exec/tables.js";
import { wide } from "../exec/wide.js";
import { type Compiled, Compiler, type Source } from "./compiler.js";
import { Entries } from "./entries.js";
import { isCompiled } from "./instructions.js";
import { nodesOf } from "./nodes.js";
import * as numbers from "./numbers.js";
import { prepared, present } from "./prepare.js";
import { control, scratch } from "./scratch.js";
import { caught, letGo } from "./sites.js";

type Call = (p: number, d: number, ...args: unknown[]) => unknown;
type Resume = (entry: number, d: number) => unknown;

/** What every compiled function may use, by the names in its text. */
const COMMON = {
  I: scratch.i32,
  F: scratch.f32,
  D: scratch.f64,
  L: scratch.i64,
  R: scratch.refs,
  Q: scratch,
  control,
  caught,
  letGo,
  prepared,
  present,
  callee,
  accessMemory,
  atomics,
  bulk,
  conversions,
  gc,
  matchesType,
  simd,
  wide,
  divide64,
  ctz32,
  popcnt32,
  nearest,
  ...numbers,
  pages: (memory: MemoryInstance, sp: number): void => {
    scratch.i64[sp >> 1] = BigInt(memory.pages);
  },
};

const NATIVE = `const { asIntN, asUintN } = BigInt;
const { imul, clz32, fround, abs, sqrt, ceil, floor, trunc, min, max } = Math;`;

export class CompiledFunction {
  readonly results: string;
  readonly weight: number;
  readonly reserve: number;
  readonly hasRefs: boolean;
  readonly call: Call;
  private resumed: Resume | null = null;

  private constructor(
    private readonly source: Source,
    readonly entries: Entries,
  ) {
    const compiler = new Compiler(source, false);
    this.call = make(compiler.compile()) as Call;
    this.results = compiler.results;
    this.weight = compiler.weight;
    this.reserve = compiler.reserve;
    this.hasRefs = source.nodes.some(({ stack }) => stack.includes("r")) || compiler.hasRefs;
  }

  /** Of a function that is lowered; null where something in it is not compiled. */
  static of(func: FuncInstance): CompiledFunction | null {
    const instance = func.instance!;
    const { module } = instance;
    if (func.index < 0) return null;
    const code = func.code as Code;
    const nodes = nodesOf(module, func.index - module.imported.func, code);
    if (!nodes.every(({ mnemonic }) => isCompiled(mnemonic))) return null;
    const entries = new Entries(nodes);
    return new CompiledFunction({ func, instance, code, nodes, entries }, entries);
  }

  /** Enters in the middle. */
  resume(entry: number, d: number): unknown {
    this.resumed ??= make(new Compiler(this.source, true).compile()) as Resume;
    return this.resumed(entry, d);
  }
}

function make({ text, constants, layout }: Compiled): unknown {
  for (const [name, value] of constants) if (/^F\d+$/.test(name)) prepared(value as FuncInstance);
  const all = { ...COMMON, Y: layout, ...Object.fromEntries(constants) };
  const used = Object.entries(all).filter(([name]) => new RegExp(`\\b${name}\\b`).test(text));
  const names = used.map(([name]) => name).join(", ");
  // oxlint-disable-next-line typescript/no-implied-eval
  const made = new Function("all", `"use strict"; ${NATIVE} const { ${names} } = all;\n${text}`);
  return (made as (all: object) => unknown)(all);
}
