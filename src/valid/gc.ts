// Typing rules of structures, casts, scalar references and conversions between
// internal and external references. Arrays are in `gc-arrays.ts`, custom
// descriptors in `descriptors.ts`.
// Spec: https://webassembly.github.io/spec/core/valid/instructions.html#reference-instructions

import type { Instruction } from "../syntax/instruction.js";
import {
  type AbsHeapType,
  type FieldType,
  formatValType,
  madeOf,
  type RefType,
  refType,
  type StorageType,
  type StructType,
  type ValType,
} from "../syntax/types.js";
import { isDefaultable, matchesHeap } from "./context.js";
import type { FunctionValidator } from "./function.js";
import { checkTypeIndices } from "./indices.js";
import type { Rules } from "./rule.js";

export const isPacked = (storage: StorageType): storage is "i8" | "i16" =>
  storage === "i8" || storage === "i16";

/** `$unpack`: the type of the operand that is stored there. */
export const unpacked = ({ storage }: FieldType): ValType => (isPacked(storage) ? "i32" : storage);

export function structTypeAt(v: FunctionValidator, index: number): StructType {
  const comp = v.module.types[index]?.comp;
  if (comp?.kind === "struct") return comp;
  v.fail(`${comp === undefined ? "unknown" : "non-structure"} type ${index}`);
}

/** Fields that have no value to start from. */
export function checkDefaultable(v: FunctionValidator, { fields }: StructType): void {
  const without = fields.findIndex((field) => !isDefaultable(unpacked(field)));
  if (without >= 0) v.fail(`field type is not defaultable: field ${without}`);
}

/** A structure whose type has a descriptor is made with one. */
function checkWithout(v: FunctionValidator, { a }: Instruction): void {
  if (v.module.types[a]!.descriptor !== undefined)
    v.fail("type with descriptor requires descriptor allocation");
}

const fieldAt = (v: FunctionValidator, { a, b }: Instruction): FieldType =>
  structTypeAt(v, a).fields[b] ?? v.fail(`unknown field ${b}`);

/** The instructions that extend (`get_s`, `get_u`) are for packed storage, `get` is for the rest. */
function getField(v: FunctionValidator, instruction: Instruction, extending: boolean): void {
  const field = fieldAt(v, instruction);
  if (isPacked(field.storage) !== extending) {
    v.fail(`field is ${extending ? "unpacked" : "packed"}`);
  }
  v.popOne(refType(instruction.a));
  v.push(unpacked(field));
}

const TOPS: readonly AbsHeapType[] = ["any", "func", "extern", "exn", "cont"];

/** The nullable reference to everything in the hierarchy of a type: what casts to it take. */
export function topOf(v: FunctionValidator, { heap }: RefType): RefType {
  const { defTypes } = v.module.context;
  return refType(TOPS.find((top) => matchesHeap(defTypes, heap, top))!);
}

/** The type that the instruction names (`ref.test`, `ref.cast`). */
export function castTarget(v: FunctionValidator, { types }: Instruction): RefType {
  const type = types[0] as RefType;
  checkCast(v, type);
  return type;
}

/** Stack switching has no casts to continuations: they need not know their type. */
function checkCast(v: FunctionValidator, type: RefType): void {
  checkTypeIndices(v, type);
  if (matchesHeap(v.module.context.defTypes, type.heap, "cont"))
    v.fail("invalid cast to a continuation type");
}

/** `$diffrt`: what is left of `from` when a cast to `to` has failed. */
const difference = (from: RefType, to: RefType): RefType =>
  to.nullable ? refType(from.heap, false) : from;

/** Any two types of a hierarchy may be cast into each other; without custom descriptors, only down. */
function checkRelated(v: FunctionValidator, from: RefType, to: RefType): void {
  const { unrelatedCasts } = v.module.context;
  if (unrelatedCasts ? topOf(v, from).heap === topOf(v, to).heap : v.matches(to, from)) return;
  const relation = unrelatedCasts ? "in another hierarchy than" : "no subtype of";
  v.fail(
    `type mismatch: cast to ${formatValType(to)}, which is ${relation} ${formatValType(from)}`,
  );
}

/** Which reference goes with the branch, which one stays. */
type Sent = (from: RefType, to: RefType) => { branch: RefType; stay: RefType };
export const onSuccess: Sent = (from, to) => ({ branch: to, stay: difference(from, to) });
export const onFailure: Sent = (from, to) => ({ branch: difference(from, to), stay: to });

/**
 * A branch on a cast's outcome.
 * @param operand what it takes besides the reference, for the target
 */
export function branchOnCast(
  v: FunctionValidator,
  { a, types }: Instruction,
  sent: Sent,
  operand?: (to: RefType) => RefType,
): void {
  const [from, to] = types as readonly [RefType, RefType];
  checkTypeIndices(v, from);
  checkCast(v, to);
  checkRelated(v, from, to);
  const { branch, stay } = sent(from, to);
  const label = v.label(a);
  const last = label[label.length - 1];
  if (last === undefined || !v.matches(branch, last)) {
    const takes = last === undefined ? "no reference" : formatValType(last);
    v.fail(`type mismatch: label ${a} takes ${takes}, not ${formatValType(branch)}`);
  }
  const others = label.slice(0, -1);
  v.popAll([...others, from, ...(operand === undefined ? [] : [operand(to)])]);
  v.pushAll(others);
  v.push(stay);
}

/** The operand must be a reference to `from`; the result is one to `to`, nullable if it is. */
function convert(v: FunctionValidator, from: AbsHeapType, to: AbsHeapType): void {
  const type = v.popRef();
  if (!v.matches(type, refType(from))) {
    v.fail(`type mismatch: ${formatValType(type)} is not ${formatValType(refType(from))}`);
  }
  v.push(refType(to, type.nullable));
}

export const gcRules = {
  // Instr_ok/struct.new
  "struct.new": (v, instruction) => {
    const { fields } = structTypeAt(v, instruction.a);
    checkWithout(v, instruction);
    v.popAll(fields.map(unpacked));
    v.push(madeOf(instruction.a));
  },
  // Instr_ok/struct.new_default
  "struct.new_default": (v, instruction) => {
    checkDefaultable(v, structTypeAt(v, instruction.a));
    checkWithout(v, instruction);
    v.push(madeOf(instruction.a));
  },
  // Instr_ok/struct.get
  "struct.get": (v, instruction) => {
    getField(v, instruction, false);
  },
  "struct.get_s": (v, instruction) => {
    getField(v, instruction, true);
  },
  "struct.get_u": (v, instruction) => {
    getField(v, instruction, true);
  },
  // Instr_ok/struct.set
  "struct.set": (v, instruction) => {
    const field = fieldAt(v, instruction);
    if (!field.mutable) v.fail(`immutable field ${instruction.b}`);
    v.popAll([refType(instruction.a), unpacked(field)]);
  },

  // Instr_ok/ref.eq
  "ref.eq": (v) => {
    v.popAll([refType("eq"), refType("eq")]);
    v.push("i32");
  },
  // Instr_ok/ref.test
  "ref.test": (v, instruction) => {
    v.popOne(topOf(v, castTarget(v, instruction)));
    v.push("i32");
  },
  "ref.test null": (v, instruction) => {
    v.popOne(topOf(v, castTarget(v, instruction)));
    v.push("i32");
  },
  // Instr_ok/ref.cast
  "ref.cast": (v, instruction) => {
    const type = castTarget(v, instruction);
    v.popOne(topOf(v, type));
    v.push(type);
  },
  "ref.cast null": (v, instruction) => {
    const type = castTarget(v, instruction);
    v.popOne(topOf(v, type));
    v.push(type);
  },
  // Instr_ok/br_on_cast
  br_on_cast: (v, instruction) => {
    branchOnCast(v, instruction, onSuccess);
  },
  // Instr_ok/br_on_cast_fail
  br_on_cast_fail: (v, instruction) => {
    branchOnCast(v, instruction, onFailure);
  },

  // Instr_ok/ref.i31
  "ref.i31": (v) => {
    v.popOne("i32");
    v.push(refType("i31", false));
  },
  // Instr_ok/i31.get
  "i31.get_s": (v) => {
    v.popOne(refType("i31"));
    v.push("i32");
  },
  "i31.get_u": (v) => {
    v.popOne(refType("i31"));
    v.push("i32");
  },
  // Instr_ok/any.convert_extern
  "any.convert_extern": (v) => {
    convert(v, "extern", "any");
  },
  // Instr_ok/extern.convert_any
  "extern.convert_any": (v) => {
    convert(v, "any", "extern");
  },
} satisfies Rules;
