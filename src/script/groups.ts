// The groups of the official suite: each script is written for some version of the
// specification, and asserts that what came later, or elsewhere, is invalid.

import { ALL_FEATURES, type Feature, type FeatureSet, featuresWithout } from "../valid/features.js";

/** What WebAssembly 3.0 does not have. */
const PROPOSALS = [
  "threads",
  "custom-page-sizes",
  "wide-arithmetic",
  "legacy-exceptions",
  "stack-switching",
  "custom-descriptors",
] satisfies Feature[];

/** The proposal was written beside WebAssembly 1.0, with what was about to join it. */
const THREADS_BASE = [
  "mutable-globals",
  "sign-extension",
  "saturating-float-to-int",
  "threads",
] satisfies Feature[];

/** Scripts that belong to no group that is known. */
const OTHER_GROUP = "scripts";

/** Folders of the suite and of the proposals' repositories, and the groups that they are. */
const FOLDERS: ReadonlyMap<string, string> = new Map([
  ...(
    "bulk-memory simd relaxed-simd multi-memory memory64 gc exceptions threads " +
    "custom-page-sizes wide-arithmetic stack-switching custom-descriptors"
  )
    .split(" ")
    .map((name) => [name, name] as const),
  ["legacy", "legacy-exceptions"],
  ["custom", "custom-annotations"],
]);

/** The group of a script by the innermost of its folders that is one. */
export const groupOfPath = (path: readonly string[]): string =>
  path.map((folder) => FOLDERS.get(folder)).findLast((group) => group !== undefined) ?? OTHER_GROUP;

/**
 * The features that the scripts of a group are written for: those of WebAssembly 3.0 and
 * the group's own. The threads proposal is older. Scripts of no known group get all but
 * the two that make valid what the suite asserts to be invalid.
 */
export function featuresOf(group: string): FeatureSet {
  if (group === "threads") return new Set<Feature>(THREADS_BASE);
  if (group === "stack-switching") return ALL_FEATURES;
  if (group === OTHER_GROUP) return featuresWithout("stack-switching", "custom-descriptors");
  return featuresWithout(...PROPOSALS.filter((feature) => feature !== group));
}
