// `bobbin compare`: the same program by native asyncify, and as instrumented twin on
// Bobbin and on the host's engine, with the verdict and the first difference.

import type { Command } from "commander";
import { Option } from "commander";
import { type ComparedEvent, type Difference, type Level, levels } from "../compare/compare.js";
import {
  agree,
  compareProgram,
  type Comparison,
  ORACLES,
  type OracleName,
  type Pair,
} from "../compare/programs.js";
import { describeEvent, eventToJson } from "../observe/render.js";
import { formatValue } from "../runtime/notation.js";
import { UsageError } from "../util/errors.js";
import type { CommonOptions, Context } from "./context.js";
import { decode } from "../binary/decode.js";
import { TwinError } from "../compare/twin-parts.js";
import { validate } from "../valid/validate.js";
import { about, ExitCode, FileError } from "./failure.js";
import { readBytes } from "./input.js";
import { makeTwin } from "./make-twin.js";
import { count, executionOptions, operand, operands } from "./options.js";
import { loadProgram, type Program, type ProgramOptions } from "./program.js";

interface CompareOptions extends ProgramOptions, CommonOptions {
  readonly twin?: string;
  readonly optimizeLevel: number;
  readonly level: Level;
}

const EXAMPLES = `
Examples:
  bobbin compare crossing.wasm --invoke crossing 3 --stub-imports
  bobbin compare crossing.wasm --invoke crossing 3 --host log.mjs --twin crossing.twin-O2.wasm
Levels: E0 what the host sees; E1 and every runtime call and record; E2 and every pointer, and memory.
Exit code 1: some runs differ at the level that --level asks for.`;

export function register(program: Command, context: Context): void {
  const command = program
    .command("compare")
    .description(
      "compare native asyncify with the instrumented twin on Bobbin and on the host's engine",
    )
    .argument("<file>", "WebAssembly module, not instrumented", operand)
    .argument("[args...]", "arguments of the function", operands)
    .option("--invoke <name>", "the function to call (_start or main)", operand)
    .option("--twin <file>", "the instrumented module (default: made with binaryen)", operand)
    .option("--optimize-level <n>", "how binaryen makes the twin", count(0, 4), 0)
    .addOption(
      new Option("--level <level>", "how close the runs must be").choices(levels).default("E2"),
    );
  executionOptions(command)
    .option("--json", "print one JSON object")
    .addHelpText("after", EXAMPLES)
    .action((file: string, args: string[] | undefined, options: CompareOptions) =>
      context.run(options, () => about(file, () => compare(file, args ?? [], options, context))),
    );
}

async function compare(
  file: string,
  args: readonly string[],
  options: CompareOptions,
  context: Context,
): Promise<number> {
  // Three runs would log three times: nobody reads that.
  const program = await loadProgram(file, args, options, () => undefined, context.note);
  const twin = await twinOf(program, options);
  const { twin: twinFile } = options;
  const comparison = await compareWith(program, twin).catch((error: unknown) => {
    throw error instanceof TwinError && twinFile !== undefined
      ? new FileError(twinFile, error)
      : error;
  });
  const good = agree(comparison, options.level);
  if (options.json === true) context.out(JSON.stringify(comparisonJson(comparison, options.level)));
  else for (const line of renderComparison(comparison, options.level)) context.out(line);
  return good ? ExitCode.good : ExitCode.finding;
}

/** The twin that was given, or one made for this. */
async function twinOf(program: Program, options: CompareOptions): Promise<Uint8Array> {
  if (program.instrumented)
    throw new UsageError(
      "the module is instrumented already: give the plain one, and this as --twin",
    );
  const { twin } = options;
  return twin === undefined
    ? makeTwin(program.module.bytes, program.asyncify, options.optimizeLevel)
    : about(twin, async () => {
        const bytes = await readBytes(twin);
        validate(decode(bytes));
        return bytes;
      });
}

export const compareWith = (
  { module, request, asyncify, limits }: Program,
  twin: Uint8Array,
): Promise<Comparison> => compareProgram({ ...request, plain: module, twin, asyncify, limits });

const versionOf = (oracle: OracleName): string =>
  oracle === "host" ? `V8 ${process.versions["v8"] ?? "?"}` : "";
const eventText = (event: ComparedEvent | undefined): string =>
  event === undefined
    ? "(the run has ended)"
    : event.type === "end"
      ? endText(event)
      : describeEvent({ ...event, seq: 0, fiber: 0 }).trim();

function endText({ results, reason, globals, digest }: ComparedEvent & { type: "end" }): string {
  const outcome =
    reason ?? `results ${(results ?? []).map((value) => formatValue(value)).join(", ") || "none"}`;
  const names = globals.map(([name, value]) => `${name} ${formatValue(value)}`).join(", ");
  return `end: ${outcome}; globals ${names || "none"}${digest === undefined ? "" : `; memory digest ${digest.toString(16)}`}`;
}

/** For people: what ran, how close they are, and where they part. */
export function renderComparison(comparison: Comparison, wanted: Level): string[] {
  const { runs, pairs, level, outside } = comparison;
  const ran = (Object.keys(ORACLES) as OracleName[]).flatMap((name) => {
    const run = runs[name];
    if (run === undefined) return [];
    const { results, error, events } = run;
    const outcome =
      error === undefined
        ? (results ?? []).map((value) => formatValue(value)).join(" ")
        : error.reason;
    const version = versionOf(name);
    return [
      `${name.padEnd(7)} ${`${ORACLES[name]}${version && ` (${version})`}`.padEnd(62)} ${String(events.length).padStart(5)} events  ${outcome}`,
    ];
  });
  const rows = pairs.map((pair) => `${pair.a} ~ ${pair.b}`.padEnd(16) + cells(pair));
  const differences = pairs.flatMap((pair) =>
    pair.difference === null ? [] : ["", ...renderDifference(pair, pair.difference)],
  );
  const memories = pairs.flatMap(({ a, b, memory }) =>
    memory === null
      ? []
      : ["", `memory of ${a} and ${b} differs at ${memory.address}: ${memory.a}, ${memory.b}`],
  );
  const verdict = agree(comparison, wanted)
    ? `equal at ${level}${outside.length > 0 ? ", outside the domain of the comparison" : ""}`
    : `different: ${isClose(level, wanted) ? "native fibers" : `${level === null ? "not even E0" : `${level} only`}, ${wanted} wanted`}`;
  return [
    ...ran,
    "",
    "                E0   E1   E2",
    ...rows,
    ...differences,
    ...memories,
    ...outside.map((why) => `outside the domain: ${why}`),
    "",
    `verdict: ${verdict}`,
  ];
}

const isClose = (reached: Level | null, wanted: Level): boolean =>
  reached !== null && levels.indexOf(reached) >= levels.indexOf(wanted);

function cells({ level: reached, limit, memory }: Pair): string {
  const cell = (level: Level) =>
    isClose(limit, level) ? (isClose(reached, level) ? "yes" : "NO") : "-";
  const told = limit === "E2" ? "" : `memory ${memory === null ? "yes" : "NO"}`;
  return (levels.map((level) => cell(level).padEnd(5)).join("") + told).trimEnd();
}

function renderDifference({ a, b }: Pair, difference: Difference): string[] {
  const { level, index, contextA } = difference;
  return [
    `first difference of ${a} and ${b} at ${level}, event ${index + 1}:`,
    ...contextA.slice(-4).map((event) => `    both  ${eventText(event)}`),
    `  ${a.padStart(6)}  ${eventText(difference.a)}`,
    `  ${b.padStart(6)}  ${eventText(difference.b)}`,
  ];
}

function comparisonJson(comparison: Comparison, wanted: Level): unknown {
  const { runs, pairs, level, outside } = comparison;
  const event = (e: ComparedEvent | undefined) =>
    e === undefined
      ? null
      : e.type === "end"
        ? { type: "end", text: endText(e) }
        : eventToJson({ ...e, seq: 0, fiber: 0 });
  return {
    verdict: agree(comparison, wanted) ? "equal" : "different",
    level,
    wanted,
    runs: Object.entries(runs).map(([name, { results, error, events }]) => ({
      oracle: name,
      description: ORACLES[name as OracleName],
      ...(name === "host" ? { engine: versionOf("host") } : {}),
      events: events.length,
      ...(results === undefined ? {} : { results: results.map((value) => formatValue(value)) }),
      ...(error === undefined ? {} : { error: error.reason }),
    })),
    pairs: pairs.map(({ a, b, level: reached, limit, memory, difference }) => ({
      a,
      b,
      level: reached,
      ...(limit === "E2" ? {} : { limit, memory }),
      difference:
        difference === null
          ? null
          : {
              level: difference.level,
              index: difference.index,
              a: event(difference.a),
              b: event(difference.b),
              context: difference.contextA.map(event),
            },
    })),
    outside,
  };
}
