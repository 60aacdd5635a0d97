// What the environment asks for. A variable that is empty is not set; what is set wrongly is
// told, and so is a name that looks like one of these and is none.

import { responseFile } from "../cli/response-file.js";
import { type TierName, TIERS } from "../forward/choose.js";
import { ASYNCIFY_OPTIONS, type AsyncifyOption, optionsOf } from "../fiber/asyncify/options.js";
import { compactLayout } from "../fiber/asyncify/records.js";
import type { NativeAsyncify } from "../js-api/instantiation.js";
import { UsageError } from "../util/errors.js";
import { nearNames } from "../util/near-names.js";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Settings {
  readonly tier?: TierName;
  readonly fuel?: number;
  readonly asyncify?: NativeAsyncify;
  /** `strict`: a finding is an exit code too. */
  readonly check?: "report" | "strict";
  readonly checkFile?: string;
  readonly trace?: string;
  readonly record?: string;
}

const PREFIX = "BOBBIN_";
/** `BOBBIN_ASYNCIFY_IMPORTS` for `asyncify-imports`. */
const variableOf = (option: string): string => PREFIX + option.toUpperCase().replaceAll("-", "_");

/** Binaryen's options by their variables, the older names too. */
const PASS: ReadonlyMap<
  string,
  { readonly argument: string; readonly kind: AsyncifyOption["kind"] }
> = new Map(
  ASYNCIFY_OPTIONS.flatMap(({ name, alias, kind }) =>
    (alias === undefined ? [name] : [name, alias]).map((argument) => [
      variableOf(argument),
      { argument, kind },
    ]),
  ),
);

const NAMES = [
  ...["TIER", "FUEL", "CHECK", "CHECK_FILE", "TRACE", "RECORD"].map((name) => PREFIX + name),
  ...["ASYNCIFY", "ASYNCIFY_STRICT", "ASYNCIFY_LAYOUT"].map((name) => PREFIX + name),
  ...PASS.keys(),
];
/** Whatever begins so is ours. */
const FAMILIES = ["ASYNCIFY_", "CHECK_", "TRACE_", "RECORD_"].map((name) => PREFIX + name);

/** @throws UsageError that names the variable and what it takes */
export function settingsOf(env: Environment): Settings {
  refuseUnknown(env);
  const get = (name: string): string | undefined => env[PREFIX + name] || undefined;
  const one = <T extends string>(name: string, choices: readonly T[]): T | undefined => {
    const value = get(name);
    if (value === undefined || choices.includes(value as T)) return value as T | undefined;
    throw wrong(PREFIX + name, value, choices.join(", "));
  };
  const tier = one("TIER", TIERS);
  const fuel = get("FUEL");
  if (fuel !== undefined && !Number.isSafeInteger(numberOf(fuel)))
    throw wrong("BOBBIN_FUEL", fuel, "a number of instructions");
  const asyncify = asyncifyOf(env, one);
  const checkFile = get("CHECK_FILE");
  const check = one("CHECK", ["0", "1", "strict"]) ?? (checkFile === undefined ? "0" : "1");
  const trace = get("TRACE");
  const record = get("RECORD");
  return {
    ...(tier === undefined ? {} : { tier }),
    ...(fuel === undefined ? {} : { fuel: numberOf(fuel) }),
    ...(asyncify === null ? {} : { asyncify }),
    ...(check === "0" ? {} : { check: check === "strict" ? check : "report" }),
    ...(checkFile === undefined ? {} : { checkFile }),
    ...(trace === undefined ? {} : { trace }),
    ...(record === undefined ? {} : { record }),
  };
}

type OneOf = <T extends string>(name: string, choices: readonly T[]) => T | undefined;

/** Any of its variables asks for it, as any of the command line's options does. */
function asyncifyOf(env: Environment, one: OneOf): NativeAsyncify | null {
  const args: Record<string, string> = {};
  for (const [variable, { argument, kind }] of PASS) {
    const value = env[variable];
    if (value === undefined || value === "") continue;
    if (kind !== "flag") args[argument] = kind === "list" ? responseFile(value) : value;
    else if (one(variable.slice(PREFIX.length), ["0", "1"]) === "1") args[argument] = "1";
  }
  const strict = one("ASYNCIFY_STRICT", ["0", "1"]) === "1";
  const layout = one("ASYNCIFY_LAYOUT", ["full", "compact"]);
  const asked = Object.keys(args).length > 0 || strict || layout !== undefined;
  if ((one("ASYNCIFY", ["0", "1"]) ?? (asked ? "1" : "0")) === "0") return null;
  return {
    ...optionsOf(args),
    ...(strict ? { strict } : {}),
    ...(layout === "compact" ? { layout: compactLayout } : {}),
  };
}

function refuseUnknown(env: Environment): void {
  for (const name of Object.keys(env)) {
    if (!name.startsWith(PREFIX) || NAMES.includes(name)) continue;
    // Other tools of ours have variables too: only the rest of a name can be near.
    const ends = NAMES.map((known) => known.slice(PREFIX.length));
    const near = nearNames(name.slice(PREFIX.length), ends).map((end) => PREFIX + end);
    if (near.length === 0 && !FAMILIES.some((family) => name.startsWith(family))) continue;
    const hint = near.length === 0 ? "" : `: did you mean ${near.join(" or ")}?`;
    throw new UsageError(`there is no variable ${name}${hint}`);
  }
}

const wrong = (name: string, value: string, expected: string): UsageError =>
  new UsageError(`${name}='${value}': expected ${expected}`);

const numberOf = (text: string): number =>
  /^\d+(_\d+)*$/.test(text) ? Number(text.replaceAll("_", "")) : NaN;
