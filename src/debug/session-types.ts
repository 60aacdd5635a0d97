// What a debugging session is given, and how it tells why it stopped.

import type { HostCall } from "../exec/fiber.js";
import type { FiberAbi } from "../fiber/abi/abi.js";
import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import type { History } from "../history/history.js";
import type { Progress } from "../history/timeline.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import type { Exhaustion, Trap } from "../runtime/traps.js";
import type { Value } from "../runtime/values.js";
import type { ProgramEvents } from "./happenings.js";
import type { Scene } from "./scene.js";
import type { Hit, Writer } from "./stop-look.js";
import type { Content, WatchTarget } from "./watch.js";

export type Stop =
  | { readonly kind: "stepped" }
  /** It came to one of `stops`. */
  | Hit
  /** The frame that was to finish is gone: `results` are missing where it did not return. */
  | { readonly kind: "finished"; readonly func: FuncInstance; readonly results?: readonly Value[] }
  /** On request. */
  | { readonly kind: "paused" }
  /** Going back: nothing lies before. */
  | { readonly kind: "start" }
  /** Going back: something is about to be written. */
  | {
      readonly kind: "written";
      readonly target: WatchTarget;
      readonly before: Content;
      readonly after: Content;
      readonly by: Writer;
    }
  /** Going where somebody asked to go. */
  | { readonly kind: "arrived" }
  /** The program asks what nobody recorded an answer to: in a past that was changed, or at the end of a recording. */
  | { readonly kind: "no answer"; readonly call: HostCall | null }
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
  /** Saves a machine as a file, where there are files. Returns what to say about it. */
  readonly save?: (file: string, scene: Scene) => Promise<string>;
  /** What it is at, while it goes back; null when it is there. */
  readonly onProgress?: (progress: Progress | null) => void;
  /** The native fiber ABI, where the program runs on it. */
  readonly native?: FiberAbi | null;
  /** Of the program, which is recorded: then there is a way back. */
  readonly history?: History | null;
}
