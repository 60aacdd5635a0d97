// Continuations: what is left of a computation that was put aside, or has not begun.
// One-shot: whoever uses one takes its fibers out of it, and it stays empty.
// Spec: https://github.com/WebAssembly/stack-switching/blob/main/proposals/stack-switching/Explainer.md

import type { DefType } from "../valid/deftypes.js";

export class ContinuationInstance<Fiber = unknown> {
  /**
   * @param fiber where it goes on: the innermost of its fibers; null once it is consumed
   * @param outer the outermost of them, which returns to whoever resumes it
   */
  constructor(
    readonly type: DefType,
    public fiber: Fiber | null,
    public outer: Fiber | null,
  ) {}
}
