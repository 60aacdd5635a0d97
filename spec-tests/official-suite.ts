// Where the official test suite is: beside a developer's checkout, or where
// BOBBIN_SPEC_SUITE says; it is no part of the project.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { loadSuite, type SuiteScript } from "../src/cli/suite-files.js";
import { skipLoudly } from "./skip.js";

const ARCHIVE =
  process.env["BOBBIN_SPEC_SUITE"] ??
  fileURLToPath(new URL("../../shared/spec-suite/json.tar.gz", import.meta.url));

/** The suite's scripts; null where it is missing, which the run's output and its counts then tell. */
export function officialSuite(): readonly SuiteScript[] | null {
  if (existsSync(ARCHIVE)) return loadSuite(ARCHIVE);
  const warning = `SKIPPED: the official suite is not here (${ARCHIVE}); set BOBBIN_SPEC_SUITE to its json.tar.gz`;
  skipLoudly(warning);
  return null;
}
