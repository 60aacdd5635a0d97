// The memory that records go to (Asyncify.cpp:1783-1808).

import type { ValidModule } from "../../valid/context.js";
import { AsyncifyError, type AsyncifyOptions, type RecordMemory } from "./roles.js";

/** @throws AsyncifyError where a module has several memories and none is chosen */
export function recordMemory(module: ValidModule, options: AsyncifyOptions): RecordMemory {
  const { memories } = module.context;
  if (options.inSecondaryMemory === true) {
    return { kind: "own", pages: options.secondaryMemorySize ?? 1, pointer: "i32" };
  }
  // To a module without memory Binaryen adds one (ir/memory-utils.h, ensureExists).
  if (memories.length === 0) return { kind: "own", pages: 1, pointer: "i32" };
  let index = 0;
  if (memories.length > 1) {
    const wanted = options.memory ?? "memory";
    const exported = module.exports.filter(({ kind }) => kind === "memory");
    const found = exported.find(({ name }) => name === wanted);
    if (found === undefined) {
      const names = exported.map(({ name }) => name).join(", ") || "none";
      throw new AsyncifyError(
        `the module has ${memories.length} memories, none exported as '${wanted}': choose ` +
          `the one for records with asyncify-memory (exported: ${names}; Asyncify.cpp:1805)`,
      );
    }
    ({ index } = found);
  }
  return { kind: "module", index, pointer: memories[index]!.limits.address };
}
