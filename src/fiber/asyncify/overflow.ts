// A buffer that is too small, with how large it should have been: told before the first
// store that would leave it, when all frames that are still to be unwound stand.

import { Trap } from "../../runtime/traps.js";

/** What an unwind still has to push: the record that does not fit, then those of the frames below. */
export interface Pending {
  readonly frames: number;
  readonly bytes: number;
}

/** Rule asyncify/overflow. */
export class OverflowTrap extends Trap {
  constructor(
    detail: string,
    /** Bytes from the buffer's position where it stood; up to the next function that is not instrumented. */
    readonly pending: Pending,
  ) {
    const { frames, bytes } = pending;
    super(
      "asyncify stack overflow",
      frames === 1 ? detail : `${detail}; all ${frames} frames still to unwind need ${bytes} bytes`,
    );
  }
}
