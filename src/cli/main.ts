// The command line without its process: arguments and streams in, exit code out.
// Commands live in files of their own, each with `register(program, context)`.

import { Command, CommanderError } from "commander";
import { Context, type Io } from "./context.js";
import { ExitCode } from "./failure.js";
import { operand, protectValues } from "./options.js";
import { UsageError } from "../util/errors.js";
import { packageVersion } from "./version.js";

/** Each is loaded when it is asked for; all of them where help is, or what there is none of. */
const commands: Readonly<Record<string, () => Promise<{ register: Register }>>> = {
  run: () => import("./run.js"),
  record: () => import("./record.js"),
  resume: () => import("./resume.js"),
  trace: () => import("./trace.js"),
  check: () => import("./check.js"),
  compare: () => import("./compare.js"),
  advise: () => import("./advise.js"),
  engines: () => import("./engine-command.js"),
  inspect: () => import("./inspect.js"),
  debug: () => import("./debug.js"),
  dap: () => import("./dap/command.js"),
  asm: () => import("./asm.js"),
  spec: () => import("./spec.js"),
  demo: () => import("./demo.js"),
};
const VERSION = ["-V", "--version"];

type Register = (program: Command, context: Context) => void;

/** Runs a command. @returns the exit code */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  // An error of the command line itself is told in JSON too, where that was asked for.
  const context = new Context(io, { json: argv.includes("--json") });
  try {
    if (argv.length === 0) throw new UsageError("no command given: try bobbin --help");
    const program = await makeProgram(context, argv[0]!);
    await program.parseAsync(protectValues(argv), { from: "user" });
    return context.exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) return context.fail(error);
    if (error.exitCode === 0) return ExitCode.good;
    return context.fail(new UsageError(usageMessage(error)));
  }
}

async function makeProgram(context: Context, first: string): Promise<Command> {
  const program = new Command("bobbin")
    .description(
      "Runs WebAssembly with frames as data: traces, checks, compares and debugs unwinding and rewinding.",
    )
    .version(packageVersion(), VERSION.join(", "), "print the version")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.io.stdout.write(text),
      // Errors are told by `Context.fail`.
      writeErr: () => {},
    })
    .addHelpText("after", "\nExample:\n  bobbin run add.wasm --invoke add 2 3");
  const asked = Object.hasOwn(commands, first)
    ? [commands[first]!]
    : VERSION.includes(first)
      ? []
      : Object.values(commands);
  for (const load of asked) (await load()).register(program, context);
  return program;
}

const usageMessage = ({ code, message }: CommanderError): string =>
  code === "commander.help"
    ? "no command given: try bobbin --help"
    : operand(message)
        .replace(/^error: /, "")
        .replaceAll("\n", " ");
