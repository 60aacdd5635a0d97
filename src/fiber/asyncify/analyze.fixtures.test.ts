// Every fixture and its twins: the functions that Binaryen has instrumented are those
// that read the asyncify state, and each has as many unwinding branches as we find sites.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { decode } from "../../binary/decode.js";
import { validate } from "../../valid/validate.js";
import { analyzeRoles } from "./analyze.js";
import { readableNames } from "./analyze-names.js";
import { instrumentedSites } from "./sites-twin.testing.js";

interface Entry {
  readonly file: string;
  readonly asyncify: { readonly imports?: readonly string[] };
  readonly twins: readonly { readonly file: string; readonly optimizeLevel: number }[];
}
const fixtures = new URL("../../../fixtures/", import.meta.url);
const load = (file: string) => decode(readFileSync(new URL(file, fixtures)));
const { modules } = JSON.parse(readFileSync(new URL("manifest.json", fixtures), "utf8")) as {
  modules: readonly Entry[];
};

describe.each(modules)("$file", ({ file, asyncify, twins }) => {
  const module = validate(load(file));
  const roles = analyzeRoles(module, asyncify);
  const names = readableNames(module);
  const ours = new Map(
    roles.functions
      .filter(({ kind }) => kind === "instrumented")
      .map(({ index }) => [names[index]!, roles.sites(index).length]),
  );

  test.each(twins)("is instrumented as in $file", ({ file: twinFile, optimizeLevel }) => {
    const twin = load(twinFile);
    const theirs = instrumentedSites(twin);
    const twinNames = readableNames(twin);
    const found = new Map([...theirs].map(([index, sites]) => [twinNames[index]!, sites.length]));
    expect(new Set(found.keys())).toEqual(new Set(ours.keys()));
    if (optimizeLevel === 0) expect(found).toEqual(ours);
  });
});
