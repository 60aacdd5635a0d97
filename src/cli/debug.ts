// `bobbin debug`: the debugger on a terminal, or fed from standard input.

import type { Command } from "commander";
import { basename } from "node:path";
import { setImmediate } from "node:timers/promises";
import { DebugConsole } from "../debug/console.js";
import { type DebugOptions, DebugSession, type End } from "../debug/session.js";
import { History } from "../history/history.js";
import type { Recorder } from "../history/recorder.js";
import type { Progress } from "../history/timeline.js";
import { UsageError } from "../util/errors.js";
import type { Context } from "./context.js";
import { converse, type TerminalOptions, screenOf, styleOf } from "./debug-terminal.js";
import { about, describeFailure, type Failure, FileError } from "./failure.js";
import { readSaved } from "./input.js";
import {
  type ExecutionOptions,
  executionOptions,
  fiberAbiOption,
  lazyValidationOption,
  modulesOption,
  operand,
  operands,
  tierOption,
} from "./options.js";
import { defaultExport, exportedFunction, parseArguments } from "./call.js";
import { parseEndpoint, serveGdb } from "./gdb-server.js";
import { recorderOf } from "./recordings.js";
import { open, openSnapshot, requireCall, type Session, startCall } from "./session.js";
import { writeSnapshot } from "./snapshots.js";
import type { ByteSource } from "./wasi/standard.js";

/** What is debugged, and how it is run. */
export interface DebugFlags extends ExecutionOptions {
  readonly invoke?: string;
  readonly snapshot?: string;
  readonly recording?: string;
  /** commander's `--no-record`. */
  readonly record?: boolean;
  readonly modules?: readonly string[];
}

interface AtTerminal extends DebugFlags, TerminalOptions {
  readonly gdbRemote?: string;
  readonly color?: boolean;
}

const EXAMPLES = `
Examples:
  bobbin debug program.wasm --invoke main
  printf 'break div\\ncontinue\\nlocals\\n' | bobbin debug program.wasm --invoke main
Type help at the prompt for the commands.`;

export function register(program: Command, context: Context): void {
  debugOperands(program.command("debug"))
    .description("step through a call of an exported function")
    .option("-x, --commands <file>", "run these commands first", operand)
    .option("--color", "colours, also where there is no terminal")
    .option("--no-color", "no colours; so does the variable NO_COLOR")
    .option("--no-history", "neither read nor keep lines of other sessions")
    .option("--gdb-remote <port>", "serve LLDB on PORT or HOST:PORT; 0 for any free port", operand)
    .addHelpText("after", EXAMPLES)
    .action((file: string | undefined, args: string[] | undefined, options: AtTerminal) =>
      context.run({}, () => {
        const name = file ?? options.snapshot ?? options.recording;
        if (name === undefined) throw new UsageError("missing required argument 'file'");
        return about(name, () => debug(file, args ?? [], options, context));
      }),
    );
}

/** What is debugged, and how it is run: for whoever opens a session. */
export function debugOperands(command: Command): Command {
  command
    .argument("[file]", "WebAssembly module", operand)
    .argument("[args...]", "arguments of the function, or of a WASI program", operands)
    .option("--invoke <name>", "the function to call (_start or main)", operand)
    .option("--snapshot <file>", "begin where a snapshot stands", operand)
    .option("--recording <file>", "look at a run that was recorded", operand)
    .option("--no-record", "run faster, without a way back")
    .addOption(modulesOption());
  return lazyValidationOption(fiberAbiOption(tierOption(executionOptions(command), "interpreter")));
}

async function debug(
  file: string | undefined,
  args: readonly string[],
  options: AtTerminal,
  context: Context,
): Promise<number> {
  const { gdbRemote } = options;
  const endpoint = gdbRemote === undefined ? null : parseEndpoint(gdbRemote);
  const { debugging, fail } = await openDebugging(file, args, options, context, {
    onProgress: (at) => context.progress(at === null ? "" : progressText(at)),
  });
  const describe = (end: Parameters<typeof fail>[0]): string => fail(end).message;
  if (endpoint !== null) {
    const name = basename(file ?? options.snapshot ?? options.recording!);
    return serveGdb(debugging, { endpoint, name, describe }, context);
  }
  const screen = screenOf(context.io);
  const console = new DebugConsole(debugging, {
    write: context.out,
    describe,
    style: styleOf(context.io, options.color),
    ...(screen && { screen }),
  });
  return converse(console, context, options);
}

/** A session, and how its ends are told. */
export interface Debugging {
  readonly debugging: DebugSession;
  readonly fail: (end: End & { kind: "trapped" | "threw" }) => Failure;
}

/** A program at the start of a call, or where a snapshot stands; or a recording. */
export const openDebugging = (
  file: string | undefined,
  args: readonly string[],
  flags: DebugFlags,
  context: Context,
  options: DebugOptions,
): Promise<Debugging> =>
  flags.recording === undefined
    ? ofProgram(file, args, flags, context, options)
    : ofRecording(file, flags.recording, options);

const optionsWith = (given: DebugOptions, host: Session["host"] = null): DebugOptions => ({
  breathe: () => setImmediate(),
  async save(out, { machine, instances, asyncify, native }) {
    try {
      const bytes = await writeSnapshot(out, { machine, instances, asyncify, native, host });
      return `${out}: ${bytes} bytes`;
    } catch (error) {
      // The session goes on.
      if (!(error instanceof FileError)) throw error;
      throw new UsageError(`${error.file}: ${(error.cause as Error).message}`);
    }
  },
  ...given,
});

export const progressText = ({ done, total }: Progress): string =>
  `${(done / 1e6).toFixed(1)} million instructions${total < Infinity ? ` of ${(total / 1e6).toFixed(1)}` : ""}`;

async function ofProgram(
  file: string | undefined,
  args: readonly string[],
  flags: DebugFlags,
  context: Context,
  given: DebugOptions,
): Promise<Debugging> {
  let recorder: Recorder | null = null;
  const session = await openAt(file, args, flags, context, (ready) => {
    if (flags.record !== false) recorder = recorderOf(ready);
  });
  const { instance, machine, instances, asyncify, native, events } = session;
  const history = recorder === null ? null : History.of(recorder);
  const options = optionsWith(given, session.host);
  const parts = { instances, asyncify, native, events, history };
  return {
    debugging: new DebugSession(machine, instance, { ...options, ...parts }),
    fail: ({ error }) => describeFailure(session.explain(error)),
  };
}

async function ofRecording(
  file: string | undefined,
  recording: string,
  options: DebugOptions,
): Promise<Debugging> {
  if (file !== undefined) throw new UsageError("--recording FILE takes the place of the module");
  const history = await History.open(await readSaved(recording, "recording"));
  return {
    debugging: await DebugSession.ofRecording(history, optionsWith(options)),
    fail: ({ error }) => describeFailure(error),
  };
}

/** What stdin has is for the debugger. */
const nothing = (): ByteSource => ({ read: () => new Uint8Array() });

/** At the start of a call, or where a snapshot stands. */
async function openAt(
  file: string | undefined,
  args: readonly string[],
  options: DebugFlags,
  context: Context,
  ready: (session: Session) => void,
): Promise<Session> {
  if (options.snapshot !== undefined) {
    if (file !== undefined) throw new UsageError("--snapshot FILE takes the place of the module");
    const settings = { ...options, followFibers: true, input: nothing };
    const session = await openSnapshot(options.snapshot, settings, context);
    requireCall(session);
    ready(session);
    return session;
  }
  const session = await open(file!, { ...options, texts: args, input: nothing, followFibers: true }, context); // prettier-ignore
  const { instance } = session;
  const name = options.invoke ?? defaultExport(instance);
  if (name === null) throw new UsageError("the module has nothing but a start function, which ran");
  const func = exportedFunction(instance, name);
  ready(session);
  startCall(session, name, parseArguments(name, func, session.operands));
  return session;
}
