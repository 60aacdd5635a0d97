// Lines of sources in what the command line tells: from DWARF, from source maps in a file or a
// URL, and what it says where debug information is malformed.

import { copyFileSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { sourceMapText } from "./source-map-file.js";
import { bobbin, fileOf } from "./testing.js";

const folder = fileURLToPath(new URL("../../fixtures/debug/", import.meta.url));
const read = (name: string): Uint8Array => Uint8Array.from(readFileSync(folder + name));
const stop = (file: string, ...more: string[]) =>
  bobbin(["run", file, "--invoke", "deep", "1", "--stub-imports", ...more]);

test("a trap tells the line, and so does each frame", async () => {
  const file = `${folder}traps.O0.dwarf5.wasm`;
  const { stderr, code } = await stop(file, "--stack");
  expect(code).toBe(1);
  expect(stderr).toBe(
    `bobbin: ${file}: trap: unreachable in stop (function 4) at byte 0x25a (unreachable), traps.c:32\n` +
      "    #0 stop (function 4) at byte 0x25a (unreachable), traps.c:32\n" +
      "    #1 deep (function 5) at byte 0x2ae (call), traps.c:38\n" +
      "    #2 deep (function 5) at byte 0x2d4 (call), traps.c:39\n",
  );
});

test("a breakpoint may be a line of C", async () => {
  const { stdout } = await bobbin(
    ["debug", `${folder}traps.O0.dwarf4.wasm`, "--invoke", "deep", "1", "--stub-imports"],
    "break traps.c:32\ncontinue\nframes\n",
  );
  expect(stdout).toMatch(/breakpoint 1 at stop\+0x3e .*traps\.c:32/);
  expect(stdout).toMatch(/#1 deep\+0x37 .*traps\.c:38/);
});

test("the source map lies beside the module", async () => {
  const { stderr } = await stop(`${folder}mapped.wasm`);
  expect(stderr).toMatch(/\(unreachable\), traps\.c:32$/m);
});

test("without its map a module has no lines, and nobody complains", async () => {
  const { stderr } = await stop(fileOf("alone.wasm", read("mapped.wasm")));
  expect(stderr).toMatch(/^bobbin: \S+: trap: unreachable in stop .*\(unreachable\)\n$/);
});

test("the text of a map: from a file, from the URL, from nowhere", () => {
  const module = fileOf("module.wasm", new Uint8Array());
  copyFileSync(`${folder}mapped.wasm.map`, join(dirname(module), "a map.json"));
  const text = readFileSync(`${folder}mapped.wasm.map`, "utf8");
  expect(sourceMapText(module, "a map.json")).toBe(text);
  expect(sourceMapText(module, "./a map.json?x=1")).toBe(text);
  expect(sourceMapText(module, "http://localhost:8080/build/a map.json")).toBe(text);
  expect(sourceMapText(module, "missing.map")).toBeUndefined();
  const base64 = Buffer.from("{}").toString("base64");
  expect(sourceMapText(module, `data:application/json;base64,${base64}`)).toBe("{}");
  expect(sourceMapText(module, "data:application/json;charset=utf-8,%7B%7D")).toBe("{}");
  expect(sourceMapText(module, "data:,%")).toBeUndefined();
});

test("malformed debug information is a note, and the error what it was", async () => {
  const bytes = read("traps.O0.dwarf5.wasm");
  const { start } = decode(bytes).customs.find(({ name }) => name === ".debug_line")!;
  // The version of the first unit.
  bytes[start + 4] = 9;
  const { stderr, code } = await stop(fileOf("malformed.wasm", bytes));
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^bobbin: note: lines may be missing: malformed \.debug_line: version 9 of line tables is unknown at its byte 0x4\nbobbin: \S+: trap: unreachable in stop \(function 4\) at byte 0x25a \(unreachable\)\n$/,
  );
});
