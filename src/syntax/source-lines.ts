// Where code comes from. Whoever shows a place in a module asks by byte offset; what
// answers is an assembler's own table, DWARF, or a source map (`source/`).

import type { BobbinError } from "../util/errors.js";

export interface SourcePosition {
  /** As the source was named. */
  readonly file: string;
  /** Both count from 1; a column of 0 is not known. */
  readonly line: number;
  readonly column: number;
  /** The line itself, without the white space around it; empty where it is not at hand. */
  readonly text: string;
}

export interface SourceLines {
  /** The source of the instruction that begins at a byte offset of the module. */
  at(offset: number): SourcePosition | undefined;
  /**
   * Where the code of a line begins, by byte offsets of instructions in rising order: each of
   * them, or the first of each statement. `file` may leave out folders.
   */
  offsets(file: string, line: number): readonly number[];
  /** All sources that code comes from, as they were named. */
  files(): readonly string[];
  /** What was found to be malformed. It is missing from the answers. */
  problems(): readonly BobbinError[];
}

const withoutFolders = (file: string): string => file.slice(file.search(/[^/\\]*$/));

/** Whether a person who says `name` may mean `file`: the last parts of a path will do. */
export const isFileNamed = (file: string, name: string): boolean =>
  file === name || (name !== "" && (file.endsWith(`/${name}`) || file.endsWith(`\\${name}`)));

/** `stackful.s:123` */
export const formatSource = ({ file, line }: SourcePosition): string =>
  `${withoutFolders(file)}:${line}`;

/** `program.c:12:5` */
export const formatPosition = (position: SourcePosition): string =>
  formatSource(position) + (position.column === 0 ? "" : `:${position.column}`);
