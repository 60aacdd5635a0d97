import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { disassembleFunction } from "./disassemble.js";
import { printWat } from "./wat.js";
import { PrintedLines } from "./printed-lines.js";

const directory = new URL("../../fixtures/wasm/", import.meta.url);
const fixtures = readdirSync(directory).filter((name) => /^[^.]*(\.O0)?\.wasm$/.test(name));

test.each(fixtures)("%s: the line of each instruction shows it, and leads back", (name) => {
  const module = decode(readFileSync(new URL(name, directory)));
  const wat = PrintedLines.of(module);
  expect(wat.text).toBe(printWat(module));
  const lines = wat.text.split("\n");
  module.functions.forEach((_, i) => {
    const code = disassembleFunction(module, module.imported.func + i);
    const last = code.pop()!;
    for (const { offset, text } of code) {
      const line = wat.lineAt(offset)!;
      // Labels have names there, and the function's parenthesis closes behind the last line.
      expect(lines[line - 1]!.trim().split(/[ )]/)[0]).toBe(text.split(" ")[0]);
      expect(wat.offsetAt(line)).toBe(offset);
    }
    const before = code.at(-1);
    if (before !== undefined) expect(wat.lineAt(last.offset)).toBe(wat.lineAt(before.offset));
    else expect(lines[wat.lineAt(last.offset)! - 1]).toMatch(/^ {2,4}\(/);
  });
});

test("lines without instructions", () => {
  const module = decode(readFileSync(new URL("crossing.wasm", directory)));
  const wat = PrintedLines.of(module);
  const lines = wat.text.split("\n");
  const head = lines.findIndex((line) => line.startsWith("  (func $run_inner"));
  const { body } = module.functions.find(
    (_, i) => module.names.functions.get(module.imported.func + i) === "run_inner",
  )!;
  expect(wat.offsetAt(head + 1)).toBe(body.offset);
  expect(wat.offsetAt(1)).toBeUndefined();
  expect(wat.offsetAt(lines.length)).toBeUndefined();
  expect(wat.offsetAt(lines.length + 1)).toBeUndefined();
  expect(wat.lineAt(0)).toBeUndefined();
  expect(wat.lineAt(body.end)).toBeUndefined();
});
