// The part every function plays under Asyncify, as Binaryen's ModuleAnalyzer sees
// it (src/passes/Asyncify.cpp, lines 535-861 at bb0caa3fc5), and the call sites that
// its instrumentation numbers.

import type { OperandType } from "../../valid/visitor.js";

/** The options of Binaryen's pass that exist so far, under their own names. Lists take `*` wildcards. */
export interface AsyncifyOptions {
  /** asyncify-imports: the imports (`module.base`) that may change the state; all others may not. */
  readonly imports?: readonly string[];
  /** asyncify-ignore-imports: no import changes the state. */
  readonly ignoreImports?: boolean;
  /** asyncify-ignore-indirect: indirect calls do not change the state. */
  readonly ignoreIndirect?: boolean;
  /** asyncify-removelist, -addlist, -onlylist: function names. */
  readonly removeList?: readonly string[];
  readonly addList?: readonly string[];
  readonly onlyList?: readonly string[];
  /** asyncify-propagate-addlist. */
  readonly propagateAddList?: boolean;
}

export type RoleKind =
  /** Import of an `asyncify` runtime function. */
  | "runtime import"
  | "import"
  /** Calls start_unwind or stop_rewind: runs on as it is, its callers are instrumented. */
  | "top-most runtime"
  /** Calls stop_unwind or start_rewind: runs on as it is, and so do its callers. */
  | "bottom-most runtime"
  | "instrumented"
  | "not instrumented";

export interface FunctionRole {
  readonly index: number;
  readonly kind: RoleKind;
  readonly canChangeState: boolean;
  /** Why, in one clause for a person: `calls sleep, which may unwind`. */
  readonly reason: string;
}

/** An instrumented call. */
export interface CallSite {
  /** Binaryen's call index: the ordinal among the function's instrumented calls in code that can be reached. */
  readonly callIndex: number;
  /** Byte offset of the call instruction. */
  readonly offset: number;
  /** Function index, or null for an indirect call. */
  readonly callee: number | null;
  /** Types of all operands at the call, the call's own included, bottom first. */
  readonly operands: readonly OperandType[];
  /** For each operand its bits where it is a constant, else null. */
  readonly constants: readonly (bigint | null)[];
  /** Locals whose value can be read after the call before it is written, ascending. */
  readonly liveLocals: readonly number[];
}
