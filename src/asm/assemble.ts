// Assembly text to a relocatable object file, with the line of each instruction.

import { Assembler } from "./assembler.js";
import { TokenCursor } from "./cursor.js";
import { Lexer } from "./lexer.js";
import { writeObject, type WrittenObject } from "./write-object.js";

export interface AssembleOptions {
  /** Name of the source, for messages. */
  readonly file?: string;
  /**
   * Whether `call_indirect` names its table, as today's LLVM does by default; without,
   * as LLVM up to 18 (and `-mcpu=mvp`) does.
   */
  readonly referenceTypes?: boolean;
}

/**
 * Assembles a source of LLVM's WebAssembly dialect.
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
