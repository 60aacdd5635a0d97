// Tail calls under asyncify, which Binaryen refuses. A frame that a tail call has put in
// another's place is rewound by way of the function that was called there, so its record
// names its own function. Nothing is noted at the call itself: who stands at a call can be
// asked whom it called.

import type { Code } from "../../exec/code.js";
import type { Fiber } from "../../exec/fiber.js";
import { FuncInstance } from "../../runtime/instances.js";
import { opcodes } from "../../syntax/opcodes.js";

const { call, call_indirect, call_ref } = opcodes;

/** Whether the top frame is of another function than the one that was called there. */
export function cameByTailCall(fiber: Fiber): boolean {
  const called = calledFunction(fiber);
  return called !== null && called !== fiber.top.func;
}

/** The function that the top frame was called as; null where that cannot be told. */
function calledFunction(fiber: Fiber): FuncInstance | null {
  const { depth, frames, i32, refs } = fiber;
  if (depth === 1) return fiber.entry;
  const { func, pc, sp } = frames[depth - 2]!;
  const { words } = func.code as Code;
  const instance = func.instance!;
  switch (words[pc]) {
    case call.code:
      return instance.funcs[words[pc + 1]!]!;
    case call_indirect.code: {
      const element = instance.tables[words[pc + 2]!]!.elements[i32[sp - 2]! >>> 0];
      return element instanceof FuncInstance ? element : null;
    }
    case call_ref.code:
      return refs[(sp - 2) >> 1] as FuncInstance | null;
    default:
      // A tail call whose frame waits: its callee came by that.
      return null;
  }
}
