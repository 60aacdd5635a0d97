// `bobbin spec`: runs scripts of the official test suite and tells what passed.

import type { Command } from "commander";
import { type Result, Script } from "../script/script.js";
import type { CommonOptions, Context } from "./context.js";
import { about, ExitCode } from "./failure.js";
import { engineNames } from "./engine-registry.js";
import { fuzz, type FuzzCommandOptions } from "./fuzz.js";
import { fuzzBytes } from "./fuzz-bytes.js";
import { count, list, operand, operands } from "./options.js";
import { loadSuite, type SuiteScript } from "./suite-files.js";
import { UsageError } from "../util/errors.js";

interface SpecOptions extends CommonOptions, FuzzCommandOptions {
  readonly fuzz?: boolean;
  readonly fuzzBytes?: boolean;
  readonly json?: boolean;
}

interface Counts {
  passed: number;
  failed: number;
  notApplicable: number;
}

interface FailureEntry {
  readonly group: string;
  readonly file: string;
  readonly line: number;
  readonly command: string;
  readonly reason: string;
}

const EXAMPLES = `
Examples:
  bobbin spec suite.tar.gz
  bobbin spec suite/ --filter "memory|table" --json
  bobbin spec call/call.json
  bobbin spec --fuzz --seed 1 --count 500
  bobbin spec --fuzz-bytes suite.tar.gz --seed 1 --count 100000
A script is JSON as wast2json or json-from-wast write it, beside its modules. Commands on text modules
test a text parser, which Bobbin does not have: they are counted as not applicable.`;

export function register(program: Command, context: Context): void {
  program
    .command("spec")
    .description("run scripts of the official test suite")
    .argument("[path...]", "archives, folders, or scripts in JSON", operands)
    .option(
      "--filter <pattern>",
      "only scripts whose file or group matches this regular expression",
      operand,
    )
    .option("--fuzz", "run random modules here and on another engine, and compare")
    .option("--fuzz-bytes", "damage modules: nothing but an orderly error may come of it")
    .option("--seed <n>", "of the first random module (1)", count(0, 2 ** 32 - 1))
    .option("--count <n>", "how many of them", count(1))
    .option("--engine <name>", `the engine to compare with: ${engineNames} (host)`, operand)
    .option("--engine-args <list>", "arguments for another engine's program", list)
    .option("--reduce", "make modules that failed small, and print them")
    .option("--random-modules <n>", "damage the first N modules of --fuzz too", count(1))
    .option("--save <folder>", "keep modules that failed", operand)
    .option("--json", "print one JSON object")
    .addHelpText("after", EXAMPLES)
    .action((paths: string[] | undefined, options: SpecOptions) =>
      context.run(options, () => choose(paths ?? [], options, context)),
    );
}

function choose(paths: readonly string[], options: SpecOptions, context: Context): Promise<number> {
  if (options.fuzz === true && options.fuzzBytes === true)
    throw new UsageError("--fuzz and --fuzz-bytes are two things: give one");
  if (options.fuzz === true) return fuzz(paths, options, context);
  if (options.fuzzBytes === true) return fuzzBytes(paths, options, context);
  if (paths.length === 0)
    throw new UsageError("missing required argument 'path': a script, a folder or an archive");
  return spec(paths, options, context);
}

async function spec(
  paths: readonly string[],
  options: SpecOptions,
  context: Context,
): Promise<number> {
  const pattern = new RegExp(options.filter ?? "", "i");
  const groups = new Map<string, Counts>();
  const failures: FailureEntry[] = [];
  for (const path of paths) {
    const scripts = await about(path, () => loadSuite(path));
    const chosen = scripts.filter(({ file, group }) => pattern.test(file) || pattern.test(group));
    for (const [i, script] of chosen.entries()) {
      context.progress(`${i + 1}/${chosen.length} ${script.file}`);
      const counts = groups.get(script.group) ?? { passed: 0, failed: 0, notApplicable: 0 };
      groups.set(script.group, counts);
      for (const result of runScript(script)) {
        const { kind } = result.verdict;
        if (kind === "passed") counts.passed++;
        else if (kind === "not applicable") counts.notApplicable++;
        else {
          counts.failed++;
          failures.push(failureOf(script, result));
        }
      }
    }
  }
  context.progress("");
  if (options.json === true)
    context.out(
      JSON.stringify({ groups: Object.fromEntries(groups), ...totalOf(groups), failures }),
    );
  else for (const line of render(groups, failures)) context.out(line);
  return failures.length > 0 ? ExitCode.finding : ExitCode.good;
}

function* runScript({ commands, rules, read }: SuiteScript): Generator<Result> {
  const script = new Script(read, rules);
  for (const command of commands) yield script.run(command);
}

function failureOf({ group, file }: SuiteScript, { command, verdict }: Result): FailureEntry {
  const { type, line, action, filename } = command;
  const what =
    action === undefined ? (filename ?? "") : `${action.module ?? ""} ${action.field}`.trim();
  return {
    group,
    file,
    line,
    command: `${type} ${what}`.trim(),
    reason: verdict.kind === "failed" ? verdict.reason : "",
  };
}

function totalOf(groups: ReadonlyMap<string, Counts>): Counts {
  const total = { passed: 0, failed: 0, notApplicable: 0 };
  for (const counts of groups.values()) {
    total.passed += counts.passed;
    total.failed += counts.failed;
    total.notApplicable += counts.notApplicable;
  }
  return total;
}

function render(groups: ReadonlyMap<string, Counts>, failures: readonly FailureEntry[]): string[] {
  const row = (name: string, { passed, failed, notApplicable }: Counts) =>
    name.padEnd(24) + [passed, failed, notApplicable].map((n) => String(n).padStart(16)).join("");
  return [
    ...failures.map(({ file, line, command, reason }) => `${file}:${line}: ${command}: ${reason}`),
    ...(failures.length > 0 ? [""] : []),
    `${"group".padEnd(24)}${["passed", "failed", "not applicable"].map((s) => s.padStart(16)).join("")}`,
    ...[...groups].map(([name, counts]) => row(name, counts)),
    row("total", totalOf(groups)),
  ];
}
