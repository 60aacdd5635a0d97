// What a command gets from its surroundings: streams, and a way to end. Commands
// know no `process`, so tests run them in this process.

import { asyncifyLines, describeFailure, errorJson, failureLine, stackLines } from "./failure.js";
import { ProgramExit } from "../util/errors.js";
import type { Surroundings } from "./wasi/standard.js";

/** Where text goes. */
export interface Sink {
  write(text: string): unknown;
}

export interface Io {
  readonly stdout: Sink & {
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
  };
  readonly stderr: Sink & { readonly isTTY?: boolean };
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** The same for a program that runs here. */
  readonly surroundings: Surroundings;
  /** Prints JavaScript stacks of internal errors too. */
  readonly debug?: boolean;
  /** Ends the process, whatever is still under way in it. */
  readonly leave?: (code: number) => void;
}

/** Options that every command understands. */
export interface CommonOptions {
  readonly json?: boolean;
  /** Print the wasm stack below the error line. */
  readonly stack?: boolean;
}

export class Context {
  exitCode = 0;

  constructor(
    readonly io: Io,
    private options: CommonOptions = {},
  ) {}

  /** One line on stdout. */
  readonly out = (line: string): void => {
    this.io.stdout.write(`${line}\n`);
  };
  /** One line on stderr. */
  readonly note = (line: string): void => {
    this.io.stderr.write(`${line}\n`);
  };

  /** What long work is at: on a terminal only, one line that is overwritten, empty at the end. */
  readonly progress = (text: string): void => {
    if (this.io.stderr.isTTY === true) this.io.stderr.write(`\r\x1b[K${text}`);
  };

  /** Runs the body of a command, which answers with its exit code, or ends as the program did. */
  async run(options: CommonOptions, command: () => number | Promise<number>): Promise<void> {
    this.options = options;
    try {
      this.exitCode = await command();
    } catch (error) {
      if (!(error instanceof ProgramExit)) throw error;
      if (options.json === true) this.out(JSON.stringify({ exitCode: error.code }));
      this.exitCode = error.code;
    }
  }

  /**
   * Tells of an error, whatever it is: a line on stderr, and with `--json` the `error` of the
   * object that the command prints. @param report the rest of that object
   * @returns the exit code
   */
  fail(error: unknown, report: object = {}): number {
    const failure = describeFailure(error);
    this.note(failureLine(failure));
    asyncifyLines(failure).forEach(this.note);
    if (this.options.stack === true) stackLines(failure).forEach(this.note);
    if (this.options.json === true)
      this.out(JSON.stringify({ ...report, error: errorJson(failure) }));
    if (this.io.debug === true && failure.kind === "crash") this.note(stackOf(error));
    return failure.exitCode;
  }
}

function stackOf(error: unknown): string {
  const root = error instanceof Error && error.cause !== undefined ? error.cause : error;
  return root instanceof Error ? (root.stack ?? "") : String(root);
}
