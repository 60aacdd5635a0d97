// Where the parts of Asyncify are in an instrumented module (a "twin"): its two
// globals, its runtime functions, and which functions are instrumented.
// Assumes the pass ran last: passes after it may inline what must be seen here.

import { InstructionReader } from "../binary/code.js";
import type { Instruction } from "../syntax/instruction.js";
import { functionName, type FunctionDefinition, type Module } from "../syntax/module.js";
import { opcodes } from "../syntax/opcodes.js";
import type { RuntimeName } from "./events.js";
import { BobbinError } from "../util/errors.js";
import { runtimeFunctions } from "./runtime-functions.js";

/** A module that should be an instrumented twin is none, or not the plain module's. */
export class TwinError extends BobbinError {
  readonly kind = "twin";
}

/** What the runtime functions alone show, which costs little to find. */
export interface RuntimeParts {
  /** Global indices of `__asyncify_state`, `__asyncify_data`, and `__stack_pointer` where known. */
  readonly state: number;
  readonly data: number;
  readonly stackPointer: number | null;
  /** The memory that holds the records, and the type of its addresses. */
  readonly memory: number;
  readonly pointer: "i32" | "i64";
  /** Runtime functions by index: an optimizer may have merged equal ones. */
  readonly runtime: ReadonlyMap<number, readonly RuntimeName[]>;
}

export interface TwinParts extends RuntimeParts {
  /** Functions whose code depends on `__asyncify_state`: those that are instrumented. */
  readonly instrumented: ReadonlySet<number>;
}

const GLOBAL_GET = opcodes["global.get"].code;
const GLOBAL_SET = opcodes["global.set"].code;
const LOADS: readonly number[] = [opcodes["i32.load"].code, opcodes["i64.load"].code];

/** @throws TwinError; MalformedError for instructions that Bobbin does not know */
export function twinParts(twin: Module, givenStackPointer?: number): TwinParts {
  const parts = runtimeParts(twin, givenStackPointer);
  return { ...parts, instrumented: instrumentedIn(twin, parts.state, parts.runtime) };
}

/** @throws TwinError; MalformedError for instructions that Bobbin does not know */
export function runtimeParts(twin: Module, givenStackPointer?: number): RuntimeParts {
  const runtime = runtimeFunctions(twin);
  const indexOf = (name: RuntimeName) =>
    [...runtime].find(([, names]) => names.includes(name))?.[0];
  const start = indexOf("start_unwind") ?? indexOf("start_rewind");
  if (start === undefined)
    throw new TwinError(
      "not instrumented: it exports no asyncify_start_unwind, nor a function that does the same",
    );
  const get = indexOf("get_state");
  const state = get === undefined ? stateSetIn(twin, start) : globalReadIn(twin, get);
  const { data, memory } = dataSetIn(twin, start, state);
  const pointer = twin.globals[data - twin.imported.global]?.type.type === "i64" ? "i64" : "i32";
  return {
    state,
    data,
    memory,
    pointer,
    runtime,
    stackPointer: givenStackPointer ?? stackPointerOf(twin),
  };
}

/** `asyncify_get_state` reads `__asyncify_state` and does nothing else. */
function globalReadIn(twin: Module, func: number): number {
  for (const { op, a } of instructions(twin, func)) if (op.code === GLOBAL_GET) return a;
  throw new TwinError("asyncify_get_state reads no global");
}

/** Without get_state: the global that start_* sets to a constant. */
function stateSetIn(twin: Module, func: number): number {
  let constant = false;
  for (const { op, a } of instructions(twin, func)) {
    if (op.code === GLOBAL_SET && constant) return a;
    constant = op.code === opcodes["i32.const"].code;
  }
  throw new TwinError("asyncify_start_unwind sets no state");
}

function dataSetIn(twin: Module, func: number, state: number): { data: number; memory: number } {
  let data: number | undefined;
  let memory = 0;
  for (const { op, a } of instructions(twin, func)) {
    if (op.code === GLOBAL_SET && a !== state) data ??= a;
    if (LOADS.includes(op.code)) memory = a;
  }
  if (data === undefined) throw new TwinError("asyncify_start_unwind sets no data pointer");
  return { data, memory };
}

/** Binaryen reads the state in every function that it instruments, and in no other. */
function instrumentedIn(
  twin: Module,
  state: number,
  runtime: ReadonlyMap<number, unknown>,
): ReadonlySet<number> {
  const found = new Set<number>();
  const inlined: string[] = [];
  twin.functions.forEach((_, i) => {
    const func = twin.imported.func + i;
    if (runtime.has(func)) return;
    for (const { op, a } of instructions(twin, func)) {
      if (a !== state) continue;
      if (op.code === GLOBAL_GET) found.add(func);
      else if (op.code === GLOBAL_SET) inlined.push(functionName(twin, func));
    }
  });
  if (inlined.length === 0) return found;
  throw new TwinError(
    `the asyncify runtime was inlined into ${[...new Set(inlined)].join(", ")}: ` +
      "run wasm-opt --asyncify as the last pass",
  );
}

export function stackPointerOf(module: Module): number | null {
  for (const [index, name] of module.names.globals) if (name === "__stack_pointer") return index;
  const found = module.exports.find((e) => e.kind === "global" && e.name === "__stack_pointer");
  return found?.index ?? null;
}

function* instructions(module: Module, func: number): Generator<Instruction> {
  const definition: FunctionDefinition | undefined = module.functions[func - module.imported.func];
  if (definition === undefined) throw new TwinError(`function ${func} is not defined`);
  const reader = new InstructionReader(module.bytes, definition.body.offset, definition.body.end);
  while (reader.next()) yield reader.instruction;
}
