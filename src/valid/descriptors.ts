// Typing rules of custom descriptors: structures that are made with a descriptor, and
// casts to what a descriptor describes. How the types themselves must fit together is
// in `types.ts`.
// Spec: https://github.com/WebAssembly/custom-descriptors/blob/main/proposals/custom-descriptors/Overview.md

import type { Instruction } from "../syntax/instruction.js";
import {
  formatValType,
  inexact,
  madeOf,
  type RefType,
  refType,
  type ValType,
} from "../syntax/types.js";
import type { FunctionValidator } from "./function.js";
import {
  branchOnCast,
  castTarget,
  checkDefaultable,
  onFailure,
  onSuccess,
  structTypeAt,
  topOf,
  unpacked,
} from "./gc.js";
import type { Rules } from "./rule.js";

/** Only an exact descriptor is sure to describe the type itself, and no subtype of it. */
function make(v: FunctionValidator, { a }: Instruction, fields: readonly ValType[]): void {
  const { descriptor } = v.module.types[a]!;
  if (descriptor === undefined)
    v.fail("type without descriptor requires non-descriptor allocation");
  v.popAll([...fields, refType({ exact: descriptor })]);
  v.push(madeOf(a));
}

/** A descriptor of what is cast to; an exact one where the target is exact. */
function descriptorFor(v: FunctionValidator, { heap }: RefType): RefType {
  const type = inexact(heap);
  const descriptor = typeof type === "number" ? v.module.types[type]!.descriptor : undefined;
  if (descriptor === undefined) v.fail(`type ${type} does not have a descriptor`);
  return refType(typeof heap === "object" ? { exact: descriptor } : descriptor);
}

function cast(v: FunctionValidator, instruction: Instruction): void {
  const type = castTarget(v, instruction);
  v.popAll([topOf(v, type), descriptorFor(v, type)]);
  v.push(type);
}

/** Of exactly the type, the descriptor is exactly its descriptor type. */
function getDescriptor(v: FunctionValidator, { a }: Instruction): void {
  const { descriptor } = v.module.types[a] ?? v.fail(`unknown type ${a}`);
  if (descriptor === undefined) v.fail(`type without descriptor ${a}`);
  const found = v.popRef();
  if (v.matches(found, refType({ exact: a }))) v.push(madeOf(descriptor));
  else if (v.matches(found, refType(a))) v.push(refType(descriptor, false));
  else v.fail(`type mismatch: ${formatValType(found)} is not ${formatValType(refType(a))}`);
}

export const descriptorRules = {
  // Instr_ok/struct.new_desc
  "struct.new_desc": (v, instruction) => {
    make(v, instruction, structTypeAt(v, instruction.a).fields.map(unpacked));
  },
  // Instr_ok/struct.new_default_desc
  "struct.new_default_desc": (v, instruction) => {
    checkDefaultable(v, structTypeAt(v, instruction.a));
    make(v, instruction, []);
  },
  // Instr_ok/ref.get_desc
  "ref.get_desc": getDescriptor,
  // Instr_ok/ref.cast_desc_eq
  "ref.cast_desc_eq": cast,
  "ref.cast_desc_eq null": cast,
  // Instr_ok/br_on_cast_desc_eq
  br_on_cast_desc_eq: (v, instruction) => {
    branchOnCast(v, instruction, onSuccess, (to) => descriptorFor(v, to));
  },
  // Instr_ok/br_on_cast_desc_eq_fail
  br_on_cast_desc_eq_fail: (v, instruction) => {
    branchOnCast(v, instruction, onFailure, (to) => descriptorFor(v, to));
  },
} satisfies Rules;
