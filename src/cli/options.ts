// Options that several commands share, and the arguments that look like options.

import { type Command, InvalidArgumentError, Option } from "commander";
import type { InputOptions } from "./input.js";
import type { AsyncifyOptions } from "../fiber/asyncify/roles.js";

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

/** A whole number within bounds. */
export function count(min: number, max = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const digits = text.replace(/(?<=\d)_(?=\d)/g, "");
    const value = /^\d+$/.test(digits) ? Number(digits) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
  };
}

const list = (text: string): string[] => text.split(",").filter(Boolean);

/** How a program is run: limits, and who answers its imports. */
export interface ExecutionOptions extends AsyncifyFlags, InputOptions {
  readonly fuel?: number;
  readonly maxFrames?: number;
  readonly host?: string;
  readonly stubImports?: boolean;
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

const MAX_FRAMES = 100_000_000;

export function executionOptions(command: Command): Command {
  return asyncifyOptions(
    command
      .option("--fuel <n>", "stop after N instructions", count(0))
      .option(
        "--max-frames <n>",
        "depth of recursion that is allowed (100000)",
        count(1, MAX_FRAMES),
      )
      .option("--host <file>", "JavaScript module that supplies the imports", operand)
      .addOption(linkOption())
      .option("--stub-imports", "imported functions nobody supplies return zeros, and are traced"),
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

export interface AsyncifyFlags {
  readonly asyncify?: boolean;
  readonly asyncifyImports?: string[];
  readonly asyncifyIgnoreImports?: boolean;
  readonly asyncifyIgnoreIndirect?: boolean;
  readonly asyncifyRemovelist?: string[];
  readonly asyncifyAddlist?: string[];
  readonly asyncifyOnlylist?: string[];
  readonly asyncifyPropagateAddlist?: boolean;
}

/** Binaryen's options of Asyncify, under its names. */
export function asyncifyOptions(command: Command): Command {
  const add = (flags: string, description: string) =>
    command.addOption(new Option(flags, description).helpGroup("Asyncify options:"));
  const addList = (flags: string, description: string) =>
    command.addOption(
      new Option(flags, description).argParser(list).helpGroup("Asyncify options:"),
    );
  add("--asyncify", "add the asyncify_* exports, for hosts that unwind and rewind");
  addList("--asyncify-imports <list>", "imports (module.base,…) that may unwind; others may not");
  add("--asyncify-ignore-imports", "no import unwinds");
  add("--asyncify-ignore-indirect", "indirect calls do not unwind");
  addList("--asyncify-removelist <list>", "functions that do not unwind");
  addList("--asyncify-addlist <list>", "functions that are instrumented as well");
  addList("--asyncify-onlylist <list>", "the only functions that are instrumented");
  add("--asyncify-propagate-addlist", "callers of the addlist are instrumented too");
  return command;
}

/** The options of Binaryen's pass that the flags stand for. */
export function asyncifySettings(flags: AsyncifyFlags): AsyncifyOptions {
  const { asyncifyImports, asyncifyRemovelist, asyncifyAddlist, asyncifyOnlylist } = flags;
  return {
    ...(asyncifyImports === undefined ? {} : { imports: asyncifyImports }),
    ...(asyncifyRemovelist === undefined ? {} : { removeList: asyncifyRemovelist }),
    ...(asyncifyAddlist === undefined ? {} : { addList: asyncifyAddlist }),
    ...(asyncifyOnlylist === undefined ? {} : { onlyList: asyncifyOnlylist }),
    ignoreImports: flags.asyncifyIgnoreImports ?? false,
    ignoreIndirect: flags.asyncifyIgnoreIndirect ?? false,
    propagateAddList: flags.asyncifyPropagateAddlist ?? false,
  };
}

/** Any of the flags asks for asyncify. */
export const wantsAsyncify = (flags: AsyncifyFlags): boolean =>
  flags.asyncify === true ||
  Object.entries(flags).some(([key, value]) => key.startsWith("asyncify") && value !== undefined);
