// Finding functions by what a person types.

import { functionName, type Module } from "../syntax/module.js";
import { UsageError } from "../util/errors.js";
import { nearNames } from "../util/near-names.js";

/** Number of functions, imports included. */
const functionCount = (module: Module): number => module.imported.func + module.functions.length;

/**
 * The index of the function that `text` names: an index, a name of the name
 * section, an export, or what `functionName` shows.
 * @throws UsageError that lists near names
 */
export function findFunction(module: Module, text: string): number {
  const count = functionCount(module);
  const names = Array.from({ length: count }, (_, index) => functionName(module, index));
  const named = names.indexOf(text);
  if (named >= 0) return named;
  const exported = module.exports.find(({ name, kind }) => kind === "func" && name === text);
  if (exported !== undefined) return exported.index;
  if (/^\d+$/.test(text)) {
    if (Number(text) < count) return Number(text);
    throw new UsageError(`there is no function ${text}, the module has ${count}`);
  }
  const near = nearNames(text, [...names, ...module.exports.map(({ name }) => name)]);
  const hint = near.length > 0 ? `: did you mean ${near.join(" or ")}?` : "";
  throw new UsageError(`there is no function ${JSON.stringify(text)}${hint}`);
}
