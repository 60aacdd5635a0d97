// The bytes that say what comes next in an entry of a log (docs/recording.md).

import type { ExternKind } from "../syntax/module.js";
import type { LoggedEdit } from "./edits.js";
import type { Deed, Standing } from "./log.js";

export const STANDINGS: readonly Standing[] = ["stopped", "paused", "not run"];
/** Of the end: the run went on from there, to nobody knows where. */
export const ENDS = [...STANDINGS, "running"] as const;
export const DEEDS = ["call", "answer", "raise", "go on", "edit", "instance", "asyncified"] as const satisfies readonly (Deed["kind"] | "asyncified")[]; // prettier-ignore
export const EDITS = ["memory", "global", "element", "slot"] as const satisfies readonly LoggedEdit["kind"][]; // prettier-ignore
export const NAMES = ["null", "i31", "func", "runtime", "host", "left", "element", "global", "exception"] as const; // prettier-ignore
export const TYPES = ["i32", "i64", "f32", "f64", "v128", "ref"] as const;
export const EXTERNS = ["func", "memory", "table", "global", "tag"] as const satisfies readonly ExternKind[]; // prettier-ignore
/** Before the tags of the store. */
export const TAGS = ["js", "foreign"] as const;

/** Where the machine stood, and how. */
export interface Place<S> {
  readonly executed: number;
  readonly drops: number;
  readonly standing: S;
}
