// Wide arithmetic: 128-bit numbers as two operands, low half first.
// Proposal: https://github.com/WebAssembly/wide-arithmetic

import type { Code as CodeOf } from "../syntax/opcodes.js";
import { CrashError } from "../util/errors.js";
import type { Fiber } from "./fiber.js";

/**
 * Executes instruction `code` on the operands below word `sp`.
 * @returns the new stack pointer
 */
export function wide({ i64 }: Fiber, code: number, sp: number): number {
  const top = sp >> 1;
  const unsigned = (k: number): bigint => BigInt.asUintN(64, i64[top - k]!);
  /** The number whose low half is the `k`-th operand from the top. */
  const pair = (k: number): bigint => (i64[top - k + 1]! << 64n) | unsigned(k);
  // prettier-ignore
  switch (code) {
    // Step_pure/wideop
    case 0xfc0013 satisfies CodeOf<"i64.add128">: return put(i64, top - 4, pair(4) + pair(2));
    case 0xfc0014 satisfies CodeOf<"i64.sub128">: return put(i64, top - 4, pair(4) - pair(2));
    // Step_pure/extwideop
    case 0xfc0015 satisfies CodeOf<"i64.mul_wide_s">: return put(i64, top - 2, i64[top - 2]! * i64[top - 1]!);
    case 0xfc0016 satisfies CodeOf<"i64.mul_wide_u">: return put(i64, top - 2, unsigned(2) * unsigned(1));
    default: throw new CrashError(`no wide arithmetic 0x${code.toString(16)}`);
  }
}

/** Stores 128 bits as operands `k` and `k + 1`. A bigint that is too long wraps around. */
function put(i64: BigInt64Array, k: number, value: bigint): number {
  i64[k] = value;
  i64[k + 1] = value >> 64n;
  return 2 * (k + 2);
}
