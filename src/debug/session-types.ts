// What a debugging session is given, and how it tells why it stopped.

import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import type { Exhaustion, Trap } from "../runtime/traps.js";
import type { Value } from "../runtime/values.js";
import type { ProgramEvents } from "./happenings.js";
import type { Hit } from "./stop-look.js";

export type Stop =
  | { readonly kind: "stepped" }
  /** It came to one of `stops`. */
  | Hit
  /** The frame that was to finish is gone: `results` are missing where it did not return. */
  | { readonly kind: "finished"; readonly func: FuncInstance; readonly results?: readonly Value[] }
  /** On request. */
  | { readonly kind: "paused" }
  | End;

/** The program is over. Its frames stay to be looked at unless it returned. */
export type End =
  | { readonly kind: "returned"; readonly results: readonly Value[] }
  | { readonly kind: "trapped"; readonly error: Trap | Exhaustion }
  /** A host function threw, or wasm threw an exception that nobody caught. */
  | { readonly kind: "threw"; readonly error: unknown };

export interface DebugOptions {
  /** All instances whose code may run, this one first. Default: this one. */
  readonly instances?: readonly ModuleInstance[];
  /** Gives way to what else wants to run (a key press, say), between slices of a long run. */
  readonly breathe?: () => Promise<void>;
  /** Native asyncify, where the program runs on it. */
  readonly asyncify?: Asyncify | null;
  /** Who tells of asyncify, and follows the fibers that the program makes. */
  readonly events?: ProgramEvents | null;
  /** Saves the machine as a file, where there are files. Returns what to say about it. */
  readonly save?: (file: string) => Promise<string>;
}
