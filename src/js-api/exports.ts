// `WebAssembly.Instance.exports` for an instance of Bobbin's. A trap that leaves an
// exported function is Bobbin's `Trap`; what a host function throws passes through.
// Spec: https://webassembly.github.io/spec/js-api/#create-an-exports-object

import type { Machine } from "../exec/machine.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { functions } from "./slots.js";
import { type World, worldOf } from "./world.js";

export const jsExports = (machine: Machine, instance: ModuleInstance): Record<string, unknown> =>
  exportsOf(worldOf(machine), instance);

export function exportsOf(world: World, instance: ModuleInstance): Record<string, unknown> {
  const exports = Object.create(null) as Record<string, unknown>;
  for (const [name, extern] of instance.exports) exports[name] = world.objectOf(extern);
  return Object.freeze(exports);
}

/**
 * As `WebAssembly.promising`: the exported function, for calls that promises of host
 * functions suspend.
 * @throws TypeError for everything but an exported function
 */
export function promising(
  machine: Machine,
  func: unknown,
): (...args: unknown[]) => Promise<unknown> {
  return worldOf(machine).promisingOf(functions.demand(func, "what promising takes"));
}
