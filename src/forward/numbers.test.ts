// All operators on numbers, on operands at the edges of what they do, in compiled code:
// called a few times, and so often that the host's compiler has optimised it.

import { describe, expect, test } from "@jest/globals";
import binaryen from "binaryen";
import { decode } from "../binary/decode.js";
import { instantiate } from "../exec/instantiate.js";
import { Machine } from "../exec/machine.js";
import { Trap } from "../runtime/traps.js";
import { i32, i64, type Value } from "../runtime/values.js";
import { type Mnemonic, opcodeOf, opcodes } from "../syntax/opcodes.js";
import { validate } from "../valid/validate.js";
import { tierOf, type TierName } from "./choose.js";

type Type = "i32" | "i64" | "f32" | "f64";
const list = (text: string): bigint[] => text.split(/\s+/).map(BigInt);
/** By their bits. Of floats: small ones, infinities, NaNs, extremes, and what is about the bounds of integers. */
const EDGES: Readonly<Record<Type, readonly bigint[]>> = {
  i32: list("0 1 -1 2 7 31 32 33 65 0x7fffffff 0x80000000 0x80 0x8000"),
  i64: list(`0 1 -1 2 31 32 33 63 64 65 0x80 0x8000 0x80000000 0xffffffff 0x100000000
    0x7fffffffffffffff 0x8000000000000000`),
  f32: list(`0 0x80000000 0x3f800000 0xbf800000 0x3f000000 0xbf000000 0x3fc00000
    0x7f800000 0xff800000 0x7fc00000 0xffc00001 0x7fa00000 0xff800001
    1 0x7f7fffff 0x4f000000 0x4effffff 0xcf000000 0xcf000001 0x4f800000
    0xbf7fffff 0x5f000000 0x5effffff 0xdf000000 0x5f800000 0x4b800001`),
  f64: list(`0 0x8000000000000000 0x3ff0000000000000 0xbff0000000000000 0x3fe0000000000000
    0xbfe0000000000000 0x3ff8000000000000 0x7ff0000000000000 0xfff0000000000000
    0x7ff8000000000000 0xfff8000000000001 0x7ff4000000000000 0xfff0000000000001
    1 0x7fefffffffffffff 0x41e0000000000000 0x41dfffffffffffff 0xc1e0000000000000
    0xc1e0000000200000 0x41f0000000000000 0xbfefffffffffffff 0x43e0000000000000
    0x43dfffffffffffff 0xc3e0000000000000 0x43f0000000000000 0x47efffffe0000000`),
};
/** Of these nobody may fold an operator: 0, -0, 1, -1, and a few more, as text. */
const CONSTANTS: Readonly<Record<Type, readonly string[]>> = {
  i32: ["0", "1", "-1", "31", "32", "33", "-2147483648"],
  i64: ["0", "1", "-1", "31", "32", "63", "64", "-9223372036854775808"],
  f32: ["0", "-0", "1", "-1", "0.5", "inf", "nan"],
  f64: ["0", "-0", "1", "-1", "0.5", "inf", "nan"],
};

interface Case {
  readonly name: string;
  readonly params: readonly Type[];
  readonly result: Type;
  readonly text: string;
}

const bitsType = (type: Type): Type => (type === "f32" ? "i32" : type === "f64" ? "i64" : type);
/** Floats go in and out by their bits: no host looks at them. */
const input = (type: Type, i: number): string =>
  type === "f32"
    ? `(f32.reinterpret_i32 (local.get ${i}))`
    : type === "f64"
      ? `(f64.reinterpret_i64 (local.get ${i}))`
      : `(local.get ${i})`;
const output = (type: Type, text: string): string =>
  type === "f32" || type === "f64" ? `(${bitsType(type)}.reinterpret_${type} ${text})` : text;

function casesOf(mnemonic: Mnemonic): Case[] {
  const { type } = opcodeOf(opcodes[mnemonic].code)!;
  const params = type!.params as Type[];
  const result = type!.results[0] as Type;
  const operands = params.map(input);
  const all: Case[] = [
    { name: mnemonic, params, result, text: `(${mnemonic} ${operands.join(" ")})` },
  ];
  if (params.length === 1) return all;
  for (const side of [0, 1])
    for (const constant of CONSTANTS[params[side]!]) {
      const text = [input(params[1 - side]!, 0)];
      text.splice(side, 0, `(${params[side]}.const ${constant})`);
      all.push({
        name: `${mnemonic} ${side === 0 ? `${constant} _` : `_ ${constant}`}`,
        params: [params[1 - side]!],
        result,
        text: `(${mnemonic} ${text.join(" ")})`,
      });
    }
  return all;
}

const operators = (Object.keys(opcodes) as Mnemonic[]).filter((mnemonic) => {
  const { type, access } = opcodeOf(opcodes[mnemonic].code)!;
  const numbers = [...(type?.params ?? []), ...(type?.results ?? [])];
  return (
    /^[if](32|64)\./.test(mnemonic) &&
    access === undefined &&
    (type?.params.length ?? 0) > 0 &&
    type!.results.length === 1 &&
    numbers.every((t) => t in EDGES)
  );
});
/** Demoting what was promoted. */
const roundTrip: Case = {
  name: "f32.demote_f64 of f64.promote_f32",
  params: ["f32"],
  result: "f32",
  text: `(f32.demote_f64 (f64.promote_f32 ${input("f32", 0)}))`,
};
const cases = [...operators.flatMap(casesOf), roundTrip];

function load(some: readonly Case[], tier: TierName) {
  const text = some.map(
    ({ name, params, result, text }) =>
      `(func (export "${name}") ${params.map((t) => `(param ${bitsType(t)})`).join(" ")}
        (result ${bitsType(result)}) ${output(result, text)})`,
  );
  const parsed = binaryen.parseText(`(module ${text.join("\n")})`);
  parsed.setFeatures(binaryen.Features.All);
  const machine = new Machine({ tier: tierOf(tier) });
  const instance = instantiate(machine, validate(decode(parsed.emitBinary())), new Map());
  return (name: string, args: readonly Value[]): bigint | string => {
    try {
      return BigInt((machine.invoke(instance.func(name), args)[0] as { value: bigint }).value);
    } catch (error) {
      if (error instanceof Trap) return error.message;
      throw error;
    }
  };
}

/** What is exact of a result: of a NaN that an operator makes, that it is a quiet one. */
function exact(result: Type, of: bigint | string): bigint | string {
  if (typeof of === "string" || result === "i32" || result === "i64") return of;
  const [low, quiet] = result === "f32" ? [23n, 0x1ffn] : [52n, 0xfffn];
  const unsigned = BigInt.asUintN(result === "f32" ? 32 : 64, of);
  const exponent = (quiet >> 1n) << low;
  if ((unsigned & exponent) !== exponent || (unsigned & ((1n << low) - 1n)) === 0n) return of;
  return (unsigned >> (low - 1n)) & 1n ? "a quiet NaN" : "a signalling NaN";
}
/** Operators on bits alone. */
const KEEPS = /abs|neg|copysign|reinterpret/;

type Run = (name: string, args: readonly Value[]) => bigint | string;

/** Each case on all its operands, `rounds` times. */
function compare(some: readonly Case[], rounds: number, expected: Run, found: Run): void {
  for (const { name, params, result } of some) {
    let all: Value[][] = [[]];
    for (const type of params)
      all = all.flatMap((before) => EDGES[type].map((bits) => [...before, valueOf(type, bits)]));
    const tell = (of: bigint | string) => (KEEPS.test(name) ? of : exact(result, of));
    const results = all.map((args) => tell(expected(name, args)));
    for (let round = 0; round < rounds; round++)
      all.forEach((args, i) => {
        const got = tell(found(name, args));
        if (got !== results[i])
          expect({ name, args, got }).toEqual({ name, args, got: results[i] });
      });
  }
}

const valueOf = (type: Type, bits: bigint): Value =>
  type === "i32" || type === "f32"
    ? i32(Number(BigInt.asIntN(32, bits)))
    : i64(BigInt.asIntN(64, bits));

describe("every operator on numbers, as the interpreter", () => {
  test("on operands at the edges", () => {
    expect(operators.length).toBeGreaterThan(120);
    compare(cases, 1, load(cases, "interpreter"), load(cases, "forward"));
  });

  // V8 leaves out operators that do nothing: of a signalling NaN they make a quiet one.
  test("with what is neutral to it, when it is optimised", () => {
    const neutral = cases.filter(({ name }) =>
      /^f(32|64)\.(add|sub|mul|div) .*[01]( _)?$/.test(name),
    );
    expect(neutral.push(roundTrip)).toBe(65);
    compare(neutral, 250, load(neutral, "interpreter"), load(neutral, "forward"));
  });
});
