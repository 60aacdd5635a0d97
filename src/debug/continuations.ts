// Continuations that a program holds and may still resume: found by walking from where the
// machine runs, through its instances and objects.

import type { Fiber, FiberView } from "../exec/fiber.js";
import { ContinuationInstance } from "../runtime/continuations.js";
import { ExceptionInstance } from "../runtime/exceptions.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { ArrayInstance, StructInstance } from "../runtime/objects.js";

/** The innermost fiber of each, in the order of their fibers' ids. */
export function suspendedFibers(
  fiber: FiberView | null,
  instances: readonly ModuleInstance[],
): Fiber[] {
  const found = new Set<Fiber>();
  const seen = new Set<unknown>();
  const left: unknown[] = [];
  const visit = (thing: unknown): void => {
    if (typeof thing !== "object" || thing === null || seen.has(thing)) return;
    seen.add(thing);
    left.push(thing);
  };
  const visitFibers = (innermost: FiberView | null): void => {
    for (let at = innermost; at !== null; at = at.resumer) at.refs.forEach(visit);
  };
  visitFibers(fiber);
  for (const { globals, tables } of instances) {
    for (const global of globals) visit(global.ref);
    for (const { elements } of tables) elements.forEach(visit);
  }
  for (let thing = left.pop(); thing !== undefined; thing = left.pop()) {
    if (thing instanceof StructInstance) thing.slots.forEach(visit);
    else if (thing instanceof ArrayInstance) thing.refs.forEach(visit);
    else if (thing instanceof ExceptionInstance)
      thing.values.forEach((value) => value.type === "ref" && visit(value.ref));
    else if (thing instanceof ContinuationInstance && thing.fiber !== null) {
      const inner = thing.fiber as Fiber;
      found.add(inner);
      visitFibers(inner);
    }
  }
  return [...found].sort((a, b) => a.id - b.id);
}
