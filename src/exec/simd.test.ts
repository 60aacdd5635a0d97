// Every vector instruction, but the relaxed ones, against the host's own engine: on
// random bytes and on the corner cases of every type of lane. Operands and results
// are in memory, since no vector passes through JavaScript. Results are compared as
// bits; where the spec leaves a NaN's bits open, ours must be the canonical one.

import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { decode } from "../binary/decode.js";
import { type Opcode, opcodeOf } from "../syntax/opcodes.js";
import { simdOpcodes } from "../syntax/opcodes-simd.js";
import { code, functype, type Item, leb, section, wasm } from "../valid/testing.js";
import { validate } from "../valid/validate.js";
import type { FuncInstance } from "../runtime/instances.js";
import type { MemoryInstance } from "../runtime/memory.js";
import { Trap } from "../runtime/traps.js";
import { instantiate } from "./instantiate.js";
import { Machine } from "./machine.js";

const all = Object.values(simdOpcodes).map(({ code }) => opcodeOf(code)!);
const strict = all.filter(({ mnemonic }) => !mnemonic.includes("relaxed"));

const PAGE = 65536;
/** Operand i is at 16 * i, the result at RESULT. */
const RESULT = 64;
/** All that an instruction can have changed: addresses are small or close to the end. */
const SEEN = 160;

/** The immediates to try: some lanes of those there are. */
function immediatesOf({ mnemonic, access, lanes, immediates }: Opcode): number[][] {
  if (mnemonic === "v128.const") return [Array.from({ length: 16 }, (_, i) => 17 * i)];
  if (mnemonic === "i8x16.shuffle")
    return [1, 5, 7, 31].map((step) => Array.from({ length: 16 }, (_, i) => (i * step + 3) % 32));
  const memarg = access === undefined ? [] : [0, ...leb(3)];
  return immediates.includes("lane")
    ? [0, lanes! >> 1, lanes! - 1].map((lane) => [...memarg, lane])
    : [memarg];
}

function moduleFor({ type, mnemonic }: Opcode, immediates: readonly number[]): Uint8Array {
  const { params, results } = type!;
  const operands = params.flatMap((t, i): Item[] => ["i32.const", 16 * i, `${t}.load`, 0, 0]);
  const apply: Item[] = [...operands, mnemonic, ...immediates];
  const body: Item[] =
    results.length === 0
      ? apply
      : ["i32.const", ...signed(RESULT), ...apply, `${results[0]!}.store`, 0, 0];
  return wasm(
    section(1, functype([], [])),
    section(3, [0]),
    section(5, [0, 1]),
    section(7, [1, 0x66, 0, 0], [1, 0x6d, 2, 0]),
    section(10, code([], ...body, "end")),
  );
}
/** LEB128 of a number whose bit 6 is not to be taken for a sign. */
const signed = (n: number): number[] => [n | 0x80, 0];

const bytesOf = (words: ArrayBufferView) => [
  ...new Uint8Array(words.buffer, words.byteOffset, words.byteLength),
];
const f32Bits = [
  0, 0x80000000, 1, 0x3f800000, 0xbf800000, 0x3f000000, 0x40200000, 0x7f800000, 0xff800000,
  0x7fc00000, 0xffc00000, 0x7fa00001, 0x4f000000, 0x4effffff, 0xcf000000, 0x4f800000, 0x5f000000,
  0x7f7fffff, 0x00800000,
];
const f64Bits = [
  0n,
  1n << 63n,
  1n,
  0x3ff0000000000000n,
  0xbff0000000000000n,
  0x3fe0000000000000n,
  0x4004000000000000n,
  0x7ff0000000000000n,
  0xfff0000000000000n,
  0x7ff8000000000000n,
  0xfff8000000000000n,
  0x7ff4000000000001n,
  0x41dfffffffc00000n,
  0x41e0000000000000n,
  0xc1e0000000200000n,
  0x41f0000000000000n,
  0x36a0000000000000n,
  0x47efffffefffffffn,
];
const lanes = <T>(lane: fc.Arbitrary<T>, count: number, pack: (lanes: T[]) => ArrayBufferView) =>
  fc.array(lane, { minLength: count, maxLength: count }).map((list) => bytesOf(pack(list)));
/** 16 bytes, whatever an instruction takes them for. The short lists make equal lanes likely. */
const vectors = [
  lanes(fc.integer({ min: 0, max: 255 }), 16, (l) => Uint8Array.from(l)),
  lanes(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), 16, (l) => Uint8Array.from(l)),
  lanes(fc.constantFrom(0, 1, 0x7fff, 0x8000, 0xffff, 0x4000), 8, (l) => Uint16Array.from(l)),
  lanes(fc.oneof(fc.constantFrom(...f32Bits), fc.integer()), 4, (l) => Uint32Array.from(l)),
  lanes(fc.constantFrom(0, -0, 1, NaN), 4, (l) => Float32Array.from(l)),
  lanes(fc.float(), 4, (l) => Float32Array.from(l)),
  lanes(fc.constantFrom(...f64Bits), 2, (l) => BigUint64Array.from(l)),
  lanes(fc.constantFrom(0, -0, 1, NaN), 2, (l) => Float64Array.from(l)),
  lanes(fc.double(), 2, (l) => Float64Array.from(l)),
];
/** An address: the offset 3 is added. Some accesses reach past the end. */
const address = fc.oneof(
  fc.integer({ min: 0, max: 120 }),
  fc.integer({ min: PAGE - 24, max: PAGE }),
  fc.constant(-1),
);

/** Instructions whose NaN results the spec leaves open, and the type of the lanes. */
const OPEN =
  /^(f32x4|f64x2)\.(ceil|floor|trunc|nearest|sqrt|add|sub|mul|div|min|max|demote|promote)/;

/** `theirs` with canonical NaNs in the lanes where `open` says that the bits do not matter. */
function expected(theirs: Uint8Array, open: string | undefined): Uint8Array {
  const bytes = theirs.slice();
  if (open === "f32x4") {
    const lanes = new Uint32Array(bytes.buffer, RESULT, 4);
    new Float32Array(bytes.buffer, RESULT, 4).forEach((x, i) => {
      if (x !== x) lanes[i] = 0x7fc00000;
    });
  } else if (open === "f64x2") {
    const lanes = new BigUint64Array(bytes.buffer, RESULT, 2);
    new Float64Array(bytes.buffer, RESULT, 2).forEach((x, i) => {
      if (x !== x) lanes[i] = 0x7ff8000000000000n;
    });
  }
  return bytes;
}

interface Outcome {
  readonly trapped: boolean;
  /** The bytes at both ends of the memory. */
  readonly start: Uint8Array;
  readonly end: Uint8Array;
}
/** Runs on a memory that starts with these bytes. */
function result(memory: Uint8Array, first: readonly number[], run: () => void): Outcome {
  for (let i = 0; i < PAGE; i += PAGE - SEEN)
    for (let k = 0; k < SEEN; k++) memory[i + k] = first[k] ?? k * 7 + 1;
  let trapped = false;
  try {
    run();
  } catch (error) {
    if (!(error instanceof Trap || error instanceof RuntimeError)) throw error;
    trapped = true;
  }
  return { trapped, start: memory.slice(0, SEEN), end: memory.slice(PAGE - SEEN) };
}
const textOf = ({ trapped, start, end }: Outcome): string =>
  `${trapped ? "trap" : "ok"} ${start.join(" ")} ... ${end.join(" ")}`;

interface HostWebAssembly {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: { f(): void; readonly m: { readonly buffer: ArrayBuffer } };
  };
  readonly RuntimeError: new () => Error;
}
const { Instance, Module, RuntimeError } = (
  globalThis as unknown as { WebAssembly: HostWebAssembly }
).WebAssembly;

describe("against the host's engine", () => {
  test.each(strict.map((op) => [op.mnemonic, op] as const))("%s", (mnemonic, op) => {
    const open = OPEN.exec(mnemonic)?.[1];
    const { params } = op.type!;
    const first = address.map((a) => bytesOf(Int32Array.of(a)));
    const operands = fc.oneof(
      ...[...vectors, fc.oneof(...vectors)].map((vector) =>
        fc.tuple(...params.map((_, i) => (i === 0 && op.access !== undefined ? first : vector))),
      ),
    );
    for (const immediates of immediatesOf(op)) {
      const bytes = moduleFor(op, immediates);
      const theirs = new Instance(new Module(bytes)).exports;
      const machine = new Machine();
      const { exports } = instantiate(machine, validate(decode(bytes)));
      const { func } = exports.get("f") as unknown as { func: FuncInstance };
      const { memory } = exports.get("m") as unknown as { memory: MemoryInstance };
      fc.assert(
        fc.property(operands, (given) => {
          const initial = given.flatMap((o) => [...o, ...Array<number>(16 - o.length).fill(0)]);
          const ours = result(memory.bytes, initial, () => machine.invoke(func, []));
          const host = result(new Uint8Array(theirs.m.buffer), initial, () => theirs.f());
          return textOf(ours) === textOf({ ...host, start: expected(host.start, open) });
        }),
        { numRuns: 200 },
      );
    }
  });
});

test("the list covers the vector instructions", () => {
  expect(strict).toHaveLength(236);
  expect(all).toHaveLength(256);
});
