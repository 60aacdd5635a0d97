import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { decode } from "../binary/decode.js";
import { DebugInfoError } from "./errors.js";
import { sourceMapUrl } from "./source-map.js";
import { withSources } from "./with-sources.js";

const folder = new URL("../../fixtures/debug/", import.meta.url);
const module = decode(Uint8Array.from(readFileSync(new URL("mapped.wasm", folder))));
const text = readFileSync(new URL("mapped.wasm.map", folder), "utf8");

test("the map that Emscripten made tells where code comes from", () => {
  expect(sourceMapUrl(module)).toBe("mapped.wasm.map");
  const asked: string[] = [];
  const { lines } = withSources(module, (url) => {
    asked.push(url);
    return text;
  });
  expect(asked).toEqual([]);
  // if (n > 2) __builtin_trap();
  const [offset] = lines!.offsets("traps.c", 32);
  expect(module.bytes[offset!]).toBe(0x00);
  expect(lines!.at(offset!)).toEqual({ file: "/project/traps.c", line: 32, column: 5, text: "" });
  expect(lines!.files()).toContain("/project/traps.c");
  expect(lines!.problems()).toEqual([]);
  expect(asked).toEqual(["mapped.wasm.map"]);
});

test("a line's text is the map's", () => {
  const map = JSON.parse(text) as { sourcesContent?: string[] };
  map.sourcesContent = [readFileSync(new URL("traps.c", folder), "utf8")];
  const { lines } = withSources(module, () => JSON.stringify(map));
  const [offset] = lines!.offsets("traps.c", 32);
  expect(lines!.at(offset!)?.text).toBe("__builtin_trap();");
});

test("functions of which the map says nothing have no lines", () => {
  const { lines } = withSources(module, () => text);
  expect(lines!.at(module.functions[0]!.body.offset)).toBeUndefined();
});

test("without a map there are no lines, and nothing is wrong", () => {
  const { lines } = withSources(module, () => undefined);
  expect(lines!.at(module.functions[1]!.body.offset)).toBeUndefined();
  expect(lines!.problems()).toEqual([]);
  expect(withSources(module)).toBe(module);
});

test("whatever a map holds, nothing but a DebugInfoError tells of it", () => {
  const map = JSON.parse(text) as Record<string, unknown>;
  const keys = [
    "version",
    "sources",
    "names",
    "mappings",
    "sections",
    "sourcesContent",
    "sourceRoot",
  ];
  const maps = fc.oneof(
    fc.string(),
    fc.json(),
    fc
      .tuple(fc.constantFrom(...keys), fc.jsonValue())
      .map(([key, value]) => JSON.stringify({ ...map, [key]: value })),
    fc.string().map((mappings) => JSON.stringify({ ...map, mappings })),
  );
  const offsets = module.functions.map(({ body }) => body.offset);
  let damaged = 0;
  fc.assert(
    fc.property(maps, (given) => {
      const { lines } = withSources(module, () => given);
      for (const offset of offsets) lines!.at(offset);
      lines!.offsets("traps.c", 32);
      lines!.files();
      if (lines!.problems().length > 0) damaged++;
      for (const problem of lines!.problems()) expect(problem).toBeInstanceOf(DebugInfoError);
    }),
    { numRuns: 2000 },
  );
  expect(damaged).toBeGreaterThan(100);
});
