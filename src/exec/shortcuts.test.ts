// Every shortcut against the entries that it stands for: with fuel for all of them at once,
// and one by one.

import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { decode } from "../binary/decode.js";
import type { FuncInstance } from "../runtime/instances.js";
import type { MemoryInstance } from "../runtime/memory.js";
import type { Value } from "../runtime/values.js";
import { type Mnemonic, opcodeOf, opcodes } from "../syntax/opcodes.js";
import {
  code,
  EMPTY,
  F64,
  functype,
  I32,
  I64,
  type Item,
  section,
  wasm,
} from "../valid/testing.js";
import { validate } from "../valid/validate.js";
import { instantiate } from "./instantiate.js";
import { codeOf } from "./lower.js";
import { Machine } from "./machine.js";
import { LONGEST, Shortcut } from "./shortcuts.js";
import { readSlots } from "./slots.js";

type Type = "i32" | "i64" | "f64";
const TYPES: readonly Type[] = ["i32", "i64", "f64"];
const BYTES = { i32: I32, i64: I64, f64: F64 };
/** Locals of each type: so few that instructions often use the same. */
const EACH = 3;
const LOCALS = TYPES.flatMap((type) => Array.from({ length: EACH }, () => type));

/** What an instruction of a shortcut's name takes and gives. */
function effect(name: string): { params: readonly Type[]; results: readonly Type[] } {
  const [mnemonic, type] = name.split(" ") as [Mnemonic, Type];
  if (mnemonic === "local.get") return { params: [], results: [type] };
  if (mnemonic === "local.set") return { params: [type], results: [] };
  if (mnemonic === "local.tee") return { params: [type], results: [type] };
  if (mnemonic === "br_if" || mnemonic === "if") return { params: ["i32"], results: [] };
  if (mnemonic === "br") return { params: [], results: [] };
  return opcodeOf(opcodes[mnemonic].code)!.type as ReturnType<typeof effect>;
}

/** What a sequence takes from the stack below it, topmost last, and what it leaves there. */
function effectOf(names: readonly string[]) {
  const below: Type[] = [];
  const stack: Type[] = [];
  for (const name of names) {
    const { params, results } = effect(name);
    for (const param of [...params].reverse()) if (stack.pop() === undefined) below.unshift(param);
    stack.push(...results);
  }
  return { below, stack };
}

const bytes64 = (bits: bigint): number[] =>
  Array.from({ length: 8 }, (_, i) => Number((bits >> BigInt(8 * i)) & 0xffn));
/** Signed LEB128. */
const sleb = (value: bigint): number[] => {
  const byte = Number(value & 0x7fn);
  const rest = value >> 7n;
  const done = rest === (byte & 0x40 ? -1n : 0n);
  return done ? [byte] : [byte | 0x80, ...sleb(rest)];
};
const doubleBits = (value: number): bigint => new BigUint64Array(Float64Array.of(value).buffer)[0]!;

interface Numbers {
  /** Values of the locals. */
  readonly i32: readonly number[];
  readonly i64: readonly bigint[];
  readonly f64: readonly number[];
  /** For immediates and operands, in turn. */
  readonly picks: readonly number[];
}
/** Many lie at the end of the memory. */
const int = fc.oneof(
  fc.integer(),
  fc.integer({ min: -9, max: 70_000 }),
  fc.integer({ min: 65_520, max: 65_540 }),
  fc.constantFrom(0, 1, -1),
);
const long = fc.oneof(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(-70n, 70n));
const numbers: fc.Arbitrary<Numbers> = fc.record({
  i32: fc.array(int, { minLength: EACH, maxLength: EACH }),
  i64: fc.array(long, { minLength: EACH, maxLength: EACH }),
  f64: fc.array(fc.double(), { minLength: EACH, maxLength: EACH }),
  picks: fc.array(int, { minLength: 1, maxLength: 8 }),
});

/** A function that puts operands on the stack and executes the sequence, between two `nop`s. */
function program(names: readonly string[], { picks }: Numbers): Uint8Array {
  let next = 0;
  const pick = () => picks[next++ % picks.length]!;
  const constant = (type: Type): Item[] =>
    type === "f64"
      ? ["f64.const", ...bytes64(doubleBits(pick() / 8))]
      : [`${type}.const`, ...sleb(BigInt(pick()))];
  const { below, stack } = effectOf(names);
  const items: Item[] = [];
  for (const name of names) {
    const [mnemonic, type] = name.split(" ") as [Mnemonic, Type?];
    if (type !== undefined)
      items.push(mnemonic, TYPES.indexOf(type) * EACH + (Math.abs(pick()) % EACH));
    else if (mnemonic.endsWith(".const")) items.push(...constant(mnemonic.slice(0, 3) as Type));
    else if (mnemonic === "br" || mnemonic === "br_if") items.push(mnemonic, 0);
    else if (mnemonic === "if") items.push("if", EMPTY);
    else if (opcodeOf(opcodes[mnemonic].code)!.access === undefined) items.push(mnemonic);
    else items.push(mnemonic, 0, Math.abs(pick()) % 5);
  }
  const last = names.at(-1);
  const leaves = last === "br" || last === "br_if" || last === "if";
  // Whether it branched shows in the first local.
  const shown: Item[] = ["i32.const", 77, "local.set", 0];
  const body: Item[] = [...below.flatMap(constant), "nop", ...items, "nop"];
  const whole: Item[] = leaves
    ? ["block", EMPTY, ...body, ...(last === "br" ? [] : shown), ...(last === "if" ? (["end"] as const) : []), "end"] // prettier-ignore
    : body;
  const params = LOCALS.map((type) => BYTES[type]);
  const results = [...stack.map((type) => BYTES[type]), ...params];
  const locals = LOCALS.flatMap((_, i): Item[] => ["local.get", i]);
  return wasm(
    section(1, functype(params, results)),
    section(3, [0]),
    section(5, [0, 1]),
    section(7, [1, 0x66, 0, 0], [1, 0x6d, 2, 0]),
    section(10, code([], ...whole, ...locals, "end")),
  );
}

const FILLED = Uint8Array.from({ length: 65_536 }, (_, i) => (i * 37) ^ (i >> 8));
/** Strings are compared faster than arrays. */
const text = new TextDecoder("latin1");

/** Everything that can be seen after the function ran in slices of `budget` instructions. */
function run(bytes: Uint8Array, { i32, i64, f64 }: Numbers, budget: number) {
  const machine = new Machine();
  const { exports } = instantiate(machine, validate(decode(bytes)));
  const { func } = exports.get("f") as unknown as { func: FuncInstance };
  const { memory } = exports.get("m") as unknown as { memory: MemoryInstance };
  memory.bytes.set(FILLED);
  const args: Value[] = [
    ...i32.map((value): Value => ({ type: "i32", value })),
    ...i64.map((value): Value => ({ type: "i64", value })),
    ...f64.map((value): Value => ({ type: "f64", bits: doubleBits(value) })),
  ];
  const fiber = machine.start(func, args);
  let outcome = machine.run({ fuel: budget });
  while (outcome.kind === "paused") outcome = machine.run({ fuel: budget });
  const { executed } = machine;
  const { top, depth } = fiber;
  return {
    func,
    seen: {
      executed,
      memory: text.decode(memory.bytes),
      end:
        outcome.kind === "returned"
          ? outcome.results
          : { error: String((outcome as { error: unknown }).error), depth, pc: top.pc, sp: top.sp },
      locals: outcome.kind === "returned" ? [] : readSlots(fiber, top.fp, LOCALS),
    },
  };
}

describe("shortcuts", () => {
  test.each(Object.entries(Shortcut))("%s", (key, opcode) => {
    const names = key.split(", ");
    fc.assert(
      fc.property(numbers, (chosen) => {
        const bytes = program(names, chosen);
        const { func, seen } = run(bytes, chosen, 1);
        const { words, shortcuts, starts } = codeOf(func);
        const nop = starts.find((pc) => words[pc] === 0x01)!;
        expect(shortcuts[nop + 1]).toBe(opcode);
        for (let budget = 2; budget <= LONGEST + 1; budget++)
          expect(run(bytes, chosen, budget).seen).toEqual(seen);
        expect(run(bytes, chosen, Infinity).seen).toEqual(seen);
      }),
      { numRuns: 60 },
    );
  });

  test("runs of what does nothing count every instruction", () => {
    const nothing: Item[] = Array.from({ length: 40 }, () => "nop");
    const bytes = wasm(
      section(1, functype([], [])),
      section(3, [0]),
      section(5, [0, 1]),
      section(7, [1, 0x66, 0, 0], [1, 0x6d, 2, 0]),
      section(10, code([], ...nothing, "block", EMPTY, "loop", EMPTY, "end", "end", "end")),
    );
    const none: Numbers = { i32: [], i64: [], f64: [], picks: [] };
    for (const budget of [1, 7, 39, 40, 43, 44, 45, Infinity])
      expect(run(bytes, none, budget).seen.executed).toBe(45);
  });

  test("only the interpreter's loop sees them: the words stay what they are", () => {
    for (const key of Object.keys(Shortcut)) {
      const bytes = program(key.split(", "), { i32: [], i64: [], f64: [], picks: [1] });
      const { func } = run(
        bytes,
        { i32: [1, 2, 3], i64: [1n, 2n, 3n], f64: [1, 2, 3], picks: [1] },
        1,
      );
      const { words, shortcuts, starts } = codeOf(func);
      for (const start of starts) expect(words[start]).toBeLessThan(0x100);
      const rest = words.map((word, i) => (starts.includes(i) ? 0 : word));
      expect(shortcuts.map((word, i) => (starts.includes(i) ? 0 : word))).toEqual(rest);
    }
  });
});
