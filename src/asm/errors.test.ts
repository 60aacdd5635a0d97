// What the assembler says of wrong text: golden, with line and column.

import { expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { link } from "../link/link.js";
import { AssemblyError } from "../util/errors.js";
import { validate } from "../valid/validate.js";
import { assemble, assembleInput, inSource } from "./assemble.js";

const message = (text: string): string => {
  try {
    assemble(text, { file: "a.s" });
  } catch (error) {
    if (error instanceof AssemblyError) return error.message;
    throw error;
  }
  return "no error";
};
const inFunction = (...lines: string[]) =>
  `f:\n.functype f (i32) -> ()\n${lines.join("\n")}\nend_function\n`;
const inData = (...lines: string[]) => `.section .data.d,"",@\n${lines.join("\n")}\n`;

test.each([
  ["nop", "a.s:1:1: nop stands in no function: expected a label and .functype before it"],
  ["f:\nnop", "a.s:2:1: expected .functype f before the first instruction"],
  [
    inFunction("i32.ad"),
    "a.s:3:1: unknown instruction i32.ad: did you mean i32.add or i32.and or i32.load?",
  ],
  [inFunction("i32.const"), "a.s:3:10: expected a number or a symbol, found end of line"],
  [inFunction("i32.const 4294967296"), "a.s:3:11: 4294967296 does not fit 32 bits"],
  [inFunction("i32.const 1 2"), 'a.s:3:13: expected the end of the line, found "2"'],
  [inFunction("i32.load 0:align=2"), 'a.s:3:12: expected p2align, found "align"'],
  [inFunction("i32.load -4"), "a.s:3:10: the offset -4 is out of range: expected 0 to 4294967295"],
  [inFunction("call g"), "a.s:3:6: g has no type: expected a .functype directive before this"],
  [inFunction("global.get f"), "a.s:3:12: f is a function, expected a global"],
  [inFunction("call_indirect (i32) -> i32"), 'a.s:3:24: expected "(", found "i32"'],
  [
    inFunction("call_indirect t, () -> ()"),
    "a.s:3:15: t is no table: expected a .tabletype directive before this",
  ],
  [inFunction("br_table {0, 1"), 'a.s:3:15: expected "}", found end of line'],
  [
    inFunction("block i33", "end_block"),
    'a.s:3:7: expected a block type: void, or (i32, i64, f32, f64, v128, funcref, …), found "i33"',
  ],
  [
    inFunction("if", "nop"),
    "a.s:5:1: expected end_if before the function ends, which closes the if of line 3",
  ],
  [
    inFunction("block", "loop", "end_block"),
    "a.s:5:1: end_block: expected end_loop, which closes the loop of line 4",
  ],
  [
    inFunction("if", "else", "else", "end_if"),
    "a.s:5:1: else: expected end_if, which closes the if … else of line 3",
  ],
  [inFunction("end_loop"), "a.s:3:1: end_loop: no block is open"],
  [
    inFunction("nop", ".local i32"),
    "a.s:4:1: .local stands between a function's .functype and its first instruction",
  ],
  [
    inFunction("struct.new 0"),
    "a.s:3:1: struct.new needs a type, and this dialect can only say function types",
  ],
  [
    inFunction("v128.const 1, 2, 3"),
    "a.s:3:12: v128.const takes 2, 4, 8 or 16 integers, or 2 or 4 floats; 3 given",
  ],
  [inFunction("v128.const 1, 2, 3, 4, 5, 6, 7, 65536"), "a.s:3:33: 65536 does not fit 16 bits"],
  [
    inFunction("i32.const d@PLT"),
    "a.s:3:11: unknown specifier @PLT: expected @TBREL, @MBREL or @TLSREL, or @GOT with global.get",
  ],
  ["f:\n.functype f () -> ()\nnop\n", "a.s:4:1: expected end_function: f of line 1 has no end"],
  [
    "f:\n.functype f () -> ()\nif\ng:\n",
    "a.s:4:1: expected end_if before the function ends, which closes the if of line 3",
  ],
  [inFunction("nop") + "f:\n", "a.s:5:1: f is defined already, in line 1"],
  [
    ".functype f () -> ()\n.functype f (i32) -> ()",
    "a.s:2:1: f has the type [] -> [] already, not [i32] -> []",
  ],
  [
    ".globaltype g, i33",
    'a.s:1:16: expected a value type (i32, i64, f32, f64, v128, funcref, …), found "i33"',
  ],
  [".globaltype g, i32, constant", 'a.s:1:21: expected immutable, found "constant"'],
  [".functyp f", "a.s:1:1: unknown directive .functyp: did you mean .functype?"],
  [".section .data.x", 'a.s:1:17: expected ",", found end of line'],
  ['.section .data.x,"q",@', "a.s:1:18: unknown section flag q: expected p, S, T or R"],
  ['.section .text.f,"G",@,f,comdat', "a.s:1:18: COMDAT groups are not supported"],
  [".int32 1", "a.s:1:1: .int32: expected a data section, this is one of code"],
  [inData(".int8 256"), "a.s:2:7: 256 does not fit 1 byte"],
  [inData(".int16 x"), "a.s:2:8: x needs 4 or 8 bytes, 2 given"],
  [inData(".int32 a - b"), "a.s:2:8: a - b: only labels of one section have a distance"],
  [
    inData(".skip x"),
    "a.s:2:7: the number of bytes must be a number: x is only known to the linker",
  ],
  [inData("d:", ".int32 1"), "a.s:2:1: d has no size: expected .size d, BYTES"],
  [inData('.ascii "abc'), "a.s:2:8: string without an end"],
  [inData('.ascii "\\q"'), "a.s:2:8: invalid escape \\q in a string"],
  ["/* no end", "a.s:1:1: comment without an end"],
  ["§", 'a.s:1:1: unexpected character "§"'],
])("%j", (text, expected) => {
  expect(message(text)).toBe(expected);
});

test("what validation finds is told of the text", () => {
  const text = `
f:
    .functype f (i32) -> (i64)
    local.get 0
    i64.const 1   # one i32, one i64
    i32.add
    drop
    i64.const 0
    end_function
`;
  const { bytes, lines } = link([assembleInput(text, { file: "src/a.s" })]);
  const module = decode(bytes, { lines });
  let found: unknown;
  try {
    validate(module);
  } catch (error) {
    found = inSource(error, module.lines);
  }
  expect((found as Error).message).toMatch(/^src\/a\.s:6:5: i32\.add: type mismatch/);
});
