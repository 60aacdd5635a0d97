// What can go wrong, as the command line tells it: one line on stderr that names
// what and where, an exit code, and the same as JSON. The only place that turns
// errors into text or exit codes.

import { type AsyncifyEnd, explainEnd } from "../observe/check/explain.js";
import { HOST_EXCEPTION, type RunError } from "../compare/reasons.js";
import { MISSING_MODULE } from "../snapshot/load-modules.js";
import { UncaughtException } from "../runtime/exceptions.js";
import { Exhaustion, type StackEntry, StoppedError, Trap } from "../runtime/traps.js";
import {
  AssemblyError,
  BobbinError,
  CrashError,
  LinkError,
  ProgramExit,
  SyntaxFault,
} from "../util/errors.js";
import { hex } from "../util/hex.js";
import { printable } from "../util/printable.js";

/** Exit codes of all commands. */
export const ExitCode = {
  good: 0,
  /** A trap, a limit reached, an exception of the host; a finding; a difference. */
  finding: 1,
  /** Wrong usage; unreadable, malformed, invalid or unlinkable input. */
  wrong: 2,
  /** A bug in Bobbin. */
  internal: 3,
  interrupted: 130,
} as const;

/** A file cannot be read, or is of another kind than expected. */
export class InputError extends BobbinError {
  readonly kind = "unreadable";
}

/** A host function, or the host script itself, threw. */
export class HostException extends BobbinError {
  readonly kind = HOST_EXCEPTION;
  /** @param where the import that threw, or the host script's file */
  constructor(
    readonly where: string,
    readonly thrown: unknown,
    readonly wasmStack: readonly StackEntry[] = [],
    /** Frames in all. */
    readonly frames = wasmStack.length,
  ) {
    super(
      `${HOST_EXCEPTION} in ${where}: ${oneLine(describeThrown(thrown))}${asyncifyHint(thrown)}`,
    );
  }
}

/** Hosts that unwind need exports that a plain module gets only on request. */
const asyncifyHint = (thrown: unknown): string =>
  thrown instanceof TypeError && /asyncify_\w+ is not a function/.test(thrown.message)
    ? " (--asyncify adds the asyncify_* exports)"
    : "";

/** An error together with the file it is about. */
export class FileError extends Error {
  constructor(
    readonly file: string,
    override readonly cause: unknown,
  ) {
    super();
  }
}

/** Runs an action whose errors are about `file`. */
export async function about<T>(file: string, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw error instanceof FileError || error instanceof ProgramExit
      ? error
      : new FileError(file, error);
  }
}

export interface Failure {
  readonly exitCode: number;
  readonly file?: string;
  readonly kind: string;
  /** Stable text: the spec's for traps. */
  readonly reason: string;
  /** One line for a person. */
  readonly message: string;
  /** Wasm frames, innermost first; of very deep stacks, the innermost hundred. */
  readonly stack: readonly StackEntry[];
  /** Frames in all, where there is a stack. */
  readonly frames?: number;
  /** Where it is Asyncify's doing. */
  readonly asyncify?: AsyncifyEnd;
}

const asyncifyEnds = new WeakMap<object, AsyncifyEnd>();

/** What Asyncify has to do with an error: seen when the program ends, told when the error is. */
export function noteAsyncify(error: StoppedError): void {
  const end = explainEnd(error);
  if (end !== null) asyncifyEnds.set(error, end);
}

export function describeFailure(error: unknown): Failure {
  if (error instanceof FileError) {
    const { cause } = error;
    const file = printable(error.file);
    // A failure that has a file already is about that one: something linked, say.
    if (!(cause instanceof SyntaxFault)) return { file, ...describeFailure(cause) };
    const { line, column, reason } = cause;
    const message = oneLine(reason);
    return { ...describeFailure(cause), file: `${file}:${line}:${column}`, message };
  }
  if (!(error instanceof BobbinError) || error instanceof CrashError) return internal(error);
  const { kind } = error;
  const message = oneLine(error.message);
  const plain = { exitCode: ExitCode.wrong, kind, reason: message, message, stack: [] };
  if (error instanceof Trap || error instanceof Exhaustion || error instanceof UncaughtException) {
    const prefix = error instanceof Trap ? "trap: " : "";
    const where = error.where === "" ? "" : `${error.detail === "" ? "" : ","} ${error.where}`;
    const asyncify = asyncifyEnds.get(error);
    return {
      ...plain,
      exitCode: ExitCode.finding,
      reason: error.reason,
      message: oneLine(`${prefix}${error.message}${where}`),
      stack: error.wasmStack,
      frames: error.frames,
      ...(asyncify === undefined ? {} : { asyncify }),
    };
  }
  if (error instanceof HostException) {
    const { wasmStack: stack, frames } = error;
    const depth = frames === 0 ? {} : { frames };
    return { ...plain, exitCode: ExitCode.finding, reason: kind, stack, ...depth };
  }
  if (error instanceof AssemblyError) {
    const file = printable(`${error.file}:${error.line}:${error.column}`);
    return { ...plain, file, reason: error.reason, message: oneLine(error.reason) };
  }
  if (error instanceof LinkError && error.message.startsWith("unknown import"))
    return { ...plain, message: `${message}: give it with --host FILE.mjs${stubHint(message)}` };
  if (error instanceof LinkError && error.message.startsWith(MISSING_MODULE))
    return { ...plain, message: `${message}: give it with --modules FILE` };
  return "reason" in error ? { ...plain, reason: String(error.reason) } : plain;
}

/** Only functions are stubbed. */
const stubHint = (message: string): string =>
  message.includes("(func ") ? ", or try --stub-imports" : "";

function internal(error: unknown): Failure {
  const message = `internal error, please report: ${oneLine(describeThrown(error))}`;
  return { exitCode: ExitCode.internal, kind: "crash", reason: "crash", message, stack: [] };
}

export const failureLine = ({ file, message }: Failure): string =>
  `bobbin: ${file === undefined ? "" : `${file}: `}${message}`;

/** A second line, where Asyncify has to do with it. */
export const asyncifyLines = ({ asyncify }: Failure): string[] =>
  asyncify === undefined ? [] : [`    ${printable(asyncify.text)}`];

/** The wasm stack for `--stack`, one line for each frame. */
export const stackLines = ({ stack, frames = stack.length }: Failure): string[] => [
  ...stack.map(
    ({ name, func, offset, instruction, source }, i) =>
      `    #${i} ${printable(name)} (function ${func}) at byte ${hex(offset)} (${instruction})` +
      (source === undefined ? "" : `, ${printable(source)}`),
  ),
  ...(frames > stack.length ? [`    … and ${frames - stack.length} more`] : []),
];

/** The shape of an error in all that is printed as JSON (docs/cli.md). */
export const errorJson = ({
  file,
  kind,
  reason,
  message,
  stack,
  frames,
  asyncify,
}: Omit<Failure, "exitCode">) => ({
  ...(file === undefined ? {} : { file }),
  kind,
  reason,
  message,
  ...(frames === undefined ? {} : { frames }),
  stack,
  ...(asyncify === undefined ? {} : { asyncify }),
});

/** How a run ended that is compared, on whatever engine: its words, and the stack where there is one. */
export function describeRun({ kind, reason, message, thrown }: Ended): Omit<Failure, "exitCode"> {
  const stopped = thrown instanceof StoppedError ? thrown : undefined;
  return {
    kind,
    reason,
    message: oneLine(message),
    stack: stopped?.wasmStack ?? [],
    ...(stopped === undefined ? {} : { frames: stopped.frames }),
  };
}
type Ended = Omit<RunError, "thrown"> & Partial<Pick<RunError, "thrown">>;

function describeThrown(thrown: unknown): string {
  if (thrown instanceof Error) return `${thrown.name}: ${thrown.message}`;
  try {
    return String(thrown);
  } catch {
    return typeof thrown;
  }
}

const oneLine = (text: string): string => printable(text.replace(/\s*[\r\n]+\s*/g, " ").trim());
