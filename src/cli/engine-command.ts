// `bobbin engines`: which engines there are to compare with, and getting those that npm has.

import type { Command } from "commander";
import { EngineFailure } from "../compare/fuzz.js";
import { UsageError } from "../util/errors.js";
import { printable } from "../util/printable.js";
import type { CommonOptions, Context } from "./context.js";
import { install } from "./engine-install.js";
import { engineNames, findEngines, type FoundEngine } from "./engine-registry.js";
import { describeEngine, type EngineDescription } from "./engines.js";
import { ExitCode } from "./failure.js";
import { interruption } from "./interruption.js";
import { operand } from "./options.js";

interface EnginesOptions extends CommonOptions {
  readonly install?: boolean;
}

const EXAMPLES = `
Examples:
  bobbin engines
  bobbin engines --install deno,bun
Engines are started to see whether they run. Those that npm has are installed in a cache folder of the user.
Exit code 2: an engine that was named is missing.`;

export function register(program: Command, context: Context): void {
  program
    .command("engines")
    .description("list the engines that programs can be compared on, and install some")
    .argument("[list]", `all, or of ${engineNames}, with :PATH after it`, operand)
    .option("--install", "install those that npm has and that are missing")
    .option("--json", "print one JSON object")
    .addHelpText("after", EXAMPLES)
    .action((list: string | undefined, options: EnginesOptions) =>
      context.run(options, () => engines(list ?? "all", options, context)),
    );
}

/** @throws UsageError where a name is none, or npm fails */
export async function installMissing(list: string, context: Context): Promise<void> {
  for (const { kind, program } of findEngines(list))
    if ("missing" in program && kind.npm !== undefined) await install(kind.npm, context.note);
}

type Listed = FoundEngine &
  ({ readonly description: EngineDescription } | { readonly missing: string });

async function engines(list: string, options: EnginesOptions, context: Context): Promise<number> {
  if (options.install === true) await installMissing(list, context);
  const listed: Listed[] = [];
  const stop = interruption();
  try {
    for (const found of findEngines(list)) {
      context.progress(found.kind.name);
      listed.push({ ...found, ...(await look(found, stop)) });
      if (stop.asked) return ExitCode.interrupted;
    }
  } finally {
    stop.end();
    context.progress("");
  }
  if (options.json === true) context.out(JSON.stringify({ engines: listed.map(toJson) }));
  else for (const engine of listed) context.out(line(engine));
  return listed.some((engine) => engine.named && "missing" in engine)
    ? ExitCode.wrong
    : ExitCode.good;
}

async function look(found: FoundEngine, stop: { onAsked: () => void }) {
  if ("missing" in found.program) return found.program;
  try {
    return { description: await describeEngine(found, (close) => (stop.onAsked = close)) };
  } catch (error) {
    if (error instanceof EngineFailure || error instanceof UsageError)
      return { missing: `does not run: ${error.message}` };
    throw error;
  }
}

function line(engine: Listed): string {
  const name = engine.kind.name.padEnd(9);
  if ("missing" in engine) return `${name} missing: ${printable(engine.missing)}`;
  const { version, features } = engine.description;
  const inside = engine.kind.inside.padEnd(18);
  return `${name} ${inside} ${printable(version).padEnd(64)} ${features.join(" ")}`.trimEnd();
}

function toJson(engine: Listed): unknown {
  const { kind, program } = engine;
  const head = {
    name: kind.name,
    inside: kind.inside,
    ...("path" in program ? { program: program.path } : {}),
  };
  return "missing" in engine
    ? { ...head, missing: engine.missing }
    : { ...head, ...engine.description };
}
