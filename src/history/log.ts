// The log of a recording: all that came from outside, in order. What happens between two
// entries follows from the machine alone.

import type { HostRef } from "../runtime/values.js";
import type { PortableSettings } from "../snapshot/asyncify.js";
import type { Changes } from "./changes.js";
import type { LoggedEdit } from "./edits.js";
import type { Given } from "./joining.js";
import type { Datum, Name } from "./names.js";
import type { Position } from "./position.js";
import type { FunctionName } from "./store.js";

/** What an entry does, once its changes are made. */
export type Deed =
  | { readonly kind: "call"; readonly func: FunctionName; readonly args: readonly Datum[] }
  | { readonly kind: "answer"; readonly results: readonly Datum[] }
  /** Null for what wasm cannot catch. */
  | { readonly kind: "raise"; readonly exception: Name }
  /** A call that had been left between two instructions goes on. */
  | { readonly kind: "go on" }
  /** An instance was made: its start function, if it has one, is called by the next entry. */
  | {
      readonly kind: "instance";
      readonly module: number;
      readonly imports: readonly Given[];
      /** How its native asyncify is set, where it has that. */
      readonly asyncify: PortableSettings | null;
    }
  /** Somebody at a debugger changed the machine. */
  | { readonly kind: "edit"; readonly edit: LoggedEdit };

/**
 * How the machine stood: it had come to a stop by itself (waiting for the host, or at the end
 * of a call), had been paused, or had not gone on at all since the entry before.
 */
export type Standing = "stopped" | "paused" | "not run";

export interface Entry {
  /** `Machine.executed` and `Machine.drops` when it happened. */
  readonly executed: number;
  readonly drops: number;
  readonly standing: Standing;
  /** The call concerned, as the id of its first fiber: for `call` the one that starts, else one that stands. */
  readonly call: number;
  /** For `call`: the call at which the machine stood, as if it was made from there; 0 for none. */
  readonly from: number;
  /** What the host did before, to what it can reach. */
  readonly changes: Changes | null;
  readonly deed: Deed;
}

/** How far a run went, and how it stands there. */
export interface End extends Position {
  readonly standing: Standing;
}

export interface Log {
  readonly entries: readonly Entry[];
  /** What names of host values mean. */
  readonly hosts: readonly HostRef[];
  /** The modules of instances that were made on the way, as bytes. */
  readonly modules: readonly Uint8Array[];
  /** Null where it is to go on as far as it can without an answer. */
  readonly end: End | null;
}
