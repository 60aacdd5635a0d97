// Where the official test suite is: beside a developer's checkout, or where
// BOBBIN_SPEC_SUITE says; it is no part of the project.

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "@jest/globals";
import { loadSuite, type SuiteScript } from "../src/cli/suite-files.js";

const ARCHIVE =
  process.env["BOBBIN_SPEC_SUITE"] ??
  fileURLToPath(new URL("../../shared/spec-suite/json.tar.gz", import.meta.url));

/** The suite's scripts; null where it is missing, which the run's output and its counts then tell. */
export function officialSuite(): readonly SuiteScript[] | null {
  if (existsSync(ARCHIVE)) return loadSuite(ARCHIVE);
  const warning = `SKIPPED: the official suite is not here (${ARCHIVE}); set BOBBIN_SPEC_SUITE to its json.tar.gz`;
  // Not by jest's console, which a summary may swallow.
  process.stderr.write(`\n${warning}\n`);
  // Without the suite there is nothing to run, and a skipped test says so in the counts,
  // where a passing one would lie.
  test.skip(warning, () => undefined);
  return null;
}
