// Traps are data: a reason, and where the machine stood. The spec's message
// strings live in one map.

import { BobbinError } from "../util/errors.js";
import { hex } from "../util/hex.js";
import type { FuncInstance } from "./instances.js";

export type TrapReason =
  | "unreachable"
  | "integer divide by zero"
  | "integer overflow"
  | "invalid conversion to integer"
  | "out of bounds memory access"
  | "out of bounds table access"
  | "undefined element"
  | "uninitialized element"
  | "indirect call type mismatch"
  | "null reference"
  | "null function reference"
  | "null structure reference"
  | "null array reference"
  | "null i31 reference"
  | "null exception reference"
  | "null continuation reference"
  | "null descriptor reference"
  | "continuation already consumed"
  | "unhandled tag"
  | "out of bounds array access"
  | "cast failure"
  | "descriptor cast failure"
  | "unaligned atomic"
  | "expected shared memory"
  // Not the spec's: native asyncify stops before a record would leave its buffer.
  | "asyncify stack overflow"
  // Not the spec's: the native fiber ABI (docs/fibers.md).
  | "unknown fiber"
  | "fiber entry returned"
  // The builtin functions of the JavaScript interface.
  | "out of bounds string access"
  | "invalid code point"
  // Not the spec's: no room on this host.
  | "array too large";

/** One frame of the wasm stack at a trap, innermost first. */
export interface StackEntry {
  readonly func: number;
  readonly name: string;
  /** Byte offset of the instruction in the module. */
  readonly offset: number;
  readonly instruction: string;
  /** `file.s:12`, where the source is known. */
  readonly source?: string;
}

/** A frame that stood at word `pc` of its function's code. */
export interface StackSite {
  readonly func: FuncInstance;
  readonly pc: number;
}

/** Where frames stood, innermost first; of very deep stacks, the innermost hundred. */
export interface StackTrace {
  readonly sites: readonly StackSite[];
  /** The same for people. */
  readonly entries: readonly StackEntry[];
  /** Frames in all. */
  readonly frames: number;
  /** The innermost fiber, and the function that it began with, which may have no frames. */
  readonly fiber: number | null;
  readonly entry: FuncInstance | null;
}

/** `call stack exhausted` and `fuel exhausted`: the program may be right, the limit was too low. */
export type ExhaustionReason = "call stack exhausted" | "fuel exhausted";

/** What ends the wasm that runs. */
export abstract class StoppedError extends BobbinError {
  // Not shown by those who print all properties of an error: whole modules hang on it.
  #trace: StackTrace | null = null;

  /** Given by the machine when the error leaves it. */
  get trace(): StackTrace | null {
    return this.#trace;
  }
  /** Of very deep stacks, the innermost hundred. */
  get wasmStack(): readonly StackEntry[] {
    return this.#trace?.entries ?? [];
  }
  /** Frames in all. */
  get frames(): number {
    return this.#trace?.frames ?? 0;
  }

  at(trace: StackTrace | null): void {
    this.#trace = trace;
  }

  /** `in function sum (func 3) at byte 0x1f (i32.div_s)` for the innermost frame. */
  get where(): string {
    const top = this.wasmStack[0];
    return top === undefined
      ? ""
      : `in ${top.name} (function ${top.func}) at byte ${hex(top.offset)} (${top.instruction})` +
          (top.source === undefined ? "" : `, ${top.source}`);
  }
}

/** The program trapped. `message` starts with the spec's text for the reason. */
export class Trap extends StoppedError {
  readonly kind = "trap";
  /** @param detail what was found, e.g. `address 65536, 4 bytes, memory of 65536 bytes` */
  constructor(
    readonly reason: TrapReason,
    readonly detail = "",
  ) {
    super(detail === "" ? reason : `${reason}: ${detail}`);
  }
}

/** A limit that the user set was reached. */
export class Exhaustion extends StoppedError {
  readonly kind = "exhaustion";
  constructor(
    readonly reason: ExhaustionReason,
    readonly detail = "",
  ) {
    super(detail === "" ? reason : `${reason}: ${detail}`);
  }
}
