// A table from byte offsets to lines of sources: what the assembler hands on with an
// object file, and what is left of it when functions have moved to their places.

import { isFileNamed, type SourceLines, type SourcePosition } from "./source-lines.js";

/** An instruction that begins at `offset`. */
export interface LineMark {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

export interface Source {
  readonly file: string;
  readonly text: string;
}

interface Entry extends LineMark {
  readonly source: Source;
}

export class LineTable implements SourceLines {
  private readonly entries: Entry[] = [];
  private sorted = true;
  private readonly texts = new Map<Source, readonly string[]>();

  /** Adds marks of one source; the code that they are about lies `moved` bytes further on now. */
  add(source: Source, marks: Iterable<LineMark>, moved = 0): void {
    for (const { offset, line, column } of marks)
      this.entries.push({ offset: offset + moved, line, column, source });
    this.sorted = false;
  }

  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  /** Only where an instruction begins: what lies between two of them has no line. */
  at(offset: number): SourcePosition | undefined {
    if (!this.sorted) this.entries.sort((a, b) => a.offset - b.offset);
    this.sorted = true;
    let low = 0;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.entries[middle]!.offset < offset) low = middle + 1;
      else high = middle;
    }
    const entry = this.entries[low];
    if (entry?.offset !== offset) return undefined;
    const { source, line, column } = entry;
    return { file: source.file, line, column, text: this.textOf(source)[line - 1]?.trim() ?? "" };
  }

  offsets(file: string, line: number): number[] {
    return this.entries
      .filter((entry) => entry.line === line && isFileNamed(entry.source.file, file))
      .map(({ offset }) => offset)
      .sort((a, b) => a - b);
  }

  files(): string[] {
    return [...new Set(this.entries.map(({ source }) => source.file))];
  }

  problems(): [] {
    return [];
  }

  private textOf(source: Source): readonly string[] {
    let lines = this.texts.get(source);
    if (lines === undefined) this.texts.set(source, (lines = source.text.split("\n")));
    return lines;
  }
}
