// The error classes of the project. Each one says whose fault it is, so that a
// bad module, a trapping program and a bug of ours can never be confused.
// Traps live in `runtime/traps.ts`: they carry machine state.

import { hex } from "./hex.js";

/** Base of every error that Bobbin raises on purpose. */
export abstract class BobbinError extends Error {
  /** Stable machine-readable class name, as `--json` output prints it. */
  abstract readonly kind: string;
}

/** Where in a module something was found. Offsets count bytes from the start of the module. */
export interface ModuleLocation {
  readonly offset?: number;
  /** Function index (imports included). */
  readonly func?: number;
  /** Mnemonic of the instruction. */
  readonly instruction?: string;
}

/** Renders a location as a suffix: ` at byte 0x1f (function 3, i32.load)`. */
export function formatLocation({ offset, func, instruction }: ModuleLocation): string {
  const inside = [func === undefined ? "" : `function ${func}`, instruction ?? ""].filter(Boolean);
  return (
    (offset === undefined ? "" : ` at byte ${hex(offset)}`) +
    (inside.length > 0 ? ` (${inside.join(", ")})` : "")
  );
}

/** The bytes are not a module (the spec's binary grammar does not accept them). */
export class MalformedError extends BobbinError {
  readonly kind = "malformed";
  /** @param reason the spec's message where its suite names one, e.g. `unexpected end` */
  constructor(
    readonly reason: string,
    readonly location: ModuleLocation & { readonly offset: number },
  ) {
    super(`malformed module: ${reason}${formatLocation(location)}`);
  }
}

/** The bytes are a module, but the spec's validation rules do not accept it. */
export class InvalidError extends BobbinError {
  readonly kind = "invalid";
  /** @param reason the spec's message where its suite names one, e.g. `type mismatch`, with details after a colon */
  constructor(
    readonly reason: string,
    readonly location: ModuleLocation,
  ) {
    super(`invalid module: ${reason}${formatLocation(location)}`);
  }
}

/** Text that does not follow its grammar. Lines and columns count from 1. */
export class SyntaxFault extends BobbinError {
  readonly kind = "syntax";
  constructor(
    readonly reason: string,
    readonly line: number,
    readonly column: number,
  ) {
    super(`${line}:${column}: ${reason}`);
  }
}

/** Instantiation failed: an import is missing or has the wrong type. */
export class LinkError extends BobbinError {
  readonly kind = "link";
}

/** Assembly text that is wrong, or wants what cannot be done. Lines and columns count from 1. */
export class AssemblyError extends BobbinError {
  readonly kind = "assembly";
  /** @param reason what is wrong there, and what was expected */
  constructor(
    readonly reason: string,
    readonly file: string,
    readonly line: number,
    readonly column: number,
  ) {
    super(`${file}:${line}:${column}: ${reason}`);
  }
}

/** The caller used the library or the command line wrongly. */
export class UsageError extends BobbinError {
  readonly kind = "usage";
}

/**
 * The program ended itself, by a function of its host. It went as it wanted; but a call is left
 * in JavaScript only by what is thrown. Not an exception to wasm: nothing catches it.
 */
export class ProgramExit extends BobbinError {
  readonly kind = "exit";
  /** @param code its exit code, an unsigned number of 32 bits */
  constructor(readonly code: number) {
    super(`exit code ${code}`);
  }
}

/** Cannot happen on valid code: always a bug in Bobbin. */
export class CrashError extends BobbinError {
  readonly kind = "crash";
  constructor(message: string) {
    super(`internal error (a bug in Bobbin): ${message}`);
  }
}
