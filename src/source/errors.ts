// What is wrong with debug information. It never stops a program: positions are missing.

import { BobbinError } from "../util/errors.js";
import { hex } from "../util/hex.js";

export class DebugInfoError extends BobbinError {
  readonly kind = "debug info";
  /**
   * @param section the custom section, or `source map`
   * @param offset in bytes from the section's start; null where the whole is meant
   */
  constructor(
    readonly reason: string,
    readonly section: string,
    readonly offset: number | null = null,
  ) {
    super(`malformed ${section}: ${reason}${offset === null ? "" : ` at its byte ${hex(offset)}`}`);
  }
}
