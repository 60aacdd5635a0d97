import type { TestResult } from "./harness.mjs";

export interface Results {
  readonly columns: readonly string[];
  readonly files: ReadonlyMap<
    string,
    {
      readonly counts: Readonly<Record<string, number>>;
      /** The reasons, by the name of the test. */
      readonly failures: ReadonlyMap<string, string>;
    }
  >;
}
export function passed(results: readonly TestResult[]): number;
export function readResults(): Results;
export function v8Column(): string;
