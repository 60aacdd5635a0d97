// Finding functions by what a person types, and names near a misspelt one.

import { functionName, type Module } from "../syntax/module.js";
import { UsageError } from "../util/errors.js";

/** Number of functions, imports included. */
export const functionCount = (module: Module): number =>
  module.imported.func + module.functions.length;

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

/** Number of letters to insert, delete, replace or swap. */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2]! + 1 : Infinity;
      next.push(Math.min(replaced, swapped, row[j]! + 1, next[j - 1]! + 1));
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}

/** Up to three of `names` that `name` may have been meant for, nearest first. */
export function nearNames(name: string, names: readonly string[]): string[] {
  const bound = Math.max(1, Math.floor(name.length / 3));
  // What is much longer than any name is no misspelling, and would take long to compare.
  if (name.length > 200) return [];
  return [...new Set(names)]
    .filter((other) => Math.abs(other.length - name.length) <= bound)
    .map((other) => ({ other, far: distance(name.toLowerCase(), other.toLowerCase()) }))
    .filter(({ far }) => far <= bound)
    .sort((a, b) => a.far - b.far)
    .slice(0, 3)
    .map(({ other }) => other);
}

const SHOWN = 10;

/** `a, b, c and 7 more` */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, SHOWN).join(", ");
  return names.length > SHOWN ? `${shown} and ${names.length - SHOWN} more` : shown;
}
