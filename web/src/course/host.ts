// What programs of the page may import. Other functions are there too, and return zeros.

import { UsageError } from "../../../src/index.js";
import type { ValidModule } from "../../../src/valid/validate.js";

type HostImports = Record<string, Record<string, (...args: never[]) => unknown>>;

/** A sleep is no longer than this, in milliseconds. */
const MAX_SLEEP = 1000;

/** @throws UsageError where something besides functions is imported */
export function hostOf(module: ValidModule, log: (text: string) => void): HostImports {
  const known: Record<string, (...args: never[]) => unknown> = {
    log: (...values: unknown[]) => log(values.join(" ")),
    sleep: (ms: number) =>
      new Promise((done) => setTimeout(done, Math.min(Math.max(0, Number(ms)), MAX_SLEEP))),
  };
  const imports: HostImports = {};
  for (const { module: from, name, description } of module.imports) {
    if (from === "asyncify") continue;
    if (description.kind !== "func")
      throw new UsageError(
        `the program imports the ${description.kind} ${from}.${name}: this page has functions only. Define it in the program`,
      );
    const base = name.replace(/_[if](32|64)$/, "");
    (imports[from] ??= {})[name] = known[base] ?? (() => 0);
  }
  return imports;
}
