// A source map as source lines. Of a module all is on one line of generated code: columns
// are byte offsets in the file.
// Spec: https://tc39.es/ecma426/, and the tool conventions' section `sourceMappingURL`

import { decodedMappings, type SourceMapSegment, TraceMap } from "@jridgewell/trace-mapping";
import { Reader } from "../binary/reader.js";
import type { Module } from "../syntax/module.js";
import { isFileNamed, type SourceLines, type SourcePosition } from "../syntax/source-lines.js";
import { MalformedError } from "../util/errors.js";
import { DebugInfoError } from "./errors.js";
import { definitionAt, instructionOffsets } from "./functions.js";

const SECTION = "sourceMappingURL";

/** Where a module says that its source map is; undefined where it says nothing that can be read. */
export function sourceMapUrl({ bytes, customs }: Module): string | undefined {
  const section = customs.find(({ name }) => name === SECTION);
  if (section === undefined) return undefined;
  try {
    return new Reader(bytes, section.start, section.end).name();
  } catch (error) {
    if (error instanceof MalformedError) return undefined;
    throw error;
  }
}

/** The text of the map that a URL names; undefined where it is not at hand. */
export type SourceMapText = (url: string) => string | undefined;

export class SourceMapLines implements SourceLines {
  private decoded: Decoded | null = null;
  private readonly texts = new Map<string, readonly string[]>();

  constructor(
    private readonly module: Module,
    private readonly url: string,
    private readonly text: SourceMapText,
  ) {}

  at(offset: number): SourcePosition | undefined {
    const { sources, segments } = this.map;
    const segment = segments[lastAt(segments, offset)];
    if (segment === undefined || segment.length === 1) return undefined;
    // A segment goes on to the next one, but never into another function.
    if (segment[0] < (definitionAt(this.module, offset)?.offset ?? offset)) return undefined;
    const source = sources[segment[1]];
    if (source === undefined) return undefined;
    const [, , line, column] = segment;
    const text = this.linesOf(source)[line]?.trim() ?? "";
    return { file: source.file, line: line + 1, column: column + 1, text };
  }

  offsets(file: string, line: number): readonly number[] {
    const { sources, segments } = this.map;
    const wanted = sources.map((source) => isFileNamed(source.file, file));
    const isHit = (segment: SourceMapSegment | undefined) =>
      segment?.[1] !== undefined && wanted[segment[1]] === true && segment[2] === line - 1;
    // Of those in a row the first one of each function.
    const starts = segments.filter(
      (segment, i) =>
        isHit(segment) &&
        !(isHit(segments[i - 1]) && segments[i - 1]![0] >= this.functionStart(segment[0])),
    );
    return instructionOffsets(
      this.module,
      starts.map(([offset]) => offset),
    );
  }

  files(): readonly string[] {
    return this.map.sources.map(({ file }) => file);
  }

  problems(): readonly DebugInfoError[] {
    return this.map.problems;
  }

  private functionStart(offset: number): number {
    return definitionAt(this.module, offset)?.offset ?? 0;
  }

  private linesOf({ file, content }: MappedSource): readonly string[] {
    let lines = this.texts.get(file);
    if (lines === undefined) this.texts.set(file, (lines = content.split("\n")));
    return lines;
  }

  private get map(): Decoded {
    return (this.decoded ??= decodeMap(this.text(this.url)));
  }
}

interface MappedSource {
  readonly file: string;
  /** The whole text; empty where the map does not have it. */
  readonly content: string;
}

interface Decoded {
  readonly sources: readonly MappedSource[];
  readonly segments: readonly SourceMapSegment[];
  readonly problems: readonly DebugInfoError[];
}

function decodeMap(text: string | undefined): Decoded {
  const nothing = { sources: [], segments: [] };
  if (text === undefined) return { ...nothing, problems: [] };
  try {
    const map = new TraceMap(text);
    const sources = map.resolvedSources.map((file, i) => {
      const content: unknown = map.sourcesContent?.[i];
      return { file: file ?? "", content: typeof content === "string" ? content : "" };
    });
    return { sources, segments: segmentsOf(map), problems: [] };
  } catch (error) {
    // The library throws whatever its parsing comes to.
    const reason = error instanceof Error ? error.message : String(error);
    return { ...nothing, problems: [new DebugInfoError(reason, "source map")] };
  }
}

/** The library takes mappings that are decoded already as they are. @throws Error */
function segmentsOf(map: TraceMap): readonly SourceMapSegment[] {
  const segments: readonly unknown[] = decodedMappings(map)[0] ?? [];
  const isSegment = (segment: unknown) => Array.isArray(segment) && segment.every(Number.isInteger);
  if (!segments.every(isSegment)) throw new Error("a mapping is no list of numbers");
  return segments as readonly SourceMapSegment[];
}

/** The index of the last segment that begins at `offset` or before; -1 where there is none. */
function lastAt(segments: readonly SourceMapSegment[], offset: number): number {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (segments[middle]![0] <= offset) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
