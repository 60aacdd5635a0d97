// Which function a command is to call, and with what: names and arguments as given
// on the command line.

import { listNames, nearNames } from "../util/near-names.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import type { Value } from "../runtime/values.js";
import type { ExternKind } from "../syntax/module.js";
import { formatValType, type FuncType } from "../syntax/types.js";
import { parseValue } from "../runtime/notation.js";
import { UsageError } from "../util/errors.js";
import { functionType } from "../valid/context.js";
import type { ValidModule } from "../valid/validate.js";

/** What is exported, by name: enough to choose a function from. */
type ExportKinds = ReadonlyMap<string, ExternKind>;

const kindsOf = (module: ModuleInstance["module"]): ExportKinds =>
  new Map(module.exports.map(({ name, kind }) => [name, kind]));
const functionNames = (exports: ExportKinds): string[] =>
  [...exports].filter(([, kind]) => kind === "func").map(([name]) => name);

/** Says what could have been meant. */
function noFunction(exports: ExportKinds, name: string): UsageError {
  const names = functionNames(exports);
  const near = nearNames(name, names);
  const hint =
    near.length > 0
      ? `did you mean ${near.join(" or ")}?`
      : names.length > 0
        ? `exported functions are ${listNames(names)}`
        : "the module exports no function";
  const kind = exports.get(name);
  const what = kind === undefined ? "there is no export" : `export is a ${kind}, no function:`;
  return new UsageError(`${what} ${JSON.stringify(name)}: ${hint}`);
}

/** @throws UsageError that lists what could have been meant */
export function exportedFunction(instance: ModuleInstance, name: string): FuncInstance {
  const found = instance.exports.get(name);
  if (found?.kind === "func") return found.func;
  throw noFunction(kindsOf(instance.module), name);
}

/** What a program starts with without `--invoke`, if it has that. */
export function usualExport(module: ModuleInstance["module"]): string | null {
  const names = functionNames(kindsOf(module));
  return ["_start", "main"].find((name) => names.includes(name)) ?? null;
}

/** Where a program starts without `--invoke`: null where its start function was all. */
export function defaultExport({
  module,
}: {
  readonly module: ModuleInstance["module"];
}): string | null {
  const found = usualExport(module);
  if (found !== null) return found;
  const names = functionNames(kindsOf(module));
  if (names.length === 0 && module.start !== undefined) return null;
  throw new UsageError(
    names.length === 0
      ? "the module exports no function to run"
      : `exports neither _start nor main: choose with --invoke NAME from ${listNames(names)}`,
  );
}

/** Whether a program has anything that it starts with without `--invoke`. */
export const canDefault = (module: ModuleInstance["module"]): boolean =>
  usualExport(module) !== null;

/**
 * The function that a command is to call, before there is an instance.
 * @throws UsageError
 */
export function exportedSignature(
  module: ValidModule,
  wanted?: string,
): { name: string; signature: FuncType } {
  const name = wanted ?? defaultExport({ module });
  if (name === null) throw new UsageError("the module exports no function to run");
  const found = module.exports.find((e) => e.kind === "func" && e.name === name);
  if (found === undefined) throw noFunction(kindsOf(module), name);
  return { name, signature: functionType(module, found.index) };
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
  return argumentsOf(name, func.signature, texts);
}

/** The same for a signature of any module. @throws UsageError */
export function argumentsOf<C>(
  name: string,
  { params }: FuncType<C>,
  texts: readonly string[],
): Value[] {
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
