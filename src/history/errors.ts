// What is wrong with a recording, or with a run that cannot become one.

import { formatPlace, type SnapshotLocation } from "../snapshot/errors.js";
import { BobbinError } from "../util/errors.js";

/**
 * The bytes are no recording that can be opened, the run cannot be recorded, or it did not
 * go again as it was recorded.
 */
export class RecordingError extends BobbinError {
  readonly kind = "recording";
  constructor(
    readonly reason: string,
    /** Where in the file that was found. */
    readonly location: SnapshotLocation = {},
  ) {
    super(`recording: ${reason}${formatPlace(location)}`);
  }
}
