// The web-platform-tests of the JavaScript interface, held by a ratchet: jsapi/results.txt
// says how many tests of each file pass, on Bobbin and on V8, and why one does not. Whatever
// passes or fails otherwise fails the run.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "@jest/globals";
import { WebAssembly } from "../src/js-api.js";
import { findTests, runFile, type TestResult } from "./jsapi/harness.mjs";
import { skipLoudly } from "./skip.js";

/** Counts are of tests: in all, passed on Bobbin, passed on V8. */
interface Recorded {
  readonly total: number;
  readonly bobbin: number;
  readonly v8: number;
  /** Why a test fails on Bobbin, by its name. */
  readonly failures: Map<string, string>;
}

const lines = readFileSync(new URL("jsapi/results.txt", import.meta.url), "utf8").split("\n");
const V8 = /V8 (\d+\.\d+)/.exec(lines.find((line) => line.startsWith("# V8"))!)![1]!;
const recorded = new Map<string, Recorded>();
let last: Recorded | undefined;
for (const line of lines) {
  if (line === "" || line.startsWith("#")) continue;
  const failed = /^ {2}(.+?) -- (.+)$/.exec(line);
  if (failed !== null) {
    last!.failures.set(failed[1]!, failed[2]!);
    continue;
  }
  const [file, total, bobbin, v8] = line.split(/\s+/);
  last = { total: +total!, bobbin: +bobbin!, v8: +v8!, failures: new Map() };
  recorded.set(file!, last);
}

const passed = (results: readonly TestResult[]): number =>
  results.filter(({ failure }) => failure === null).length;

const tests = findTests();
if (tests === null) {
  skipLoudly("SKIPPED: no web-platform-tests here; set BOBBIN_WPT to a copy of them");
} else {
  const files = tests.files.filter(({ long }) => !long).map(({ file }) => file);
  const table: string[] = [];

  describe("the JavaScript interface, by the web-platform-tests", () => {
    test.each(files)("%s", async (file) => {
      const results = await runFile(tests.root, file, WebAssembly);
      const { total, bobbin, failures } = recorded.get(file)!;
      table.push(`${file.padEnd(48)} ${passed(results)}/${results.length}`);
      const failed = results.filter(({ failure }) => failure !== null);
      const unexpected = failed.filter(({ name }) => !failures.has(name));
      expect(unexpected).toEqual([]);
      expect(failed.map(({ name }) => name).sort()).toEqual([...failures.keys()].sort());
      expect({ total: results.length, bobbin: passed(results) }).toEqual({ total, bobbin });
    });

    test("every recorded file is there", () => {
      expect([...recorded.keys()].filter((file) => !files.includes(file))).toEqual([]);
    });
  });

  // Other versions pass others, which says nothing about Bobbin.
  if (!process.versions.v8.startsWith(`${V8}.`))
    skipLoudly(`SKIPPED: the counts of V8 are those of ${V8}, here is ${process.versions.v8}`);
  else
    test("V8 passes what is recorded for it", () => {
      // In a process of its own: here, V8's errors would be another realm's.
      const runner = fileURLToPath(new URL("jsapi/run.mjs", import.meta.url));
      const json = execFileSync("node", [runner, "--engine", "host", "--json"], {
        encoding: "utf8",
        maxBuffer: 2 ** 26,
      });
      const results = JSON.parse(json.slice(json.indexOf("{"))) as Record<string, TestResult[]>;
      const counts = (of: (file: string) => number) =>
        Object.fromEntries(files.map((file) => [file, of(file)]));
      expect(counts((file) => passed(results[file]!))).toEqual(
        counts((file) => recorded.get(file)!.v8),
      );
    });

  afterAll(() => {
    console.info(table.join("\n"));
  });
}
