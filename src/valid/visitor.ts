// Validation seen from outside: a visitor is called before each instruction of
// a function body, with the types that the spec's algorithm has on its stacks.
// Lowering, call-site analysis and typed debugger views are all visitors, so
// nothing else in the project computes stack heights or operand types.

import type { Instruction } from "../syntax/instruction.js";
import type { ValType } from "../syntax/types.js";

/**
 * An operand's type; `bot` where unreachable code left it open. Of a reference,
 * unreachable code may leave the heap type open: then it is `BOT_REF` (`context.ts`).
 */
export type OperandType = ValType | "bot";

/** A control frame of the validation algorithm (spec appendix "Validation Algorithm"). */
export interface Control {
  readonly opener:
    "func" | "block" | "loop" | "if" | "else" | "try_table" | "try" | "catch" | "catch_all";
  /** Byte offset of the opening instruction (of the body, for `func`). */
  readonly offset: number;
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
  /** Number of operands below this frame's parameters. */
  readonly height: number;
  /** True once the rest of this frame cannot be reached. */
  readonly unreachable: boolean;
}

/** Views on the validator's own stacks: valid only during the call. */
export interface FunctionState {
  /** Types of the function's locals, parameters first. */
  readonly locals: readonly ValType[];
  readonly operands: readonly OperandType[];
  /** Outermost (the function itself) first. */
  readonly controls: readonly Control[];
  /** Whether a local that cannot be null has no value yet. */
  isUnset(local: number): boolean;
  /** Whether it has none, or got it since the innermost control frame was entered. */
  isUnsetOutside(local: number): boolean;
}

export interface Visitor {
  /** Called in byte order, before the instruction is checked and takes effect. */
  instruction(instruction: Instruction, state: FunctionState): void;
}
