// Breakpoints at lines of sources, at functions and at instructions.

import type { DebugProtocol as P } from "@vscode/debugprotocol";
import type { StopPoint, StopSpec } from "../../debug/stops.js";
import { UsageError } from "../../util/errors.js";
import { hex } from "../../util/hex.js";
import { codeAddress, codeAt, parseAddress } from "./addresses.js";
import type { Wanted } from "./breakpoint-table.js";
import type { Debuggee } from "./debuggee.js";
import type { Handlers } from "./protocol.js";
import { moduleOfSource, type ProgramModule } from "./sources.js";

export const breakpointHandlers: Handlers = {
  setBreakpoints(debuggee, { source, breakpoints = [] }) {
    const key = `source ${source.path ?? source.sourceReference}`;
    return { breakpoints: debuggee.setBreakpoints(key, breakpoints.map((wanted) => lineWanted(debuggee, source, wanted))) }; // prettier-ignore
  },

  setFunctionBreakpoints(debuggee, { breakpoints }) {
    const wanted = breakpoints.map(({ name, ...options }): Wanted => ({
      specs: () => [{ kind: "code", place: name }],
      options,
      describe: (points) => where(debuggee, points),
    }));
    return { breakpoints: debuggee.setBreakpoints("function", wanted) };
  },

  setInstructionBreakpoints(debuggee, { breakpoints }) {
    const wanted = breakpoints.map(({ instructionReference, offset = 0, ...options }): Wanted => ({
      specs: () => [codeSpec(debuggee, parseAddress(instructionReference) + offset)],
      options,
      describe: (points) => where(debuggee, points),
    }));
    return { breakpoints: debuggee.setBreakpoints("instruction", wanted) };
  },

  breakpointLocations(debuggee, { source, line, endLine = line }) {
    const from = debuggee.client.fromClientLine(line);
    const to = Math.min(debuggee.client.fromClientLine(endLine), from + MAX_LINES);
    const breakpoints: P.BreakpointLocation[] = [];
    for (let at = from; at <= to; at++)
      for (const { column } of codeOn(debuggee, source, at))
        if (!breakpoints.some((known) => known.line === at && known.column === column))
          breakpoints.push({ line: at, column });
    const { client } = debuggee;
    return {
      breakpoints: breakpoints.map((found) => ({
        line: client.toClientLine(found.line),
        column: client.toClientColumn(found.column ?? 1),
      })),
    };
  },
};

/** A piece of code that a line stands for. */
interface Code {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

function lineWanted(
  debuggee: Debuggee,
  source: P.Source,
  { line, column, ...options }: P.SourceBreakpoint,
): Wanted {
  const { client } = debuggee;
  const wanted = client.fromClientLine(line);
  return {
    specs: () => {
      const code = codeFrom(debuggee, source, wanted);
      const first = firstOfFunctions(
        debuggee,
        atColumn(code, column && client.fromClientColumn(column)),
      );
      return first.map((offset) => ({ kind: "code", place: hex(offset) }));
    },
    options,
    describe: (points) => where(debuggee, points),
  };
}

/** The code at a column or, where none begins there, at the next one that has some; all without a column. */
function atColumn(code: readonly Code[], column: number | undefined): readonly Code[] {
  if (column === undefined) return code;
  const next = code.find((each) => each.column >= column) ?? code.at(-1);
  return code.filter((each) => each.column === next?.column);
}

/** Lines that are looked at at once. */
const MAX_LINES = 10_000;
/** Lines without code that are skipped to come to one that has some. */
const FAR = 100;

/** The code of a line, or of the next one that has some. @throws UsageError */
function codeFrom(debuggee: Debuggee, source: P.Source, line: number): Code[] {
  for (let at = line; at <= line + FAR; at++) {
    const found = codeOn(debuggee, source, at);
    if (found.length > 0) return found;
  }
  throw new UsageError(`no code comes from line ${line} or those after it`);
}

/** The code of a line by its place there. */
function codeOn(debuggee: Debuggee, source: P.Source, line: number): Code[] {
  if ((source.sourceReference ?? 0) > 0) {
    const module = moduleOfSource(debuggee, source.sourceReference);
    const offset = module.text.offsetAt(line);
    return offset === undefined ? [] : [{ offset, line, column: 1 }];
  }
  const module = debuggee.modules[0]!;
  const { lines } = module.wasm;
  const file = module.fileNamed(source.path ?? "");
  if (lines === undefined || file === undefined)
    throw new UsageError(`no code of ${module.name} comes from ${source.path ?? "there"}`);
  return lines
    .offsets(file, line)
    .map((offset) => ({ offset, line, column: lines.at(offset)?.column ?? 1 }))
    .sort((a, b) => a.column - b.column || a.offset - b.offset);
}

/** Of the code of one line: where it begins in each function that has some of it. */
function firstOfFunctions({ modules }: Debuggee, code: readonly Code[]): number[] {
  const { functions } = modules[0]!.wasm;
  const first = new Map<number, number>();
  for (const { offset } of code) {
    const at = functions.findIndex(({ body }) => offset >= body.offset && offset < body.end);
    first.set(at, Math.min(first.get(at) ?? Infinity, offset));
  }
  return [...first.values()];
}

function codeSpec(debuggee: Debuggee, address: number): StopSpec {
  const { module, offset } = codeAt(debuggee, address);
  // Stops name places in the program's own module.
  if (module?.id !== 1) throw new UsageError(`there is no code at ${hex(address)}`);
  return { kind: "code", place: hex(offset) };
}

/** Where a breakpoint came to stand. */
function where(debuggee: Debuggee, [first]: readonly StopPoint[]): Partial<P.Breakpoint> {
  if (first?.kind !== "code") return {};
  const module: ProgramModule = debuggee.modules[0]!;
  const place = module.placeOf(first.offset);
  return {
    instructionReference: hex(codeAddress(module, first.offset)),
    ...(place && {
      source: place.source,
      line: debuggee.client.toClientLine(place.line),
      column: debuggee.client.toClientColumn(place.column),
    }),
  };
}
