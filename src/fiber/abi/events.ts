// What the native fiber ABI tells of itself: each switch, after it happened.

import type { FiberFunction } from "./recognize.js";

export interface SwitchEvent {
  readonly type: "switch";
  /** What was called, or does the same: the implementation behind two of them goes by theirs. */
  readonly name: FiberFunction;
  /** Stack pointer of who called. */
  readonly from: number;
  /** Stack pointer that was entered, or left for. */
  readonly to: number;
  readonly payload: number;
  /** Name of the function that a new fiber runs. */
  readonly entry?: string;
  /** Fibers nested in each other when it was called, the outermost stack not counted. */
  readonly depth: number;
  /** How many of them, from the innermost, it suspended; or how many it made or resumed. */
  readonly fibers: number;
}
