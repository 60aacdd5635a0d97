// The function an indirect call reaches.

import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import { Trap } from "../runtime/traps.js";
import { matchesDefType } from "../valid/matching.js";

/**
 * Step_pure/{call_indirect,return_call_indirect}: `table.get`, `ref.cast` and the null of
 * `call_ref` in one.
 * @throws Trap where the table has no such element, holds null, or a function of another type
 */
export function callee(
  instance: ModuleInstance,
  type: number,
  table: number,
  low: number,
  high: number,
): FuncInstance {
  const { elements, type: tableType } = instance.tables[table]!;
  const index = (tableType.limits.address === "i64" ? (high >>> 0) * 4294967296 : 0) + (low >>> 0);
  if (index >= elements.length) {
    throw new Trap("undefined element", `index ${index}, table has ${elements.length}`);
  }
  const func = elements[index] as FuncInstance | null;
  if (func === null) throw new Trap("uninitialized element", `index ${index}`);
  const expected = instance.types[type]!;
  if (func.type !== expected && !matchesDefType(func.type, expected)) {
    throw new Trap("indirect call type mismatch", `element ${index} is ${func.name}`);
  }
  return func;
}
