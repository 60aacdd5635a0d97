// `bobbin debug`: the debugger on a terminal, or fed from standard input.

import type { Command } from "commander";
import { createInterface } from "node:readline";
import { setImmediate } from "node:timers/promises";
import { DebugConsole } from "../debug/console.js";
import { DebugSession, type End } from "../debug/session.js";
import { UsageError } from "../util/errors.js";
import type { Context } from "./context.js";
import { about, describeFailure, ExitCode } from "./failure.js";
import {
  type ExecutionOptions,
  executionOptions,
  fiberAbiOption,
  lazyValidationOption,
  modulesOption,
  operand,
  operands,
} from "./options.js";
import { defaultExport, exportedFunction, parseArguments } from "./call.js";
import { open, openSnapshot, requireCall, type Session, startCall } from "./session.js";
import { writeSnapshot } from "./snapshots.js";

interface DebugOptions extends ExecutionOptions {
  readonly invoke?: string;
  readonly snapshot?: string;
  readonly modules?: readonly string[];
}

const EXAMPLES = `
Examples:
  bobbin debug program.wasm --invoke main
  printf 'break div\\ncontinue\\nlocals\\n' | bobbin debug program.wasm --invoke main
Type help at the prompt for the commands.`;

export function register(program: Command, context: Context): void {
  const command = program
    .command("debug")
    .description("step through a call of an exported function")
    .argument("[file]", "WebAssembly module", operand)
    .argument("[args...]", "arguments of the function", operands)
    .option("--invoke <name>", "the function to call (_start or main)", operand)
    .option("--snapshot <file>", "begin where a snapshot stands", operand)
    .addOption(modulesOption());
  lazyValidationOption(fiberAbiOption(executionOptions(command)))
    .addHelpText("after", EXAMPLES)
    .action((file: string | undefined, args: string[] | undefined, options: DebugOptions) =>
      context.run({}, () => {
        const name = file ?? options.snapshot;
        if (name === undefined) throw new UsageError("missing required argument 'file'");
        return about(name, () => debug(file, args ?? [], options, context));
      }),
    );
}

async function debug(
  file: string | undefined,
  args: readonly string[],
  options: DebugOptions,
  context: Context,
): Promise<number> {
  const session = await openAt(file, args, options, context);
  const { instance, machine } = session;
  const debugging = new DebugSession(machine, instance, {
    breathe: () => setImmediate(),
    instances: session.instances,
    asyncify: session.asyncify,
    events: session.events,
    save: async (out) => `${out}: ${await writeSnapshot(out, session)} bytes`,
  });
  const console = new DebugConsole(debugging, {
    write: context.out,
    describe: (end) => describe(session, end),
  });
  return converse(console, context);
}

/** At the start of a call, or where a snapshot stands. */
async function openAt(
  file: string | undefined,
  args: readonly string[],
  options: DebugOptions,
  context: Context,
): Promise<Session> {
  if (options.snapshot !== undefined) {
    if (file !== undefined) throw new UsageError("--snapshot FILE takes the place of the module");
    const session = await openSnapshot(options.snapshot, options, context);
    requireCall(session);
    return session;
  }
  const session = await open(file!, { ...options, followFibers: true }, context);
  const { instance } = session;
  const name = options.invoke ?? defaultExport(instance);
  if (name === null) throw new UsageError("the module has nothing but a start function, which ran");
  const func = exportedFunction(instance, name);
  startCall(session, name, parseArguments(name, func, args));
  return session;
}

/** Reads commands until the input or the session ends. */
async function converse(console: DebugConsole, { io }: Context): Promise<number> {
  const { session } = console;
  const terminal = io.stdin.isTTY === true;
  const lines = createInterface({
    input: io.stdin,
    ...(terminal ? { output: io.stdout as NodeJS.WritableStream, prompt: "(bobbin) " } : {}),
    terminal,
  });
  let running = false;
  let abort = (): void => {};
  const aborted = new Promise<void>((resolve) => (abort = resolve));
  let left = false;
  let interrupts = 0;
  lines.on("SIGINT", () => {
    session.pause();
    if (running && ++interrupts === 1) return;
    left = true;
    abort();
    lines.close();
  });
  console.showPosition();
  if (terminal) lines.prompt();
  for await (const line of lines) {
    running = true;
    interrupts = 0;
    // What waits for a promise of the host cannot be paused, only left.
    await Promise.race([console.execute(line), aborted]);
    running = false;
    if (console.quit || left) break;
    if (terminal) lines.prompt();
  }
  lines.close();
  if (left) return ExitCode.interrupted;
  return session.end === null || session.end.kind === "returned" ? ExitCode.good : ExitCode.finding;
}

function describe(session: Session, end: End & { kind: "trapped" | "threw" }): string {
  return describeFailure(session.explain(end.error)).message;
}
