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
import { Compiler, type Source } from "./compiler.js";
import { Entries } from "./entries.js";
import { isCompiled } from "./instructions.js";
import { nodesOf } from "./nodes.js";
import * as numbers from "./numbers.js";
import { NEUTRAL } from "./operands.js";
import { prepared, present } from "./prepare.js";
import { type Limits, LIMITS, numbersOf, regionsOf } from "./regions.js";
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
  K: Float64Array.from(NEUTRAL),
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

/**
 * What is beyond is left to the interpreter: the host's parser recurs for each block, and
 * takes no call with tens of thousands of arguments.
 */
const MOST_NESTED = 800;
const MOST_OPERANDS = 2000;

const NATIVE = `const { asIntN, asUintN } = BigInt;
const { imul, clz32, fround, abs, sqrt, ceil, floor, trunc, min, max } = Math;`;

export class CompiledFunction {
  readonly results: string;
  readonly weight: number;
  readonly reserve: number;
  readonly hasRefs: boolean;
  readonly call: Call;
  private readonly parts: object;
  private readonly forms: readonly Form[];
  private readonly entries: ReadonlyMap<number, Entry>;

  private constructor(private readonly source: Source) {
    this.forms = CompiledFunction.formsOf(source);
    const entries = new Map<number, Entry>();
    for (const form of this.forms)
      for (const [pc, number] of form.entries.byPc) entries.set(pc, { form, number });
    this.entries = entries;
    const compiler = new Compiler(source, false);
    const [call, parts] = make<Call>(compiler.compile(), compiler.constants);
    this.call = call;
    this.parts = parts;
    this.results = compiler.results;
    this.weight = compiler.weight;
    this.reserve = compiler.reserve;
    this.hasRefs = compiler.hasRefs || source.nodes.some(({ stack }) => stack.includes("r"));
  }

  /** Of a function that is lowered; null where something in it is not compiled. */
  static of(func: FuncInstance, limits: Limits = LIMITS): CompiledFunction | null {
    const instance = func.instance!;
    const { module } = instance;
    if (func.index < 0) return null;
    const code = func.code as Code;
    if (code.maxWords - code.localWords > 2 * MOST_OPERANDS) return null;
    const nodes = nodesOf(module, func.index - module.imported.func, code);
    if (!nodes.every(({ mnemonic }) => isCompiled(mnemonic))) return null;
    const entries = new Entries(nodes);
    if (entries.nesting > MOST_NESTED) return null;
    const regions = regionsOf(nodes, entries.ends, entries.elses, limits);
    const numbers = numbersOf(regions);
    return new CompiledFunction({ func, instance, code, nodes, entries, regions, numbers });
  }

  /** The entry before which a frame stands; none if undefined. */
  entryAt(pc: number): Entry | undefined {
    return pc === 0 ? START : this.entries.get(pc);
  }

  /** Instructions. */
  get size(): number {
    return this.source.nodes.length;
  }

  /** Notes that the interpreter executed instructions of it. */
  warm(heat: number): void {
    for (const form of this.forms) form.heat += heat;
  }

  /** Enters in the middle. */
  resume({ form, number }: Entry, d: number): unknown {
    form!.resume ??= this.make(form!);
    return form!.resume(number, d);
  }

  private make({ entries, hops }: Form): Resume {
    const compiler = new Compiler({ ...this.source, entries }, true, hops);
    const text = compiler.compile();
    for (const [name, part] of Object.entries(this.parts)) compiler.constant(name, part);
    return make<Resume>(text, compiler.constants)[0];
  }

  /**
   * The forms that are entered in their middle. A function that was split has another one
   * for the loops that are not in parts: with all entries it would be too large for V8
   * again. Where it is entered elsewhere, it comes to a loop soon.
   */
  private static formsOf({ nodes, entries, regions }: Source): Form[] {
    const split = regions.length > 0;
    const all: Form = { entries, hops: split, resume: null, heat: 0 };
    if (!split) return [all];
    const own = (i: number): boolean =>
      nodes[i - 1]!.mnemonic === "loop" && !regions.some((r) => r.start < i && i < r.end);
    return [all, { entries: new Entries(nodes, own), hops: false, resume: null, heat: 0 }];
  }
}

interface Form {
  readonly entries: Entries;
  readonly hops: boolean;
  /** Made when it is needed. */
  resume: Resume | null;
  /** Instructions that the interpreter executed for want of it, as the tier reckons. */
  heat: number;
}
export interface Entry {
  /** Null: the form that is called. */
  readonly form: Form | null;
  readonly number: number;
}
const START: Entry = { form: null, number: 0 };

/** The function that a text makes, and its parts by name. */
function make<F>(text: string, constants: ReadonlyMap<string, unknown>): [F, object] {
  for (const [name, value] of constants) if (/^F\d+$/.test(name)) prepared(value as FuncInstance);
  const all = { ...COMMON, ...Object.fromEntries(constants) };
  const words = new Set(text.match(/\b[A-Za-z]\w*/g));
  const names = Object.keys(all).filter((name) => words.has(name));
  // oxlint-disable-next-line typescript/no-implied-eval -- what this tier is
  const made = new Function(
    "all",
    `"use strict"; ${NATIVE} const { ${names.join(", ")} } = all;\n${text}`,
  );
  return (made as (all: object) => [F, object])(all);
}
