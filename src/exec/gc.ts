// Structures, scalar references and conversions; arrays and casts are in files of
// their own. Operands are words of the fiber's slots, references at half their index.
// Entries are [0xfb, sub-opcode, a, b]; `lowerGc` says what `a` and `b` are.
// Spec: https://webassembly.github.io/spec/core/exec/instructions.html#reference-instructions

import type { Instruction } from "../syntax/instruction.js";
import type { Code as CodeOf } from "../syntax/opcodes.js";
import type { RefType } from "../syntax/types.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { elementSizeOf, layoutOf, StructInstance } from "../runtime/objects.js";
import { Trap } from "../runtime/traps.js";
import type { Reference } from "../runtime/values.js";
import type { DefType } from "../valid/deftypes.js";
import type { ModuleContext } from "../valid/validate.js";
import type { Fiber } from "./fiber.js";
import { arrays } from "./gc-arrays.js";
import {
  castFailure,
  descriptorAt,
  descriptorCastFailure,
  heapCode,
  isDescribedBy,
  matchesType,
} from "./gc-casts.js";

/** What `a` and `b` of the entry are: the immediates, unless execution needs something else. */
export function lowerGc(
  { op, a, b, types }: Instruction,
  { defTypes }: ModuleContext,
): readonly [number, number] {
  switch (op.mnemonic) {
    case "struct.get":
    case "struct.get_s":
    case "struct.get_u":
    case "struct.set": {
      const { at, size } = layoutOf(defTypes[a]!).fields[b]!;
      return [at, size];
    }
    case "array.set":
    case "array.fill":
      return [a, elementSizeOf(defTypes[a]!)];
    case "ref.test":
    case "ref.test null":
    case "ref.cast":
    case "ref.cast null": {
      const { heap, nullable } = types[0] as RefType;
      return [heapCode(heap), nullable ? 1 : 0];
    }
    case "ref.cast_desc_eq":
    case "ref.cast_desc_eq null":
      return [(types[0] as RefType).nullable ? 1 : 0, 0];
    default:
      return [a, b];
  }
}

/**
 * Executes instruction `code` with the `a` and `b` of its entry.
 * @returns the new stack pointer
 */
export function gc(
  fiber: Fiber,
  instance: ModuleInstance,
  code: number,
  a: number,
  b: number,
  sp: number,
): number {
  const { i32, refs } = fiber;
  const top = (sp - 2) >> 1;
  switch (code) {
    // Step/struct.new
    case 0xfb0000 satisfies CodeOf<"struct.new">:
      return newStruct(fiber, instance.types[a]!, sp, null);
    // Step_read/struct.new_default
    case 0xfb0001 satisfies CodeOf<"struct.new_default">:
      refs[sp >> 1] = StructInstance.zero(instance.types[a]!);
      return sp + 2;
    // Step_read/struct.get-{null,struct}
    case 0xfb0002 satisfies CodeOf<"struct.get">:
      return loadField(fiber, structAt(refs[top]), a, b, sp);
    case 0xfb0003 satisfies CodeOf<"struct.get_s">: {
      const value = structAt(refs[top]).slots[a] as number;
      i32[sp - 2] = b === 1 ? (value << 24) >> 24 : (value << 16) >> 16;
      return sp;
    }
    case 0xfb0004 satisfies CodeOf<"struct.get_u">:
      i32[sp - 2] = structAt(refs[top]).slots[a] as number;
      return sp;
    // Step/struct.set-{null,struct}
    case 0xfb0005 satisfies CodeOf<"struct.set">: {
      const from = b === 16 ? sp - 4 : sp - 2;
      const struct = structAt(refs[(from - 2) >> 1]);
      storeField(fiber, struct, a, b, from);
      return from - 2;
    }

    // Step_read/ref.test-{true,false}
    case 0xfb0014 satisfies CodeOf<"ref.test">:
    case 0xfb0015 satisfies CodeOf<"ref.test null">:
      i32[sp - 2] = matchesType(refs[top] as Reference, instance, a, b) ? 1 : 0;
      return sp;
    // Step_read/ref.cast-{succeed,fail}
    case 0xfb0016 satisfies CodeOf<"ref.cast">:
    case 0xfb0017 satisfies CodeOf<"ref.cast null">: {
      const ref = refs[top] as Reference;
      if (!matchesType(ref, instance, a, b)) castFailure(ref, a, b);
      return sp;
    }

    // Step/struct.new_desc-{null,desc}
    case 0xfb0020 satisfies CodeOf<"struct.new_desc">:
      return newStruct(fiber, instance.types[a]!, sp - 2, descriptorAt(refs[top]));
    // Step_read/struct.new_default_desc-{null,desc}
    case 0xfb0021 satisfies CodeOf<"struct.new_default_desc">:
      refs[top] = StructInstance.zero(instance.types[a]!, descriptorAt(refs[top]));
      return sp;
    // Step_read/ref.get_desc-{null,struct}
    case 0xfb0022 satisfies CodeOf<"ref.get_desc">:
      if (refs[top] === null) throw new Trap("null reference");
      refs[top] = (refs[top] as StructInstance).descriptor;
      return sp;
    // Step_read/ref.cast_desc_eq-{null,succeed,fail}
    case 0xfb0023 satisfies CodeOf<"ref.cast_desc_eq">:
    case 0xfb0024 satisfies CodeOf<"ref.cast_desc_eq null">: {
      const ref = refs[top - 1] as Reference;
      if (!isDescribedBy(ref, refs[top], a)) descriptorCastFailure(ref);
      return sp - 2;
    }

    // Step_pure/any.convert_extern-{null,addr}, extern.convert_any-{null,addr}
    case 0xfb001a satisfies CodeOf<"any.convert_extern">:
    case 0xfb001b satisfies CodeOf<"extern.convert_any">:
      return sp;

    // Step_pure/ref.i31
    case 0xfb001c satisfies CodeOf<"ref.i31">:
      refs[top] = (i32[sp - 2]! << 1) >> 1;
      return sp;
    // Step_pure/i31.get-{null,num}
    case 0xfb001d satisfies CodeOf<"i31.get_s">:
      i32[sp - 2] = i31At(refs[top]);
      return sp;
    case 0xfb001e satisfies CodeOf<"i31.get_u">:
      i32[sp - 2] = i31At(refs[top]) & 0x7fffffff;
      return sp;
    default:
      return arrays(fiber, instance, code, a, b, sp);
  }
}

/** The fields are below word `sp`. */
function newStruct(
  fiber: Fiber,
  type: DefType,
  sp: number,
  descriptor: StructInstance | null,
): number {
  const { fields } = layoutOf(type);
  const struct = new StructInstance(type, descriptor);
  let from = sp;
  for (let i = fields.length - 1; i >= 0; i--) {
    const { at, size } = fields[i]!;
    from -= size === 16 ? 4 : 2;
    storeField(fiber, struct, at, size, from);
  }
  fiber.refs[from >> 1] = struct;
  return from + 2;
}

/** Replaces the reference below word `sp` by the field of `size` bytes at `at`. */
function loadField(
  { i32, refs }: Fiber,
  { slots }: StructInstance,
  at: number,
  size: number,
  sp: number,
): number {
  if (size === 0) {
    refs[(sp - 2) >> 1] = slots[at];
    return sp;
  }
  i32[sp - 2] = slots[at] as number;
  if (size === 4) return sp;
  i32[sp - 1] = slots[at + 1] as number;
  if (size === 8) return sp;
  i32[sp] = slots[at + 2] as number;
  i32[sp + 1] = slots[at + 3] as number;
  return sp + 2;
}

/**
 * Puts the operand at word `from` into the field of `size` bytes at `at`.
 * Fieldval_ok/{val,packval}, Packval_ok: no more of it than the field holds.
 */
function storeField(
  { i32, refs }: Fiber,
  { slots }: StructInstance,
  at: number,
  size: number,
  from: number,
): void {
  const low = i32[from]!;
  if (size === 0) slots[at] = refs[from >> 1] as Reference;
  else slots[at] = size === 1 ? low & 0xff : size === 2 ? low & 0xffff : low;
  for (let k = 1; k < size >> 2; k++) slots[at + k] = i32[from + k]!;
}

function structAt(ref: unknown): StructInstance {
  if (ref === null) throw new Trap("null structure reference");
  return ref as StructInstance;
}

function i31At(ref: unknown): number {
  if (ref === null) throw new Trap("null i31 reference");
  return ref as number;
}
