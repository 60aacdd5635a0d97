// The runtime of Asyncify is found by its names, or without them by what it does.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { isInstrumented, runtimeFunctions } from "./runtime-functions.js";
import { twinParts } from "./twin-parts.js";

const folder = new URL("../../fixtures/", import.meta.url);
const read = (file: string): Buffer => readFileSync(new URL(file, folder));
const modulesOf = (path: string): string[] =>
  readdirSync(new URL(path, folder))
    .filter((file) => file.endsWith(".wasm"))
    .map((file) => path + file);
const ALL = ["wasm/", "misuse/", "emscripten/"].flatMap(modulesOf);
const TWINS = ALL.filter((file) => file.includes(".twin"));
/** Modules without the runtime, and what is made of them on purpose. */
const PLAIN = ALL.filter((file) => !/twin|fibers\.|sleeper|twice|forgets/.test(file));

/** The same module, its exports renamed as a linker does it. */
function renamed(file: string) {
  const bytes = read(file);
  for (let at = 0; (at = bytes.indexOf("asyncify_st", at)) >= 0;) bytes.write("shortened", at);
  for (let at = 0; (at = bytes.indexOf("asyncify_get", at)) >= 0;) bytes.write("shortened", at);
  return decode(bytes);
}

describe("without names", () => {
  test.each(TWINS)("%s: the same functions and globals", (file) => {
    const named = twinParts(decode(read(file)));
    const found = twinParts(renamed(file));
    expect({ ...found, runtime: null }).toEqual({ ...named, runtime: null });
    expect(new Set(found.runtime.keys())).toEqual(new Set(named.runtime.keys()));
    for (const [index, names] of named.runtime)
      for (const name of names) expect(found.runtime.get(index)).toContain(name);
  });

  test("stop_unwind and stop_rewind look the same, the others do not", () => {
    const names = [...runtimeFunctions(renamed("wasm/sleep.twin-O2.wasm")).values()];
    const stop = ["stop_unwind", "stop_rewind"];
    expect(names).toEqual([["start_unwind"], stop, ["start_rewind"], stop, ["get_state"]]);
  });
});

test("programs with Emscripten's short names are instrumented", () => {
  for (const file of ["emscripten/fibers.wasm", "emscripten/sleeper.wasm"]) {
    const module = decode(read(file));
    expect(module.exports.every(({ name }) => name.length < 3)).toBe(true);
    expect(isInstrumented(module)).toBe(true);
  }
});

test.each(PLAIN)("%s is not instrumented", (file) => {
  expect(isInstrumented(decode(read(file)))).toBe(false);
});
