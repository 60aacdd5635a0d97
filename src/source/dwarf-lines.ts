// DWARF's line tables (`.debug_line`, versions 2 to 5) as source lines. They are decoded
// whole, at the first question; a unit that is malformed is left out, the others count.
// Spec: DWARF 5, section 6.2; DWARF for WebAssembly,
// https://yurydelendik.github.io/webassembly-dwarf/

import type { Module } from "../syntax/module.js";
import { isFileNamed, type SourceLines, type SourcePosition } from "../syntax/source-lines.js";
import { DwarfReader } from "./dwarf-reader.js";
import { DebugInfoError } from "./errors.js";
import { type DebugSections, Strings } from "./forms.js";
import { instructionOffsets } from "./functions.js";
import { type LineHeader, readLineHeader } from "./line-header.js";
import { LineProgram } from "./line-program.js";
import { LineRows } from "./line-rows.js";
import { readUnitDirectories } from "./unit-directories.js";

const LINE = ".debug_line";
const CODE_SECTION = 10;
/** So much is wrong with no table that anybody meant: the rest is not looked at. */
const MOST_PROBLEMS = 100;

export const hasLineTables = (module: Module): boolean =>
  module.customs.some(({ name }) => name === LINE);

export class DwarfLines implements SourceLines {
  private decoded: Tables | null = null;

  constructor(private readonly module: Module) {}

  at(offset: number): SourcePosition | undefined {
    const { rows, files } = this.tables;
    const row = rows.at(offset - this.codeStart);
    // Line 0: code that comes from no line.
    if (row === undefined || row.line === 0) return undefined;
    const file = files.names[row.file]!;
    return file === "" ? undefined : { file, line: row.line, column: row.column, text: "" };
  }

  offsets(file: string, line: number): readonly number[] {
    const { rows, files } = this.tables;
    const wanted = new Set(
      files.names.flatMap((name, index) => (isFileNamed(name, file) ? [index] : [])),
    );
    if (wanted.size === 0) return [];
    const starts = rows.starts(line, (index) => wanted.has(index));
    return instructionOffsets(
      this.module,
      starts.map((start) => start + this.codeStart),
    );
  }

  files(): readonly string[] {
    return this.tables.files.names.filter((name) => name !== "");
  }

  problems(): readonly DebugInfoError[] {
    return this.tables.problems;
  }

  private get tables(): Tables {
    return (this.decoded ??= decodeTables(sectionsOf(this.module), this.code.size));
  }

  private get codeStart(): number {
    return this.code.start;
  }

  private get code(): { start: number; size: number } {
    const span = this.module.sections.find(({ id }) => id === CODE_SECTION);
    return span === undefined
      ? { start: 0, size: 0 }
      : { start: span.start, size: span.end - span.start };
  }
}

function sectionsOf({ bytes, customs }: Module): DebugSections {
  return (name) => {
    const section = customs.find((custom) => custom.name === name);
    return section === undefined ? new Uint8Array() : bytes.subarray(section.start, section.end);
  };
}

interface Tables {
  readonly rows: LineRows;
  readonly files: FileNames;
  readonly problems: DebugInfoError[];
}

/** Files of all units, each once. */
class FileNames {
  readonly names: string[] = [];
  private readonly numbers = new Map<string, number>();

  number(name: string): number {
    let number = this.numbers.get(name);
    if (number === undefined) {
      number = this.names.push(name) - 1;
      this.numbers.set(name, number);
    }
    return number;
  }
}

function decodeTables(sections: DebugSections, codeSize: number): Tables {
  const tables: Tables = { rows: new LineRows(), files: new FileNames(), problems: [] };
  const strings = new Strings(sections, (name, bytes) => new DwarfReader(name, bytes));
  const directories = new UnitDirectories(sections, strings, tables.problems);
  const r = new DwarfReader(LINE, sections(LINE));
  attempt(tables.problems, () => {
    while (r.pos < r.end && tables.problems.length < MOST_PROBLEMS) {
      const start = r.pos;
      const end = r.unitEnd();
      const unit = r.within(end);
      attempt(tables.problems, () => {
        const header = readLineHeader(unit, strings);
        const compiledIn = header.version < 5 ? directories.of(start) : "";
        const fileOf = numbering(header, compiledIn, tables.files);
        new LineProgram(unit, header, tables.rows, codeSize, fileOf).run();
      });
      r.pos = end;
    }
  });
  return tables;
}

/** The directories that older tables need, read when the first one does. */
class UnitDirectories {
  private known: Map<number, string> | null = null;
  constructor(
    private readonly sections: DebugSections,
    private readonly strings: Strings,
    private readonly problems: DebugInfoError[],
  ) {}

  of(table: number): string {
    if (this.known === null) {
      const known = (this.known = new Map<number, string>());
      attempt(this.problems, () => readUnitDirectories(this.sections, this.strings, known));
    }
    return this.known.get(table) ?? "";
  }
}

/** What is malformed is noted. */
function attempt(problems: DebugInfoError[], action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof DebugInfoError)) throw error;
    problems.push(error);
  }
}

/** The number of a file that the header numbers otherwise; paths are put together when they are first used. */
function numbering(
  header: LineHeader,
  compiledIn: string,
  files: FileNames,
): (index: number) => number {
  const known = new Map<number, number>();
  const base = header.version < 5 ? compiledIn : (header.directories[0] ?? "");
  return (index) => {
    let number = known.get(index);
    if (number === undefined)
      known.set(index, (number = files.number(pathOf(header, index, base))));
    return number;
  };
}

function pathOf({ files, directories }: LineHeader, index: number, base: string): string {
  const entry = files[index];
  if (entry === undefined) return "";
  return join(base, join(directories[entry.directory] ?? "", entry.name));
}

const isAbsolute = (path: string): boolean => /^(?:[/\\]|[a-z]:|[a-z][\w+.-]+:\/\/)/i.test(path);

const join = (directory: string, path: string): string =>
  directory === "" || isAbsolute(path)
    ? path
    : `${directory.replace(/[/\\]$/, "")}/${path.replace(/^\.[/\\]/, "")}`;
