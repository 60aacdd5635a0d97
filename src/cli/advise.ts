// `bobbin advise`: what a run tells about how to instrument its program: lists for
// Binaryen and Emscripten, and how large the buffers must be.

import type { Command } from "commander";
import {
  advise as adviseOn,
  type Advice,
  AdviceCollector,
  type Advised,
  type BufferUse,
  mergeAdvice,
  onlyListOf,
  withoutLists,
} from "../compare/advice.js";
import { failureOf } from "../compare/run.js";
import { runTwinOnBobbin } from "../compare/twin.js";
import { analyzeRoles } from "../fiber/asyncify/analyze.js";
import { formatValue } from "../runtime/notation.js";
import { UsageError } from "../util/errors.js";
import { hex } from "../util/hex.js";
import { columns } from "./columns.js";
import type { CommonOptions, Context } from "./context.js";
import { about, ExitCode, FileError, InputError } from "./failure.js";
import { readRaw } from "./input.js";
import { makeTwin } from "./make-twin.js";
import { count, executionOptions, operands, programOperands, tierOption } from "./options.js";
import { hearingOf } from "./hearing.js";
import { explained, loadProgram, type Program, type ProgramOptions } from "./program.js";

interface AdviseOptions extends ProgramOptions, CommonOptions {
  readonly optimizeLevel?: number;
  readonly with?: string[];
}

const EXAMPLES = `
Examples:
  bobbin advise sleep.wasm --invoke main 2 --host sleep.mjs --asyncify-imports env.sleep
  bobbin advise sleep.wasm --invoke main 3 --host sleep.mjs --json > first.json
  bobbin advise sleep.wasm --invoke other --host sleep.mjs --with first.json
Advice is about what the runs did: with other input, other functions may be on the stack. Lists of
functions (--asyncify-onlylist and its kin) are left aside. Exit code 1: the program failed, or it
needs more than its list.`;

export function register(program: Command, context: Context): void {
  const command = programOperands(program.command("advise"), "WebAssembly module, not instrumented")
    .description("run a program and say what must be instrumented, and how large buffers must be")
    .option(
      "--optimize-level <n>",
      "measure buffers as binaryen instruments at this level, too",
      count(0, 4),
    )
    .option("--with <file>", "advice of an earlier run (its --json) to add; repeatable", operands);
  tierOption(executionOptions(command))
    .option("--json", "print one JSON object")
    .addHelpText("after", EXAMPLES)
    .action((file: string, args: string[] | undefined, options: AdviseOptions) =>
      context.run(options, () => about(file, () => advise(file, args ?? [], options, context))),
    );
}

interface Report {
  readonly advised: Advised;
  /** Of all runs. */
  readonly advice: Advice;
  readonly runs: number;
  /** Buffers as the instrumented module needs them, where that was asked for. */
  readonly instrumented?: { readonly level: number; readonly buffers: readonly BufferUse[] };
}

async function advise(
  file: string,
  args: readonly string[],
  options: AdviseOptions,
  context: Context,
): Promise<number> {
  const json = options.json === true;
  const program = await loadProgram(file, args, options, hearingOf(context, json), context);
  if (program.instrumented)
    throw new UsageError("the module is instrumented already: advice needs the plain one");
  const earlier = await Promise.all((options.with ?? []).map(readAdvice));
  const { module, asyncify, limits } = program;
  const { request, observer, explain } = explained(program);
  const tried = await adviseOn({ ...request, module, asyncify, limits, observer });
  const advised = { ...tried, run: explain(tried.run) };
  const advice = mergeAdvice([...earlier, advised.advice]);
  const { optimizeLevel: level } = options;
  const report: Report = {
    advised,
    advice,
    runs: earlier.length + 1,
    ...(level === undefined || failureOf(advised.run) !== undefined || advice.unwound.length === 0
      ? {}
      : { instrumented: { level, buffers: await instrumentedBuffers(program, advice, level) } }),
  };
  if (!json) for (const line of render(report)) context.out(line);
  const error = failureOf(advised.run);
  if (error !== undefined)
    return context.fail(new FileError(file, error.thrown), reportJson(report));
  if (json) context.out(JSON.stringify(reportJson(report)));
  return advised.difference === null ? ExitCode.good : ExitCode.finding;
}

/** What Binaryen's instrumentation of just these functions needs. */
async function instrumentedBuffers(
  { module, request, asyncify, limits }: Program,
  advice: Advice,
  level: number,
): Promise<readonly BufferUse[]> {
  const options = { ...withoutLists(asyncify), onlyList: onlyListOf(advice) };
  const bytes = await makeTwin(module.bytes, options, level);
  const collector = new AdviceCollector(module, analyzeRoles(module, options));
  const run = await runTwinOnBobbin({
    ...request,
    context: { log: () => undefined },
    onEvent: collector.event,
    bytes,
    plain: module,
    limits,
  });
  const failure = failureOf(run);
  if (failure !== undefined) throw failure.thrown;
  return collector.advice.buffers;
}

const FIELDS = ["unwound", "runtime", "unused", "indirect", "buffers"] as const;

function readAdvice(file: string): Promise<Advice> {
  return about(file, async () => {
    const text = new TextDecoder().decode(await readRaw(file));
    let parsed: Partial<Record<string, unknown>>;
    try {
      parsed = JSON.parse(text) as typeof parsed;
    } catch {
      throw new InputError("is no JSON: give what `bobbin advise --json` printed");
    }
    if (
      typeof parsed !== "object" ||
      typeof parsed?.["unwinds"] !== "number" ||
      !FIELDS.every((field) => Array.isArray(parsed[field]))
    )
      throw new InputError("is no advice: give what `bobbin advise --json` printed");
    return parsed as unknown as Advice;
  });
}

function reportJson({ advised, advice, runs, instrumented }: Report): object {
  const { run, difference } = advised;
  return {
    ...advice,
    runs,
    onlyList: onlyListOf(advice),
    // null: the run failed, so the list was not tried.
    onlyListSuffices: difference === undefined ? null : difference === null,
    largest: Math.max(0, ...advice.buffers.map(({ used }) => used)),
    ...(instrumented === undefined ? {} : { instrumented }),
    ...(run.results === undefined
      ? {}
      : { results: run.results.map((value) => formatValue(value)) }),
  };
}

function render(report: Report): string[] {
  const { advice, runs, advised } = report;
  const { unwinds, unwound, unused } = advice;
  const all = unwound.length + unused.length;
  const over = runs === 1 ? "" : ` in ${runs} runs`;
  if (unwinds === 0) return [`nothing was unwound${over}: no function needs to be instrumented`];
  return [
    `${unwinds} unwinds${over}; ${unwound.length} of ${all} functions that may have to be instrumented were on the stack`,
    "",
    ...columns(
      [
        ["function", "records", "at calls"],
        ...unwound.map(({ name, records, calls }) => [name, String(records), calls.join(" ")]),
      ],
      ["left", "right"],
    ),
    "",
    ...(failureOf(advised.run) === undefined
      ? renderLists(advice, advised)
      : ["the run failed: lists would leave out what it did not come to"]),
    "",
    ...renderIndirect(advice, advised),
    ...renderBuffers(report),
  ];
}

function renderLists(advice: Advice, { difference }: Advised): string[] {
  const only = onlyListOf(advice);
  const checked =
    difference === null
      ? "tried: the same run with only these instrumented goes the same way"
      : "NOT ENOUGH: with only these instrumented the same run goes another way";
  return [
    `only-list (${checked})`,
    `  wasm-opt --asyncify ${passArg("asyncify-onlylist", only)}`,
    `  emcc -sASYNCIFY ${shell(`-sASYNCIFY_ONLY=${JSON.stringify(only)}`)}`,
    ...(advice.unused.length === 0
      ? ["remove-list: nothing, all of them were on the stack"]
      : [
          `remove-list: ${advice.unused.length} that never were on the stack at an unwind`,
          `  wasm-opt --asyncify ${passArg("asyncify-removelist", advice.unused)}`,
          `  emcc -sASYNCIFY ${shell(`-sASYNCIFY_REMOVE=${JSON.stringify(advice.unused)}`)}`,
        ]),
  ];
}

const passArg = (name: string, list: readonly string[]): string =>
  shell(`--pass-arg=${name}@${list.join(",")}`);
const shell = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;

function renderIndirect({ indirect }: Advice, { run }: Advised): string[] {
  if (indirect.length === 0)
    return failureOf(run) === undefined
      ? [
          "no indirect call was live at an unwind: asyncify-ignore-indirect would do for these runs",
          "",
        ]
      : [];
  return [
    "indirect calls that were live at an unwind: asyncify-ignore-indirect would break them",
    ...columns(
      indirect.map(({ caller, callIndex, offset, callees }) => [
        caller,
        `call ${callIndex}`,
        `at ${hex(offset, 4)}`,
        callees.length === 0 ? "" : `of ${callees.join(", ")}`,
      ]),
    ),
    "",
  ];
}

function renderBuffers({ advice, instrumented }: Report): string[] {
  const twins = new Map(instrumented?.buffers.map((buffer) => [buffer.data, buffer]));
  const largest = (buffers: readonly BufferUse[]) => Math.max(...buffers.map(({ used }) => used));
  return [
    "buffers",
    ...columns(
      [
        [
          "data pointer",
          "unwinds",
          "frames",
          "room",
          "bytes",
          ...(instrumented === undefined ? [] : [`binaryen -O${instrumented.level}`]),
          "first unwound from",
        ],
        ...advice.buffers.map((buffer) => [
          hex(buffer.data, 4),
          String(buffer.unwinds),
          String(buffer.frames),
          buffer.fits ? String(buffer.room) : `${buffer.room} (too small)`,
          String(buffer.used),
          ...(instrumented === undefined ? [] : [String(twins.get(buffer.data)?.used ?? "")]),
          buffer.root ?? "",
        ]),
      ],
      [
        "left",
        "right",
        "right",
        "right",
        "right",
        ...(instrumented === undefined ? [] : (["right"] as const)),
      ],
    ),
    `largest: ${largest(advice.buffers)} bytes` +
      (instrumented === undefined
        ? " of Bobbin's records (--optimize-level N measures binaryen's)"
        : `, ${largest(instrumented.buffers)} as binaryen instruments at -O${instrumented.level}`),
  ];
}
