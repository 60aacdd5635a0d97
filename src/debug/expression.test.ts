// Expressions: precedence as JavaScript has it, integers exact, names by what they mean.

import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { decode } from "../binary/decode.js";
import { assemble } from "../cli/assembler.js";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { i32, i64 } from "../runtime/values.js";
import { UsageError } from "../util/errors.js";
import { validate } from "../valid/validate.js";
import { type Datum, datumText, evaluate, type Scope } from "./evaluate.js";
import { parseExpression } from "./expression.js";

const WAT = `(module (memory 1) (data (i32.const 8) "\\ff\\ff\\ff\\ff\\00\\00\\00\\80\\00\\00\\c0\\3f")
  (global $count (mut i64) (i64.const -9223372036854775808)) (global (export "shown") f32 (f32.const 0.1))
  (func (export "run") (param $p i32) (param $big i64) (result externref) (local $x f64) (local $r externref)
    (local.set $x (f64.const 2.5))
    (i32.const 7) (i64.const 9) (drop) (drop) (local.get $r)))`;

function scope(steps = 4): Scope {
  const machine = new Machine();
  const instance = instantiate(machine, validate(decode(assemble(WAT))));
  machine.start(instance.func("run"), [i32(8), i64(2n ** 62n)]);
  machine.run({ fuel: steps });
  return { instance, fiber: machine.fiber, level: 0, logical: 3 };
}
const value = (text: string, at = scope()): Datum => evaluate(parseExpression(text), at);

test.each([
  ["1 + 2 * 3", 7n],
  ["(1 + 2) * 3", 9n],
  ["-7 / 2", -3n],
  ["7 % -4", 3n],
  ["1 << 70 >> 68", 4n],
  ["0xff & ~0xf | 1 ^ 3", 0xf2n],
  ["1 < 2 == 1", 1n],
  ["2 > 1 && !0 || 1 / 0", 1n],
  ["0 && 1 / 0", 0n],
  ["9007199254740993", 9007199254740993n],
  ["1.5 + 1", 2.5],
  ["3 == 3.0", 1n],
  ["9007199254740993 == 9007199254740992.0", 0n],
  ["$p", 8n],
  ["local1 * 4 == 1 << 64", 1n],
  ["$x * 2", 5],
  ["$count - 1", -9223372036854775809n],
  ["global0 == $count", 1n],
  ["shown == f32(0.1)", 1n],
  ["i32[$p]", -1n],
  ["u32[8] == 0xffffffff", 1n],
  ["i32[$p + 4] == i32(0x80000000)", 1n],
  ["u8[15]", 128n],
  ["f32[16]", 1.5],
  ["i64[8] == u64[8] - (1 << 64)", 1n],
  ["u64(-1) == 0xffffffffffffffff", 1n],
  ["i8(255)", -1n],
  ["operand0 + top", 16n],
  ["fiber", 3n],
  ["$r == null", 1n],
  ["!$r", 1n],
])("%s", (text, expected) => {
  expect(value(text)).toBe(expected);
});

test.each([
  ["", /expected a value at its end/],
  ["1 +", /expected a value at its end/],
  ["1 2", /expected an operator before "2"/],
  ["(1", /expected \) at its end/],
  ["i32", /expected \( at its end/],
  ["1 ? 2", /expected a number, name or operator before "\? 2"/],
  ["$nothing", /no local of the frame, and no global/],
  ["local9", /the frame has 4 locals/],
  ["operand2", /the frame has 2 operands/],
  ["global7", /there are 2 globals/],
  ["1 / 0", /division by zero/],
  ["1 << 1000", /a shift by 1000/],
  ["~1.5", /~ needs integers/],
  ["1.5 & 1", /& needs integers/],
  ["i32[65533]", /4 bytes at 0xfffd are out of bounds/],
  ["i32[-1]", /out of bounds/],
  ["$r + 1", /\+ is not for references/],
  [`${"(".repeat(500)}1`, /too deeply nested/],
  [`${"-".repeat(500)}1`, /too deeply nested/],
])("%s is refused", (text, reason) => {
  expect(() => value(text)).toThrow(UsageError);
  expect(() => value(text)).toThrow(reason);
});

test("without a frame there are globals and memory", () => {
  const bare = { ...scope(), fiber: null };
  expect(value("global0 < 0 && u8[8] == 255", bare)).toBe(1n);
  expect(() => value("top", bare)).toThrow("top: there is no frame");
});

test("exact integers follow JavaScript's precedence", () => {
  const operators = ["+", "-", "*", "|", "^", "&"];
  const term = fc.bigInt({ min: 0n, max: 2n ** 70n });
  const tail = fc.tuple(fc.constantFrom(...operators), term);
  fc.assert(
    fc.property(term, fc.array(tail, { maxLength: 8 }), (first, rest) => {
      const text = rest.reduce((before, [op, n]) => `${before} ${op} ${n}`, String(first));
      const js = text.replaceAll(/\d+/g, "$&n");
      // oxlint-disable-next-line no-implied-eval, no-new-func -- JavaScript's bigints are what it is held to
      expect(value(text)).toBe(Function(`return ${js}`)());
    }),
  );
});

test("any text is an expression or refused", () => {
  const at = scope();
  const piece = fc.constantFrom("(", ")", "[", "]", "i32", "u8", "1", "0x1f", "$p", "-", "<<", "&&", "local0", " ", "§", "top", "1.5"); // prettier-ignore
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      try {
        datumText(value(pieces.join(""), at));
      } catch (error) {
        expect(error).toBeInstanceOf(UsageError);
      }
    }),
  );
});
