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

/**
 * The features that the scripts of a group are written for: those of WebAssembly 3.0 and
 * the group's own. The threads proposal is older. Scripts of no known group get all but
 * stack switching, which alone makes valid what the suite asserts to be invalid.
 */
export function featuresOf(group: string): FeatureSet {
  if (group === "threads") return new Set<Feature>(THREADS_BASE);
  if (group === "stack-switching") return ALL_FEATURES;
  if (group === OTHER_GROUP) return featuresWithout("stack-switching", "custom-descriptors");
  return featuresWithout(...PROPOSALS.filter((feature) => feature !== group));
}

/** Scripts that belong to no group of the suite. */
export const OTHER_GROUP = "scripts";
