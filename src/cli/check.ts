// `bobbin check`: looks at a module, runs a program, and tells every fault of its unwinds
// and rewinds.

import { relative } from "node:path";
import { pathToFileURL } from "node:url";
import { type Command, Option } from "commander";
import { failureOf, type Run } from "../compare/run.js";
import { Checker, type CheckCounts } from "../observe/check/checker.js";
import type { ChangedWord, Finding } from "../observe/check/finding.js";
import { checkerOf } from "../observe/check/instances.js";
import { CODES } from "../observe/check/codes.js";
import { renderCounts, renderFinding, renderVerdict } from "../observe/check/render.js";
import { toSarif } from "../observe/check/sarif.js";
import { checkStatically } from "../observe/check/static.js";
import { changedWords, withWriters } from "../observe/check/writers.js";
import { formatValue } from "../runtime/notation.js";
import type { ValidModule } from "../valid/validate.js";
import { canDefault } from "./call.js";
import type { CommonOptions, Context } from "./context.js";
import { about, ExitCode, FileError } from "./failure.js";
import { readProgram } from "./input.js";
import {
  asyncifySettings,
  executionOptions,
  fiberAbiOption,
  programOperands,
  tierOption,
} from "./options.js";
import { hearingOf } from "./hearing.js";
import { type Program, programOf, type ProgramOptions, runProgram } from "./program.js";
import { packageVersion } from "./version.js";

interface CheckOptions extends ProgramOptions, CommonOptions {
  readonly static?: boolean;
  readonly once?: boolean;
  readonly format: "text" | "json" | "sarif";
}

const EXAMPLES = `
Examples:
  bobbin check crossing.wasm --invoke crossing 2 --stub-imports
  bobbin check sleep.wasm --invoke main 2 --host sleep.mjs --format sarif
  bobbin check program.wasm --static
Exit code 1: a finding, or the program trapped. All findings are explained in docs/check.md.`;

export function register(program: Command, context: Context): void {
  const command = programOperands(
    program.command("check"),
    "WebAssembly module, instrumented or not",
  )
    .description("find faults of unwinding and rewinding in a module and in a run of it")
    .option("--static", "look at the module only, run nothing")
    .option("--once", "do not run it again to find who wrote over a record")
    .addOption(
      new Option("--format <format>", "how to print findings")
        .choices(["text", "json", "sarif"])
        .default("text"),
    );
  fiberAbiOption(tierOption(executionOptions(command)))
    .option("--json", "the same as --format json")
    .addHelpText("after", EXAMPLES)
    .action((file: string, args: string[] | undefined, given: CheckOptions) => {
      const format = given.json === true ? "json" : given.format;
      const options = { ...given, format, json: format === "json" };
      return context.run(options, () =>
        about(file, () => check(file, args ?? [], options, context)),
      );
    });
}

export interface Checked {
  readonly findings: readonly Finding[];
  /** Where the program was run. */
  readonly run?: Run;
  readonly counts?: CheckCounts;
  /** What the failure of the run has to do with the findings. */
  readonly lastWords?: string | null;
}

/**
 * Looks at a program and runs it under the checker; once more, without its log, where
 * somebody wrote over a record, to find out who (`once`: not so).
 */
export async function checkProgram(program: Program, once = false): Promise<Checked> {
  const { module, asyncify } = program;
  const found = checkStatically(module, asyncify);
  const checker = checkerOf(module, { asyncify });
  // What cannot be classified cannot be run: why, was found.
  if (checker === null) return { findings: found };
  const run = await runUnder(checker, program);
  const { findings, counts, lastWords } = checker;
  const watch = once ? [] : changedWords(findings);
  return {
    findings: [
      ...found,
      ...(watch.length === 0 ? findings : withWriters(findings, await again(program, watch))),
    ],
    run,
    counts,
    lastWords: failureOf(run) === undefined ? null : lastWords,
  };
}

async function runUnder(checker: Checker, program: Program): Promise<Run> {
  const run = await runProgram(program, {
    onEvent: checker.event,
    observer: checker.observer,
    onInstance: (made) => checker.attach(made),
  });
  checker.finish();
  return run;
}

async function again(program: Program, watch: readonly ChangedWord[]): Promise<readonly Finding[]> {
  const { module, asyncify, request } = program;
  const checker = new Checker(module, { asyncify, watch });
  await runUnder(checker, {
    ...program,
    request: { ...request, context: { log: () => undefined } },
  });
  return checker.findings;
}

async function check(
  file: string,
  args: readonly string[],
  options: CheckOptions,
  context: Context,
): Promise<number> {
  const { format } = options;
  const module = await readProgram(file, options);
  const checked = runs(module, options)
    ? await checkProgram(
        await programOf(
          file,
          module,
          args,
          options,
          hearingOf(context, format !== "text"),
          context,
        ),
        options.once,
      )
    : { findings: checkStatically(module, asyncifySettings(options)) };
  const { findings, run } = checked;
  const failure = run && failureOf(run);
  if (format === "sarif")
    context.out(JSON.stringify(toSarif(findings, uriOf(file), packageVersion())));
  else if (format === "text") for (const line of renderCheck(checked)) context.out(line);
  if (failure !== undefined)
    return context.fail(new FileError(file, failure.thrown), checkJson(checked));
  if (format === "json") context.out(JSON.stringify(checkJson(checked)));
  return findings.length > 0 ? ExitCode.finding : ExitCode.good;
}

/** A module that has nothing to call is only looked at, unless a call was asked for. */
const runs = (module: ValidModule, { invoke, static: only }: CheckOptions): boolean =>
  only !== true && (invoke !== undefined || canDefault(module));

/** Relative where that is possible: results are shown beside the sources. */
function uriOf(file: string): string {
  const path = relative(".", file);
  return path.startsWith("..") ? pathToFileURL(file).href : encodeURI(path.replaceAll("\\", "/"));
}

function checkJson({ findings, run, counts, lastWords }: Checked): object {
  const failed = run !== undefined && failureOf(run) !== undefined;
  return {
    verdict: findings.length > 0 ? "findings" : failed ? "failed" : "clean",
    findings: findings.map((finding) => ({ ...finding, ...CODES[finding.code] })),
    ...(counts === undefined ? {} : { counts }),
    ...(run?.results === undefined
      ? {}
      : { results: run.results.map((value) => formatValue(value)) }),
    ...(lastWords == null ? {} : { lastWords }),
  };
}

/** Of the text. A program that goes wrong once goes wrong often, and the first time tells most. */
const SHOWN = 10;

/** The findings, then what there was to check. */
export function renderCheck({ findings, counts, lastWords }: Checked): string[] {
  const shown = findings.slice(0, SHOWN).flatMap((finding) => [...renderFinding(finding), ""]);
  const more = findings.length - SHOWN;
  return [
    ...shown,
    ...(more > 0 ? [`… and ${more} more (--json has all)`, ""] : []),
    ...(lastWords == null ? [] : [lastWords]),
    `${renderVerdict(findings)}${counts === undefined ? ", nothing was run" : `: ${renderCounts(counts)}`}`,
  ];
}
