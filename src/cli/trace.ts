// `bobbin trace`: every unwind and rewind of a run as it happens.

import type { Command } from "commander";
import { Option } from "commander";
import { PerfettoTimeline } from "../observe/perfetto.js";
import { eventToJson, renderLine } from "../observe/render.js";
import { type TracedEvent, Tracer } from "../observe/tracer.js";
import type { CommonOptions, Context } from "./context.js";
import { about, ExitCode } from "./failure.js";
import { executionOptions, fiberAbiOption, programOperands, tierOption } from "./options.js";
import { hearingOf } from "./hearing.js";
import { loadProgram, type ProgramOptions, runProgram } from "./program.js";

interface TraceOptions extends ProgramOptions, CommonOptions {
  readonly format: keyof typeof formats;
}

/** Prints events as they come, and what stands behind the last. */
interface Printer {
  readonly event: (event: TracedEvent) => void;
  readonly end?: () => void;
}

const formats = {
  text: (out) => ({ event: (event) => out(renderLine(event)) }),
  jsonl: (out) => ({ event: (event) => out(JSON.stringify(eventToJson(event))) }),
  perfetto(out) {
    const timeline = new PerfettoTimeline();
    let before = '{"traceEvents":[\n';
    const print = (events: readonly object[]) => {
      for (const event of events) {
        out(before + JSON.stringify(event));
        before = ",";
      }
    };
    return {
      event: (event) => print(timeline.add(event)),
      end() {
        print(timeline.finish());
        out(before === "," ? "]}" : `${before}]}`);
      },
    };
  },
} satisfies Record<string, (out: (line: string) => void) => Printer>;

const EXAMPLES = `
Examples:
  bobbin trace crossing.wasm --invoke crossing 2 --stub-imports
  bobbin trace sleep.wasm --host sleep.mjs --asyncify-imports env.sleep --format jsonl
  bobbin trace crossing.wasm --invoke crossing 2 --stub-imports --format perfetto >crossing.json
The events are documented in docs/trace.md.`;

export function register(program: Command, context: Context): void {
  const command = programOperands(
    program.command("trace"),
    "WebAssembly module, instrumented or not",
  )
    .description("run a program and show every unwind and rewind")
    .addOption(
      new Option("--format <format>", "how to print events")
        .choices(Object.keys(formats))
        .default("text"),
    );
  fiberAbiOption(tierOption(executionOptions(command)))
    .option("--json", "the same as --format jsonl")
    .addHelpText("after", EXAMPLES)
    .action((file: string, args: string[] | undefined, given: TraceOptions) => {
      const format = given.json === true ? "jsonl" : given.format;
      const options = { ...given, format, json: format === "jsonl" };
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
  const program = await loadProgram(file, args, options, hearingOf(context, true), context);
  const printer: Printer = formats[options.format](context.out);
  const tracer = new Tracer(printer.event);
  const observer = tracer.observerFor(program.module, program.nativeFibers);
  const run = await runProgram(program, { onEvent: tracer.event, observer });
  printer.end?.();
  if (run.error !== undefined) throw run.error.thrown;
  return ExitCode.good;
}
