// `bobbin record`: runs a program as `bobbin run` does, and writes down all that it takes to
// run it again.

import type { Command } from "commander";
import type { Context } from "./context.js";
import { about } from "./failure.js";
import { operand, programOperands } from "./options.js";
import { run, runOptions, type RunOptions } from "./run.js";

interface RecordOptions extends Omit<RunOptions, "record"> {
  readonly output: string;
}

const EXAMPLES = `
Examples:
  bobbin record program.wasm --host host.mjs -o run.rec
  bobbin debug --recording run.rec
Whoever opens the recording needs no host: see docs/recording.md.`;

export function register(program: Command, context: Context): void {
  const command = programOperands(program.command("record")).description(
    "run a program, and record the run",
  );
  runOptions(command)
    .requiredOption("-o, --output <file>", "where the recording goes", operand)
    .addHelpText("after", EXAMPLES)
    .action((file: string, args: string[] | undefined, { output, ...options }: RecordOptions) =>
      context.run(options, () =>
        about(file, () => run(file, args ?? [], { ...options, record: output }, context)),
      ),
    );
}
