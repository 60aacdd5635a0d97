// The part every function plays under Asyncify, as Binaryen's ModuleAnalyzer sees
// it (src/passes/Asyncify.cpp, lines 535-861 at bb0caa3fc5), and the call sites that
// its instrumentation numbers.

import { BobbinError, formatLocation, type ModuleLocation } from "../../util/errors.js";
import type { OperandType } from "../../valid/visitor.js";

/** The options of Binaryen's pass that exist so far, under their own names. Lists take `*` wildcards. */
export interface AsyncifyOptions {
  /**
   * asyncify-imports: the imports (`module.base`) that may change the state; all others may not.
   * An empty list is no list, as in Binaryen.
   */
  readonly imports?: readonly string[];
  /** asyncify-ignore-imports: no import changes the state, but for those in `imports`. */
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
  /** What callers go by: calls of this function from instrumented ones are call sites. */
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
  /** Whether it stands in the first arm of an `if`, at any depth. */
  readonly conditional: boolean;
  /** Types of all operands at the call, the call's own included, bottom first. */
  readonly operands: readonly OperandType[];
  /**
   * For each operand its bits (as an unsigned number) where it is a constant, else null.
   * Constant references: the function index of a `ref.func`, -1n for `ref.null`.
   */
  readonly constants: readonly (bigint | null)[];
  /** Locals whose value can be read after the call before it is written, ascending. */
  readonly liveLocals: readonly number[];
}

/** The roles of all functions of a module under some options. */
export interface Roles {
  /** By function index, imports first. */
  readonly functions: readonly FunctionRole[];
  /** The call sites of an instrumented function by call index; of any other function, none. */
  sites(funcIndex: number): readonly CallSite[];
  readonly options: AsyncifyOptions;
  /** What Binaryen would warn of: list entries that match nothing. */
  readonly warnings: readonly string[];
}

/** Where in a module, with the function's name. */
export interface NamedLocation extends ModuleLocation {
  readonly name?: string;
}

/** The module or the options are none that Asyncify takes. */
export class AsyncifyError extends BobbinError {
  readonly kind = "asyncify";
  constructor(
    readonly reason: string,
    readonly location: NamedLocation = {},
  ) {
    const { name } = location;
    super(`asyncify: ${name === undefined ? "" : `${name}: `}${reason}${formatLocation(location)}`);
  }
}
