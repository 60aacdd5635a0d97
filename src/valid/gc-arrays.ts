// Typing rules of arrays.
// Spec: https://webassembly.github.io/spec/core/valid/instructions.html#array-instructions

import { MAX_FIXED_ELEMENTS } from "../binary/limits.js";
import type { Instruction } from "../syntax/instruction.js";
import {
  type FieldType,
  formatValType,
  madeOf,
  refType,
  type StorageType,
} from "../syntax/types.js";
import { isDefaultable } from "./context.js";
import type { FunctionValidator } from "./function.js";
import { isPacked, unpacked } from "./gc.js";
import { checkData, checkElem } from "./indices.js";
import type { Rules } from "./rule.js";

function elementAt(v: FunctionValidator, index: number): FieldType {
  const comp = v.module.types[index]?.comp;
  if (comp?.kind === "array") return comp.field;
  v.fail(`${comp === undefined ? "unknown" : "non-array"} type ${index}`);
}

function mutableElementAt(v: FunctionValidator, index: number): FieldType {
  const field = elementAt(v, index);
  if (!field.mutable) v.fail(`immutable array type ${index}`);
  return field;
}

/** Storagetype_sub/{val,pack} */
const matchesStorage = (v: FunctionValidator, a: StorageType, b: StorageType): boolean =>
  a === b || (!isPacked(a) && !isPacked(b) && v.matches(a, b));

/** The bytes of a data segment are numbers or vectors. */
function checkFromData(v: FunctionValidator, segment: number, field: FieldType): void {
  checkData(v, segment);
  if (typeof unpacked(field) === "object") v.fail("array type is not numeric or vector");
}

function checkFromElements(v: FunctionValidator, segment: number, field: FieldType): void {
  const { type } = checkElem(v, segment);
  if (!matchesStorage(v, type, field.storage)) {
    v.fail(`type mismatch: elements of type ${formatValType(type)} do not fit into the array`);
  }
}

function getElement(v: FunctionValidator, { a }: Instruction, extending: boolean): void {
  const field = elementAt(v, a);
  if (isPacked(field.storage) !== extending) {
    v.fail(`array is ${extending ? "unpacked" : "packed"}`);
  }
  v.popAll([refType(a), "i32"]);
  v.push(unpacked(field));
}

export const arrayRules = {
  // Instr_ok/array.new
  "array.new": (v, { a }) => {
    v.popAll([unpacked(elementAt(v, a)), "i32"]);
    v.push(madeOf(a));
  },
  // Instr_ok/array.new_default
  "array.new_default": (v, { a }) => {
    if (!isDefaultable(unpacked(elementAt(v, a)))) v.fail("array type is not defaultable");
    v.popOne("i32");
    v.push(madeOf(a));
  },
  // Instr_ok/array.new_fixed
  "array.new_fixed": (v, { a, b }) => {
    const type = unpacked(elementAt(v, a));
    if (b > MAX_FIXED_ELEMENTS)
      v.fail(`too many operands: ${b}, the limit is ${MAX_FIXED_ELEMENTS}`);
    // The count is any 32-bit number, so not more is popped than is there.
    const there = v.operands.length - v.frame.height;
    const count = v.frame.unreachable ? Math.min(b, there) : b;
    for (let i = 0; i < count; i++) v.popOne(type);
    v.push(madeOf(a));
  },
  // Instr_ok/array.new_data
  "array.new_data": (v, { a, b }) => {
    checkFromData(v, b, elementAt(v, a));
    v.popAll(["i32", "i32"]);
    v.push(madeOf(a));
  },
  // Instr_ok/array.new_elem
  "array.new_elem": (v, { a, b }) => {
    checkFromElements(v, b, elementAt(v, a));
    v.popAll(["i32", "i32"]);
    v.push(madeOf(a));
  },
  // Instr_ok/array.get
  "array.get": (v, instruction) => {
    getElement(v, instruction, false);
  },
  "array.get_s": (v, instruction) => {
    getElement(v, instruction, true);
  },
  "array.get_u": (v, instruction) => {
    getElement(v, instruction, true);
  },
  // Instr_ok/array.set
  "array.set": (v, { a }) => {
    v.popAll([refType(a), "i32", unpacked(mutableElementAt(v, a))]);
  },
  // Instr_ok/array.len
  "array.len": (v) => {
    v.popOne(refType("array"));
    v.push("i32");
  },
  // Instr_ok/array.fill
  "array.fill": (v, { a }) => {
    v.popAll([refType(a), "i32", unpacked(mutableElementAt(v, a)), "i32"]);
  },
  // Instr_ok/array.copy
  "array.copy": (v, { a, b }) => {
    const target = mutableElementAt(v, a);
    if (!matchesStorage(v, elementAt(v, b).storage, target.storage)) {
      v.fail("array types do not match");
    }
    v.popAll([refType(a), "i32", refType(b), "i32", "i32"]);
  },
  // Instr_ok/array.init_data
  "array.init_data": (v, { a, b }) => {
    checkFromData(v, b, mutableElementAt(v, a));
    v.popAll([refType(a), "i32", "i32", "i32"]);
  },
  // Instr_ok/array.init_elem
  "array.init_elem": (v, { a, b }) => {
    checkFromElements(v, b, mutableElementAt(v, a));
    v.popAll([refType(a), "i32", "i32", "i32"]);
  },
} satisfies Rules;
