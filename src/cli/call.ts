// Which function a command is to call, and with what: names and arguments as given
// on the command line.

import { listNames, nearNames } from "../debug/names.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import type { Value } from "../runtime/values.js";
import { formatValType } from "../syntax/types.js";
import { parseValue } from "../text/values.js";
import { UsageError } from "../util/errors.js";

const functionNames = (instance: ModuleInstance): string[] =>
  [...instance.exports].filter(([, { kind }]) => kind === "func").map(([name]) => name);

/** @throws UsageError that lists what could have been meant */
export function exportedFunction(instance: ModuleInstance, name: string): FuncInstance {
  const found = instance.exports.get(name);
  if (found?.kind === "func") return found.func;
  const names = functionNames(instance);
  const near = nearNames(name, names);
  const hint =
    near.length > 0
      ? `did you mean ${near.join(" or ")}?`
      : names.length > 0
        ? `exported functions are ${listNames(names)}`
        : "the module exports no function";
  const what =
    found === undefined ? "there is no export" : `export is a ${found.kind}, no function:`;
  throw new UsageError(`${what} ${JSON.stringify(name)}: ${hint}`);
}

/** Where a program starts without `--invoke`: null where its start function was all. */
export function defaultExport(instance: ModuleInstance): string | null {
  const names = functionNames(instance);
  const found = ["_start", "main"].find((name) => names.includes(name));
  if (found !== undefined) return found;
  if (names.length === 0 && instance.module.start !== undefined) return null;
  throw new UsageError(
    names.length === 0
      ? "the module exports no function to run"
      : `exports neither _start nor main: choose with --invoke NAME from ${listNames(names)}`,
  );
}

/**
 * Reads arguments by the types of the parameters.
 * @throws UsageError
 */
export function parseArguments(
  name: string,
  func: FuncInstance,
  texts: readonly string[],
): Value[] {
  const { params } = func.signature;
  if (texts.length !== params.length) {
    const types = params.length === 0 ? "" : ` (${params.map(formatValType).join(" ")})`;
    const plural = params.length === 1 ? "" : "s";
    throw new UsageError(
      `${name} takes ${params.length} argument${plural}${types}, ${texts.length} given`,
    );
  }
  return texts.map((text, i) => {
    try {
      return parseValue(text, params[i]!);
    } catch (error) {
      throw error instanceof UsageError
        ? new UsageError(`argument ${i + 1} of ${name}: ${error.message}`)
        : error;
    }
  });
}
