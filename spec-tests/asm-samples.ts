// For tests: random instructions as text of the dialect, with what the decoder has to
// read of them.

import fc from "fast-check";
import { InstructionReader } from "../src/binary/code.js";
import type { Instruction } from "../src/syntax/instruction.js";
import type { Module } from "../src/syntax/module.js";
import { opcodeOf, opcodes, type Immediate, type Mnemonic } from "../src/syntax/opcodes.js";

export interface Sample {
  readonly mnemonic: Mnemonic;
  readonly text: string;
  readonly expected: Partial<Instruction>;
}

interface Operand {
  readonly text: string;
  readonly expected: Partial<Instruction>;
}

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const index = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const small = fc.integer({ min: 0, max: 31 });
const floats = new DataView(new ArrayBuffer(8));

const word = (key: "a" | "b") => (n: number) => ({ text: String(n), expected: { [key]: n } });
const fixed = (text: string, expected: Partial<Instruction> = {}) =>
  fc.constant({ text, expected });

function float(width: 32 | 64): fc.Arbitrary<Operand> {
  const values = fc.double({ noNaN: true });
  return values.map((x) => {
    const value = width === 32 ? Math.fround(x) : x;
    const text = Object.is(value, -0)
      ? "-0.0"
      : Number.isFinite(value)
        ? decimal(value)
        : `${value < 0 ? "-" : ""}infinity`;
    if (width === 32) floats.setFloat32(0, value);
    else floats.setFloat64(0, value);
    const expected =
      width === 32 ? { a: floats.getInt32(0) } : { a: floats.getInt32(4), b: floats.getInt32(0) };
    return { text, expected };
  });
}

const decimal = (x: number) => (/[.e]/.test(String(x)) ? String(x) : `${x}.0`);

/** One immediate at the given slot of indices. */
function operand(immediate: Immediate, slot: "a" | "b", access = 1): fc.Arbitrary<Operand> {
  switch (immediate) {
    case "blocktype":
      return fc.oneof(
        fixed("", { block: null }),
        fixed("i64", { block: "i64" }),
        fixed("void", { block: null }),
        // The function's own type is 0.
        fixed("(i32, f64) -> (i32, i64)", { block: 1 }),
      );
    case "labels":
      return fc
        .array(index, { minLength: 1, maxLength: 5 })
        .map((labels) => ({ text: `{${labels.join(", ")}}`, expected: { labels } }));
    case "catches":
      return fc.oneof(
        fixed("", { catches: [] }),
        fixed("(catch e 1) (catch_all_ref 2)", {
          catches: [
            { tag: 0, ref: false, label: 1 },
            { tag: null, ref: true, label: 2 },
          ],
        }),
      );
    case "heaptype":
      return fixed("extern", { heap: "extern" });
    case "valtypes":
      return fixed("");
    case "zero":
      return fixed("");
    case "i32":
      return int32.map(word("a"));
    case "i64":
      return fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n }).map((n) => ({
        text: String(n),
        expected: { a: Number(BigInt.asIntN(32, n)), b: Number(BigInt.asIntN(32, n >> 32n)) },
      }));
    case "f32":
      return float(32);
    case "f64":
      return float(64);
    case "lane":
      return small.map((lane) => ({ text: String(lane), expected: { lane } }));
    case "v128":
      return fc
        .array(int32, { minLength: 4, maxLength: 4 })
        .map((words) => ({ text: words.join(", "), expected: { vector: Int32Array.from(words) } }));
    case "lanes":
      return fc.array(small, { minLength: 16, maxLength: 16 }).map((lanes) => ({
        text: lanes.join(", "),
        expected: { vector: new Int32Array(Uint8Array.from(lanes).buffer) },
      }));
    case "memarg":
      return fc.tuple(index, fc.option(small)).map(([offset, align]) => ({
        text: `${offset}${align === null ? "" : `:p2align=${align}`}`,
        expected: { memOffset: offset, b: align ?? Math.log2(access), a: 0 },
      }));
    case "type":
      return fixed("(i32) -> (i64)", { [slot]: 1 });
    default:
      return index.map(word(slot));
  }
}

/** Random uses of an instruction. */
export function samples(mnemonic: Mnemonic): fc.Arbitrary<Sample> {
  const op = opcodeOf(opcodes[mnemonic].code)!;
  const name = mnemonic === "select t" ? "externref.select" : mnemonic;
  if (mnemonic === "call_indirect" || mnemonic === "return_call_indirect")
    return fc.constantFrom(
      { mnemonic, text: `${name} (i32) -> (i64)`, expected: { a: 1, b: 0 } },
      { mnemonic, text: `${name} t, (i32) -> (i64)`, expected: { a: 1, b: 0 } },
    );
  const operands = op.immediates.map((immediate, i) =>
    operand(immediate, i === 0 ? "a" : "b", op.access),
  );
  return fc.tuple(...operands).map((chosen) => {
    const separator = mnemonic === "try_table" ? " " : ", ";
    const texts = chosen.map(({ text }) => text).filter((text) => text !== "");
    return {
      mnemonic,
      text: `${name} ${texts.join(separator)}`.trim(),
      expected: Object.assign(
        {},
        ...chosen.map(({ expected }) => expected),
      ) as Partial<Instruction>,
    };
  });
}

/** An instruction of the first function. */
export function instructionOf(module: Module, at: number): Instruction {
  const { body } = module.functions[0]!;
  const reader = new InstructionReader(module.bytes, body.offset, body.end);
  for (let k = 0; k <= at; k++) reader.next();
  return reader.instruction;
}
