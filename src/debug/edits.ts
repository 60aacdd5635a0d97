// Changes that somebody at a debugger makes to a program that stands: checked against the
// types of what is changed, and described as plain changes of the machine's things.

import type { Fiber } from "../exec/fiber.js";
import { wordsOf } from "../exec/code.js";
import { codeOf } from "../exec/lower.js";
import type { Edit } from "../history/edits.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { isOfType } from "../runtime/typing.js";
import type { Reference, Value } from "../runtime/values.js";
import { formatValType, type ValType } from "../syntax/types.js";
import { UsageError } from "../util/errors.js";
import { hex } from "../util/hex.js";
import { closeValType, type DefType } from "../valid/deftypes.js";
import { operandsOf } from "./views.js";

type Closed = ValType<DefType>;

/** @throws UsageError where there is no such local, or it has another type */
export function localEdit(fiber: Fiber, level: number, index: number, value: Value): Edit {
  const { func, fp } = frameAt(fiber, level);
  const { localTypes, localOffsets } = codeOf(func);
  const type = localTypes[index];
  if (type === undefined) throw new UsageError(`the frame has ${localTypes.length} locals`);
  check(value, closeValType(func.instance!.types, type), `local ${index}`);
  return { kind: "slot", fiber, word: fp + localOffsets[index]!, value };
}

/** @param index from the bottom @throws UsageError likewise */
export function operandEdit(fiber: Fiber, level: number, index: number, value: Value): Edit {
  const { func, fp } = frameAt(fiber, level);
  const operands = operandsOf(fiber, level);
  const operand = operands[index];
  if (operand === undefined) throw new UsageError(`the frame has ${operands.length} operands`);
  if (operand.type !== "bot")
    check(value, closeValType(func.instance!.types, operand.type), `operand ${index}`);
  const below = operands.slice(0, index).reduce((words, { type }) => words + wordsOf(type), 0);
  return { kind: "slot", fiber, word: fp + codeOf(func).localWords + below, value };
}

/** @throws UsageError where there is none, it is constant, or has another type */
export function globalEdit({ globals }: ModuleInstance, index: number, value: Value): Edit {
  const global = globals[index];
  if (global === undefined) throw new UsageError(`there are ${globals.length} globals`);
  if (!global.type.mutable) throw new UsageError(`global ${index} is constant`);
  check(value, global.type.type, `global ${index}`);
  return { kind: "global", global, value };
}

/** @throws UsageError out of bounds */
export function memoryEdit(
  { memories }: ModuleInstance,
  index: number,
  at: number,
  bytes: Uint8Array,
): Edit {
  const memory = memories[index];
  if (memory === undefined) throw new UsageError(`there is no memory ${index}`);
  const { byteLength } = memory.view;
  if (!Number.isSafeInteger(at) || at < 0 || at + bytes.length > byteLength)
    throw new UsageError(`${bytes.length} bytes at ${hex(at)} are out of bounds: memory has ${hex(byteLength)}`); // prettier-ignore
  return { kind: "memory", memory, at, bytes };
}

/** @throws UsageError where there is no such element, or it has another type */
export function elementEdit(
  { tables }: ModuleInstance,
  tableIndex: number,
  index: number,
  reference: Reference,
): Edit {
  const table = tables[tableIndex];
  if (table === undefined) throw new UsageError(`there is no table ${tableIndex}`);
  const { length } = table.elements;
  if (!Number.isSafeInteger(index) || index < 0 || index >= length)
    throw new UsageError(`the table has ${length} elements`);
  check({ type: "ref", ref: reference }, table.type.element, `elements of table ${tableIndex}`);
  return { kind: "element", table, index, reference };
}

function frameAt(fiber: Fiber, level: number) {
  const frame = fiber.frames[fiber.depth - 1 - level];
  if (frame === undefined || level < 0 || level >= fiber.depth)
    throw new UsageError(`there is no frame ${level}`);
  return frame;
}

function check(value: Value, type: Closed, what: string): void {
  const fits =
    value.type === "ref"
      ? typeof type === "object" && isOfType(value.ref, type)
      : value.type === type;
  if (!fits) throw new UsageError(`${what}: expected ${formatValType(type)}`);
}
