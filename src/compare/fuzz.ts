// Differential execution of one module: the same bytes run on Bobbin and on an engine
// with the WebAssembly JavaScript API. Every exported function is called, in order;
// calls of the host, results, traps, and at the end globals, memories and tables must
// be the same. Both runs become lists of entries (`fuzz-run.ts`), and those are compared.
//
// Everything of the module is exported for that. Vectors, which JavaScript cannot
// see, are shown as two integers by a little module between the program and its host.

import { decode } from "../binary/decode.js";
import { exportEntry, moduleOf, Section } from "../binary/encode.js";
import type { Module } from "../syntax/module.js";
import type { Tier } from "../exec/hooks.js";
import { type Engine, hostEngine } from "./engine.js";
import { BobbinRunner, EngineRunner, type Entry, type FuzzRun, runFuzz } from "./fuzz-run.js";
import { extended, payloads, PRIVATE } from "./instrument.js";
import { sameReason } from "./reasons.js";

export interface Disagreement {
  readonly index: number;
  /** What disagrees with what, without the values: what a smaller module must keep. */
  readonly sort: string;
  readonly bobbin: string;
  readonly engine: string;
  /** The entries before, the same in both. */
  readonly before: readonly string[];
}

export type FuzzVerdict =
  | { readonly kind: "same"; readonly calls: number; readonly ends: number }
  /** Bobbin's fuel was not enough: nothing is known. */
  | { readonly kind: "exhausted" }
  /** The engine says that it lacks a feature. */
  | { readonly kind: "unsupported"; readonly reason: string }
  /** The engine's process ended, or had to be ended. */
  | { readonly kind: "engine failed"; readonly reason: string }
  | { readonly kind: "different"; readonly disagreement: Disagreement };

/** The other side. */
export interface Opponent {
  /**
   * Runs a module of which everything is exported; who can stops after `fuel` instructions.
   * @throws EngineFailure where no answer came
   */
  run(bytes: Uint8Array, fuel: number): Promise<FuzzRun>;
  /** Whether it ends by itself as Bobbin does, at the same instruction. */
  readonly hasFuel?: boolean;
}

/** Bobbin's own interpreter, against which its other tiers are held. */
export const interpreterOpponent: Opponent = {
  hasFuel: true,
  run: (bytes, fuel) => runFuzz(decode(bytes), new BobbinRunner(fuel)),
};

/** No answer of an engine, or one that is none. */
export class EngineFailure extends Error {
  override readonly name = "EngineFailure";
  constructor(
    message: string,
    /** It ended, did not answer in time, answered nonsense, or was ended by us. */
    readonly kind: "crashed" | "hung" | "garbled" | "closed",
    /** The last of what it wrote besides. */
    readonly output = "",
  ) {
    super(message);
  }
}

/** An engine that runs here. */
export const opponentOf = (engine: Engine = hostEngine()): Opponent => ({
  run: (bytes) => runFuzz(decode(bytes), new EngineRunner(engine)),
});

export interface FuzzOptions {
  /** Default: the host's own `WebAssembly`. */
  readonly opponent?: Opponent;
  /** Instructions of all calls together, on Bobbin. Default 5 million. */
  readonly fuel?: number;
  /** What executes them on Bobbin, made anew for each module. Default: the interpreter. */
  readonly tier?: () => Tier | null;
}

const FUEL = 5_000_000;
const BEFORE = 8;
/**
 * V8's words, then JavaScriptCore's. Binaryen writes `ref.as_non_null` without the feature that it belongs to, and
 * both kinds of exception handling in one module, of which some engines take only either.
 */
const UNSUPPORTED =
  /enable with --experimental|mix of legacy and new exception|both legacy exceptions and try_table/;

/** @throws MalformedError, InvalidError where Bobbin refuses the module */
export async function compareExecution(
  bytes: Uint8Array,
  { opponent = opponentOf(), fuel = FUEL, tier = () => null }: FuzzOptions = {},
): Promise<FuzzVerdict> {
  const opened = openAll(decode(bytes));
  const module = decode(opened);
  const ours = await runFuzz(module, new BobbinRunner(fuel, tier()));
  // An engine has no fuel: it might go on for ever.
  if (ours.exhausted && opponent.hasFuel !== true) return { kind: "exhausted" };
  let theirs: FuzzRun;
  try {
    theirs = await opponent.run(opened, fuel);
  } catch (error) {
    if (error instanceof EngineFailure) return { kind: "engine failed", reason: error.message };
    throw error;
  }
  const { refused } = theirs;
  if (refused !== undefined && UNSUPPORTED.test(refused))
    return { kind: "unsupported", reason: refused };
  const length = Math.max(ours.entries.length, theirs.entries.length);
  for (let index = 0; index < length; index++) {
    const a = ours.entries[index];
    const b = theirs.entries[index];
    if (a !== undefined && b !== undefined && same(a, b)) continue;
    const before = ours.entries.slice(Math.max(0, index - BEFORE), index).map(show);
    return {
      kind: "different",
      disagreement: { index, sort: sortOf(a, b), bobbin: show(a), engine: show(b), before },
    };
  }
  if (theirs.executed !== undefined && theirs.executed !== ours.executed) {
    const told = (n = 0) => `${n} instructions executed`;
    const [bobbin, engine] = [told(ours.executed), told(theirs.executed)];
    const disagreement = { index: length, sort: "executed", bobbin, engine, before: [] };
    return { kind: "different", disagreement };
  }
  const count = (start: string) => ours.entries.filter(({ text }) => text.startsWith(start)).length;
  return { kind: "same", calls: count("call "), ends: count("=") };
}

const same = (a: Entry, b: Entry): boolean =>
  a.text === b.text &&
  (a.reason === b.reason ||
    (a.reason !== undefined && b.reason !== undefined && sameEnd(a.reason, b.reason)));

/** An access may be wrong in two ways at once: which of them is told is open. */
const TWO_WAYS = ["unaligned atomic", "out of bounds memory access"];
const sameEnd = (a: string, b: string): boolean =>
  sameReason(a, b) || (TWO_WAYS.includes(a) && TWO_WAYS.includes(b));

function show(entry: Entry | undefined): string {
  if (entry === undefined) return "(nothing)";
  const { text, reason = "", message = reason } = entry;
  return message === reason ? `${text}${reason}` : `${text}${reason} (${message})`;
}

/** Values of all kinds are one sort: where a wrong one shows first is chance. */
function sortOf(a: Entry | undefined, b: Entry | undefined): string {
  const one = (entry: Entry | undefined): string => {
    if (entry === undefined) return "nothing";
    if (entry.reason !== undefined) return entry.reason;
    return /^(refused|call)/.exec(entry.text)?.[0] ?? "value";
  };
  return `${one(a)} / ${one(b)}`;
}

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
