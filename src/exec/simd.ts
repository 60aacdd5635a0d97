// Vector instructions: all that is 0xfd in modules. What an instruction does is in
// the handler of its mnemonic; operands go to it, and its result comes back, by the
// type in its row of the opcode table. Entries (in words):
//
//   [0xfd, sub-opcode, length of the entry, immediates...]
//
// The immediates are a lane; the four words of `v128.const` or `i8x16.shuffle`; or
// of a memory access [memory, offset low, offset high, lane].

import type { Instruction } from "../syntax/instruction.js";
import { opcodeOf } from "../syntax/opcodes.js";
import { simdOpcodes, type SimdMnemonic } from "../syntax/opcodes-simd.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { outOfBounds } from "../runtime/memory.js";
import { wordsOf, wordsOfAll } from "./code.js";
import type { Fiber } from "./fiber.js";
import { conversionHandlers } from "./simd-conversions.js";
import { floatHandlers } from "./simd-float.js";
import { integerHandlers } from "./simd-integer.js";
import { laneHandlers } from "./simd-lanes.js";
import { memoryHandlers } from "./simd-memory.js";
import {
  A,
  type Handler,
  type Handlers,
  type MemoryHandler,
  OPERANDS,
  RESULT,
} from "./simd-registers.js";
import { relaxedHandlers } from "./simd-relaxed.js";

/** Handlers of everything but memory accesses; one that is missing does not compile. */
const handlers: { readonly [M in Exclude<SimdMnemonic, keyof typeof memoryHandlers>]: Handler } = {
  ...laneHandlers,
  ...integerHandlers,
  ...floatHandlers,
  ...conversionHandlers,
  ...relaxedHandlers,
};

interface Entry {
  /** One of the two is null. */
  readonly handler: Handler | null;
  readonly memory: MemoryHandler | null;
  /** Bytes of a memory access. */
  readonly bytes: number;
  /** Words of each operand, of all, and of the result. */
  readonly operands: readonly number[];
  readonly operandWords: number;
  readonly resultWords: number;
}

/** By sub-opcode. */
const entries: Entry[] = [];
for (const [mnemonic, { code }] of Object.entries(simdOpcodes)) {
  const { type, access = 0 } = opcodeOf(code)!;
  entries[code & 0xffff] = {
    handler: (handlers as Handlers)[mnemonic as SimdMnemonic] ?? null,
    memory: (memoryHandlers as Handlers<MemoryHandler>)[mnemonic as SimdMnemonic] ?? null,
    bytes: access,
    operands: type!.params.map(wordsOf),
    operandWords: wordsOfAll(type!.params),
    resultWords: wordsOfAll(type!.results),
  };
}

/** The entry of a vector instruction. */
export function lowerSimd({ op, a, memOffset, lane, vector }: Instruction): readonly number[] {
  const immediates = op.access === undefined ? [] : memoryImmediates(a, BigInt(memOffset));
  if (op.immediates.includes("lane")) immediates.push(lane);
  if (op.immediates.includes("v128") || op.immediates.includes("lanes")) immediates.push(...vector);
  return [0xfd, op.code & 0xffff, 3 + immediates.length, ...immediates];
}

const memoryImmediates = (memory: number, offset: bigint): number[] => [
  memory,
  Number(BigInt.asIntN(32, offset)),
  Number(BigInt.asIntN(32, offset >> 32n)),
];

/**
 * Executes the entry at `pc`.
 * @returns the new stack pointer
 */
export function simd(
  { i32 }: Fiber,
  instance: ModuleInstance,
  code: Int32Array,
  pc: number,
  sp: number,
): number {
  const { handler, memory, bytes, operands, operandWords, resultWords } = entries[code[pc + 1]!]!;
  const bottom = sp - operandWords;
  let from = bottom;
  for (let i = 0; i < operands.length; i++) {
    const words = operands[i]!;
    for (let k = 0; k < words; k++) OPERANDS[4 * i + k] = i32[from + k]!;
    from += words;
  }
  if (handler !== null) handler(code, pc + 3);
  else access(instance, memory!, bytes, code, pc + 3);
  for (let k = 0; k < resultWords; k++) i32[bottom + k] = RESULT[k]!;
  return bottom + resultWords;
}

/**
 * The access whose immediates are at `at`, with the address in A.
 * Step_read/vload{,-pack,-splat,-zero,_lane}-oob, Step/{vstore,vstore_lane}-oob
 */
function access(
  instance: ModuleInstance,
  handler: MemoryHandler,
  bytes: number,
  code: Int32Array,
  at: number,
): void {
  const { view, type } = instance.memories[code[at]!]!;
  const base = type.limits.address === "i32" ? A.u32[0]! : A.u32[1]! * 4294967296 + A.u32[0]!;
  const address = base + (code[at + 2]! >>> 0) * 4294967296 + (code[at + 1]! >>> 0);
  if (address + bytes > view.byteLength) outOfBounds(address, bytes, view.byteLength);
  handler(view, address, code[at + 3]!);
}
