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
import { recordOption, RunRecording } from "./recordings.js";
import { open, refuseDriver, type Session, startCall } from "./session.js";
import { checkSnapshotFlags, runOn, type SnapshotFlags, snapshotOptions } from "./snapshots.js";
import { formatValue } from "../runtime/notation.js";
import type { Value } from "../runtime/values.js";

export interface RunOptions extends ExecutionOptions, CommonOptions, SnapshotFlags {
  readonly invoke?: string;
  /** Where a recording goes. */
  readonly record?: string;
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
  recordOption(snapshotOptions(runOptions(command)))
    .addHelpText("after", EXAMPLES)
    .action((file: string, args: string[] | undefined, options: RunOptions) =>
      context.run(options, () => about(file, () => run(file, args ?? [], options, context))),
    );
}

/** How a call is run, and how told of. */
export const runOptions = (command: Command): Command =>
  lazyValidationOption(fiberAbiOption(tierOption(executionOptions(command))))
    .option("--stack", "print the wasm stack of a trap")
    .option("--json", "print results or the error as JSON");

export async function run(
  file: string,
  args: readonly string[],
  options: RunOptions,
  context: Context,
): Promise<number> {
  checkSnapshotFlags(options);
  const hearing = hearingOf(context, options.json === true);
  const recording = new RunRecording(options.record, context);
  try {
    const executing = recording.tier;
    const session = await open(file, { ...options, texts: args, hearing, executing }, context);
    const { instance } = session;
    const name = options.invoke ?? defaultExport(instance);
    if (name === null) return ExitCode.good;
    const func = exportedFunction(instance, name);
    const given = parseArguments(name, func, session.operands);
    recording.begin(session);
    return await call(session, name, given, options, context);
  } finally {
    await recording.end();
  }
}

async function call(
  session: Session,
  name: string,
  args: readonly Value[],
  options: RunOptions,
  context: Context,
): Promise<number> {
  if (options.snapshot !== undefined) {
    refuseDriver(session);
    startCall(session, name, args);
    return runOn(session, options, context);
  }
  const func = exportedFunction(session.instance, name);
  const values = await session.invoke(name, args);
  const results = values.map((value, i) => formatValue(value, func.signature.results[i]));
  if (options.json === true) context.out(JSON.stringify({ results }));
  else if (results.length > 0) context.out(results.join(" "));
  return ExitCode.good;
}
