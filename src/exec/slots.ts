// Values into and out of a fiber's slots.

import { Exhaustion } from "../runtime/traps.js";
import type { Reference, Value } from "../runtime/values.js";
import type { ValType } from "../syntax/types.js";
import { bitsOf, wordsOfBits } from "../syntax/vectors.js";
import { wordsOf } from "./code.js";
import type { Fiber, FiberView } from "./fiber.js";

type AnyValType = ValType<unknown>;

/** Makes room for `words` words. */
export function reserve(fiber: Fiber, words: number): void {
  try {
    fiber.reserve(words);
  } catch {
    throw new Exhaustion("call stack exhausted", `no memory for ${words * 4} bytes of slots`);
  }
}

export function readSlot(fiber: FiberView, word: number, type: AnyValType): Value {
  switch (type) {
    case "i32":
      return { type, value: fiber.i32[word]! };
    case "f32":
      return { type, bits: fiber.i32[word]! >>> 0 };
    case "i64":
      return { type, value: fiber.i64[word >> 1]! };
    case "f64":
      return { type, bits: BigInt.asUintN(64, fiber.i64[word >> 1]!) };
    case "v128":
      return { type, bits: bitsOf(fiber.i32, word) };
    default:
      return { type: "ref", ref: (fiber.refs[word >> 1] ?? null) as Reference };
  }
}

function writeSlot(fiber: Fiber, word: number, value: Value): void {
  switch (value.type) {
    case "i32":
      fiber.i32[word] = value.value;
      return;
    case "f32":
      fiber.i32[word] = value.bits;
      return;
    case "i64":
      fiber.i64[word >> 1] = value.value;
      return;
    case "f64":
      fiber.i64[word >> 1] = BigInt.asIntN(64, value.bits);
      return;
    case "v128":
      fiber.i32.set(wordsOfBits(value.bits), word);
      return;
    case "ref":
      fiber.refs[word >> 1] = value.ref;
  }
}

export function readSlots(fiber: FiberView, word: number, types: readonly AnyValType[]): Value[] {
  return types.map((type) => {
    const value = readSlot(fiber, word, type);
    word += wordsOf(type as ValType);
    return value;
  });
}

/** @returns the number of words written */
export function writeSlots(fiber: Fiber, word: number, values: readonly Value[]): number {
  let words = 0;
  for (const value of values) {
    writeSlot(fiber, word + words, value);
    words += value.type === "v128" ? 4 : 2;
  }
  return words;
}
