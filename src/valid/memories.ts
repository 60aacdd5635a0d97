// Typing rules of memory instructions. Addresses and sizes have the memory's
// address type: `i64` for memory64.
// Spec: https://webassembly.github.io/spec/core/valid/instructions.html#memory-instructions

import type { Instruction } from "../syntax/instruction.js";
import type { Opcode } from "../syntax/opcodes.js";
import type { ValType } from "../syntax/types.js";
import type { FunctionValidator } from "./function.js";
import { checkData, checkMemory } from "./indices.js";
import type { Rules } from "./rule.js";

/** Operands of accesses to 64-bit memories: the rows of the table have the address as `i32`. */
const params64 = new Map<Opcode, readonly ValType[]>();

function paramsIn64(op: Opcode): readonly ValType[] {
  let params = params64.get(op);
  if (params === undefined) params64.set(op, (params = ["i64", ...op.type!.params.slice(1)]));
  return params;
}

/** Threads: these accesses must be aligned. */
const isAtomic = ({ code }: Opcode): boolean => code >> 16 === 0xfe;

/**
 * Memarg_ok, Instr_ok/{load,store}-{val,pack}, vload-{val,pack,splat,zero}, vload_lane,
 * vstore{,_lane}, atomic_{load,store,rmw,cmpxchg}, memory.atomic.{wait,notify}
 */
export function applyAccess(v: FunctionValidator, { op, a, b, memOffset }: Instruction): void {
  const { address } = checkMemory(v, a).limits;
  const natural = 31 - Math.clz32(op.access!);
  if (b > natural) v.fail("alignment must not be larger than natural");
  if (isAtomic(op) && b !== natural) v.fail("atomic alignment must be natural");
  if (address === "i32" && memOffset > 0xffff_ffff) v.fail(`offset out of range: ${memOffset}`);
  v.popAll(address === "i32" ? op.type!.params : paramsIn64(op));
  v.pushAll(op.type!.results);
}

export const memoryRules = {
  // Instr_ok/memory.size
  "memory.size": (v, { a }) => {
    v.push(checkMemory(v, a).limits.address);
  },
  // Instr_ok/memory.grow
  "memory.grow": (v, { a }) => {
    const { address } = checkMemory(v, a).limits;
    v.popOne(address);
    v.push(address);
  },
  // Instr_ok/memory.fill
  "memory.fill": (v, { a }) => {
    const { address } = checkMemory(v, a).limits;
    v.popAll([address, "i32", address]);
  },
  // Instr_ok/memory.copy
  "memory.copy": (v, { a, b }) => {
    const to = checkMemory(v, a).limits.address;
    const from = checkMemory(v, b).limits.address;
    v.popAll([to, from, to === from ? to : "i32"]);
  },
  // Instr_ok/memory.init
  "memory.init": (v, { a, b }) => {
    const { address } = checkMemory(v, b).limits;
    checkData(v, a);
    v.popAll([address, "i32", "i32"]);
  },
  // Instr_ok/data.drop
  "data.drop": (v, { a }) => {
    checkData(v, a);
  },
} satisfies Rules;
