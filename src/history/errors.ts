// What is wrong with a recording, or with a run that cannot become one.

import { BobbinError } from "../util/errors.js";
import { hex } from "../util/hex.js";

/**
 * The bytes are no recording that can be opened, the run cannot be recorded, or it did not
 * go again as it was recorded.
 */
export class RecordingError extends BobbinError {
  readonly kind = "recording";
  /** @param offset the byte of the file at which that was found */
  constructor(
    readonly reason: string,
    readonly offset?: number,
  ) {
    super(`recording: ${reason}${offset === undefined ? "" : ` (at byte ${hex(offset)})`}`);
  }
}
