// What commands come to, and how results and errors are judged.

import { Deadlock } from "../exec/thread.js";
import type { Value } from "../runtime/values.js";
import type { Command, SuiteValue } from "./commands.js";
import { matchesValue, printValue } from "./suite-values.js";

export type Verdict =
  | { readonly kind: "passed" }
  | { readonly kind: "failed"; readonly reason: string }
  /** It would test a parser of text, which Bobbin does not have. */
  | { readonly kind: "not applicable"; readonly reason: string }
  /** The module is text that the assembler could not assemble, or the command needs such a module. */
  | { readonly kind: "not assembled"; readonly reason: string };

export interface Result {
  readonly command: Command;
  readonly verdict: Verdict;
  /** The thread that the command is part of, by name; absent in the script itself. */
  readonly thread?: string;
}

export const PASSED: Verdict = { kind: "passed" };
export const failed = (reason: string): Verdict => ({ kind: "failed", reason });

/** Why there is no module to use: thrown where a command needs it, and its verdict. */
export class Missing extends Error {
  constructor(readonly verdict: Verdict) {
    super("reason" in verdict ? verdict.reason : "");
  }

  /** What this means for later commands that need the module. */
  static after({ line }: Command, { kind }: Verdict): Missing {
    const reason = `it needs the module of line ${line}, which ${kind === "failed" ? "failed" : "is not assembled"}`;
    return new Missing({ kind: kind === "failed" ? "failed" : "not assembled", reason });
  }
}

/** The verdict on a command that ended with an error it did not ask for. */
export function verdictOnError(error: unknown): Verdict {
  if (error instanceof Missing) return error.verdict;
  if (error instanceof Deadlock) return failed(error.message);
  return failed(`unexpected ${nameError(error)}`);
}

const nameError = (error: unknown): string =>
  error instanceof Error ? `${error.constructor.name}: ${error.message}` : String(error);

export function compareResults(found: readonly Value[], expected: readonly SuiteValue[]): Verdict {
  const same =
    found.length === expected.length &&
    found.every((value, i) => matchesValue(value, expected[i]!));
  if (same) return PASSED;
  return failed(
    `expected [${expected.map((value) => JSON.stringify(value)).join(" ")}], got [${found.map(printValue).join(" ")}]`,
  );
}

/** How something ended: the error, where it threw one. */
export type Ending = { readonly error?: unknown };

/** Passes where the error is of the class, and its message and the suite's begin alike. */
export function expectError(
  ending: Ending,
  kind: abstract new (...args: never[]) => Error,
  text = "",
): Verdict {
  if (!("error" in ending))
    return failed(`expected ${kind.name} (${text}), but nothing was thrown`);
  const { error } = ending;
  if (error instanceof Missing) return error.verdict;
  if (!(error instanceof kind))
    return failed(`expected ${kind.name} (${text}), got ${nameError(error)}`);
  const reason = "reason" in error ? String(error.reason) : error.message;
  const saysIt = reason.startsWith(text) || text.startsWith(reason);
  return saysIt ? PASSED : failed(`expected the message "${text}", got "${reason}"`);
}
