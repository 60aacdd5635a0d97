// Which function a byte of a module is in, and from where on that function has instructions.

import type { FunctionDefinition, Module } from "../syntax/module.js";

/** By bisection: bodies lie in the order of their functions. */
export function definitionAt(module: Module, offset: number): FunctionDefinition | undefined {
  const { functions } = module;
  let low = 0;
  let high = functions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (functions[middle]!.offset <= offset) low = middle + 1;
    else high = middle;
  }
  const found = functions[low - 1];
  return found !== undefined && offset < found.body.end ? found : undefined;
}

/** The offsets of instructions for where statements begin: a function's first one begins before its locals. */
export const instructionOffsets = (module: Module, starts: readonly number[]): number[] => {
  const offsets = new Set<number>();
  for (const start of starts) {
    const found = definitionAt(module, start);
    if (found !== undefined) offsets.add(Math.max(start, found.body.offset));
  }
  return [...offsets].sort((a, b) => a - b);
};
