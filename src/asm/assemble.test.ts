// The assembler against object files that clang made of the same sources. Each single
// instruction is held against the decoder in `spec-tests/asm-instructions.test.ts`.

import { readFileSync } from "node:fs";
import { expect, test } from "@jest/globals";
import { decode } from "../binary/decode.js";
import { link } from "../link/link.js";
import { disassembleFunction } from "../text/disassemble.js";
import { validate } from "../valid/validate.js";
import { assemble, assembleInput } from "./assemble.js";

const fixtures = new URL("../../fixtures/", import.meta.url);
const textOf = (file: string) => readFileSync(new URL(file, fixtures), "utf8");
const bytesOf = (file: string) => readFileSync(new URL(file, fixtures));
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

test.each([
  ["src/stackful.s", "asm/stackful.o", true],
  ["src/stackful.s", "asm/stackful.mvp.o", false],
  ["asm/dialect.s", "asm/dialect.o", true],
] as const)("%s is clang's %s, byte for byte", (source, object, referenceTypes) => {
  const { bytes } = assemble(textOf(source), { referenceTypes });
  expect(hex(bytes)).toBe(hex(bytesOf(object)));
});

test("the functions of the fiber assembly are clang's, instruction for instruction", () => {
  const ours = decode(assemble(textOf("src/stackful.s")).bytes);
  const clangs = decode(bytesOf("asm/stackful.o"));
  expect(ours.functions).toHaveLength(4);
  for (let i = 0; i < ours.functions.length; i++) {
    const index = ours.imported.func + i;
    expect(disassembleFunction(ours, index)).toEqual(disassembleFunction(clangs, index));
  }
});

test("every instruction has its line", () => {
  const text = textOf("src/stackful.s");
  const { bytes, lines } = link([assembleInput(text, { file: "x/stackful.s" })]);
  const module = decode(bytes);
  const source = text.split("\n");
  for (let i = 0; i < module.functions.length; i++)
    for (const { offset, text: shown } of disassembleFunction(module, module.imported.func + i)) {
      const at = lines.at(offset)!;
      expect(at.text).toBe(source[at.line - 1]!.trim());
      const [mnemonic] = shown.split(" ");
      expect(at.text.split(" ")[0]!.replace(/^end_.*/, "end")).toBe(mnemonic);
      expect(lines.offsets("stackful.s", at.line)).toContain(offset);
    }
  expect(lines.at(0)).toBeUndefined();
});

test("LLVM's own names", () => {
  const code = `
    i32.const 1\n i32.const 2\n i32.const 3\n i32.select\n drop
    ref.null_func\n ref.null_func\n i32.const 0\n funcref.select\n drop
    i32.const 0\n i16x8.load8x8_s 0\n drop`;
  const text = `m:\n.functype m () -> ()\n${code}\nend_function`;
  const module = validate(decode(link([assembleInput(text)]).bytes));
  expect(
    disassembleFunction(module, 0)
      .map((line) => line.text)
      .join("; "),
  ).toBe(
    "i32.const 1; i32.const 2; i32.const 3; select; drop; " +
      "ref.null func; ref.null func; i32.const 0; select (result funcref); drop; " +
      "i32.const 0; v128.load8x8_s; drop; end",
  );
});

test("integers and floats of data", () => {
  const { bytes } = assemble(`
    .section .data.x,"",@
    .p2align 2
  start:
    .int8 1, -1, 'a'
    .p2align 2
    .int16 0x1234
    .balign 4, 0xee
    .int32 end - start, 1 << 4 | 3, -(2 * 3)
    .quad 0xffffffffffffffff
    .ascii "a\\n\\x41\\101"
    .asciz "é"
    .float 1.5
    .double -0x1p-1
    .fill 2, 2, 0x0102
    .skip 2, 9
  end:
    .size start, end - start
    .size end, 0
  `);
  const { datas } = decode(bytes);
  const data = bytes.slice(datas[0]!.start, datas[0]!.end);
  expect(hex(data)).toBe(
    "01ff6100 3412eeee 35000000 13000000 faffffff ffffffffffffffff".replaceAll(" ", "") +
      "610a4141 c3a900 0000c03f 000000000000e0bf 02010201 0909".replaceAll(" ", ""),
  );
});
