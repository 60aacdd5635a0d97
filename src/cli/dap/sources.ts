// What is shown of a place in the code: a line of its source, where that is known and at
// hand, or of the module's text, which the adapter makes and the client asks for.

import { existsSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import type { DebugProtocol as P } from "@vscode/debugprotocol";
import type { ValidModule } from "../../valid/validate.js";
import { PrintedLines } from "../../text/printed-lines.js";
import { UsageError } from "../../util/errors.js";
import type { Debuggee } from "./debuggee.js";
import type { Handlers } from "./protocol.js";

/** Where an instruction comes from. Line and column count from 1. */
export interface Place {
  readonly source: P.Source;
  readonly line: number;
  readonly column: number;
}

const MIME_TYPE = "text/x-wat";

/** Where sources lie that were elsewhere when the program was compiled. */
export interface PathSubstitution {
  readonly from: string;
  readonly to: string;
}

export class ProgramModule {
  readonly text: PrintedLines;
  /** The name of its text. */
  private readonly textName: string;
  /** Of sources as they were named: their files here. */
  private readonly paths = new Map<string, string | undefined>();

  /** @param id counts from 1; it is its reference as a source, too */
  constructor(
    readonly id: number,
    readonly wasm: ValidModule,
    /** The file that it comes from. */
    readonly file: string,
    private readonly substitutions: readonly PathSubstitution[] = [],
  ) {
    this.text = PrintedLines.of(wasm);
    this.textName = `${basename(file).replace(/\.\w+$/, "")}${id === 1 ? "" : `-${id}`}.wat`;
  }

  get name(): string {
    return this.wasm.names.module ?? basename(this.file);
  }

  get textSource(): P.Source {
    return {
      name: this.textName,
      sourceReference: this.id,
      origin: "disassembled",
      ...(this.wasm.lines === undefined ? {} : { presentationHint: "deemphasize" }),
    };
  }

  /** Where the instruction at a byte offset is shown. */
  placeOf(offset: number): Place | undefined {
    const position = this.wasm.lines?.at(offset);
    const path = position && this.pathOf(position.file);
    if (position !== undefined && path !== undefined) {
      const { line, column } = position;
      return { source: fileSource(path), line, column: Math.max(1, column) };
    }
    const line = this.text.lineAt(offset);
    return line === undefined ? undefined : { source: this.textSource, line, column: 1 };
  }

  /** The files that code comes from, as far as they are here. */
  files(): P.Source[] {
    const paths = this.named().flatMap((file) => this.pathOf(file) ?? []);
    return [...new Set(paths)].map(fileSource);
  }

  /** The name that the module has for a file; undefined where no code comes from it. */
  fileNamed(path: string): string | undefined {
    return this.named().find((file) => this.pathOf(file) === resolve(path));
  }

  private named(): readonly string[] {
    return this.wasm.lines?.files() ?? [];
  }

  /** The file of a source; undefined where there is none here. */
  private pathOf(file: string): string | undefined {
    if (this.paths.has(file)) return this.paths.get(file);
    const from = this.substitutions.find((each) => file.startsWith(each.from));
    const name = from === undefined ? file : from.to + file.slice(from.from.length);
    const path = [resolve(name), resolve(dirname(this.file), name)].find((each) =>
      existsSync(each),
    );
    this.paths.set(file, path);
    return path;
  }
}

const fileSource = (path: string): P.Source => ({ name: basename(path), path });

export function moduleOfSource(
  { modules }: Debuggee,
  reference: number | undefined,
): ProgramModule {
  const module = modules.find(({ id }) => id === reference);
  if (module === undefined) throw new UsageError(`there is no source ${reference}`);
  return module;
}

export const sourceHandlers: Handlers = {
  source: (debuggee, { source, sourceReference }) => ({
    content: moduleOfSource(debuggee, source?.sourceReference ?? sourceReference).text.text,
    mimeType: MIME_TYPE,
  }),

  loadedSources: ({ modules }) => ({
    sources: modules.flatMap((module) => [...module.files(), module.textSource]),
  }),

  modules({ modules }, { startModule = 0, moduleCount = 0 }) {
    const end = moduleCount === 0 ? modules.length : startModule + moduleCount;
    return {
      modules: modules.slice(startModule, end).map(describeModule),
      totalModules: modules.length,
    };
  },
};

/** A module as the list of modules has it. */
export function describeModule({ id, name, file, wasm }: ProgramModule): P.Module {
  const { bytes, lines, names } = wasm;
  return {
    id,
    name,
    path: resolve(file),
    symbolStatus:
      lines !== undefined ? "lines of its source" : names.functions.size > 0 ? "names" : "none",
    addressRange: `0 to 0x${bytes.length.toString(16)}`,
  };
}
