// Read-only views on frames: where they stand, and what their slots hold, typed and
// named. Plain data for any front end.

import { InstructionReader } from "../binary/code.js";
import { codeOf } from "../exec/lower.js";
import { offsetOfPc, wordsOf } from "../exec/code.js";
import type { FiberView } from "../exec/fiber.js";
import { readSlot } from "../exec/slots.js";
import type { FuncInstance } from "../runtime/instances.js";
import type { Value } from "../runtime/values.js";
import type { SourcePosition } from "../syntax/source-lines.js";
import type { ValType } from "../syntax/types.js";
import { formatInstruction } from "../text/disassemble.js";
import { CrashError } from "../util/errors.js";
import type { ValidModule } from "../valid/validate.js";
import type { OperandType } from "../valid/visitor.js";
import { typesAt } from "../valid/types-at.js";

export interface Position {
  readonly func: FuncInstance;
  /** Byte offset in the module, and from the function's first instruction. */
  readonly offset: number;
  readonly relative: number;
  /** The instruction there, as text. */
  readonly instruction: string;
  /** Where it comes from, if that is known. */
  readonly source?: SourcePosition;
}

export interface FrameView extends Position {
  /** 0 is the innermost frame. */
  readonly level: number;
}

export interface TypedValue {
  readonly index: number;
  readonly name?: string;
  readonly type: OperandType;
  readonly value: Value;
}

export function positionAt(func: FuncInstance, offset: number): Position {
  const { module } = func.instance!;
  const { body } = module.functions[func.index - module.imported.func]!;
  const reader = new InstructionReader(module.bytes, offset, body.end);
  reader.next();
  const instruction = formatInstruction(module, reader.instruction, func.index);
  const source = module.lines?.at(offset);
  const relative = offset - body.offset;
  return { func, offset, relative, instruction, ...(source && { source }) };
}

/** The frames of a fiber, innermost first. */
export const frameViews = (fiber: FiberView, limit = Infinity): FrameView[] =>
  Array.from({ length: Math.min(fiber.depth, limit) }, (_, level) => frameView(fiber, level));

export function frameView(fiber: FiberView, level: number): FrameView {
  const { func, pc } = frameAt(fiber, level);
  return { level, ...positionAt(func, offsetOfPc(codeOf(func), pc)) };
}

function frameAt(fiber: FiberView, level: number) {
  return fiber.frames[fiber.depth - 1 - level] ?? crash(`no frame ${level}`);
}

/** Parameters first. */
export function localsOf(fiber: FiberView, level: number): TypedValue[] {
  const { func, fp } = frameAt(fiber, level);
  const { localTypes, localOffsets } = codeOf(func);
  const names = func.instance!.module.names.locals.get(func.index);
  return localTypes.map((type, index) => {
    const name = names?.get(index);
    const value = readSlot(fiber, fp + localOffsets[index]!, type);
    return { index, ...(name === undefined ? {} : { name }), type, value };
  });
}

/** Bottom first. A frame that waits for a call still has the call's operands. */
export function operandsOf(fiber: FiberView, level: number): TypedValue[] {
  const { func, fp, sp, pc } = frameAt(fiber, level);
  const code = codeOf(func);
  const module: ValidModule = func.instance!.module;
  const offset = offsetOfPc(code, pc);
  const { operands } = typesAt(module, func.index, offset) ?? crash(`no instruction at ${offset}`);
  let word = fp + code.localWords;
  const values = operands.map((type, index) => {
    const value = readSlot(fiber, word, type as ValType);
    word += wordsOf(type);
    return { index, type, value };
  });
  // Validation and the machine must agree on how much there is.
  if (word !== sp) crash(`operands of ${func.name} at byte ${offset} end at ${word}, not ${sp}`);
  return values;
}

function crash(message: string): never {
  throw new CrashError(message);
}
