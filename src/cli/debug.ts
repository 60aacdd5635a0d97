// `bobbin debug`: the debugger on a terminal, or fed from standard input.

import type { Command } from "commander";
import { setImmediate } from "node:timers/promises";
import { DebugConsole } from "../debug/console.js";
import { DebugSession, type End } from "../debug/session.js";
import { UsageError } from "../util/errors.js";
import type { Context } from "./context.js";
import { converse, type TerminalOptions, screenOf, styleOf } from "./debug-terminal.js";
import { about, describeFailure } from "./failure.js";
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
import type { ByteSource } from "./wasi/standard.js";

interface DebugOptions extends ExecutionOptions, TerminalOptions {
  readonly invoke?: string;
  readonly snapshot?: string;
  readonly modules?: readonly string[];
  readonly color?: boolean;
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
    .argument("[args...]", "arguments of the function, or of a WASI program", operands)
    .option("--invoke <name>", "the function to call (_start or main)", operand)
    .option("--snapshot <file>", "begin where a snapshot stands", operand)
    .option("-x, --commands <file>", "run these commands first", operand)
    .option("--color", "colours, also where there is no terminal")
    .option("--no-color", "no colours; so does the variable NO_COLOR")
    .option("--no-history", "neither read nor keep lines of other sessions")
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
  const screen = screenOf(context.io);
  const console = new DebugConsole(debugging, {
    write: context.out,
    describe: (end) => describe(session, end),
    style: styleOf(context.io, options.color),
    ...(screen && { screen }),
  });
  return converse(console, context, options);
}

/** What stdin has is for the debugger. */
const nothing = (): ByteSource => ({ read: () => new Uint8Array() });

/** At the start of a call, or where a snapshot stands. */
async function openAt(
  file: string | undefined,
  args: readonly string[],
  options: DebugOptions,
  context: Context,
): Promise<Session> {
  if (options.snapshot !== undefined) {
    if (file !== undefined) throw new UsageError("--snapshot FILE takes the place of the module");
    const settings = { ...options, followFibers: true, input: nothing };
    const session = await openSnapshot(options.snapshot, settings, context);
    requireCall(session);
    return session;
  }
  const session = await open(file!, { ...options, texts: args, input: nothing, followFibers: true }, context); // prettier-ignore
  const { instance } = session;
  const name = options.invoke ?? defaultExport(instance);
  if (name === null) throw new UsageError("the module has nothing but a start function, which ran");
  const func = exportedFunction(instance, name);
  startCall(session, name, parseArguments(name, func, session.operands));
  return session;
}

function describe(session: Session, end: End & { kind: "trapped" | "threw" }): string {
  return describeFailure(session.explain(end.error)).message;
}
