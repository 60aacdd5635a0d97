// The last words on a run that died: whether the trap is Asyncify's doing, and which
// finding tells why.

import { Trap } from "../../runtime/traps.js";
import { UncaughtException } from "../../runtime/exceptions.js";
import type { AsyncifyState } from "../events.js";
import type { Finding } from "./finding.js";

/** A call failed with `error` in this state; `findings` are those of the run so far. */
export function lastWords(
  error: unknown,
  state: AsyncifyState,
  findings: readonly Finding[],
): string | null {
  const cause = findings.at(-1);
  const because = cause === undefined ? "" : `; see ${cause.code} at event ${cause.event}`;
  if (!(error instanceof Trap)) {
    if (state === "normal") return null;
    const what = error instanceof UncaughtException ? "exception" : "failure";
    return `this ${what} left the instance ${state}${because}`;
  }
  const it = `this \`${error.reason}\` is Asyncify's`;
  if (error.reason === "asyncify stack overflow")
    return `${it}: Bobbin stops in front of the store that Binaryen's code would make${because}`;
  if (
    error.detail.startsWith("asyncify.") ||
    error.wasmStack[0]?.name.startsWith("asyncify_st") === true
  )
    return `${it}: its runtime functions trap where the position is past the end${because}`;
  if (state === "rewinding" && error.reason === "unreachable")
    return `${it}: a function that a rewind leaves without reaching a call ends in \`unreachable\`${because}`;
  if (state === "unwinding" && error.reason === "unreachable")
    return `${it}, or of code that runs while it should unwind${because}`;
  if (state !== "normal") return `${it}: the instance is ${state}${because}`;
  if (cause === undefined) return null;
  return `this \`${error.reason}\` may be Asyncify's: the run had gone wrong before${because}`;
}
