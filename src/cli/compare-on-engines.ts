// `bobbin compare --engines`: native asyncify against the twin on Bobbin and on each of
// the engines that were asked for, with what came of each and a verdict on all.

import { type Closeness, closenessOf, type Level } from "../compare/compare.js";
import { asTold, type ToldRun } from "../compare/told-run.js";
import { lowest, ORACLES, outsideOf, runOnBobbin } from "../compare/programs.js";
import {
  ComparedEngine,
  type EngineResult,
  type EngineRun,
  type NotRun,
} from "./compare-engines.js";
import {
  cells,
  closenessJson,
  isClose,
  levelText,
  outcomeText,
  renderDifference,
  runJson,
} from "./compare-text.js";
import type { Context } from "./context.js";
import { installMissing } from "./engine-command.js";
import { findEngines } from "./engine-registry.js";
import { ExitCode } from "./failure.js";
import { interruption } from "./interruption.js";
import type { Program } from "./program.js";
import { UsageError } from "../util/errors.js";
import { printable } from "../util/printable.js";
import { importsWasi } from "./wasi/host.js";

export interface EngineCompareOptions {
  readonly engines: string;
  /** In seconds. */
  readonly engineTimeout: number;
  readonly install?: boolean;
  readonly level: Level;
  readonly json?: boolean;
}

export interface EngineComparison {
  readonly native: ToldRun;
  readonly twin: ToldRun;
  /** Of Bobbin's two runs. */
  readonly own: Closeness;
  readonly outside: readonly string[];
  readonly engines: readonly EngineResult[];
}

export async function compareOnEngines(
  { module: plain, request, hostFile, asyncify, limits }: Program,
  twin: Uint8Array,
  options: EngineCompareOptions,
  context: Context,
): Promise<number> {
  if (importsWasi(plain) && hostFile === undefined)
    throw new UsageError("other engines have no WASI here: compare without --engines");
  if (options.install === true) await installMissing(options.engines, context);
  const found = findEngines(options.engines);
  const runs = await runOnBobbin({ ...request, plain, twin, asyncify, limits });
  const [native, twinRun] = [asTold(runs.native), asTold(runs.twin)];
  const { invoke, args, stub = false } = request;
  const program = {
    plain,
    twin,
    native,
    ...(hostFile === undefined ? {} : { hostFile }),
    invoke,
    args,
    stub,
  };
  const results: EngineResult[] = [];
  const stop = interruption();
  try {
    for (const engine of found) {
      context.progress(engine.kind.name);
      const compared = new ComparedEngine(engine, options.engineTimeout * 1000);
      stop.onAsked = () => compared.close();
      try {
        results.push(await compared.compare(program));
      } catch (error) {
        if (stop.asked) return ExitCode.interrupted;
        throw error;
      } finally {
        compared.close();
      }
    }
  } finally {
    stop.end();
    context.progress("");
  }
  const comparison: EngineComparison = {
    native,
    twin: twinRun,
    own: closenessOf(native, twinRun),
    outside: outsideOf(runs),
    engines: results,
  };
  const { level } = options;
  if (options.json === true) context.out(JSON.stringify(engineComparisonJson(comparison, level)));
  else for (const line of renderEngineComparison(comparison, level)) context.out(line);
  if (!isGood(comparison, level)) return ExitCode.finding;
  // What is missing of all is only told.
  return results.some(({ outcome, named }) => outcome === "missing" && named)
    ? ExitCode.wrong
    : ExitCode.good;
}

const ranOf = ({ engines }: EngineComparison): (EngineResult & EngineRun)[] =>
  engines.filter((result): result is EngineResult & EngineRun => result.outcome === "ran");

/** Whether all that ran are as close as wanted. */
const isGood = (comparison: EngineComparison, wanted: Level): boolean =>
  isClose({ ...comparison.own, limit: "E2" }, wanted) &&
  ranOf(comparison).every((run) => isClose(run, wanted));

const LINE = 52;

function renderEngineComparison(comparison: EngineComparison, wanted: Level): string[] {
  const { native, twin, own, engines, outside } = comparison;
  const name = (text: string) => text.padEnd(Math.max(9, ...engines.map((e) => e.name.length + 1)));
  const row = (result: EngineResult): string => {
    const version = printable(result.version ?? "").padEnd(LINE);
    return result.outcome === "ran"
      ? `${name(result.name)}${version} ${cells(result).padEnd(13)} ${String(result.ms).padStart(6)} ms`
      : `${name(result.name)}${result.version === undefined ? "" : `${version} `}${result.outcome}: ${firstLine(result.reason)}`;
  };
  const differences = [{ name: "twin", ...own }, ...ranOf(comparison)].flatMap(
    ({ name: other, difference }) =>
      difference === null ? [] : ["", ...renderDifference("native", other, difference)],
  );
  const outputs = engines.flatMap((result) =>
    "output" in result ? ["", `last output of ${result.name}:`, ...lastLines(result.output)] : [],
  );
  const leaves = [...outside, ...ranOf(comparison).flatMap((result) => result.outside)];
  return [
    `${name("native")}${ORACLES.native}: ${native.events.length} events, ${outcomeText(native)}`,
    `${name("twin")}${ORACLES.twin}: ${twin.events.length} events, ${outcomeText(twin)}`,
    "",
    `${name("engine")}${"version".padEnd(LINE)} E0   E1   E2       time`,
    `${name("twin")}${"Bobbin".padEnd(LINE)} ${cells({ ...own, limit: "E2" })}`,
    ...engines.map(row),
    ...differences,
    ...outputs,
    ...(leaves.length === 0 ? [] : [""]),
    ...leaves.map((why) => `outside the domain: ${why}`),
    "",
    `verdict: ${verdictOf(comparison, wanted)}`,
  ];
}

const firstLine = (text: string): string => printable(text.trim().split("\n")[0]!);
const lastLines = (text: string | undefined): string[] =>
  (text ?? "")
    .trim()
    .split("\n")
    .slice(-8)
    .map((line) => `    ${printable(line)}`);

/** `equal at E2 on 5 engines, 2 missing`. */
function verdictOf(comparison: EngineComparison, wanted: Level): string {
  const { own, engines } = comparison;
  const ran = ranOf(comparison);
  const counts = new Map<NotRun, number>();
  for (const { outcome } of engines)
    if (outcome !== "ran") counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  const others = [...counts].map(([outcome, count]) => `${count} ${outcome}`);
  const different = ran.filter((result) => !isClose(result, wanted));
  if (different.length > 0 || !isClose({ ...own, limit: "E2" }, wanted)) {
    const level = lowest([own, ...ran.filter(({ limit }) => limit === "E2"), ...different]);
    const names = different.map(({ name }) => name).join(", ");
    const on = names === "" ? "" : ` (on ${names})`;
    return [levelText(level, wanted) + on, ...others].join("; ");
  }
  // An engine that tells less is no reason to claim less of the others.
  const byLevel = new Map<Level, number>();
  for (const { level } of ran) byLevel.set(level!, (byLevel.get(level!) ?? 0) + 1);
  const equal = [...byLevel]
    .sort(([a], [b]) => (a < b ? 1 : -1))
    .map(([level, count]) => `at ${level} on ${count} ${count === 1 ? "engine" : "engines"}`);
  return [equal.length === 0 ? "no engine ran" : `equal ${equal.join(", ")}`, ...others].join("; ");
}

function engineComparisonJson(comparison: EngineComparison, wanted: Level): unknown {
  const { native, twin, own, engines, outside } = comparison;
  return {
    verdict: isGood(comparison, wanted) ? "equal" : "different",
    wanted,
    native: runJson(native),
    twin: { ...runJson(twin), ...closenessJson(own), outside },
    engines: engines.map((result) => {
      const { name, inside, program, version, limit, outcome } = result;
      const head = { name, inside, program, version, limit, outcome };
      if (result.outcome !== "ran")
        return { ...head, reason: result.reason, output: result.output };
      const { ms, run } = result;
      return { ...head, ms, ...runJson(run), ...closenessJson(result), outside: result.outside };
    }),
  };
}
