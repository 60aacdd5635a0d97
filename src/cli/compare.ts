// `bobbin compare`: the same program by native asyncify, and as instrumented twin on
// Bobbin and on the host's engine, with the verdict and the first difference.

import type { Command } from "commander";
import { Option } from "commander";
import { type Level, levels } from "../compare/compare.js";
import {
  agree,
  compareProgram,
  type Comparison,
  ORACLES,
  type OracleName,
} from "../compare/programs.js";
import { UsageError } from "../util/errors.js";
import {
  cells,
  closenessJson,
  isClose,
  levelText,
  outcomeText,
  renderDifference,
  runJson,
} from "./compare-text.js";
import { compareOnEngines } from "./compare-on-engines.js";
import type { CommonOptions, Context } from "./context.js";
import { decode } from "../binary/decode.js";
import { TwinError } from "../observe/twin-parts.js";
import { validate } from "../valid/validate.js";
import { engineNames } from "./engine-registry.js";
import { about, ExitCode, FileError } from "./failure.js";
import { readBytes } from "./input.js";
import { makeTwin } from "./make-twin.js";
import { count, executionOptions, operand, programOperands, tierOption } from "./options.js";
import { NOBODY } from "./hearing.js";
import { loadProgram, type Program, type ProgramOptions } from "./program.js";

interface CompareOptions extends ProgramOptions, CommonOptions {
  readonly twin?: string;
  readonly optimizeLevel: number;
  readonly level: Level;
  readonly engines?: string;
  readonly engineTimeout: number;
  readonly install?: boolean;
}

const EXAMPLES = `
Examples:
  bobbin compare crossing.wasm --invoke crossing 3 --stub-imports
  bobbin compare crossing.wasm --invoke crossing 3 --host log.mjs --twin crossing.twin-O2.wasm
  bobbin compare crossing.wasm --invoke crossing 3 --stub-imports --engines all --install
Levels: E0 what the host sees; E1 and every runtime call and record; E2 and every pointer, and memory.
Exit code 1: some runs differ at the level that --level asks for. With --engines, an engine that refuses the
module, crashes or hangs is told and is no difference; one that was named and is missing: exit code 2.`;

export function register(program: Command, context: Context): void {
  const command = programOperands(
    program.command("compare"),
    "WebAssembly module, not instrumented",
  )
    .description(
      "compare native asyncify with the instrumented twin on Bobbin and on the host's engine",
    )
    .option("--twin <file>", "the instrumented module (default: made with binaryen)", operand)
    .option("--optimize-level <n>", "how binaryen makes the twin", count(0, 4), 0)
    .addOption(
      new Option("--level <level>", "how close the runs must be").choices(levels).default("E2"),
    );
  command
    .option(
      "--engines <list>",
      `compare with other engines too, each in a process of its own: all, or of ${engineNames}, with :PATH after it`,
      operand,
    )
    .option("--engine-timeout <seconds>", "what a run may take there", count(1, 86_400), 60)
    .option("--install", "first install those of them that npm has and that are missing");
  tierOption(executionOptions(command))
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
  if (options.engines === undefined && options.install === true)
    throw new UsageError("--install needs --engines: the engines to install");
  // Three runs would log three times: nobody reads that.
  const program = await loadProgram(file, args, options, NOBODY, context);
  const twin = await twinOf(program, options);
  const { twin: twinFile } = options;
  const aboutTwin = (error: unknown): never => {
    throw error instanceof TwinError && twinFile !== undefined
      ? new FileError(twinFile, error)
      : error;
  };
  if (options.engines !== undefined)
    return compareOnEngines(program, twin, { ...options, engines: options.engines }, context).catch(
      aboutTwin,
    );
  const comparison = await compareWith(program, twin).catch(aboutTwin);
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
/** For people: what ran, how close they are, and where they part. */
export function renderComparison(comparison: Comparison, wanted: Level): string[] {
  const { runs, pairs, level, outside } = comparison;
  const ran = (Object.keys(ORACLES) as OracleName[]).flatMap((name) => {
    const run = runs[name];
    if (run === undefined) return [];
    const version = versionOf(name);
    return [
      `${name.padEnd(7)} ${`${ORACLES[name]}${version && ` (${version})`}`.padEnd(62)} ${String(run.events.length).padStart(5)} events  ${outcomeText(run)}`,
    ];
  });
  const rows = pairs.map((pair) => {
    const { a, b, limit, memory } = pair;
    const told = limit === "E2" ? "" : `memory ${memory === null ? "yes" : "NO"}`;
    return (`${a} ~ ${b}`.padEnd(16) + cells(pair).padEnd(15) + told).trimEnd();
  });
  const differences = pairs.flatMap(({ a, b, difference }) =>
    difference === null ? [] : ["", ...renderDifference(a, b, difference)],
  );
  const memories = pairs.flatMap(({ a, b, memory }) =>
    memory === null
      ? []
      : ["", `memory of ${a} and ${b} differs at ${memory.address}: ${memory.a}, ${memory.b}`],
  );
  const verdict = agree(comparison, wanted)
    ? `equal at ${level}${outside.length > 0 ? ", outside the domain of the comparison" : ""}`
    : isClose({ level, limit: "E2" }, wanted)
      ? "different: native fibers"
      : levelText(level, wanted);
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

function comparisonJson(comparison: Comparison, wanted: Level): unknown {
  const { runs, pairs, level, outside } = comparison;
  return {
    verdict: agree(comparison, wanted) ? "equal" : "different",
    level,
    wanted,
    runs: Object.entries(runs).map(([name, run]) => ({
      oracle: name,
      description: ORACLES[name as OracleName],
      ...(name === "host" ? { engine: versionOf("host") } : {}),
      ...runJson(run),
    })),
    pairs: pairs.map(({ a, b, limit, memory, ...closeness }) => {
      const { level: reached, difference } = closenessJson(closeness);
      const limited = limit === "E2" ? {} : { limit, memory };
      return { a, b, level: reached, ...limited, difference };
    }),
    outside,
  };
}
