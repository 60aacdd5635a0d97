// For tests: what Binaryen has done to a module, read back from its output. At
// optimize level 0 the instrumentation has one shape (Asyncify.cpp:1193-1240):
// after a call, `global.get $state, i32.const 1, i32.eq, if, i32.const k, br`.

import { InstructionReader } from "../../binary/code.js";
import type { Module } from "../../syntax/module.js";

export interface TwinSite {
  readonly callIndex: number;
  /** Function index in the twin, or null for an indirect call. */
  readonly callee: number | null;
  /** What stands before the call, back to the `if` that skips it: constants by value, others null. */
  readonly operands: readonly (bigint | null)[];
}

interface Step {
  readonly mnemonic: string;
  readonly a: number;
  readonly b: number;
}

/** The asyncify state is the last but one global that the twin defines, the data pointer the last. */
const stateGlobal = (twin: Module): number => twin.imported.global + twin.globals.length - 2;
const dataGlobal = (twin: Module): number => stateGlobal(twin) + 1;

function steps(twin: Module, defined: number): Step[] {
  const { body } = twin.functions[defined]!;
  const reader = new InstructionReader(twin.bytes, body.offset, body.end);
  const result: Step[] = [];
  while (reader.next()) {
    const { op, a, b } = reader.instruction;
    result.push({ mnemonic: op.mnemonic, a, b });
  }
  return result;
}

/**
 * The locals that a function of the twin restores when it is entered: those that a load is
 * written to. The twin's locals are grouped by type, so they are told by type and ordinal.
 */
export function savedLocals(twin: Module, index: number): Set<string> {
  const defined = index - twin.imported.func;
  const names = localKeys(twin, defined);
  const code = steps(twin, defined);
  const saved = new Set<string>();
  code.forEach(({ mnemonic }, i) => {
    const next = code[i + 1];
    if (mnemonic.endsWith(".load") && next?.mnemonic === "local.set") saved.add(names[next.a]!);
  });
  return saved;
}

/** `param 2` or `i64 3` for the third of the variables of type i64. */
export function localKeys(module: Module, defined: number): string[] {
  const { type, locals } = module.functions[defined]!;
  const signature = module.types[type]!.comp;
  const keys = signature.kind === "func" ? signature.params.map((_, i) => `param ${i}`) : [];
  const counts = new Map<string, number>();
  for (const run of locals) {
    const t = typeof run.type === "string" ? run.type : "reference";
    for (let i = 0; i < run.count; i++) {
      const n = (counts.get(t) ?? 0) + 1;
      counts.set(t, n);
      keys.push(`${t} ${n}`);
    }
  }
  return keys;
}

/** The instrumented functions, by index in the twin, with their sites. */
export function instrumentedSites(twin: Module): Map<number, TwinSite[]> {
  const state = stateGlobal(twin);
  const runtime = new Set(
    twin.exports.filter((e) => e.name.startsWith("asyncify_")).map((e) => e.index),
  );
  const result = new Map<number, TwinSite[]>();
  twin.functions.forEach((_, defined) => {
    const index = twin.imported.func + defined;
    if (runtime.has(index)) return;
    const code = steps(twin, defined);
    // With asserts, other functions read the state as well.
    if (code.some((s) => s.mnemonic === "global.get" && s.a === dataGlobal(twin))) {
      result.set(index, sitesIn(code, state));
    }
  });
  return result;
}

function sitesIn(code: readonly Step[], state: number): TwinSite[] {
  const sites: TwinSite[] = [];
  let call = -1;
  code.forEach(({ mnemonic, a }, i) => {
    if (mnemonic === "call" || mnemonic === "call_indirect") call = i;
    const [compared, one, eq, then, index, br] = code.slice(i, i + 6);
    const unwinds =
      mnemonic === "global.get" &&
      a === state &&
      compared !== undefined &&
      one?.a === 1 &&
      eq?.mnemonic === "i32.eq" &&
      then?.mnemonic === "if" &&
      index?.mnemonic === "i32.const" &&
      br?.mnemonic === "br";
    if (!unwinds) return;
    const operands: (bigint | null)[] = [];
    for (let j = call - 1; code[j]!.mnemonic !== "if"; j--) operands.unshift(constant(code[j]!));
    const { mnemonic: kind, a: callee } = code[call]!;
    sites.push({ callIndex: index.a, callee: kind === "call" ? callee : null, operands });
  });
  return sites;
}

function constant({ mnemonic, a, b }: Step): bigint | null {
  if (mnemonic === "i32.const" || mnemonic === "f32.const") return BigInt(a >>> 0);
  if (mnemonic === "i64.const" || mnemonic === "f64.const") {
    return (BigInt(b >>> 0) << 32n) | BigInt(a >>> 0);
  }
  if (mnemonic === "ref.null") return -1n;
  if (mnemonic === "ref.func") return BigInt(a);
  return null;
}
