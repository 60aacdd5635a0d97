// The options of Binaryen's pass (Asyncify.cpp:1737-1807), each under the pass's own name:
// one table that the command line, the makers of twins and the analysis go by.

import { UsageError } from "../../util/errors.js";

/** Lists take `*` wildcards. */
export interface AsyncifyOptions {
  /**
   * asyncify-imports: the imports (`module.base`) that may change the state; all others may not.
   * An empty list is no list, as in Binaryen.
   */
  readonly imports?: readonly string[];
  /** asyncify-ignore-imports: no import changes the state, but for those in `imports`. */
  readonly ignoreImports?: boolean;
  /** asyncify-ignore-indirect: indirect calls do not change the state. */
  readonly ignoreIndirect?: boolean;
  /** asyncify-removelist, -addlist, -onlylist: function names. */
  readonly removeList?: readonly string[];
  readonly addList?: readonly string[];
  readonly onlyList?: readonly string[];
  /** asyncify-propagate-addlist. */
  readonly propagateAddList?: boolean;
  /** asyncify-asserts: trap where the state changes in a function that is not instrumented, or in a `catch`. */
  readonly asserts?: boolean;
  /** asyncify-memory: of several memories the one that holds the records, by export name. Default `memory`. */
  readonly memory?: string;
  /** asyncify-in-secondary-memory: records live in a memory of their own. */
  readonly inSecondaryMemory?: boolean;
  /** asyncify-secondary-memory-size, in pages of 64 KiB. Default 1. */
  readonly secondaryMemorySize?: number;
  /** asyncify-export-globals: `__asyncify_state` and `__asyncify_data` are exported. */
  readonly exportGlobals?: boolean;
  /** Ours: refuse what Binaryen refuses, and overlook what it overlooks, instead of extending it. */
  readonly strict?: boolean;
}

export interface AsyncifyOption {
  /** The name that Binaryen's pass knows it by. */
  readonly name: `asyncify-${string}`;
  readonly key: keyof AsyncifyOptions;
  readonly kind: "list" | "flag" | "text" | "count";
  /** For `--help`. */
  readonly text: string;
  /** An older name, which counts where the newer one gives nothing. */
  readonly alias?: `asyncify-${string}`;
}

/** Binaryen's options, in the order of its documentation. */
export const ASYNCIFY_OPTIONS: readonly AsyncifyOption[] = [
  {
    name: "asyncify-imports",
    key: "imports",
    kind: "list",
    text: "imports (module.base,…) that may unwind; others may not",
  },
  {
    name: "asyncify-ignore-imports",
    key: "ignoreImports",
    kind: "flag",
    text: "no import unwinds",
  },
  {
    name: "asyncify-ignore-indirect",
    key: "ignoreIndirect",
    kind: "flag",
    text: "indirect calls do not unwind",
  },
  {
    name: "asyncify-removelist",
    key: "removeList",
    kind: "list",
    text: "functions that do not unwind",
    alias: "asyncify-blacklist",
  },
  {
    name: "asyncify-addlist",
    key: "addList",
    kind: "list",
    text: "functions that are instrumented as well",
  },
  {
    name: "asyncify-onlylist",
    key: "onlyList",
    kind: "list",
    text: "the only functions that are instrumented",
    alias: "asyncify-whitelist",
  },
  {
    name: "asyncify-propagate-addlist",
    key: "propagateAddList",
    kind: "flag",
    text: "callers of the addlist are instrumented too",
  },
  {
    name: "asyncify-asserts",
    key: "asserts",
    kind: "flag",
    text: "trap where a function that is not instrumented sees the state change",
  },
  {
    name: "asyncify-memory",
    key: "memory",
    kind: "text",
    text: "of several memories the one for records, by export name (memory)",
  },
  {
    name: "asyncify-in-secondary-memory",
    key: "inSecondaryMemory",
    kind: "flag",
    text: "records in a memory of their own, exported as asyncify_memory",
  },
  {
    name: "asyncify-secondary-memory-size",
    key: "secondaryMemorySize",
    kind: "count",
    text: "its size in pages (1)",
  },
  {
    name: "asyncify-export-globals",
    key: "exportGlobals",
    kind: "flag",
    text: "export __asyncify_state and __asyncify_data",
  },
];

/** What the pass is given for an option: its arguments, by name. */
export type PassArguments = Readonly<Record<string, string | undefined>>;

/** @throws UsageError where a list's brackets do not close, or a size is no number */
export function optionsOf(args: PassArguments): AsyncifyOptions {
  const options: Record<string, unknown> = {};
  for (const { name, key, kind, alias } of ASYNCIFY_OPTIONS) {
    const own = args[name];
    const given = own === undefined || own === "" ? (alias && args[alias]) || own : own;
    if (given === undefined) continue;
    if (kind === "list") options[key] = parseList(given, key !== "imports");
    else if (kind === "flag") options[key] = true;
    else if (kind === "text") options[key] = given;
    else options[key] = countOf(name, given);
  }
  return options;
}

function countOf(name: string, text: string): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= 0 && value <= 65536) return value;
  throw new UsageError(`${name} is a number of pages up to 65536, not '${text}'`);
}

/**
 * A list as Binaryen splits it (support/string.cpp): at line ends where there are some, else at
 * commas. Function names may have commas in brackets: `f(int, int)` is one entry.
 */
export function parseList(text: string, brackets = true): string[] {
  const trimmed = text.trim();
  if (trimmed.includes("\n")) return trimmed.split("\n").map((entry) => entry.replace(/\r$/, ""));
  const parts = trimmed.split(",").filter((part) => part !== "");
  if (!brackets) return parts;
  const entries: string[] = [];
  let nesting = 0;
  let entry = "";
  for (const part of parts) {
    for (const c of part) nesting += "(<[{".includes(c) ? 1 : ")>]}".includes(c) ? -1 : 0;
    entry = entry === "" ? part : `${entry},${part}`;
    if (nesting !== 0) continue;
    entries.push(entry);
    entry = "";
  }
  if (nesting !== 0) throw new UsageError(`a bracket does not close in the list '${trimmed}'`);
  return entries;
}

/** The arguments that make Binaryen's pass do the same. */
export function passArguments(options: AsyncifyOptions): [name: string, value: string][] {
  return ASYNCIFY_OPTIONS.flatMap(({ name, key }): [string, string][] => {
    const value = options[key];
    if (value === undefined || value === false) return [];
    if (value === true) return [[name, "1"]];
    return [[name, typeof value === "object" ? listText(value) : String(value)]];
  });
}

function listText(entries: readonly string[]): string {
  if (!entries.some((entry) => entry.includes(","))) return entries.join(",");
  // Only a text of several lines is not split at commas.
  return (entries.length > 1 ? entries : [...entries, ...entries]).join("\n");
}
