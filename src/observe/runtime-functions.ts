// Which functions of an instrumented module are the runtime of Asyncify: by the names that
// Binaryen exports them under, or, where a linker has shortened all names (as Emscripten does
// from -O2 on), by what they do.

import { InstructionReader } from "../binary/code.js";
import type { Instruction } from "../syntax/instruction.js";
import type { FunctionDefinition, Module } from "../syntax/module.js";
import { MalformedError } from "../util/errors.js";
import type { RuntimeName } from "./events.js";

const RUNTIME: readonly RuntimeName[] = [
  "start_unwind",
  "stop_unwind",
  "start_rewind",
  "stop_rewind",
  "get_state",
];
const PREFIX = "asyncify_";

/** Whether a module went through Binaryen's pass. */
export const isInstrumented = (module: Module): boolean => runtimeFunctions(module).size > 0;

/**
 * The runtime by function index; empty where a module is not instrumented. One function may
 * have two names: an optimizer makes one of two that are equal, and without names stop_unwind
 * cannot be told from stop_rewind.
 */
export function runtimeFunctions(module: Module): ReadonlyMap<number, readonly RuntimeName[]> {
  const named = new Map<number, RuntimeName[]>();
  for (const name of RUNTIME) {
    const found = module.exports.find((e) => e.kind === "func" && e.name === PREFIX + name);
    if (found !== undefined) named.set(found.index, [...(named.get(found.index) ?? []), name]);
  }
  const starts = [...named.values()].flat().some((name) => name.startsWith("start_"));
  return starts ? named : runtimeByShape(module);
}

function runtimeByShape(module: Module): Map<number, readonly RuntimeName[]> {
  const shapes = new Map<number, RuntimeShape>();
  for (const { kind, index } of module.exports) {
    const shape = kind === "func" ? runtimeShape(module, index) : null;
    if (shape !== null) shapes.set(index, shape);
  }
  const found = new Map<number, readonly RuntimeName[]>();
  const all = [...shapes.values()];
  const start = all.find(({ names }) => names.includes("start_unwind"));
  if (start === undefined || !all.some(({ names }) => names.includes("start_rewind"))) return found;
  for (const [index, { names, state }] of shapes)
    if (state === start.state) found.set(index, names);
  return found;
}

/** A function that does what one of the runtime's does, and nothing else. */
interface RuntimeShape {
  readonly names: readonly RuntimeName[];
  /** The global that holds the state. */
  readonly state: number;
}

/** By the state that they set. */
const SETTERS: Readonly<Record<number, readonly RuntimeName[]>> = {
  0: ["stop_unwind", "stop_rewind"],
  1: ["start_unwind"],
  2: ["start_rewind"],
};
/** What all optimizers leave: the state set, the data pointer too where one starts, and the check. */
const SET_STATE = ["i32.const", "global.set"];
const SET_DATA = ["local.get", "global.set"];
const CHECK = ["load", "load", "unreachable"];
/** What may stand in between. */
const AROUND = new Set(
  ["global.get", "i32.gt_u", "i64.gt_u", "i32.le_u", "i64.le_u", "if", "block", "br_if", "end"], // prettier-ignore
);
/** None of them has more instructions. */
const MAX_BYTES = 64;

export function runtimeShape(module: Module, func: number): RuntimeShape | null {
  const definition: FunctionDefinition | undefined = module.functions[func - module.imported.func];
  if (definition === undefined) return null;
  const { offset, end } = definition.body;
  if (end - offset > MAX_BYTES) return null;
  const seen = instructions(module, offset, end);
  return getterShape(seen) ?? setterShape(seen);
}

/** None where the body is none: of a module that is validated lazily nobody may have read it. */
function instructions({ bytes }: Module, offset: number, end: number): Code {
  const reader = new InstructionReader(bytes, offset, end);
  const seen: Pick<Instruction, "op" | "a">[] = [];
  try {
    while (reader.next()) seen.push({ op: reader.instruction.op, a: reader.instruction.a });
  } catch (error) {
    if (error instanceof MalformedError) return [];
    throw error;
  }
  return seen;
}

type Code = readonly Pick<Instruction, "op" | "a">[];

function getterShape([get, end, ...rest]: Code): RuntimeShape | null {
  const reads = get?.op.mnemonic === "global.get" && end?.op.mnemonic === "end";
  return reads && rest.length === 0 ? { names: ["get_state"], state: get.a } : null;
}

function setterShape(code: Code): RuntimeShape | null {
  const acts = code.filter(({ op }) => !AROUND.has(op.mnemonic));
  const told = acts.map(({ op }) => op.mnemonic.replace(/^i(32|64)\.load$/, "load")).join();
  const starts =
    told === [...SET_STATE, ...SET_DATA, ...CHECK].join() ||
    told === [...SET_DATA, ...SET_STATE, ...CHECK].join();
  if (!starts && told !== [...SET_STATE, ...CHECK].join()) return null;
  const constant = acts.findIndex(({ op }) => op.mnemonic === "i32.const");
  const value = acts[constant]!.a;
  const names = SETTERS[value];
  if (names === undefined || starts !== (value !== 0)) return null;
  return { names, state: acts[constant + 1]!.a };
}
