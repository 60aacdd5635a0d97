// What a module tells of its faults without being run.

import { InstructionReader } from "../../binary/code.js";
import { analyzeRoles } from "../../fiber/asyncify/analyze.js";
import { NameList } from "../../fiber/asyncify/wildcard.js";
import { AsyncifyError, type AsyncifyOptions, type Roles } from "../../fiber/asyncify/roles.js";
import type { Instruction } from "../../syntax/instruction.js";
import { functionName, importsOf, type Module } from "../../syntax/module.js";
import { functionType } from "../../valid/context.js";
import type { ValidModule } from "../../valid/validate.js";
import { isInstrumented, runtimeFunctions, runtimeShape } from "../runtime-functions.js";
import { TwinError, twinParts } from "../twin-parts.js";
import type { CheckCode } from "./codes.js";
import { type Facts, factsOfInstrumented, factsOfRoles } from "./facts.js";
import type { Finding, Place } from "./finding.js";

/**
 * The faults that a module shows under some options of Binaryen's pass, without running.
 * Of an instrumented module the options are those it was made with, as far as they are known.
 */
export function checkStatically(module: ValidModule, options: AsyncifyOptions = {}): Finding[] {
  const found: Finding[] = [];
  const add = (code: CheckCode, message: string, where: Place | null = null) =>
    found.push({
      code,
      message,
      where,
      event: null,
      fiber: 0,
      other: null,
      machine: null,
      changed: null,
      writer: null,
      count: 1,
    });
  for (const entry of unmatchedImports(module, options))
    add("list-without-match", `the import list has an entry that matches no import: '${entry}'`);
  for (const name of forgottenSleepers(module, options))
    add("import-not-listed", `${name} unwinds under Emscripten, and is not in the import list`);
  const twice = secondInstrumentation(module);
  if (twice !== null)
    add("instrumented-twice", `${twice.name} starts the unwinds of another instrumentation`, twice);
  const facts = factsOf(module, options, add);
  if (facts === null) return found;
  inlinedRuntime(module, facts, add);
  notInstrumentable(module, facts, add);
  earlyEffects(module, facts, add);
  return found;
}

type Add = (code: CheckCode, message: string, where?: Place | null) => unknown;

/** Null where there are none, and why was told. */
function factsOf(module: ValidModule, options: AsyncifyOptions, add: Add): Facts | null {
  try {
    if (isInstrumented(module)) return factsOfInstrumented(module, twinParts(module));
    const roles: Roles = analyzeRoles(module, options);
    for (const warning of roles.warnings) add("list-without-match", warning);
    return factsOfRoles(module, roles);
  } catch (error) {
    if (error instanceof TwinError) add("runtime-inlined", error.message);
    else if (error instanceof AsyncifyError) {
      const { func, offset, instruction, name } = error.location;
      const known = func !== undefined && offset !== undefined && instruction !== undefined;
      const place = known
        ? { func, offset, instruction, name: name ?? functionName(module, func) }
        : null;
      add("not-instrumentable", error.message, place);
    } else throw error;
    return null;
  }
}

function unmatchedImports(module: Module, { imports = [] }: AsyncifyOptions): string[] {
  const names = importsOf(module, "func").map((i) => `${i.module}.${i.name}`);
  const { entries } = new NameList(imports);
  return entries.filter((entry) => {
    const list = new NameList([entry]);
    return !names.some((name) => list.match(name) !== undefined);
  });
}

/** Imports of Emscripten that unwind in every program that calls them. */
const SLEEPERS = new Set(
  [
    "emscripten_sleep",
    "emscripten_wget",
    "emscripten_wget_data",
    "emscripten_fiber_swap",
    "emscripten_scan_registers",
    "emscripten_lazy_load_code",
    "emscripten_idb_load",
    "emscripten_idb_store",
    "emscripten_idb_delete",
    "emscripten_idb_exists",
  ].map((name) => `env.${name}`),
);

/** Only where a list says that imports do not unwind unless they are in it. */
function forgottenSleepers(module: Module, { imports, ignoreImports }: AsyncifyOptions): string[] {
  const list = new NameList(imports);
  if (isInstrumented(module) || (list.empty && ignoreImports !== true)) return [];
  return importsOf(module, "func")
    .map((i) => `${i.module}.${i.name}`)
    .filter((name) => SLEEPERS.has(name) && list.match(name) === undefined);
}

/** Code of a runtime function in a function that has more to do: it was inlined there. */
function inlinedRuntime(module: ValidModule, facts: Facts, add: Add): void {
  for (const [func, calls] of runtimeCalls(module, facts)) {
    const top = calls.find((c) => c.runtime === "start_unwind" || c.runtime === "stop_rewind");
    const bottom = calls.find((c) => c.runtime === "stop_unwind" || c.runtime === "start_rewind");
    if (top === undefined || bottom === undefined) continue;
    const name = functionName(module, func);
    add(
      "runtime-inlined",
      `${name} calls ${top.runtime} and ${bottom.runtime}: so neither it nor its callers are instrumented`,
      { func, name, offset: top.offset, instruction: "call" },
    );
  }
}

interface RuntimeCall {
  readonly runtime: string;
  readonly offset: number;
}

function runtimeCalls(module: ValidModule, facts: Facts): Map<number, RuntimeCall[]> {
  const names = new Map<number, string>();
  importsOf(module, "func").forEach((i, index) => {
    if (i.module === "asyncify") names.set(index, i.name);
  });
  // An optimizer may have made one of two that are equal: then it is no longer known which is called.
  for (const [index, [name, ...others]] of runtimeFunctions(module))
    if (others.length === 0) names.set(index, name!);
  const calls = new Map<number, RuntimeCall[]>();
  for (const func of defined(module)) {
    if (facts.part(func) === "runtime") continue;
    for (const { op, a, offset } of instructions(module, func)) {
      const runtime = op.mnemonic === "call" ? names.get(a) : undefined;
      if (runtime !== undefined) calls.set(func, [...(calls.get(func) ?? []), { runtime, offset }]);
    }
  }
  return calls;
}

const REFUSED = new Set([
  "return_call",
  "return_call_indirect",
  "return_call_ref",
  "try_table",
  "br_on_null",
  "br_on_non_null",
  "br_on_cast",
  "br_on_cast_fail",
  "cont.new",
  "cont.bind",
  "suspend",
  "resume",
  "resume_throw",
  "switch",
]);

/** What Binaryen's pass has no instrumentation for, in functions that it is to instrument. */
function notInstrumentable(module: ValidModule, facts: Facts, add: Add): void {
  for (const func of defined(module)) {
    if (facts.part(func) !== "instrumented") continue;
    for (const { op, offset } of instructions(module, func)) {
      if (!REFUSED.has(op.mnemonic)) continue;
      const name = functionName(module, func);
      const where = { func, name, offset, instruction: op.mnemonic };
      add("not-instrumentable", `${name} may unwind, and has a ${op.mnemonic}`, where);
      break;
    }
  }
}

/** Where straight code ends: what comes behind may depend on the state. */
const BRANCHES = new Set(["if", "br", "br_if", "br_table", "return", "unreachable", "loop"]);

/** Calls of imports without a result that a leaf makes before it can have asked for the state. */
function earlyEffects(module: ValidModule, facts: Facts, add: Add): void {
  for (const [func, calls] of runtimeCalls(module, facts)) {
    if (facts.part(func) !== "top" || !calls.some(({ runtime }) => runtime === "start_unwind"))
      continue;
    for (const { op, a, offset } of instructions(module, func)) {
      if (BRANCHES.has(op.mnemonic)) break;
      if (op.mnemonic !== "call") continue;
      // Some call of the runtime comes first: no longer on the way in.
      if (calls.some((call) => call.offset === offset)) break;
      if (a >= module.imported.func || functionType(module, a).results.length > 0) continue;
      const name = functionName(module, func);
      add("leaf-side-effect", `${name} calls ${functionName(module, a)} whenever it is entered`, {
        func,
        name,
        offset,
        instruction: "call",
      });
      break;
    }
  }
}

/** A function that starts unwinds, but not under the name that Binaryen gives it. */
function secondInstrumentation(module: ValidModule): Place | null {
  if (!isInstrumented(module) && !module.imports.some((i) => i.module === "asyncify")) return null;
  const known = runtimeFunctions(module);
  for (const func of defined(module)) {
    const names = known.has(func) ? [] : (runtimeShape(module, func)?.names ?? []);
    if (!names.some((name) => name.startsWith("start_"))) continue;
    const { offset } = module.functions[func - module.imported.func]!.body;
    return { func, name: functionName(module, func), offset, instruction: "i32.const" };
  }
  return null;
}

function* defined(module: Module): Generator<number> {
  for (let i = 0; i < module.functions.length; i++) yield module.imported.func + i;
}

function* instructions(module: Module, func: number): Generator<Instruction> {
  const { body } = module.functions[func - module.imported.func]!;
  const reader = new InstructionReader(module.bytes, body.offset, body.end);
  while (reader.next()) yield reader.instruction;
}
