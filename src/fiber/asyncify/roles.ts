// The part every function plays under Asyncify, as Binaryen's ModuleAnalyzer sees
// it (src/passes/Asyncify.cpp, lines 535-861 at bb0caa3fc5), and the call sites that
// its instrumentation numbers.

import { BobbinError, formatLocation, type ModuleLocation } from "../../util/errors.js";
import type { OperandType } from "../../valid/visitor.js";
import type { Extension, ExtensionUse } from "./extensions.js";
import type { AsyncifyOptions } from "./options.js";

export type { AsyncifyOptions } from "./options.js";

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
  /**
   * Binaryen's call index: the ordinal among the function's instrumented calls in code that can
   * be reached. Calls that only Bobbin instruments are numbered behind Binaryen's.
   */
  readonly callIndex: number;
  /** Why Binaryen does not instrument this call; null where it does. */
  readonly extension: Extension | null;
  /** Whether it is a tail call: of its frame only the call's own operands matter. */
  readonly tail: boolean;
  /** Byte offset of the call instruction. */
  readonly offset: number;
  /** Function index, or null for an indirect call: through a table or a reference. */
  readonly callee: number | null;
  /** Whether it stands in the first arm of an `if`, at any depth. */
  readonly conditional: boolean;
  /** Whether references are live there, which Binaryen cannot save. */
  readonly references: boolean;
  /** Types of all operands at the call, the call's own included, bottom first. */
  readonly operands: readonly OperandType[];
  /**
   * For each operand its bits (as an unsigned number) where it is a constant, else null.
   * Constant references: the function index of a `ref.func`, -1n for `ref.null`.
   */
  readonly constants: readonly (bigint | null)[];
  /** Locals whose value can be read after the call before it is written, ascending. */
  readonly liveLocals: readonly number[];
  /** The legacy `catch` blocks around it, outermost first, by their place among the open blocks (the function is 0). */
  readonly catches: readonly number[];
}

/** The memory that records go to: one of the module's, by index, or one of asyncify's own. */
export type RecordMemory =
  | { readonly kind: "module"; readonly index: number; readonly pointer: "i32" | "i64" }
  | { readonly kind: "own"; readonly pages: number; readonly pointer: "i32" };

/** The roles of all functions of a module under some options. */
export interface Roles {
  /** By function index, imports first. */
  readonly functions: readonly FunctionRole[];
  /** The call sites of an instrumented function by call index; of any other function, none. */
  sites(funcIndex: number): readonly CallSite[];
  readonly options: AsyncifyOptions;
  readonly memory: RecordMemory;
  /** Whether any function makes tail calls. */
  readonly tailCalls: boolean;
  /** Where the module needs what Binaryen does not do, of each kind the first in a function. */
  readonly extensions: readonly ExtensionUse[];
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
