import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "@jest/globals";
import { InstructionReader } from "../binary/code.js";
import { decode } from "../binary/decode.js";
import { assemble } from "../cli/assembler.js";
import { textMnemonic } from "../syntax/opcodes.js";
import { printWat } from "./wat.js";
import { watLines } from "./wat-lines.js";

/** Of each instruction: its mnemonic, and what stands in the text where it is said to. */
function placesOf(text: string): [mnemonic: string, there: string | undefined][] {
  const bytes = assemble(text);
  const lines = watLines(text, "dir/m.wat", bytes);
  const rows = text.split("\n");
  const module = decode(bytes);
  return module.functions.flatMap(({ body }) => {
    const reader = new InstructionReader(bytes, body.offset, body.end);
    const places: [string, string | undefined][] = [];
    while (reader.next()) {
      const at = lines.at(reader.instruction.offset);
      places.push([
        textMnemonic(reader.instruction.op.mnemonic),
        at && rows[at.line - 1]!.slice(at.column - 1).replace(/^\(/, ""),
      ]);
    }
    return places;
  });
}

/** `end` and `else` may be nothing but parentheses. */
function expectFound(text: string): void {
  const places = placesOf(text);
  expect(places.length).toBeGreaterThan(0);
  const wrong = places.filter(([mnemonic, there]) =>
    mnemonic === "end" || mnemonic === "else"
      ? there === undefined || !/^(?:end|else|\))/.test(there)
      : there?.match(/^[\w.]+/)?.[0] !== mnemonic,
  );
  expect(wrong).toEqual([]);
}

const fixtures = fileURLToPath(new URL("../../fixtures/wasm/", import.meta.url));
describe.each(readdirSync(fixtures).filter((file) => file.endsWith(".wasm")))("%s", (file) => {
  test.each([{ folded: false }, { folded: true }])("%j", (options) => {
    expectFound(printWat(decode(readFileSync(fixtures + file)), options));
  });
});

test("instructions of all shapes, as people write them", () => {
  expectFound(`(module
    (import "env" "f" (func $f (param i32)))
    (func $imported (import "env" "g"))
    (tag $t (param i32))
    (type $s (struct (field i32)))
    (table 1 funcref)
    (func $a (export "a") (param $x i32) (result i32) (local i64)
      (if (result i32) (i32.eqz (local.get $x))
        (then i32.const 1 ;; a comment (i32.add)
          (drop) (i32.const 2))
        (else (block $l (result i32) (br $l (i32.const 3))))))
    (func (param i32) (result i32)
      local.get 0 if (result i32) i32.const 1 else i32.const 2 end
      (block $caught (result i32)
        (try_table (result i32) (catch $t $caught) (call $f (i32.const 1)) (i32.const 5)))
      drop)
    (func (result i32) (struct.get $s 0 (struct.new $s (i32.const 1))))
    (func (result i32) (select (result i32) (i32.const 1) (i32.const 2) (i32.const 0)))
    (func (loop $again (br_if $again (call_indirect (param i32) (result i32) (i32.const 1) (i32.const 0)))))
    (func (if (i32.const 1) (then)) nop)
    (func))`);
});

test("the legacy forms of exceptions, which the assembler takes flat", () => {
  expectFound(`(module (tag $t)
    (func try $out try throw $t catch $t rethrow 0 catch_all nop end catch_all end)
    (func try try throw $t delegate 0 catch $t nop end))`);
});

test("fields without a module around them, and a module with a name", () => {
  expectFound(`(func (export "a") nop)`);
  expectFound(`(module $m\n (func (export "a")\n nop))`);
});

test("a module written as bytes has no lines", () => {
  const text = String.raw`(module binary "\00asm\01\00\00\00" "\01\04\01\60\00\00" "\03\02\01\00" "\0a\05\01\03\00\01\0b")`;
  expect(placesOf(text)).toEqual([["nop", undefined], ["end", undefined]]); // prettier-ignore
});

test("a line's instructions; the file may be named without its folders", () => {
  const text = `(module (func (export "a")\n  (drop (i32.add (i32.const 1)\n    (i32.const 2)))))`;
  const lines = watLines(text, "dir/m.wat", assemble(text));
  const [first, ...rest] = lines.offsets("m.wat", 2);
  expect(rest).toHaveLength(2);
  expect(lines.at(first!)).toEqual({
    file: "dir/m.wat",
    line: 2,
    column: 18,
    text: "(drop (i32.add (i32.const 1)",
  });
  expect(lines.offsets("m.wat", 9)).toEqual([]);
});
