// Every numeric instruction of the opcode table against the host's own engine, on
// random operands and on the corner cases of each type. Results are compared as
// bits; where the spec leaves a NaN's bits open, any NaN of the class it allows.

import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { decode } from "../binary/decode.js";
import { opcodeOf, opcodes } from "../syntax/opcodes.js";
import { validate } from "../valid/validate.js";
import { code, F32, F64, functype, I32, I64, type Item, section, wasm } from "../valid/testing.js";
import type { FuncInstance } from "../runtime/instances.js";
import { Trap } from "../runtime/traps.js";
import { i32, i64, type Value } from "../runtime/values.js";
import { instantiate } from "./instantiate.js";
import { Machine } from "./machine.js";

const TYPES = { i32: I32, i64: I64, f32: F32, f64: F64 } as const;
type Type = keyof typeof TYPES;
const numeric = Object.values(opcodes)
  .map(({ code }) => opcodeOf(code)!)
  .filter(({ type, immediates }) => {
    if (type === undefined || immediates.length > 0 || type.results.length !== 1) return false;
    // Vectors have tests of their own.
    return [...type.params, ...type.results].every((t) => t in TYPES);
  });

/** Floats cross the host's boundary as integers of the same bits. */
const carrier = (type: Type): Type => (type === "f32" ? "i32" : type === "f64" ? "i64" : type);
const bits: Partial<Record<Type, { readonly into: Item; readonly out: Item }>> = {
  f32: { into: "f32.reinterpret_i32", out: "i32.reinterpret_f32" },
  f64: { into: "f64.reinterpret_i64", out: "i64.reinterpret_f64" },
};

function moduleFor(instruction: (typeof numeric)[number]): Uint8Array {
  const { params, results } = instruction.type as { params: Type[]; results: Type[] };
  const signature = functype(
    params.map((t) => TYPES[carrier(t)]),
    results.map((t) => TYPES[carrier(t)]),
  );
  const operands = params.flatMap((t, i): Item[] => [
    "local.get",
    i,
    ...(bits[t] ? [bits[t].into] : []),
  ]);
  const result = bits[results[0]!] ? [bits[results[0]!]!.out] : [];
  return wasm(
    section(1, signature),
    section(3, [0]),
    section(7, [1, 0x66, 0, 0]),
    section(10, code([], ...operands, instruction.mnemonic, ...result, "end")),
  );
}

const corners32 = [
  0,
  1,
  -1,
  2,
  31,
  32,
  0x7fffffff,
  -0x80000000,
  0x3f800000,
  -0x40800000,
  0x7f800000,
  -0x800000,
  0x7fc00000,
  0x7fa00001,
  -0x5ffff,
  0x4f000000,
  0x4effffff,
  0xcf000000 | 0,
  0x5f000000,
  0x3f000000,
  0x3f000001,
  0x40200000,
];
const corners64 = [
  0n,
  1n,
  -1n,
  2n,
  63n,
  64n,
  0x7fffffffffffffffn,
  -0x8000000000000000n,
  0x7ff0000000000000n,
  -0x10000000000000n,
  0x7ff8000000000000n,
  0x7ff4000000000001n,
  0x41dfffffffc00000n,
  0x41e0000000000000n,
  0x43e0000000000000n,
  0xc1e00000001fffffn,
  0x3fe0000000000000n,
  0x4004000000000000n,
  0x100000000n,
  0xffffffffn,
  0x20000000000001n,
  0x7fffff4000000001n,
  0x7fffff8000000000n,
];
const operand = (type: Type): fc.Arbitrary<number | bigint> =>
  carrier(type) === "i32"
    ? fc.oneof(
        fc.constantFrom(...corners32),
        fc.integer(),
        fc.float().map((x) => new Int32Array(Float32Array.of(x).buffer)[0]!),
      )
    : fc.oneof(
        fc.constantFrom(...corners64),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        fc.double().map((x) => new BigInt64Array(Float64Array.of(x).buffer)[0]!),
      );

const isNaN32 = (x: number) => (x & 0x7f800000) === 0x7f800000 && (x & 0x7fffff) !== 0;
const isNaN64 = (x: bigint) =>
  (x & 0x7ff0000000000000n) === 0x7ff0000000000000n && (x & 0xfffffffffffffn) !== 0n;

/** Instructions whose NaN results the spec gives exactly. */
const EXACT_NAN = /abs|neg|copysign|reinterpret/;

describe("against the host's engine", () => {
  test.each(numeric.map((instruction) => [instruction.mnemonic, instruction] as const))(
    "%s",
    (mnemonic, instruction) => {
      const bytes = moduleFor(instruction);
      const { params, results } = instruction.type as { params: Type[]; results: Type[] };
      const { Instance, Module } = (globalThis as unknown as { WebAssembly: HostWebAssembly })
        .WebAssembly;
      const theirs = new Instance(new Module(bytes)).exports.f;
      const machine = new Machine();
      const ours = instantiate(machine, validate(decode(bytes))).exports.get("f")!;
      const run = (args: readonly (number | bigint)[]): number | bigint | "trap" => {
        try {
          const values = args.map((x): Value => (typeof x === "number" ? i32(x) : i64(x)));
          const [result] = machine.invoke((ours as unknown as { func: FuncInstance }).func, values);
          return (result as { value: number | bigint }).value;
        } catch (error) {
          if (error instanceof Trap) return "trap";
          throw error;
        }
      };
      const host = (args: readonly (number | bigint)[]): number | bigint | "trap" => {
        try {
          return theirs(...args);
        } catch {
          return "trap";
        }
      };
      fc.assert(
        fc.property(fc.tuple(...params.map(operand)), (args) => {
          const mine = run(args);
          const expected = host(args);
          if (!EXACT_NAN.test(mnemonic) && mine !== "trap" && expected !== "trap") {
            // A quiet NaN is all that may be asked for.
            if (results[0] === "f32" && isNaN32(expected as number))
              return (Number(mine) & 0x7fc00000) === 0x7fc00000;
            if (results[0] === "f64" && isNaN64(expected as bigint))
              return (BigInt(mine) & 0x7ff8000000000000n) === 0x7ff8000000000000n;
          }
          return mine === expected;
        }),
        { numRuns: 300 },
      );
    },
  );
});

interface HostWebAssembly {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: { f: (...args: (number | bigint)[]) => number | bigint };
  };
}

test("the list covers the numeric instructions", () => {
  expect(numeric.length).toBeGreaterThan(130);
});
