// Each instruction of the opcode table, written in LLVM's dialect with random operands:
// the decoder must read what was written.

import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { assemble } from "../src/asm/assemble.js";
import { decode } from "../src/binary/decode.js";
import { opcodes, type Immediate, type Mnemonic } from "../src/syntax/opcodes.js";
import { instructionOf, type Sample, samples } from "./asm-samples.js";

/** Instructions that the dialect cannot write: their types have no names in it. */
const untyped = (Object.keys(opcodes) as Mnemonic[]).filter((mnemonic) =>
  opcodes[mnemonic].immediates.some(
    (immediate: Immediate) =>
      ["ref", "ref null", "castflags", "heaptypes", "handlers"].includes(immediate) ||
      (immediate === "type" && !mnemonic.startsWith("call") && !mnemonic.startsWith("return_call")),
  ),
);
const written = (Object.keys(opcodes) as Mnemonic[]).filter(
  (mnemonic) => !untyped.includes(mnemonic) && mnemonic !== "end",
);

test("which instructions cannot be written", () => {
  expect(
    untyped.filter(
      (mnemonic) => !/^(struct|array|ref|br_on_cast|cont|resume|switch)/.test(mnemonic),
    ),
  ).toEqual([]);
});

const DECLARATIONS = `
.section .data.d,"",@
.text
.functype f (i32) -> (i64)
.globaltype g, i32
.tabletype t, funcref
.tagtype e i32
`;

/** What the decoder reads of one instruction in a function. */
function readBack(sample: Sample) {
  const closing = {
    block: "end_block",
    loop: "end_loop",
    if: "end_if",
    try: "catch_all\\nend_try",
    try_table: "end_try_table",
  }[sample.mnemonic as string];
  const opening = { else: "if", catch: "try", catch_all: "try", delegate: "try" }[
    sample.mnemonic as string
  ];
  const end = { else: "end_if", catch: "end_try", catch_all: "end_try" }[sample.mnemonic as string];
  const lines = [opening, sample.text, end, closing?.replace("\\n", "\n")].filter(Boolean);
  const { bytes } = assemble(
    `${DECLARATIONS}\nm:\n.functype m () -> ()\n${lines.join("\n")}\nend_function\n`,
  );
  return instructionOf(decode(bytes), opening === undefined ? 0 : 1);
}

test.each(written)("%s", (mnemonic) => {
  fc.assert(
    fc.property(samples(mnemonic), (sample) => {
      const read = readBack(sample);
      expect(read.op.mnemonic).toBe(mnemonic);
      for (const [key, value] of Object.entries(sample.expected))
        expect([key, read[key as keyof typeof read]]).toEqual([key, value]);
    }),
    { numRuns: 20 },
  );
});
