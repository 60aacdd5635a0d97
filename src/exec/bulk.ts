// Bulk memory and table instructions, and table access. Each checks its whole
// range before it changes anything.
// Spec: https://webassembly.github.io/spec/core/exec/instructions.html#table-instructions

import type { Code as CodeOf } from "../syntax/opcodes.js";
import type { ModuleInstance, TableInstance } from "../runtime/instances.js";
import { outOfBounds } from "../runtime/memory.js";
import { Trap } from "../runtime/traps.js";
import type { Reference } from "../runtime/values.js";
import { CrashError } from "../util/errors.js";
import { addressAt } from "./cold.js";
import type { Fiber } from "./fiber.js";

/**
 * Executes instruction `code` with immediates `a` and `b`.
 * @returns the new stack pointer
 */
export function bulk(
  fiber: Fiber,
  instance: ModuleInstance,
  code: number,
  a: number,
  b: number,
  sp: number,
): number {
  switch (code) {
    // Step_read/table.get-{oob,val}
    case 0x25 satisfies CodeOf<"table.get">: {
      const table = instance.tables[a]!;
      const i = addressAt(fiber, sp - 2, table.type.limits.address);
      checkTable(table, i, 1);
      fiber.refs[(sp - 2) >> 1] = table.elements[i];
      return sp;
    }
    // Step/table.set-{oob,val}
    case 0x26 satisfies CodeOf<"table.set">: {
      const table = instance.tables[a]!;
      const i = addressAt(fiber, sp - 4, table.type.limits.address);
      checkTable(table, i, 1);
      table.elements[i] = fiber.refs[(sp - 2) >> 1] as Reference;
      return sp - 4;
    }
    // Step_read/memory.init-{oob,zero,succ}
    case 0xfc0008 satisfies CodeOf<"memory.init">: {
      const data = instance.datas[a]!;
      const memory = instance.memories[b]!;
      const to = addressAt(fiber, sp - 6, memory.type.limits.address);
      const from = addressAt(fiber, sp - 4, "i32");
      const n = addressAt(fiber, sp - 2, "i32");
      if (from + n > data.length) outOfBounds(from, n, data.length);
      memory.check(to, n);
      memory.part(to, n).set(data.subarray(from, from + n));
      return sp - 6;
    }
    // Step/data.drop
    case 0xfc0009 satisfies CodeOf<"data.drop">:
      instance.datas[a] = EMPTY;
      return sp;
    // Step_read/memory.copy-{oob,zero,le,gt}
    case 0xfc000a satisfies CodeOf<"memory.copy">: {
      const destination = instance.memories[a]!;
      const source = instance.memories[b]!;
      const toType = destination.type.limits.address;
      const fromType = source.type.limits.address;
      const to = addressAt(fiber, sp - 6, toType);
      const from = addressAt(fiber, sp - 4, fromType);
      const n = addressAt(fiber, sp - 2, toType === "i64" ? fromType : toType);
      source.check(from, n);
      destination.check(to, n);
      destination.copy(source, from, to, n);
      return sp - 6;
    }
    // Step_read/memory.fill-{oob,zero,succ}
    case 0xfc000b satisfies CodeOf<"memory.fill">: {
      const memory = instance.memories[a]!;
      const { address } = memory.type.limits;
      const to = addressAt(fiber, sp - 6, address);
      const n = addressAt(fiber, sp - 2, address);
      memory.check(to, n);
      memory.fill(fiber.i32[sp - 4]! & 0xff, to, n);
      return sp - 6;
    }
    // Step_read/table.init-{oob,zero,succ}
    case 0xfc000c satisfies CodeOf<"table.init">: {
      const elements = instance.elems[a]!;
      const table = instance.tables[b]!;
      const to = addressAt(fiber, sp - 6, table.type.limits.address);
      const from = addressAt(fiber, sp - 4, "i32");
      const n = addressAt(fiber, sp - 2, "i32");
      if (from + n > elements.length) tableOutOfBounds(from, n, elements.length, "segment");
      checkTable(table, to, n);
      for (let i = 0; i < n; i++) table.elements[to + i] = elements[from + i]!;
      return sp - 6;
    }
    // Step/elem.drop
    case 0xfc000d satisfies CodeOf<"elem.drop">:
      instance.elems[a] = [];
      return sp;
    // Step_read/table.copy-{oob,zero,le,gt}
    case 0xfc000e satisfies CodeOf<"table.copy">: {
      const destination = instance.tables[a]!;
      const source = instance.tables[b]!;
      const toType = destination.type.limits.address;
      const fromType = source.type.limits.address;
      const to = addressAt(fiber, sp - 6, toType);
      const from = addressAt(fiber, sp - 4, fromType);
      const n = addressAt(fiber, sp - 2, toType === "i64" ? fromType : toType);
      checkTable(source, from, n);
      checkTable(destination, to, n);
      const moved = source.elements.slice(from, from + n);
      for (let i = 0; i < n; i++) destination.elements[to + i] = moved[i]!;
      return sp - 6;
    }
    // Step/table.grow-{succeed,fail}
    case 0xfc000f satisfies CodeOf<"table.grow">: {
      const table = instance.tables[a]!;
      const n = addressAt(fiber, sp - 2, table.type.limits.address);
      const old = table.grow(n, fiber.refs[(sp - 4) >> 1] as Reference);
      fiber.i64[(sp - 4) >> 1] = BigInt(old);
      return sp - 2;
    }
    // Step_read/table.size
    case 0xfc0010 satisfies CodeOf<"table.size">:
      fiber.i64[sp >> 1] = BigInt(instance.tables[a]!.elements.length);
      return sp + 2;
    // Step_read/table.fill-{oob,zero,succ}
    case 0xfc0011 satisfies CodeOf<"table.fill">: {
      const table = instance.tables[a]!;
      const { address } = table.type.limits;
      const to = addressAt(fiber, sp - 6, address);
      const n = addressAt(fiber, sp - 2, address);
      checkTable(table, to, n);
      table.elements.fill(fiber.refs[(sp - 4) >> 1] as Reference, to, to + n);
      return sp - 6;
    }
    default:
      throw new CrashError(`no bulk instruction 0x${code.toString(16)}`);
  }
}

const EMPTY = new Uint8Array(0);

function checkTable(table: TableInstance, index: number, count: number): void {
  if (index + count > table.elements.length)
    tableOutOfBounds(index, count, table.elements.length, "table");
}
function tableOutOfBounds(index: number, count: number, size: number, what: string): never {
  throw new Trap(
    "out of bounds table access",
    `${count} elements at index ${index}, ${what} has ${size}`,
  );
}
