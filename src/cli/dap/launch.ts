// A launch configuration as the command line it stands for: its members are the options of
// `bobbin debug` under their names in camel case, so both mean the same and are checked alike.

import { Command } from "commander";
import type { DebugOptions } from "../../debug/session.js";
import { ASYNCIFY_OPTIONS } from "../../fiber/asyncify/options.js";
import { UsageError } from "../../util/errors.js";
import { nearNames } from "../../util/near-names.js";
import type { Context } from "../context.js";
import { type DebugFlags, type Debugging, debugOperands, openDebugging } from "../debug.js";
import { about } from "../failure.js";
import { protectValues } from "../options.js";
import type { PathSubstitution } from "./sources.js";

/** What a configuration has beside the options of `bobbin debug`. */
export interface LaunchOptions {
  readonly program?: string;
  readonly args?: readonly unknown[];
  /** Stop before the first instruction. */
  readonly stopOnEntry?: boolean;
  /** Stop when the program has returned, to go back from there. */
  readonly stopOnExit?: boolean;
  /** Run without stopping anywhere. */
  readonly noDebug?: boolean;
  /** Where sources lie now. */
  readonly substitutePath?: readonly PathSubstitution[];
}

/** Commands' names for lists that are one word, with commas. */
const LISTS: ReadonlySet<string> = new Set(
  ASYNCIFY_OPTIONS.flatMap(({ name, kind }) => (kind === "list" ? [name] : [])),
);
export const OWN: readonly string[] = [
  "program",
  "args",
  "stopOnEntry",
  "stopOnExit",
  "noDebug",
  "substitutePath",
];

export interface Launched extends Debugging {
  /** What is debugged. */
  readonly file: string;
}

/** @throws whatever `bobbin debug` ends with */
export async function launch(
  config: LaunchOptions,
  context: Context,
  given: DebugOptions,
): Promise<Launched> {
  const { file, args, options } = parse(argumentsOf(config, context.note));
  const name = file ?? options.snapshot ?? options.recording;
  if (name === undefined) throw new UsageError("the launch configuration has no program");
  const opened = await about(name, () => openDebugging(file, args, options, context, given));
  return { ...opened, file: name };
}

/** @throws UsageError */
export function substitutionsOf({
  substitutePath = [],
}: LaunchOptions): readonly PathSubstitution[] {
  const isText = (value: unknown): boolean => typeof value === "string";
  if (
    !Array.isArray(substitutePath) ||
    !substitutePath.every((each) => isText(each?.from) && isText(each?.to))
  )
    throw new UsageError('launch configuration: substitutePath must be a list of { "from", "to" }');
  return substitutePath;
}

interface Parsed {
  readonly file: string | undefined;
  readonly args: readonly string[];
  readonly options: DebugFlags;
}

function parse(argv: readonly string[]): Parsed {
  let parsed: Parsed | undefined;
  const command = debugOperands(new Command("launch"))
    .exitOverride()
    .configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
    .action((file: string | undefined, args: string[] | undefined, options: DebugFlags) => {
      parsed = { file, args: args ?? [], options };
    });
  try {
    command.parse(protectValues(argv), { from: "user" });
  } catch (error) {
    throw new UsageError((error as Error).message.replace(/^error: /, ""));
  }
  return parsed!;
}

/** @param note is told of members that are near an option's name but are none */
export function argumentsOf(config: LaunchOptions, note: (line: string) => void): string[] {
  const { options } = debugOperands(new Command());
  const argv: string[] = [];
  const given = new Map(Object.entries(config));
  for (const option of options) {
    const name = option.attributeName();
    const value: unknown = given.get(name);
    if (value === undefined || value === null) continue;
    // `--no-record` is `"record": false`.
    const wanted = option.negate && typeof value === "boolean" ? !value : value;
    argv.push(...flags(option.long!, name, wanted, option.required));
  }
  const known = [...OWN, ...options.map((option) => option.attributeName())];
  for (const name of given.keys()) {
    if (known.includes(name)) continue;
    const [near] = nearNames(name, known);
    if (near !== undefined) note(`launch configuration: unknown ${name}: did you mean ${near}?`);
  }
  const { program, args = [] } = config;
  if (!Array.isArray(args)) throw new UsageError("launch configuration: args must be a list");
  // What follows is never an option.
  if (program !== undefined) argv.push("--", text("program", program));
  argv.push(...args.map((value) => text("args", value)));
  return argv;
}

function flags(flag: string, name: string, value: unknown, takesValue: boolean): string[] {
  if (!takesValue) {
    if (typeof value === "boolean") return value ? [flag] : [];
    throw new UsageError(`launch configuration: ${name} must be true or false`);
  }
  if (!Array.isArray(value)) return [`${flag}=${text(name, value)}`];
  const texts = value.map((each) => text(name, each));
  return LISTS.has(flag.slice(2))
    ? [`${flag}=${texts.join(",")}`]
    : texts.flatMap((each) => [flag, each]);
}

function text(name: string, value: unknown): string {
  if (typeof value === "string" || typeof value === "number") return String(value);
  throw new UsageError(`launch configuration: ${name} must be text or a number`);
}
