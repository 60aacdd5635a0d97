// Atomic memory accesses. One machine runs one fiber at a time, and one machine at a time
// runs, so every access is atomic by itself. Memories are not shared with other agents of
// the host (workers).
// Proposal: https://github.com/WebAssembly/threads

import { FuncInstance, type ModuleInstance } from "../runtime/instances.js";
import { type MemoryInstance, outOfBounds } from "../runtime/memory.js";
import { Trap } from "../runtime/traps.js";
import { i32 as i32Value } from "../runtime/values.js";
import type { Code as CodeOf } from "../syntax/opcodes.js";
import { closeTypes } from "../valid/deftypes.js";
import type { Code } from "./code.js";
import { addressAt } from "./cold.js";
import type { Fiber } from "./fiber.js";
import type { HostCall } from "./machine.js";
import { notify, Wait, WaitResult } from "./waits.js";

/** Within a group of seven rows: bytes accessed, and whether the operands are i64. */
const BYTES = [4, 8, 1, 2, 1, 2, 4];
const WIDE = [false, true, false, false, true, true, true];

const enum Group {
  load,
  store,
  add,
  sub,
  and,
  or,
  xor,
  xchg,
  cmpxchg,
}

interface Place {
  readonly memory: MemoryInstance;
  readonly address: number;
}

/**
 * Where the entry at `pc` accesses `bytes` bytes; its address operand is at word `at`.
 * Step_read/atomic_load-{unaligned,oob}, Step/atomic_{store,rmw,cmpxchg}-{unaligned,oob},
 * memory.atomic.wait-{unaligned,oob}, memory.atomic.notify-{unaligned,oob}
 */
function placeOf(
  fiber: Fiber,
  instance: ModuleInstance,
  code: Int32Array,
  pc: number,
  at: number,
  bytes: number,
): Place {
  const memory = instance.memories[code[pc + 2]!]!;
  const offset = (code[pc + 4]! >>> 0) * 4294967296 + (code[pc + 3]! >>> 0);
  const address = addressAt(fiber, at, memory.type.limits.address) + offset;
  if (address % bytes !== 0) throw new Trap("unaligned atomic", `${bytes} bytes at ${address}`);
  const size = memory.view.byteLength;
  if (address + bytes > size) outOfBounds(address, bytes, size);
  return { memory, address };
}

/**
 * Executes the entry at `pc`, [0xfe, sub-opcode, memory, offset low, offset high].
 * @returns the new stack pointer
 */
export function atomics(
  fiber: Fiber,
  instance: ModuleInstance,
  code: Int32Array,
  pc: number,
  sp: number,
): number {
  const op = 0xfe0000 | code[pc + 1]!;
  // Step_pure/atomic.fence: accesses happen in one order anyway
  if (op === (0xfe0003 satisfies CodeOf<"atomic.fence">)) return sp;
  // Step/memory.atomic.notify-count
  if (op === (0xfe0000 satisfies CodeOf<"memory.atomic.notify">)) {
    const place = placeOf(fiber, instance, code, pc, sp - 4, 4);
    fiber.i32[sp - 4] = notify(place.memory, place.address, fiber.i32[sp - 2]! >>> 0);
    return sp - 2;
  }
  // Step_read/atomic_load-val, Step/atomic_{store,rmw}-val, atomic_cmpxchg-{eq,ne}
  const index = op - (0xfe0010 satisfies CodeOf<"i32.atomic.load">);
  const group: Group = Math.floor(index / 7);
  const bytes = BYTES[index % 7]!;
  const operands = group === Group.load ? 1 : group === Group.cmpxchg ? 3 : 2;
  const at = sp - 2 * operands;
  const place = placeOf(fiber, instance, code, pc, at, bytes);
  const { i64 } = fiber;
  const wide = WIDE[index % 7]!;
  const operand = (k: number): bigint =>
    wide ? i64[(at >> 1) + k]! : BigInt(fiber.i32[at + 2 * k]!);

  const old = read(place, bytes);
  if (group !== Group.load) {
    const value = result(group, old, operand(1), operands === 3 ? operand(2) : 0n, 8 * bytes);
    if (value !== null) write(place, bytes, value);
    if (group === Group.store) return at;
  }
  i64[at >> 1] = old;
  return at + 2;
}

/** What is stored where `old` was; null for nothing. `bits` are those accessed. */
function result(
  group: Group,
  old: bigint,
  x: bigint,
  replacement: bigint,
  bits: number,
): bigint | null {
  switch (group) {
    case Group.add:
      return old + x;
    case Group.sub:
      return old - x;
    case Group.and:
      return old & x;
    case Group.or:
      return old | x;
    case Group.xor:
      return old ^ x;
    case Group.cmpxchg:
      return old === BigInt.asUintN(bits, x) ? replacement : null;
    default:
      return x;
  }
}

/** The bytes at a place, extended with zeros. */
function read({ memory: { view }, address }: Place, bytes: number): bigint {
  if (bytes === 8) return view.getBigUint64(address, true);
  if (bytes === 4) return BigInt(view.getUint32(address, true));
  return BigInt(bytes === 2 ? view.getUint16(address, true) : view.getUint8(address));
}

function write({ memory: { view }, address }: Place, bytes: number, value: bigint): void {
  if (bytes === 8) view.setBigUint64(address, value, true);
  else {
    const low = Number(BigInt.asUintN(32, value));
    if (bytes === 4) view.setUint32(address, low, true);
    else if (bytes === 2) view.setUint16(address, low, true);
    else view.setUint8(address, low);
  }
}

// Waiting

const [WAIT_TYPE] = closeTypes([
  {
    final: true,
    supers: [],
    comp: { kind: "func", params: [], results: ["i32"] },
    groupStart: 0,
    groupSize: 1,
  },
]);

/**
 * The top frame stands at `memory.atomic.wait32` or `wait64`: its result, or a call by which
 * the host waits, and whose result it is then.
 * Step/memory.atomic.wait-{unshared,ne,expired,suspend}
 */
export function beginWait(fiber: Fiber): number | HostCall {
  const { func, pc, sp } = fiber.top;
  const { words } = func.code as Code;
  const wide = words[pc + 1] === 2;
  const place = placeOf(fiber, func.instance!, words, pc, sp - 6, wide ? 8 : 4);
  if (!place.memory.type.limits.shared) throw new Trap("expected shared memory");
  const expected = wide ? fiber.i64[(sp - 4) >> 1]! : BigInt(fiber.i32[sp - 4]!);
  if (read(place, wide ? 8 : 4) !== BigInt.asUintN(wide ? 64 : 32, expected))
    return WaitResult.notEqual;
  const timeout = fiber.i64[(sp - 2) >> 1]!;
  if (timeout === 0n) return WaitResult.timedOut;
  const wait = new Wait(place.memory, place.address, timeout);
  const name = wide ? "memory.atomic.wait64" : "memory.atomic.wait32";
  const host = async () => [i32Value(await wait.inRealTime())];
  return { func: FuncInstance.host(WAIT_TYPE!, name, host), args: [], wait };
}

/**
 * Puts the result of the wait at which the top frame stands.
 * Step/memory.atomic.wait-{woken,timeout}
 */
export function endWait(fiber: Fiber, result: number): void {
  const frame = fiber.top;
  frame.sp -= 4;
  fiber.i32[frame.sp - 2] = result;
  frame.pc += 5;
}
