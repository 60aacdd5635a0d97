// What variables stand for, and what is said of those that are wrong.

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { compactLayout } from "../fiber/asyncify/records.js";
import { settingsOf } from "./environment.js";

test("nothing is asked for where nothing is set", () => {
  expect(settingsOf({})).toEqual({});
  expect(
    settingsOf({ PATH: "/bin", BOBBIN_CHECK: "", BOBBIN_FUEL: "", BOBBIN_ASYNCIFY: "" }),
  ).toEqual({});
  expect(settingsOf({ BOBBIN_CHECK: "0", BOBBIN_ASYNCIFY: "0" })).toEqual({});
});

test.each([
  [{ BOBBIN_CHECK: "1" }, { check: "report" }],
  [{ BOBBIN_CHECK: "strict" }, { check: "strict" }],
  [{ BOBBIN_CHECK_FILE: "a.json" }, { check: "report", checkFile: "a.json" }],
  [{ BOBBIN_TRACE: "-" }, { trace: "-" }],
  [{ BOBBIN_RECORD: "%p.rec" }, { record: "%p.rec" }],
  [
    { BOBBIN_TIER: "forward", BOBBIN_FUEL: "1_000" },
    { tier: "forward", fuel: 1000 },
  ],
  [{ BOBBIN_ASYNCIFY: "1" }, { asyncify: {} }],
  [
    { BOBBIN_ASYNCIFY_IMPORTS: "env.a,env.b", BOBBIN_ASYNCIFY_IGNORE_INDIRECT: "1" },
    { asyncify: { imports: ["env.a", "env.b"], ignoreIndirect: true } },
  ],
  [
    { BOBBIN_ASYNCIFY_BLACKLIST: "f(int, int),g", BOBBIN_ASYNCIFY_ASSERTS: "0" },
    { asyncify: { removeList: ["f(int, int)", "g"] } },
  ],
  [{ BOBBIN_ASYNCIFY_STRICT: "1" }, { asyncify: { strict: true } }],
  [{ BOBBIN_ASYNCIFY_LAYOUT: "compact" }, { asyncify: { layout: compactLayout } }],
  [{ BOBBIN_ASYNCIFY: "0", BOBBIN_ASYNCIFY_IMPORTS: "env.a" }, {}],
])("%j", (env, settings) => {
  expect(settingsOf(env)).toEqual(settings);
});

test("a list may be in a file", () => {
  const file = join(mkdtempSync(join(tmpdir(), "bobbin-register-")), "list");
  writeFileSync(file, "f(int, int)\nmain\n");
  const { asyncify } = settingsOf({ BOBBIN_ASYNCIFY_ONLYLIST: `@${file}` });
  expect(asyncify).toEqual({ onlyList: ["f(int, int)", "main"] });
});

test.each([
  [{ BOBBIN_TIER: "fast" }, "BOBBIN_TIER='fast': expected interpreter, mixed, forward, alternate"],
  [{ BOBBIN_FUEL: "-1" }, "BOBBIN_FUEL='-1': expected a number of instructions"],
  [{ BOBBIN_FUEL: "1e3" }, "BOBBIN_FUEL='1e3': expected a number of instructions"],
  [{ BOBBIN_CHECK: "yes" }, "BOBBIN_CHECK='yes': expected 0, 1, strict"],
  [{ BOBBIN_ASYNCIFY: "on" }, "BOBBIN_ASYNCIFY='on': expected 0, 1"],
  [{ BOBBIN_ASYNCIFY_ASSERTS: "x" }, "BOBBIN_ASYNCIFY_ASSERTS='x': expected 0, 1"],
  [{ BOBBIN_ASYNCIFY_LAYOUT: "twin" }, "BOBBIN_ASYNCIFY_LAYOUT='twin': expected full, compact"],
  [{ BOBBIN_ASYNCIFY_ADDLIST: "f(" }, "a bracket does not close in the list 'f('"],
  [{ BOBBIN_ASYNCIFY_ADDLIST: "@/none" }, "cannot read the list /none"],
  [{ BOBBIN_TRCE: "a" }, "there is no variable BOBBIN_TRCE: did you mean BOBBIN_TRACE?"],
  [{ BOBBIN_RECORD_FILE: "a" }, "there is no variable BOBBIN_RECORD_FILE"],
  [{ BOBBIN_CHECK_FORMAT: "json" }, "there is no variable BOBBIN_CHECK_FORMAT"],
])("%j is refused", (env, message) => {
  expect(() => settingsOf(env)).toThrow(message);
});

test("variables of the tests and the benchmarks are none of its business", () => {
  expect(settingsOf({ BOBBIN_SEEDS: "1", BOBBIN_SPEC_SUITE: "x", BOBBIN_WPT: "y" })).toEqual({});
});
