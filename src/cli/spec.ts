// `bobbin spec`: runs scripts of the official test suite and tells what passed.

import type { Command } from "commander";
import { featuresOf as featuresOfGroup } from "../script/groups.js";
import { Script } from "../script/script.js";
import type { Result } from "../script/verdicts.js";
import { UsageError } from "../util/errors.js";
import { ASSEMBLER, assemble } from "./assembler.js";
import type { CommonOptions, Context } from "./context.js";
import { about, ExitCode } from "./failure.js";
import { engineNames } from "./engine-registry.js";
import { fuzz, type FuzzCommandOptions } from "./fuzz.js";
import { fuzzBytes } from "./fuzz-bytes.js";
import { chosenTier } from "./machine-options.js";
import {
  count,
  type FeatureFlags,
  featureOptions,
  featuresOf,
  list,
  operand,
  operands,
  pattern,
  tierOption,
  type TierOption,
} from "./options.js";
import { Report, type Where } from "./spec-report.js";
import { loadSuite, type SuiteScript } from "./suite-files.js";

interface SpecOptions extends CommonOptions, FuzzCommandOptions, FeatureFlags, TierOption {
  readonly fuzz?: boolean;
  readonly fuzzBytes?: boolean;
  readonly json?: boolean;
}

const EXAMPLES = `
Examples:
  bobbin spec suite.tar.gz
  bobbin spec suite/ --filter "memory|table" --json
  bobbin spec call.wast call/call.json
  bobbin spec threads/SB.wast --seed 7
  bobbin spec --fuzz --seed 1 --count 500
  bobbin spec --fuzz-bytes suite.tar.gz --seed 1 --count 100000
A script is text (.wast), whose modules ${ASSEMBLER} assembles, or JSON as wast2json or json-from-wast
write it, beside its modules. Commands on malformed text test a text parser, which Bobbin does not have:
they are counted as not applicable, and those whose module could not be assembled as not assembled.`;

export function register(program: Command, context: Context): void {
  const command = program
    .command("spec")
    .description("run scripts of the official test suite")
    .argument("[path...]", "archives, folders, or scripts in text or JSON", operands)
    .option(
      "--filter <pattern>",
      "only scripts whose file or group matches this regular expression",
      pattern,
    )
    .option("--fuzz", "run random modules here and on another engine, and compare")
    .option("--fuzz-bytes", "damage modules: nothing but an orderly error may come of it")
    .option(
      "--seed <n>",
      "of the turns that threads take, or the first random module (1)",
      count(0, 2 ** 32 - 1),
    )
    .option("--count <n>", "how many random modules", count(1))
    .option(
      "--engine <name>",
      `the engine to compare with: ${engineNames}, interpreter (host)`,
      operand,
    )
    .option("--engine-args <list>", "arguments for another engine's program", list)
    .option("--reduce", "make modules that failed small, and print them")
    .option("--random-modules <n>", "damage the first N modules of --fuzz too", count(1))
    .option("--save <folder>", "keep modules that failed", operand)
    .option("--json", "print one JSON object");
  tierOption(featureOptions(command), "interpreter")
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
  const report = new Report();
  for (const path of paths) {
    const scripts = await about(path, () => loadSuite(path));
    const chosen = scripts.filter(
      ({ file, group }) =>
        options.filter === undefined || options.filter.test(file) || options.filter.test(group),
    );
    for (const [i, script] of chosen.entries()) {
      context.progress(`${i + 1}/${chosen.length} ${script.file}`);
      for (const [where, result] of run(script, options, context)) report.add(where, result);
    }
  }
  context.progress("");
  if (options.json === true) context.out(JSON.stringify(report.json()));
  else for (const line of report.lines()) context.out(line);
  return report.failures.length > 0 ? ExitCode.finding : ExitCode.good;
}

function* run(
  suite: SuiteScript,
  options: SpecOptions,
  { note }: Context,
): Generator<[Where, Result]> {
  const { commands, read, source } = suite.load();
  const { group } = suite;
  const where = { group, file: source ?? suite.file };
  const { seed = 1 } = options;
  const tier = () => chosenTier(options.tier ?? "interpreter", note);
  const features = featuresOf(options, featuresOfGroup(group));
  for (const result of new Script(read, { features, assemble, seed, tier }).run(commands))
    yield [where, result];
}
