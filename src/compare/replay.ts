// A twin together with its host, as one module that an engine without JavaScript can run.
// What the host did in another run of the program is known from its events: which exports
// it called, at the top and inside of imported functions, and what each of these answered.
// All of that becomes code. So the program meets the same host again, up to the first
// difference, and what it does is told (`replay-events.ts` reads it).
//
//   a0, a1, …  exports without parameters: the calls at the top, in order; results as bits
//   g0, g1, …  exports that return the exported globals
//   h.t        the only import that is called: (tag, bits) of what happens inside of imports

import {
  type Bytes,
  EMPTY_BLOCK,
  exportEntry,
  functype,
  importedFunction,
  join,
  leb,
  moduleOf,
  op,
  Section,
  sized,
  sleb,
  sleb64,
  vector,
} from "../binary/encode.js";
import { zeroOf } from "../runtime/stubs.js";
import type { Value } from "../runtime/values.js";
import { importsOf, type Module } from "../syntax/module.js";
import { opcodes } from "../syntax/opcodes.js";
import type { NumType } from "../syntax/types.js";
import { readU32 } from "../util/leb128.js";
import { extended, payloads } from "./instrument.js";
import {
  actionsOf,
  type Activation,
  type ExportCall,
  isNumber,
  NotReplayable,
  type Signature,
  signatureOf,
} from "./replay-plan.js";
import { spansOf } from "./restructure.js";
import type { ToldRun } from "./told-run.js";

/** The first argument of `h.t`. What follows a call and a host call are values. */
export const Tag = { call: 0, returned: 1, host: 2, hostReturned: 3, value: 4 } as const;

export interface Replay {
  readonly bytes: Uint8Array;
  /** The calls behind a0, a1, …. */
  readonly top: readonly ExportCall[];
  /** By the second argument of `Tag.call`. */
  readonly calls: readonly ExportCall[];
  /** The imports, by the second argument of `Tag.host`. */
  readonly imports: readonly ReplayImport[];
  /** The globals behind g0, g1, …. */
  readonly globals: readonly { readonly name: string; readonly type: NumType }[];
}
export interface ReplayImport {
  readonly module: string;
  readonly name: string;
  readonly type: Signature;
  readonly activations: readonly Activation[];
}

/** @throws NotReplayable */
export function makeReplay(twin: Module, run: ToldRun): Replay {
  if (twin.start !== undefined) throw new NotReplayable("it has a start function");
  const foreign = twin.imports.find(({ description: { kind } }) => kind !== "func");
  if (foreign !== undefined)
    throw new NotReplayable(`it imports a ${foreign.description.kind}, which nobody can give it`);
  const { top, calls, activations } = actionsOf(twin, run);
  const imports = importsOf(twin, "func").map(({ module, name, description }, k): ReplayImport => ({
    module,
    name,
    type: signatureOf(twin, description.type, `import ${module}.${name}`),
    activations: activations[k]!,
  }));
  const globals = twin.exports.flatMap(({ name, kind, index }) => {
    const type = kind === "global" ? twin.globals[index]!.type.type : "v128";
    return isNumber(type) && !name.startsWith("__asyncify_") ? [{ name, type, index }] : [];
  });
  const builder = new Builder(twin, imports, calls);
  top.forEach((call, i) => builder.exportTop(`a${i}`, call));
  globals.forEach(({ type, index }, i) => {
    const read = join(op("global.get", leb(index)), bitsAs(type));
    builder.exportFunction(`g${i}`, { params: [], results: [bitsType(type)] }, vector([]), read);
  });
  return { bytes: builder.finish(), top, calls, imports, globals };
}

const bitsType = (type: NumType): NumType => (type === "i32" || type === "f32" ? "i32" : "i64");
/** From a value to its bits, which are all that wasm-interp prints exactly. */
const bitsAs = (type: NumType): Bytes =>
  type === "f32" ? op("i32.reinterpret_f32") : type === "f64" ? op("i64.reinterpret_f64") : [];

export function constant(value: Value): Uint8Array {
  switch (value.type) {
    case "i32":
      return op("i32.const", sleb(value.value));
    case "i64":
      return op("i64.const", sleb64(value.value));
    case "f32":
      return join(op("i32.const", sleb(value.bits | 0)), op("f32.reinterpret_i32"));
    case "f64":
      return join(
        op("i64.const", sleb64(BigInt.asIntN(64, value.bits))),
        op("f64.reinterpret_i64"),
      );
    default:
      throw new NotReplayable(`a ${value.type} is passed, which is no number`);
  }
}

const tell = (tag: number, bits: Bytes): Uint8Array =>
  join(op("i32.const", sleb(tag)), bits, op("call", leb(0)));
const tellNumber = (tag: number, n: number): Uint8Array => tell(tag, op("i64.const", sleb(n)));
/** Tells the value of a local. */
const tellLocal = (index: number, type: NumType): Uint8Array =>
  tell(
    Tag.value,
    join(
      op("local.get", leb(index)),
      bitsAs(type),
      bitsType(type) === "i32" ? op("i64.extend_i32_u") : [],
    ),
  );

const LOCAL_TYPES: Readonly<Record<NumType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
};
/** The locals of a function: results of calls lie there until they are told. */
class Locals {
  private readonly types: NumType[] = [];
  constructor(private readonly params: number) {}

  /** Different indices for the values of one list. */
  place(types: readonly NumType[]): number[] {
    const taken = new Set<number>();
    return types.map((type) => {
      let at = this.types.findIndex((known, i) => known === type && !taken.has(i));
      if (at < 0) at = this.types.push(type) - 1;
      taken.add(at);
      return this.params + at;
    });
  }

  get declarations(): Uint8Array {
    return vector(this.types.map((type) => [1, LOCAL_TYPES[type]]));
  }
}

const CALLS: readonly number[] = [
  opcodes.call.code,
  opcodes.return_call.code,
  opcodes["ref.func"].code,
];

class Builder {
  private readonly types: Bytes[] = [];
  private readonly functions: { readonly type: number; readonly code: Bytes }[] = [];
  private readonly exported: Bytes[] = [];
  private readonly imported: number;

  constructor(
    private readonly twin: Module,
    private readonly imports: readonly ReplayImport[],
    private readonly calls: readonly ExportCall[],
  ) {
    this.imported = imports.length;
    imports.forEach((given, k) => this.addImport(given, k));
  }

  exportTop(name: string, call: ExportCall): void {
    const { results } = call;
    const locals = new Locals(0);
    const places = locals.place(results);
    const code = join(
      this.callExport(call, places),
      ...places.map((at, i) => join(op("local.get", leb(at)), bitsAs(results[i]!))),
    );
    const type = { params: [], results: results.map(bitsType) };
    this.exportFunction(name, type, locals.declarations, code);
  }

  exportFunction(name: string, type: Signature, locals: Bytes, code: Bytes): void {
    const index = this.imported + this.twin.functions.length + this.functions.length;
    this.exported.push(exportEntry(name, "func", index));
    this.functions.push({ type: this.addType(type), code: bodyOf(locals, code) });
  }

  finish(): Uint8Array {
    const { twin, imported } = this;
    const { sections } = payloads(twin);
    // Table, element and global sections may name imported functions, which are replaced.
    if (twin.elements.some(({ funcs }) => funcs?.some((index) => index < imported) === true))
      throw new NotReplayable("an imported function is in a table");
    const told = this.addType({ params: ["i32", "i64"], results: [] });
    sections.set(
      Section.import,
      vector(this.imports.map((_, k) => importedFunction("h", k === 0 ? "t" : `${k}`, told))),
    );
    sections.set(Section.type, extended(sections.get(Section.type), this.types));
    sections.set(
      Section.function,
      extended(
        sections.get(Section.function),
        this.functions.map(({ type }) => leb(type)),
      ),
    );
    // How often each import was called.
    const counter = join([0x7f, 1], op("i32.const", [0]), op("end"));
    sections.set(
      Section.global,
      extended(
        sections.get(Section.global),
        this.imports.map(() => counter),
      ),
    );
    sections.set(Section.export, vector(this.exported));
    const bodies = twin.functions.map((_, i) => this.redirected(i));
    sections.set(Section.code, vector([...bodies, ...this.functions.map(({ code }) => code)]));
    return moduleOf(sections);
  }

  private addType({ params, results }: Signature): number {
    return this.twin.types.length + this.types.push(functype(params, results)) - 1;
  }

  /** Where a function of the twin is now: imported ones are the first of those that are added. */
  private where(index: number): number {
    return index < this.imported ? this.imported + this.twin.functions.length + index : index;
  }

  /** A body whose calls of imports are calls of what replaces them. */
  private redirected(i: number): Uint8Array {
    const { bytes, functions } = this.twin;
    const { offset, body: code } = functions[i]!;
    const parts = spansOf(this.twin, i).map(([start, end]) => {
      const instruction = bytes.subarray(start, end);
      if (!CALLS.includes(instruction[0]!)) return instruction;
      const index = readU32({ bytes: instruction, pos: 1, end: instruction.length });
      return index < this.imported ? join([instruction[0]!], leb(this.where(index))) : instruction;
    });
    return sized(join(bytes.subarray(offset, code.offset), ...parts));
  }

  /** Calls an export as the host did, and leaves the results in locals. */
  private callExport(call: ExportCall, places: readonly number[]): Uint8Array {
    const results = [...places].reverse().map((at) => op("local.set", leb(at)));
    return join(...call.args.map(constant), op("call", leb(this.where(call.index))), ...results);
  }

  private addImport({ type, activations }: ReplayImport, k: number): void {
    const { params, results } = type;
    const locals = new Locals(params.length);
    const [count] = locals.place(["i32"]);
    const global = this.twin.globals.length + k;
    const leaves = activations.map((activation) => this.activation(activation, locals, k));
    const zeros = results.map((result) => constant(zeroOf(result)!));
    leaves.push(join(tellNumber(Tag.hostReturned, k), ...zeros, op("return")));
    const code = join(
      tellNumber(Tag.host, k),
      ...params.map((param, i) => tellLocal(i, param)),
      op("global.get", leb(global)),
      op("local.tee", leb(count!)),
      op("i32.const", sleb(1)),
      op("i32.add"),
      op("global.set", leb(global)),
      choose(runsOf(leaves), count!),
      op("unreachable"),
    );
    const typeIndex = this.addType(type);
    this.functions.push({ type: typeIndex, code: bodyOf(locals.declarations, code) });
  }

  /** What the host did within one call of an import, and what it answered. */
  private activation({ actions, results }: Activation, locals: Locals, k: number): Uint8Array {
    const done = actions.map((call) => {
      const types = call.results;
      const places = locals.place(types);
      const id = this.calls.indexOf(call);
      return join(
        tellNumber(Tag.call, id),
        this.callExport(call, places),
        tellNumber(Tag.returned, id),
        ...places.map((at, i) => tellLocal(at, types[i]!)),
      );
    });
    return join(...done, tellNumber(Tag.hostReturned, k), ...results.map(constant), op("return"));
  }
}

const bodyOf = (locals: Bytes, code: Bytes): Uint8Array => sized(join(locals, code, op("end")));

interface Leaf {
  /** The first activation that it is for. */
  readonly from: number;
  readonly code: Uint8Array;
}

/** Most activations are like the one before. */
function runsOf(leaves: readonly Uint8Array[]): Leaf[] {
  const runs: Leaf[] = [];
  leaves.forEach((code, from) => {
    if (!same(runs.at(-1)?.code, code)) runs.push({ from, code });
  });
  return runs;
}
const same = (a: Uint8Array | undefined, b: Uint8Array): boolean =>
  a !== undefined && a.length === b.length && a.every((byte, i) => byte === b[i]);

/** A tree of comparisons, because there may be many. */
function choose(leaves: readonly Leaf[], count: number): Uint8Array {
  if (leaves.length === 1) return leaves[0]!.code;
  const middle = leaves.length >> 1;
  return join(
    op("local.get", leb(count)),
    op("i32.const", sleb(leaves[middle]!.from)),
    op("i32.lt_u"),
    op("if", [EMPTY_BLOCK]),
    choose(leaves.slice(0, middle), count),
    op("else"),
    choose(leaves.slice(middle), count),
    op("end"),
  );
}
