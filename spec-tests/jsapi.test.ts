// The web-platform-tests of the JavaScript interface, held by a ratchet: jsapi/results.txt
// says how many tests of each file pass, on Bobbin and on V8, and why one does not. Whatever
// passes or fails otherwise fails the run.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "@jest/globals";
import { WebAssembly } from "../src/js-api.js";
import { findTests, runFile, type TestResult } from "./jsapi/harness.mjs";
import { passed, readResults, v8Column } from "./jsapi/results.mjs";
import { skipLoudly } from "./skip.js";

const { columns, files: recorded } = readResults();
test("docs/js-api.md has the counts", () => {
  const page = readFileSync(new URL("../docs/js-api.md", import.meta.url), "utf8");
  const sum = (column: string) =>
    [...recorded.values()].reduce((total, { counts }) => total + counts[column]!, 0);
  const told = ["tests", "Bobbin", "V8 15.0", "V8 11.3"].map((column) =>
    sum(column).toLocaleString("en"),
  );
  const shown =
    /([\d,]+) tests, of which Bobbin passes ([\d,]+), V8 15\.0 ([\d,]+), and\s+V8 11\.3 \(Node 20\) ([\d,]+)/;
  expect(shown.exec(page)?.slice(1)).toEqual(told);
});

test("Bobbin passes as many tests of each file as V8 15", () => {
  const fewer = [...recorded].filter(([, { counts }]) => counts["Bobbin"]! < counts["V8 15.0"]!);
  expect(fewer).toEqual([]);
});

const tests = findTests();
if (tests === null) {
  skipLoudly("SKIPPED: no web-platform-tests here; set BOBBIN_WPT to a copy of them");
} else {
  const all = process.env["BOBBIN_WPT_LONG"] === "1";
  const files = tests.files.filter(({ long }) => all || !long).map(({ file }) => file);
  const table: string[] = [];

  describe("the JavaScript interface, by the web-platform-tests", () => {
    test.each(files)("%s", async (file) => {
      const results = await runFile(tests.root, file, WebAssembly);
      const { counts, failures } = recorded.get(file)!;
      table.push(`${file.padEnd(48)} ${passed(results)}/${results.length}`);
      const failed = results.filter(({ failure }) => failure !== null);
      const unexpected = failed.filter(({ name }) => !failures.has(name));
      expect(unexpected).toEqual([]);
      expect(failed.map(({ name }) => name).sort()).toEqual([...failures.keys()].sort());
      expect([results.length, passed(results)]).toEqual([counts["tests"], counts["Bobbin"]]);
      expect([...failures.values()]).not.toContain("");
    });
  });

  // Copies differ: the specification's has no tests of proposals.
  for (const file of recorded.keys()) {
    if (files.includes(file)) continue;
    const long = tests.files.some((known) => known.file === file);
    const why = long ? "takes minutes: BOBBIN_WPT_LONG=1 runs it" : `is not in ${tests.root}`;
    skipLoudly(`SKIPPED: ${file} ${why}`);
  }

  // Other versions pass others, which says nothing about Bobbin.
  const column = v8Column();
  if (!columns.includes(column)) skipLoudly(`SKIPPED: nothing is recorded for ${column}`);
  else
    test("V8 passes what is recorded for it", () => {
      // In a process of its own: here, V8's errors would be another realm's.
      const runner = fileURLToPath(new URL("jsapi/run.mjs", import.meta.url));
      const json = execFileSync(
        "node",
        [runner, "--engine", "host", "--json", ...(all ? ["--long"] : [])],
        {
          encoding: "utf8",
          maxBuffer: 2 ** 26,
        },
      );
      const results = JSON.parse(json.slice(json.indexOf("{"))) as Record<
        string,
        { host: TestResult[] }
      >;
      const counts = (of: (file: string) => number | undefined) =>
        Object.fromEntries(files.map((file) => [file, of(file)]));
      expect(counts((file) => passed(results[file]!.host))).toEqual(
        counts((file) => recorded.get(file)!.counts[column]),
      );
    });

  afterAll(() => {
    console.info(table.join("\n"));
  });
}
