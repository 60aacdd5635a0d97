// Instructions that are rare, or need BigInts or exact rounding: conversions, and
// accesses to memories other than the plain first one.

import type { Code as CodeOf } from "../syntax/opcodes.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { outOfBounds } from "../runtime/memory.js";
import { CrashError } from "../util/errors.js";
import type { Fiber } from "./fiber.js";
import { f32FromBigInt, trunc32, trunc64, truncSat32, truncSat64 } from "./numeric.js";

/** Executes conversion `code` on the operand at word `at`, in place. */
export function conversions(fiber: Fiber, code: number, at: number): void {
  const { i32, f32, f64, i64 } = fiber;
  const k = at >> 1;
  // prettier-ignore
  switch (code) {
    // Step_pure/cvtop-{val,trap}
    case 0xa8 satisfies CodeOf<"i32.trunc_f32_s">: i32[at] = trunc32(f32[at]!, -2147483904, 2147483648); return;
    case 0xa9 satisfies CodeOf<"i32.trunc_f32_u">: i32[at] = trunc32(f32[at]!, -1, 4294967296); return;
    case 0xaa satisfies CodeOf<"i32.trunc_f64_s">: i32[at] = trunc32(f64[k]!, -2147483649, 2147483648); return;
    case 0xab satisfies CodeOf<"i32.trunc_f64_u">: i32[at] = trunc32(f64[k]!, -1, 4294967296); return;
    case 0xae satisfies CodeOf<"i64.trunc_f32_s">: i64[k] = trunc64(f32[at]!, true); return;
    case 0xaf satisfies CodeOf<"i64.trunc_f32_u">: i64[k] = BigInt.asIntN(64, trunc64(f32[at]!, false)); return;
    case 0xb0 satisfies CodeOf<"i64.trunc_f64_s">: i64[k] = trunc64(f64[k]!, true); return;
    case 0xb1 satisfies CodeOf<"i64.trunc_f64_u">: i64[k] = BigInt.asIntN(64, trunc64(f64[k]!, false)); return;
    case 0xb4 satisfies CodeOf<"f32.convert_i64_s">: f32[at] = f32FromBigInt(i64[k]!); return;
    case 0xb5 satisfies CodeOf<"f32.convert_i64_u">: f32[at] = f32FromBigInt(BigInt.asUintN(64, i64[k]!)); return;
    case 0xfc0000 satisfies CodeOf<"i32.trunc_sat_f32_s">: i32[at] = truncSat32(f32[at]!, -2147483648, 2147483647); return;
    case 0xfc0001 satisfies CodeOf<"i32.trunc_sat_f32_u">: i32[at] = truncSat32(f32[at]!, 0, 4294967295); return;
    case 0xfc0002 satisfies CodeOf<"i32.trunc_sat_f64_s">: i32[at] = truncSat32(f64[k]!, -2147483648, 2147483647); return;
    case 0xfc0003 satisfies CodeOf<"i32.trunc_sat_f64_u">: i32[at] = truncSat32(f64[k]!, 0, 4294967295); return;
    case 0xfc0004 satisfies CodeOf<"i64.trunc_sat_f32_s">: i64[k] = truncSat64(f32[at]!, true); return;
    case 0xfc0005 satisfies CodeOf<"i64.trunc_sat_f32_u">: i64[k] = BigInt.asIntN(64, truncSat64(f32[at]!, false)); return;
    case 0xfc0006 satisfies CodeOf<"i64.trunc_sat_f64_s">: i64[k] = truncSat64(f64[k]!, true); return;
    case 0xfc0007 satisfies CodeOf<"i64.trunc_sat_f64_u">: i64[k] = BigInt.asIntN(64, truncSat64(f64[k]!, false)); return;
    default: throw new CrashError(`no conversion 0x${code.toString(16)}`);
  }
}

/** An address or length operand: 32 or 64 bits, as a number (exact where it matters: below 2^53). */
export function addressAt(fiber: Fiber, word: number, address: "i32" | "i64"): number {
  return address === "i32"
    ? fiber.i32[word]! >>> 0
    : (fiber.i32[word + 1]! >>> 0) * 4294967296 + (fiber.i32[word]! >>> 0);
}

/**
 * Executes the "memory access" entry at `pc`: what the interpreter's switch does, for any
 * memory and address type.
 * Step_read/load-{num,pack}-{oob,val}, Step/store-{num,pack}-{oob,val}
 * @returns the new stack pointer
 */
export function accessMemory(
  fiber: Fiber,
  instance: ModuleInstance,
  code: Int32Array,
  pc: number,
  sp: number,
): number {
  const { i32 } = fiber;
  const op = code[pc + 1]!;
  const memory = instance.memories[code[pc + 2]!]!;
  const { view } = memory;
  const offset = (code[pc + 4]! >>> 0) * 4294967296 + (code[pc + 3]! >>> 0);
  const isStore = op >= (0x36 satisfies CodeOf<"i32.store">);
  const at = isStore ? sp - 4 : sp - 2;
  const ea = addressAt(fiber, at, memory.type.limits.address) + offset;
  const bytes = accessBytes[op - 0x28]!;
  if (ea + bytes > view.byteLength) outOfBounds(ea, bytes, view.byteLength);
  if (isStore) {
    const low = i32[sp - 2]!;
    if (bytes === 1) view.setInt8(ea, low);
    else if (bytes === 2) view.setInt16(ea, low, true);
    else view.setInt32(ea, low, true);
    if (bytes === 8) view.setInt32(ea + 4, i32[sp - 1]!, true);
    return at;
  }
  const signed = signedLoads.has(op);
  i32[at] =
    bytes === 1
      ? signed
        ? view.getInt8(ea)
        : view.getUint8(ea)
      : bytes === 2
        ? signed
          ? view.getInt16(ea, true)
          : view.getUint16(ea, true)
        : view.getInt32(ea, true);
  i32[at + 1] = bytes === 8 ? view.getInt32(ea + 4, true) : signed ? i32[at]! >> 31 : 0;
  return sp;
}

/** Bytes accessed by opcodes 0x28 to 0x3e, in order. */
const accessBytes = [4, 8, 4, 8, 1, 1, 2, 2, 1, 1, 2, 2, 4, 4, 4, 8, 4, 8, 1, 2, 1, 2, 4];
const signedLoads = new Set<number>([
  0x2c satisfies CodeOf<"i32.load8_s">,
  0x2e satisfies CodeOf<"i32.load16_s">,
  0x30 satisfies CodeOf<"i64.load8_s">,
  0x32 satisfies CodeOf<"i64.load16_s">,
  0x34 satisfies CodeOf<"i64.load32_s">,
]);
