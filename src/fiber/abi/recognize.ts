// Finds the fiber assembly in a module: by what its functions do, whatever they are
// called and however they were optimized; or, where they are imports, by name.
// What some optimizer made part of a larger function is not found: only functions can
// be replaced.

import type { SubType } from "../../syntax/types.js";
import { importsOf } from "../../syntax/module.js";
import { validateBodies, type ValidModule } from "../../valid/validate.js";
import { constant, type Expression, symbol } from "./expressions.js";
import { Follower } from "./follow.js";
import { enterTree, leaveTree, type Places } from "./meaning.js";

/**
 * `fiber_enter(ret, sp, payload, entry)` starts a fiber; with entry 0, and as
 * `fiber_switch_enter(ret, sp, payload)`, it resumes one. `fiber_switch_leave(ret, target, payload)`.
 */
export type FiberFunction = "fiber_enter" | "fiber_switch_enter" | "fiber_switch_leave";

const FIBER_FUNCTIONS: readonly FiberFunction[] = [
  "fiber_enter",
  "fiber_switch_enter",
  "fiber_switch_leave",
];
const arityOf = (name: FiberFunction): number => (name === "fiber_enter" ? 4 : 3);

/** Where in memory and among globals the functions work. */
export interface FiberAssembly {
  /** By function index: those that the module defines, and imports by name. */
  readonly functions: ReadonlyMap<number, FiberFunction>;
  /** Global index of `__stack_pointer`. */
  readonly stackPointer: number;
  /** Table that entries are looked up in, and index of their type, `(i32, i32) -> ()`. */
  readonly table: number;
  readonly type: number;
}

/**
 * Null where the module has no fiber assembly that could be replaced whole.
 * @throws what `validateBodies` throws
 */
export function recognizeFibers(module: ValidModule): FiberAssembly | null {
  validateBodies(module);
  return defined(module) ?? imported(module);
}

/** What the module defines: the switches out of fibers tell where everything is, those into them must agree. */
function defined(module: ValidModule): FiberAssembly | null {
  const runtime = runtimeFunctions(module);
  if (runtime.size === 0) return null;
  const follower = new Follower(module, runtime);
  const candidates = candidatesOf(module, runtime).flatMap((index) => {
    const tree = follower.treeOf(index);
    return tree === null ? [] : [{ index, tree }];
  });
  const functions = new Map<number, FiberFunction>();
  let places: Places | null = null;
  for (const enter of candidates) {
    const found = placesOf(enter.tree);
    if (found === null || (places !== null && !samePlaces(places, found))) continue;
    const name = enterName(enter.tree, found);
    if (name === null) continue;
    places = found;
    functions.set(enter.index, name);
  }
  if (places === null) return null;
  const leaveText = leaveTree(places, parameters(3));
  const leaves = candidates.filter(({ tree }) => tree === leaveText);
  for (const { index } of leaves) functions.set(index, "fiber_switch_leave");
  const { stackPointer, table, type } = places;
  // Fibers that could be entered but not left, or the reverse, would be half a switch.
  return leaves.length === 0 ? null : { functions, stackPointer, table, type };
}

const parameters = (count: number): Expression[] =>
  Array.from({ length: count }, (_, i) => symbol(`p${i}`));

function enterName(tree: string, places: Places): FiberFunction | null {
  const [ret, sp, payload, entry] = parameters(4);
  for (const wrapped of [true, false]) {
    if (tree === enterTree(places, [ret!, sp!, payload!, entry!], wrapped)) return "fiber_enter";
    if (tree === enterTree(places, [ret!, sp!, payload!, constant(0)], wrapped))
      return "fiber_switch_enter";
  }
  return null;
}

/** Where a tree that may be `fiber_enter`'s has everything. */
function placesOf(tree: string): Places | null {
  const numbers = (pattern: RegExp) => pattern.exec(tree)?.slice(1).map(Number);
  const rewinding = numbers(/^if \[(-?\d+)\]@0==0 \{$/m)?.[0];
  const unwinding = numbers(/^if \[(-?\d+)\]@\d+==g\d+ \{$/m)?.[0];
  const stackPointer = numbers(/^set g(\d+) p1$/m)?.[0];
  const [type, table] = numbers(/^indirect type (\d+) table (\d+) /m) ?? [];
  if (rewinding === undefined || unwinding === undefined || stackPointer === undefined) return null;
  if (type === undefined || table === undefined) return null;
  return { stackPointer, rewinding, unwinding, type, table };
}

const samePlaces = (a: Places, b: Places): boolean =>
  a.stackPointer === b.stackPointer &&
  a.rewinding === b.rewinding &&
  a.unwinding === b.unwinding &&
  a.type === b.type &&
  a.table === b.table;

/** The four runtime functions by function index: imports, or what the pass left in an instrumented module. */
function runtimeFunctions(module: ValidModule): Map<number, string> {
  const found = new Map<number, string>();
  importsOf(module, "func").forEach(({ module: from, name }, index) => {
    if (from === "asyncify") found.set(index, name);
  });
  for (const { kind, name, index } of module.exports)
    if (kind === "func" && RUNTIME_EXPORT.test(name))
      found.set(index, name.slice("asyncify_".length));
  return found;
}
const RUNTIME_EXPORT = /^asyncify_(start|stop)_(un|re)wind$/;

/** Functions with the type of a switch. */
function candidatesOf(module: ValidModule, runtime: ReadonlyMap<number, string>): number[] {
  const count = module.context.funcs.length;
  return Array.from({ length: count }, (_, index) => index).filter(
    (index) =>
      index >= module.imported.func &&
      !runtime.has(index) &&
      FIBER_FUNCTIONS.some((name) => hasType(module, index, name)),
  );
}

const hasType = (module: ValidModule, index: number, name: FiberFunction): boolean =>
  takesOnly(module.types[module.context.funcs[index]!]!, arityOf(name));

/** A function type of so many i32 parameters and no result. */
const takesOnly = ({ comp }: SubType, count: number): boolean =>
  comp.kind === "func" &&
  comp.params.length === count &&
  comp.results.length === 0 &&
  comp.params.every((type) => type === "i32");

/** Imports of these names and types: whoever supplies them natively needs a stack pointer and a table. */
function imported(module: ValidModule): FiberAssembly | null {
  const functions = new Map<number, FiberFunction>();
  importsOf(module, "func").forEach(({ name }, index) => {
    const wanted = FIBER_FUNCTIONS.find((known) => known === name);
    if (wanted !== undefined && hasType(module, index, wanted)) functions.set(index, wanted);
  });
  const names = new Set(functions.values());
  if (!names.has("fiber_enter") || !names.has("fiber_switch_leave")) return null;
  const stackPointer = stackPointerOf(module);
  const type = module.types.findIndex((defined) => takesOnly(defined, 2));
  return stackPointer === null || type < 0 || module.context.tables.length === 0
    ? null
    : { functions, stackPointer, table: 0, type };
}

function stackPointerOf(module: ValidModule): number | null {
  for (const [index, name] of module.names.globals) if (name === "__stack_pointer") return index;
  const exported = module.exports.find((e) => e.kind === "global" && e.name === "__stack_pointer");
  const given = importsOf(module, "global").findIndex(({ name }) => name === "__stack_pointer");
  return exported?.index ?? (given >= 0 ? given : null);
}
