// `bobbin run`: calls an export and prints its results.

import type { Command } from "commander";
import type { Context, CommonOptions } from "./context.js";
import { about, ExitCode } from "./failure.js";
import {
  executionOptions,
  tierOption,
  fiberAbiOption,
  lazyValidationOption,
  programOperands,
  type ExecutionOptions,
} from "./options.js";
import { defaultExport, exportedFunction, parseArguments } from "./call.js";
import { hearingOf } from "./hearing.js";
import { open, refuseDriver, startCall } from "./session.js";
import { checkSnapshotFlags, runOn, type SnapshotFlags, snapshotOptions } from "./snapshots.js";
import { formatValue } from "../runtime/notation.js";

interface RunOptions extends ExecutionOptions, CommonOptions, SnapshotFlags {
  readonly invoke?: string;
}

const EXAMPLES = `
Examples:
  bobbin run add.wasm --invoke add 2 0x28
  bobbin run scale.wasm --invoke scale -1.5 f64:nan:0x1 --json
  bobbin run program.wasm --stub-imports --fuel 1000000
  bobbin run wc.wasm --dir texts -- texts/poem.txt
Values are read by the types of the parameters: see docs/cli.md.`;

export function register(program: Command, context: Context): void {
  const command = programOperands(program.command("run")).description(
    "call an exported function and print its results",
  );
  const flags = lazyValidationOption(fiberAbiOption(tierOption(executionOptions(command))));
  snapshotOptions(flags)
    .option("--stack", "print the wasm stack of a trap")
    .option("--json", "print results or the error as JSON")
    .addHelpText("after", EXAMPLES)
    .action((file: string, args: string[] | undefined, options: RunOptions) =>
      context.run(options, () => about(file, () => run(file, args ?? [], options, context))),
    );
}

async function run(
  file: string,
  args: readonly string[],
  options: RunOptions,
  context: Context,
): Promise<number> {
  checkSnapshotFlags(options);
  const hearing = hearingOf(context, options.json === true);
  const session = await open(file, { ...options, texts: args, hearing }, context);
  const { instance } = session;
  const name = options.invoke ?? defaultExport(instance);
  if (name === null) return ExitCode.good;
  const func = exportedFunction(instance, name);
  if (options.snapshot !== undefined) {
    refuseDriver(session);
    startCall(session, name, parseArguments(name, func, session.operands));
    return runOn(session, options, context);
  }
  const values = await session.invoke(name, parseArguments(name, func, session.operands));
  const results = values.map((value, i) => formatValue(value, func.signature.results[i]));
  if (options.json === true) context.out(JSON.stringify({ results }));
  else if (results.length > 0) context.out(results.join(" "));
  return ExitCode.good;
}
