// Text to a module, with the line of each instruction.

import { assembleInput, link, type SourceLines } from "../../../src/index.js";
import { watLines } from "../../../src/text/wat-lines.js";

export interface Built {
  readonly bytes: Uint8Array;
  readonly lines: SourceLines;
}

export interface SourceText {
  readonly language: "wat" | "asm";
  readonly text: string;
  /** Assembly that it is linked with, by its name. */
  readonly include?: { readonly name: string; readonly text: string } | undefined;
}

export const fileNameOf = ({ language }: Pick<SourceText, "language">): string =>
  language === "wat" ? "program.wat" : "program.s";

/** @throws what the assembler `wat`, or Bobbin's own, says of wrong text */
export function build(source: SourceText, wat: (text: string) => Uint8Array): Built {
  const { language, text, include } = source;
  const file = fileNameOf(source);
  if (language === "wat") {
    const bytes = wat(text);
    return { bytes, lines: watLines(text, file, bytes) };
  }
  const before = include === undefined ? [] : [assembleInput(include.text, { file: include.name })];
  return link([...before, assembleInput(text, { file })]);
}
