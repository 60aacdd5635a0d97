// Errors that are the reader's, as what the page says of them.

import { AssemblyError, BobbinError, CrashError, SyntaxFault } from "../../../src/index.js";
import type { Problem } from "./api.js";

/** Null for what is a fault of the page. */
export function problemOf(error: unknown): Problem | null {
  if (error instanceof SyntaxFault || error instanceof AssemblyError) {
    const { reason: message, line, column } = error;
    return { message, line, column };
  }
  if (error instanceof CrashError || !(error instanceof BobbinError)) return null;
  return { message: error.message };
}
