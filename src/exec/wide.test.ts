// Wide arithmetic against bigints: every instruction, on random operands and corners.

import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { decode } from "../binary/decode.js";
import type { FuncInstance } from "../runtime/instances.js";
import { i64 } from "../runtime/values.js";
import { code, functype, I64, section, wasm } from "../valid/testing.js";
import { validate } from "../valid/validate.js";
import { instantiate } from "./instantiate.js";
import { Machine } from "./machine.js";

const pair = (low: bigint, high: bigint) => (high << 64n) | BigInt.asUintN(64, low);
const unsigned = (n: bigint) => BigInt.asUintN(64, n);

const models = {
  "i64.add128": (a, b, c, d) => pair(a, b) + pair(c!, d!),
  "i64.sub128": (a, b, c, d) => pair(a, b) - pair(c!, d!),
  "i64.mul_wide_s": (a, b) => a * b,
  "i64.mul_wide_u": (a, b) => unsigned(a) * unsigned(b),
} as const satisfies Record<string, (a: bigint, b: bigint, c?: bigint, d?: bigint) => bigint>;

const operand = fc.oneof(
  fc.constantFrom(0n, 1n, -1n, -(2n ** 63n), 2n ** 63n - 1n, 2n ** 32n),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

test.each(Object.entries(models))("%s", (mnemonic, model) => {
  const count = mnemonic.endsWith("128") ? 4 : 2;
  const params = Array.from({ length: count }, () => I64);
  const body = params.flatMap((_, i) => ["local.get" as const, i]);
  const bytes = wasm(
    section(1, functype(params, [I64, I64])),
    section(3, [0]),
    section(7, [1, 0x66, 0, 0]),
    section(10, code([], ...body, mnemonic as keyof typeof models, "end")),
  );
  const machine = new Machine();
  const found = instantiate(machine, validate(decode(bytes))).exports.get("f");
  const { func } = found as unknown as { func: FuncInstance };
  const four = fc.tuple(operand, operand, operand, operand);
  fc.assert(
    fc.property(four, (operands) => {
      const args = operands.slice(0, count);
      const expected = model(...(args as [bigint, bigint, bigint, bigint]));
      expect(machine.invoke(func, args.map(i64))).toEqual([i64(expected), i64(expected >> 64n)]);
    }),
  );
});
