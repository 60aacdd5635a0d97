// `bobbin check`: runs a program and holds its unwinds and rewinds to the invariants.

import type { Command } from "commander";
import type { Run } from "../compare/run.js";
import {
  type Finding,
  InvariantChecker,
  INVARIANTS,
  type InvariantCode,
} from "../observe/invariants.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { formatValue } from "../runtime/notation.js";
import type { CommonOptions, Context } from "./context.js";
import { about, describeFailure, ExitCode, failureJson } from "./failure.js";
import { executionOptions, fiberAbiOption, operand, operands } from "./options.js";
import { loadProgram, logOf, type Program, type ProgramOptions, runProgram } from "./program.js";

interface CheckOptions extends ProgramOptions, CommonOptions {}

const EXAMPLES = `
Example:
  bobbin check crossing.wasm --invoke crossing 2 --stub-imports
Exit code 1: a finding, or the program trapped. The invariants are documented in docs/check.md.`;

export function register(program: Command, context: Context): void {
  const command = program
    .command("check")
    .description("run a program and check the invariants of unwinding and rewinding")
    .argument("<file>", "WebAssembly module, instrumented or not", operand)
    .argument("[args...]", "arguments of the function", operands)
    .option("--invoke <name>", "the function to call (_start or main)", operand);
  fiberAbiOption(executionOptions(command))
    .option("--json", "print one JSON object")
    .addHelpText("after", EXAMPLES)
    .action((file: string, args: string[] | undefined, options: CheckOptions) =>
      context.run(options, () => about(file, () => check(file, args ?? [], options, context))),
    );
}

export interface Checked {
  readonly run: Run;
  readonly findings: readonly Finding[];
  readonly checked: Readonly<Record<InvariantCode, number>>;
}

/** Runs a program under the invariant checker. */
export async function checkProgram(program: Program): Promise<Checked> {
  let instance: ModuleInstance | null = null;
  const checker = new InvariantChecker((address, length) => {
    const bytes = instance?.memories[0]?.bytes;
    return bytes === undefined || address + length > bytes.length
      ? null
      : bytes.slice(address, address + length);
  });
  const run = await runProgram(program, {
    onEvent: (event) => checker.event(event),
    onInstance: (made) => (instance = made),
  });
  return { run, findings: checker.findings, checked: checker.checked };
}

async function check(
  file: string,
  args: readonly string[],
  options: CheckOptions,
  context: Context,
): Promise<number> {
  const json = options.json === true;
  const program = await loadProgram(file, args, options, logOf(context, json), context.note);
  const checked = await checkProgram(program);
  const { run, findings } = checked;
  if (json) context.out(JSON.stringify(checkJson(checked)));
  else for (const line of renderCheck(checked)) context.out(line);
  if (run.error !== undefined && !json) throw run.error.thrown;
  return findings.length > 0 || run.error !== undefined ? ExitCode.finding : ExitCode.good;
}

function checkJson({ run, findings, checked }: Checked): unknown {
  return {
    verdict: findings.length > 0 ? "findings" : run.error === undefined ? "clean" : "failed",
    findings,
    checked,
    ...(run.results === undefined
      ? {}
      : { results: run.results.map((value) => formatValue(value)) }),
    ...(run.error === undefined ? {} : (failureJson(describeFailure(run.error.thrown)) as object)),
  };
}

/** Of each code: a buffer that is too small breaks an invariant at every record. */
const FINDINGS_SHOWN = 5;

/** The invariants with how often each was put to the test, then what was found. */
export function renderCheck({ findings, checked }: Checked): string[] {
  const codes = Object.keys(INVARIANTS) as InvariantCode[];
  const width = Math.max(...codes.map((code) => code.length));
  const rows = codes.map((code) => {
    const broken = findings.filter((finding) => finding.code === code).length;
    const verdict = broken > 0 ? `BROKEN ${broken}x` : checked[code] === 0 ? "not tested" : "holds";
    return `${code.padEnd(width)}  ${verdict.padEnd(10)}  ${String(checked[code]).padStart(6)}x  ${INVARIANTS[code]}`;
  });
  const found = codes.flatMap((code) => {
    const these = findings.filter((finding) => finding.code === code);
    const shown = these.slice(0, FINDINGS_SHOWN);
    return [
      ...shown.map(({ message, event }) => `finding ${code} at event ${event + 1}: ${message}`),
      ...(these.length > shown.length
        ? [`finding ${code}: and ${these.length - shown.length} more (--json has all)`]
        : []),
    ];
  });
  return [...rows, ...found];
}
