// `bobbin trace`: every unwind and rewind of a run as it happens.

import type { Command } from "commander";
import { Option } from "commander";
import { eventToJson, renderLine } from "../observe/render.js";
import { Tracer } from "../observe/tracer.js";
import type { CommonOptions, Context } from "./context.js";
import { about, ExitCode } from "./failure.js";
import { executionOptions, fiberAbiOption, programOperands, tierOption } from "./options.js";
import { loadProgram, type ProgramOptions, runProgram } from "./program.js";

interface TraceOptions extends ProgramOptions, CommonOptions {
  readonly format: "text" | "jsonl";
}

const EXAMPLES = `
Examples:
  bobbin trace crossing.wasm --invoke crossing 2 --stub-imports
  bobbin trace sleep.wasm --host sleep.mjs --asyncify-imports env.sleep --format jsonl
The events are documented in docs/trace.md.`;

export function register(program: Command, context: Context): void {
  const command = programOperands(
    program.command("trace"),
    "WebAssembly module, instrumented or not",
  )
    .description("run a program and show every unwind and rewind")
    .addOption(
      new Option("--format <format>", "how to print events")
        .choices(["text", "jsonl"])
        .default("text"),
    );
  fiberAbiOption(tierOption(executionOptions(command)))
    .option("--json", "the same as --format jsonl")
    .addHelpText("after", EXAMPLES)
    .action((file: string, args: string[] | undefined, given: TraceOptions) => {
      const options = { ...given, json: given.json === true || given.format === "jsonl" };
      return context.run(options, () =>
        about(file, () => trace(file, args ?? [], options, context)),
      );
    });
}

async function trace(
  file: string,
  args: readonly string[],
  options: TraceOptions,
  context: Context,
): Promise<number> {
  // The host's own log would come in between: it goes beside.
  const program = await loadProgram(file, args, options, context.note, context.note);
  const tracer = new Tracer((event) =>
    context.out(options.json === true ? JSON.stringify(eventToJson(event)) : renderLine(event)),
  );
  const observer = tracer.observerFor(program.module, program.nativeFibers);
  const run = await runProgram(program, { onEvent: tracer.event, observer });
  if (run.error !== undefined) throw run.error.thrown;
  return ExitCode.good;
}
