// The command line without its process: arguments and streams in, exit code out.
// Commands live in files of their own, each with `register(program, context)`.

import { Command, CommanderError } from "commander";
import { Context, type Io } from "./context.js";
import { ExitCode } from "./failure.js";
import { operand, protectValues } from "./options.js";
import { UsageError } from "../util/errors.js";
import * as advise from "./advise.js";
import * as asm from "./asm.js";
import * as check from "./check.js";
import * as compare from "./compare.js";
import * as debug from "./debug.js";
import * as demo from "./demo.js";
import * as engines from "./engine-command.js";
import * as inspect from "./inspect.js";
import * as resume from "./resume.js";
import * as run from "./run.js";
import * as spec from "./spec.js";
import * as trace from "./trace.js";
import { packageVersion } from "./version.js";

const commands = [
  run,
  resume,
  trace,
  check,
  compare,
  advise,
  engines,
  inspect,
  debug,
  asm,
  spec,
  demo,
];

/** Runs a command. @returns the exit code */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  // An error of the command line itself is told in JSON too, where that was asked for.
  const context = new Context(io, { json: argv.includes("--json") });
  try {
    if (argv.length === 0) throw new UsageError("no command given: try bobbin --help");
    await makeProgram(context).parseAsync(protectValues(argv), { from: "user" });
    return context.exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return context.fail(error);
    if (error.exitCode === 0) return ExitCode.good;
    return context.fail(new UsageError(usageMessage(error)));
  }
}

function makeProgram(context: Context): Command {
  const program = new Command("bobbin")
    .description(
      "Runs WebAssembly with frames as data: traces, checks, compares and debugs unwinding and rewinding.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.io.stdout.write(text),
      // Errors are told by `Context.fail`.
      writeErr: () => {},
    })
    .addHelpText("after", "\nExample:\n  bobbin run add.wasm --invoke add 2 3");
  for (const { register } of commands) register(program, context);
  return program;
}

const usageMessage = ({ code, message }: CommanderError): string =>
  code === "commander.help"
    ? "no command given: try bobbin --help"
    : operand(message)
        .replace(/^error: /, "")
        .replaceAll("\n", " ");
