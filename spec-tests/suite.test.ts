// The official test suite, group by group, held by a ratchet: every command passes,
// or is listed in expected-failures.txt with a reason; a listed one that passes fails
// the run. Groups that wait for later work are named, never passed over.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { tierOf } from "../src/forward/choose.js";
import { featuresOf } from "../src/script/groups.js";
import { Script } from "../src/script/script.js";
import { officialSuite } from "./official-suite.js";

/** What works as a whole. The others come with later issues. */
const GROUPS = [
  "core (MVP files)",
  "bulk+reference-types",
  "function-references",
  "tail-call",
  "multi-memory",
  "memory64",
  "gc",
  "simd",
  "relaxed-simd",
  "exceptions",
  "legacy-exceptions",
  "wide-arithmetic",
  "custom-page-sizes",
  "custom-annotations",
  "script/text 3.0",
  "threads",
  "stack-switching",
  "custom-descriptors",
];

const expectedFailures = new Map(
  readFileSync(new URL("expected-failures.txt", import.meta.url), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [command, ...reason] = line.split(" ");
      return [command!, reason.join(" ")];
    }),
);

const suite = officialSuite();

/** Every tier comes to the same. `alternate` changes from one to the other at every chance. */
const TESTED = ["interpreter", "forward", "alternate"] as const;

if (suite !== null) {
  const table = new Map<string, { passed: number; failed: number; notApplicable: number }>();
  const seen = new Set<string>();
  for (const [tier, group] of TESTED.flatMap((t) => GROUPS.map((g) => [t, g] as const))) {
    const counts = { passed: 0, failed: 0, notApplicable: 0 };
    table.set(`${tier}: ${group}`, counts);
    describe(`${tier}: ${group}`, () => {
      const scripts = suite.filter((script) => script.group === group);
      test("has scripts", () => expect(scripts.length).toBeGreaterThan(0));
      test.each(scripts.map((script) => [script.file, script] as const))(
        "%s",
        (path, suiteScript) => {
          const { commands, read } = suiteScript.load();
          const file = basename(path);
          const script = new Script(read, {
            features: featuresOf(group),
            tier: () => tierOf(tier),
          });
          const surprises: string[] = [];
          for (const { command, verdict } of script.run(commands)) {
            const id = `${group.replaceAll(" ", "-")}/${file}:${command.line}`;
            if (expectedFailures.has(id)) seen.add(id);
            if (verdict.kind === "not applicable" || verdict.kind === "not assembled")
              counts.notApplicable++;
            else if (verdict.kind === "passed") {
              counts.passed++;
              if (expectedFailures.has(id))
                surprises.push(`${id} passes: take it off expected-failures.txt`);
            } else {
              counts.failed++;
              if (!expectedFailures.has(id))
                surprises.push(`${id} ${command.type}: ${verdict.reason}`);
            }
          }
          expect(surprises).toEqual([]);
        },
      );
    });
  }

  test("every expected failure names a command that exists", () => {
    expect([...expectedFailures.keys()].filter((id) => !seen.has(id))).toEqual([]);
  });

  afterAll(() => {
    const rows = [...table].map(
      ([group, { passed, failed, notApplicable }]) =>
        `${group.padEnd(37)} ${String(passed).padStart(6)} passed ${String(failed).padStart(4)} failed ${String(notApplicable).padStart(5)} not applicable (text)`,
    );
    const later = [...new Set(suite.map((script) => script.group))].filter(
      (group) => !GROUPS.includes(group),
    );
    process.stdout.write(`\n${rows.join("\n")}\nnot run yet: ${later.join(", ")}\n`);
  });
}
