// Where code comes from. Whoever shows a place in a module asks by byte offset; what
// answers may be an assembler's own table, and later a source map or DWARF.

export interface SourcePosition {
  /** As the source was named. */
  readonly file: string;
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
  /** The line itself, without the white space around it; empty where it is not at hand. */
  readonly text: string;
}

export interface SourceLines {
  /** The source of the instruction that begins at a byte offset of the module. */
  at(offset: number): SourcePosition | undefined;
  /** The instructions of a line, by byte offset; `file` may leave out folders. */
  offsets(file: string, line: number): readonly number[];
}

const withoutFolders = (file: string): string => file.slice(file.search(/[^/\\]*$/));

/** Whether a person who says `name` may mean `file`. */
export const isFileNamed = (file: string, name: string): boolean =>
  file === name || withoutFolders(file) === name;

/** `stackful.s:123` */
export const formatSource = ({ file, line }: SourcePosition): string =>
  `${withoutFolders(file)}:${line}`;
