// The two doors of the assembler: text to an object file, and text to something that
// can be linked, with the line of each instruction.

import type { LinkInput } from "../link/object.js";
import type { SourceLines } from "../syntax/source-lines.js";
import { AssemblyError, InvalidError } from "../util/errors.js";
import { Assembler } from "./assembler.js";
import { TokenCursor } from "./cursor.js";
import { Lexer } from "./lexer.js";
import { writeObject, type WrittenObject } from "./write-object.js";

export interface AssembleOptions {
  /** Name of the source, for messages. */
  readonly file?: string;
  /**
   * Whether `call_indirect` names its table, as LLVM does by default since its version
   * 19; without, as before and with `-mcpu=mvp`.
   */
  readonly referenceTypes?: boolean;
}

/**
 * Assembles a source of LLVM's WebAssembly dialect to an object file. What its
 * instructions do with their operands is not checked: that is validation.
 * @throws AssemblyError
 */
export function assemble(
  text: string,
  { file = "assembly", referenceTypes = true }: AssembleOptions = {},
): WrittenObject {
  const cursor = new TokenCursor(new Lexer(text, file).tokens(), file);
  const assembler = new Assembler(cursor, { referenceTypes });
  assembler.run();
  return writeObject(assembler, referenceTypes);
}

/** The same, to be linked. @throws AssemblyError */
export function assembleInput(text: string, options: AssembleOptions = {}): LinkInput {
  const { bytes, lines: marks } = assemble(text, options);
  const name = options.file ?? "assembly";
  return { name, bytes, lines: { source: { file: name, text }, marks } };
}

/** What validation says of assembled code, said of its text; all else stays as it is. */
export function inSource(error: unknown, lines: SourceLines | undefined): unknown {
  if (!(error instanceof InvalidError) || error.location.offset === undefined) return error;
  const source = lines?.at(error.location.offset);
  if (source === undefined) return error;
  const { instruction } = error.location;
  const reason = instruction === undefined ? error.reason : `${instruction}: ${error.reason}`;
  return new AssemblyError(reason, source.file, source.line, source.column);
}
