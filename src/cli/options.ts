// Options that several commands share, and the arguments that look like options.

import { type Command, InvalidArgumentError, Option } from "commander";
import type { InputOptions } from "./input.js";
import { ASYNCIFY_OPTIONS, type AsyncifyOptions, optionsOf } from "../fiber/asyncify/options.js";
import { analyzeRoles } from "../fiber/asyncify/analyze.js";
import { compactLayout, type LayoutOf } from "../fiber/asyncify/records.js";
import { functionName } from "../syntax/module.js";
import { responseFile } from "./response-file.js";
import { TIERS, type TierName } from "../forward/choose.js";
import { UsageError } from "../util/errors.js";
import type { ValidModule } from "../valid/validate.js";
import { ALL_FEATURES, type FeatureSet, parseFeature } from "../valid/features.js";

/**
 * commander takes what starts with a dash for options; values may: `-5`, `-0x1p3`,
 * `-inf`, `-nan:0x1`. They travel through commander with a mark, which `operand` takes off.
 */
const MARK = "\u0001";
const VALUE = /^-(?:\.?\d|inf(?:inity)?$|nan(?::|$))/i;

export function protectValues(argv: readonly string[]): string[] {
  const end = argv.indexOf("--");
  return argv.map((arg, i) => (VALUE.test(arg) && (end < 0 || i < end) ? MARK + arg : arg));
}
export const operand = (text: string): string => text.replaceAll(MARK, "");

/** The parser of a variadic argument. */
export const operands = (text: string, previous: string[] | undefined): string[] => [
  ...(previous ?? []),
  operand(text),
];

/** What every command takes that runs a program. */
export const programOperands = (command: Command, file = "WebAssembly module"): Command =>
  command
    .argument("<file>", file, operand)
    .argument("[args...]", "arguments of the function, or of a WASI program", operands)
    .option("--invoke <name>", "the function to call (_start or main)", operand);

/** For whoever opens snapshots. */
export const modulesOption = (): Option =>
  new Option("--modules <files...>", "modules that the snapshot names but does not hold").argParser(
    operands,
  );

/** A whole number within bounds. */
export function count(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const digits = text.replace(/(?<=\d)_(?=\d)/g, "");
    const value = /^\d+$/.test(digits) ? Number(digits) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}

/** A regular expression, in which upper and lower case are one. */
export function pattern(text: string): RegExp {
  try {
    return new RegExp(operand(text), "i");
  } catch {
    throw new InvalidArgumentError("Expected a regular expression.");
  }
}

/** Parts between commas. */
export const list = (text: string): string[] => text.split(",").filter(Boolean);

/** What executes instructions. */
export interface TierOption {
  readonly tier?: TierName;
}
export function tierOption(command: Command, usual: TierName = "mixed"): Command {
  return command.addOption(
    new Option("--tier <name>", "what executes instructions").choices(TIERS).default(usual),
  );
}

/** What a program that imports WASI is given. */
export interface WasiOptions {
  /** `HOST[::GUEST]` */
  readonly dir?: readonly string[];
  /** `NAME=VALUE` or `NAME` */
  readonly env?: readonly string[];
}

const wasiOptions = (command: Command): Command => {
  const add = (option: Option) => command.addOption(option.helpGroup("WASI options:"));
  add(new Option("--dir <folder>", "a folder that the program may use, as HOST or HOST::GUEST; may be repeated").argParser(operands)); // prettier-ignore
  return add(
    new Option(
      "--env <variable>",
      "a variable of its environment, NAME=VALUE or NAME; may be repeated",
    ).argParser(operands),
  );
};

/** Limits, and who answers imports. */
export interface HostOptions extends TierOption, WasiOptions {
  readonly fuel?: number;
  readonly maxFrames?: number;
  readonly host?: string;
  readonly stubImports?: boolean;
}

/** How a program is run: limits, and who answers its imports. */
export interface ExecutionOptions extends AsyncifyFlags, InputOptions, HostOptions {
  readonly fiberAbi?: FiberAbiMode;
}

/** More files that belong to the program. */
export const linkOption = (): Option =>
  new Option(
    "--link <file>",
    "link assembly (.s) or an object file too; may be repeated",
  ).argParser(operands);

/** Who switches the program's fibers: its own assembly over asyncify, or the machine. */
export type FiberAbiMode = (typeof FIBER_ABI_MODES)[number];
const FIBER_ABI_MODES = ["asyncify", "native"] as const;

export interface FeatureFlags {
  readonly features?: FeatureSet;
  readonly disable?: FeatureSet;
}

/** The features that a module may use. */
export function featureOptions(command: Command): Command {
  const parse = (text: string): FeatureSet =>
    text === "all"
      ? ALL_FEATURES
      : new Set(operand(text).split(",").filter(Boolean).map(parseFeature));
  return command
    .option("--features <list>", "the only features that modules may use, or all", parse)
    .option("--disable <list>", "features that modules may not use", parse);
}

/** @param base where `--features` does not say */
export function featuresOf({ features, disable }: FeatureFlags, base = ALL_FEATURES): FeatureSet {
  return new Set([...(features ?? base)].filter((feature) => disable?.has(feature) !== true));
}

const MAX_FRAMES = 100_000_000;

export function executionOptions(command: Command): Command {
  return asyncifyOptions(limitOptions(command).addOption(linkOption()));
}

/** Limits, and who answers imports: all that a program needs which brings the rest along. */
export function limitOptions(command: Command): Command {
  return wasiOptions(command)
    .option("--fuel <n>", "stop after N instructions", count(0))
    .option("--max-frames <n>", "depth of recursion that is allowed (100000)", count(1, MAX_FRAMES))
    .option("--host <file>", "JavaScript module that supplies the imports", operand)
    .option("--stub-imports", "imported functions nobody supplies return zeros, and are traced");
}

/** For commands that may run a program without looking at all of its code. */
export function lazyValidationOption(command: Command): Command {
  return command.option(
    "--lazy-validation",
    "validate a function's body when it is first called, not before",
  );
}

/** For commands that run a program one way. */
export function fiberAbiOption(command: Command): Command {
  return command.addOption(
    new Option(
      "--fiber-abi <how>",
      "switch the fibers of stackful's assembly by unwinding (asyncify) or at once (native)",
    )
      .choices(FIBER_ABI_MODES)
      .default("asyncify"),
  );
}

/** The values of Binaryen's options as commander names them, and Bobbin's own beside them. */
export interface AsyncifyFlags {
  readonly asyncify?: boolean;
  readonly asyncifyStrict?: boolean;
  readonly asyncifyVerbose?: boolean;
  readonly asyncifyLayout?: LayoutName;
  readonly [option: `asyncify${string}`]: string | boolean | undefined;
}

export const LAYOUTS = ["full", "compact", "twin"] as const;
export type LayoutName = (typeof LAYOUTS)[number];

/** `asyncifyAddlist` for `asyncify-addlist`. */
const attribute = (name: string): `asyncify${string}` =>
  name.replace(/-./g, (dash) => dash[1]!.toUpperCase()) as `asyncify${string}`;

/** Binaryen's options of Asyncify under its names, the older ones too, and Bobbin's own. */
export function asyncifyOptions(command: Command): Command {
  const add = (option: Option) => command.addOption(option.helpGroup("Asyncify options:"));
  add(new Option("--asyncify", "add the asyncify_* exports, for hosts that unwind and rewind"));
  for (const { name, kind, text, alias } of ASYNCIFY_OPTIONS) {
    const value = { list: " <list>", flag: "", text: " <name>", count: " <n>" }[kind];
    add(new Option(`--${name}${value}`, text));
    if (alias !== undefined) add(new Option(`--${alias}${value}`, text).hideHelp());
  }
  add(
    new Option("--asyncify-verbose", "tell on standard error which functions may unwind, and why"),
  );
  add(new Option("--asyncify-strict", "refuse and overlook what Binaryen does: no extensions"));
  add(new Option("--asyncify-layout <layout>", "what records hold (full)").choices(LAYOUTS));
  return command;
}

/**
 * The options of Binaryen's pass that the flags stand for. A list may be `@FILE`.
 * @throws UsageError
 */
export function asyncifySettings(flags: AsyncifyFlags): AsyncifyOptions {
  const args: Record<string, string> = {};
  for (const { name, kind, alias } of ASYNCIFY_OPTIONS) {
    for (const given of [name, ...(alias === undefined ? [] : [alias])]) {
      const value = flags[attribute(given)];
      if (value === undefined) continue;
      args[given] = kind === "list" ? responseFile(String(value)) : String(value);
    }
  }
  return { ...optionsOf(args), ...(flags.asyncifyStrict === true ? { strict: true } : {}) };
}

/**
 * How records are laid out, for programs that run once. `undefined`: as by default.
 * @throws UsageError for `twin`, whose sizes only a run of the twin tells
 */
export function layoutOf({ asyncifyLayout: layout }: AsyncifyFlags): LayoutOf | undefined {
  if (layout === "twin")
    throw new UsageError(
      "--asyncify-layout twin needs a twin to run first: trace and check make one",
    );
  return layout === "compact" ? compactLayout : undefined;
}

/** What Binaryen's asyncify-verbose tells: which functions may unwind, and why. */
export const verboseLines = (module: ValidModule, options: AsyncifyOptions): string[] =>
  analyzeRoles(module, options).functions.flatMap(({ index, canChangeState, kind, reason }) =>
    canChangeState ? [`[asyncify] ${functionName(module, index)}: ${kind}, ${reason}`] : [],
  );

/** Any of the flags asks for asyncify. */
export const wantsAsyncify = (flags: AsyncifyFlags): boolean =>
  flags.asyncify === true ||
  Object.entries(flags).some(([key, value]) => key.startsWith("asyncify") && value !== undefined);
