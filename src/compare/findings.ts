// What is wrong with a module that two engines ran, if anything is: a disagreement, an
// engine that failed, a module that Bobbin rejects, a crash of ours. Its sort says so
// without the values: a smaller module shows the same if its finding is of the same sort.

import type { Tier } from "../exec/hooks.js";
import { BobbinError } from "../util/errors.js";
import { compareExecution, type Disagreement, type FuzzVerdict, type Opponent } from "./fuzz.js";

export interface Finding {
  /** `difference`: the engines disagree; `refused`: Bobbin rejects a module that is valid. */
  readonly kind: "difference" | "engine" | "refused" | "crash";
  readonly sort: string;
  readonly reason: string;
  readonly disagreement?: Disagreement;
}

export type Examined =
  | Extract<FuzzVerdict, { kind: "same" | "exhausted" | "unsupported" }>
  /** The engines agree but for the bits of NaNs, which are free. */
  | { readonly kind: "NaN bits" }
  | { readonly kind: "finding"; readonly finding: Finding };

export interface Examiner {
  readonly opponent: Opponent;
  /** Turns all NaNs of a module into zeros. */
  readonly denan: (bytes: Uint8Array) => Promise<Uint8Array>;
  /** Bobbin's instructions for one module: see `FuzzOptions`. */
  readonly fuel?: number;
  readonly tier?: () => Tier | null;
}

export async function examine(
  bytes: Uint8Array,
  { denan, ...options }: Examiner,
): Promise<Examined> {
  let verdict: FuzzVerdict;
  try {
    verdict = await compareExecution(bytes, options);
  } catch (error) {
    return finding(failureOf(error));
  }
  if (verdict.kind === "engine failed") {
    const { reason } = verdict;
    return finding({ kind: "engine", sort: /^[^|(]{0,40}/.exec(reason)![0], reason });
  }
  if (verdict.kind !== "different") return verdict;
  const { disagreement } = verdict;
  const difference = (what: Disagreement, reason: string): Examined =>
    finding({ kind: "difference", sort: what.sort, reason, disagreement: what });
  // Only values may depend on the bits of a NaN; a refusal does not.
  if (disagreement.sort.includes("refused")) return difference(disagreement, "a refusal");
  const without = await compareExecution(await denan(bytes), options);
  switch (without.kind) {
    case "different":
      return difference(without.disagreement, "with NaNs as zeros");
    case "same":
    case "exhausted":
      return { kind: "NaN bits" };
    default:
      return difference(disagreement, "NaNs included");
  }
}

const finding = (found: Finding): Examined => ({ kind: "finding", finding: found });

function failureOf(error: unknown): Finding {
  const reason = error instanceof Error ? error.message : String(error);
  const known = error instanceof BobbinError && error.kind !== "crash";
  // Numbers are offsets and indices.
  return {
    kind: known ? "refused" : "crash",
    sort: reason.replace(/\b(0x)?[\da-f]*\d[\da-f]*\b/g, "N"),
    reason,
  };
}
