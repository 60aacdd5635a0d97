// What is wrong with a snapshot, or with a machine that shall become one.

import { BobbinError } from "../util/errors.js";
import { hex } from "../util/hex.js";

export interface SnapshotLocation {
  /** Name of a section; the file's header has none. */
  readonly section?: string;
  /** Byte offset in the section's (inflated) contents, or in the header. */
  readonly offset?: number;
}

/** The bytes are no snapshot that can be loaded, or the machine stands where it cannot be saved. */
export class SnapshotError extends BobbinError {
  readonly kind = "snapshot";
  constructor(
    readonly reason: string,
    readonly location: SnapshotLocation = {},
  ) {
    super(`snapshot: ${reason}${formatPlace(location)}`);
  }
}

/** ` (section log, byte 0x12)` */
export function formatPlace({ section, offset }: SnapshotLocation): string {
  if (offset === undefined) return section === undefined ? "" : ` (section ${section})`;
  const byte = `byte ${hex(offset)}`;
  return section === undefined ? ` (at ${byte})` : ` (section ${section}, ${byte})`;
}
