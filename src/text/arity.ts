// How many operands an instruction takes and leaves: what folding needs to know.
// Rows with a stack effect say so themselves; the others follow from immediates.
// Text assembles the same whatever these numbers are, for folding keeps the order of
// instructions: a wrong one would only read badly, an unknown one leaves text flat.

import type { BlockType, Instruction } from "../syntax/instruction.js";
import { importsOf, type Module } from "../syntax/module.js";
import type { Mnemonic } from "../syntax/opcodes.js";
import type { FuncType } from "../syntax/types.js";

export interface Arity {
  readonly pops: number;
  readonly pushes: number;
}

/** Operands of the labels in scope, innermost last, the function's own first. */
export type LabelArities = readonly number[];

type Rule = (i: Instruction, context: Arities, labels: LabelArities) => Arity | undefined;

const fixed = (pops: number, pushes: number): Rule => {
  const arity = { pops, pushes };
  return () => arity;
};
const plus = (arity: Arity | undefined, pops: number): Arity | undefined =>
  arity && { pops: arity.pops + pops, pushes: arity.pushes };
/** As the last thing of a block: whatever comes after has no operands here. */
const leaves = (arity: Arity | undefined): Arity | undefined =>
  arity && { pops: arity.pops, pushes: 0 };

const label = (labels: LabelArities, depth: number): Arity | undefined => {
  const count = labels[labels.length - 1 - depth];
  return count === undefined ? undefined : { pops: count, pushes: count };
};
const castBranch: Rule = ({ a }, _, labels) => {
  const target = label(labels, a);
  // The reference stays where it is, taken or not.
  return target && { pops: target.pops, pushes: target.pops };
};
const descriptorBranch: Rule = (i, context, labels) => plus(castBranch(i, context, labels), 1);

const rules: Partial<Record<Mnemonic, Rule>> = {
  unreachable: fixed(0, 0),
  throw: ({ a }, context) => leaves(context.func(context.tags[a])),
  throw_ref: fixed(1, 0),
  rethrow: fixed(0, 0),
  br: ({ a }, _, labels) => leaves(label(labels, a)),
  br_if: ({ a }, _, labels) => plus(label(labels, a), 1),
  br_table: ({ labels: [first] }, _, labels) => leaves(plus(label(labels, first!), 1)),
  br_on_null: ({ a }, _, labels) => {
    const target = label(labels, a);
    return target && { pops: target.pops + 1, pushes: target.pops + 1 };
  },
  br_on_non_null: ({ a }, _, labels) => {
    const target = label(labels, a);
    return target && { pops: target.pops, pushes: target.pops - 1 };
  },
  br_on_cast: castBranch,
  br_on_cast_fail: castBranch,
  br_on_cast_desc_eq: descriptorBranch,
  br_on_cast_desc_eq_fail: descriptorBranch,
  return: (_, __, [results]) => ({ pops: results!, pushes: 0 }),
  call: ({ a }, context) => context.func(context.functions[a]),
  call_indirect: ({ a }, context) => plus(context.func(a), 1),
  call_ref: ({ a }, context) => plus(context.func(a), 1),
  return_call: ({ a }, context) => leaves(context.func(context.functions[a])),
  return_call_indirect: ({ a }, context) => leaves(plus(context.func(a), 1)),
  return_call_ref: ({ a }, context) => leaves(plus(context.func(a), 1)),
  drop: fixed(1, 0),
  select: fixed(3, 1),
  "select t": fixed(3, 1),
  "local.get": fixed(0, 1),
  "local.set": fixed(1, 0),
  "local.tee": fixed(1, 1),
  "global.get": fixed(0, 1),
  "global.set": fixed(1, 0),
  "table.get": fixed(1, 1),
  "table.set": fixed(2, 0),
  "table.init": fixed(3, 0),
  "table.copy": fixed(3, 0),
  "table.fill": fixed(3, 0),
  "table.grow": fixed(2, 1),
  "table.size": fixed(0, 1),
  "elem.drop": fixed(0, 0),
  "memory.size": fixed(0, 1),
  "memory.grow": fixed(1, 1),
  "memory.init": fixed(3, 0),
  "memory.copy": fixed(3, 0),
  "memory.fill": fixed(3, 0),
  "data.drop": fixed(0, 0),
  "ref.null": fixed(0, 1),
  "ref.is_null": fixed(1, 1),
  "ref.func": fixed(0, 1),
  "ref.eq": fixed(2, 1),
  "ref.as_non_null": fixed(1, 1),
  "struct.new": ({ a }, context) => context.fields(a),
  "struct.new_default": fixed(0, 1),
  "struct.new_desc": ({ a }, context) => plus(context.fields(a), 1),
  "struct.new_default_desc": fixed(1, 1),
  "struct.get": fixed(1, 1),
  "struct.get_s": fixed(1, 1),
  "struct.get_u": fixed(1, 1),
  "struct.set": fixed(2, 0),
  "array.new": fixed(2, 1),
  "array.new_default": fixed(1, 1),
  "array.new_fixed": ({ b }) => ({ pops: b, pushes: 1 }),
  "array.new_data": fixed(2, 1),
  "array.new_elem": fixed(2, 1),
  "array.get": fixed(2, 1),
  "array.get_s": fixed(2, 1),
  "array.get_u": fixed(2, 1),
  "array.set": fixed(3, 0),
  "array.len": fixed(1, 1),
  "array.fill": fixed(4, 0),
  "array.copy": fixed(5, 0),
  "array.init_data": fixed(4, 0),
  "array.init_elem": fixed(4, 0),
  "ref.test": fixed(1, 1),
  "ref.test null": fixed(1, 1),
  "ref.cast": fixed(1, 1),
  "ref.cast null": fixed(1, 1),
  "ref.get_desc": fixed(1, 1),
  "ref.cast_desc_eq": fixed(2, 1),
  "ref.cast_desc_eq null": fixed(2, 1),
  "any.convert_extern": fixed(1, 1),
  "extern.convert_any": fixed(1, 1),
  "ref.i31": fixed(1, 1),
  "i31.get_s": fixed(1, 1),
  "i31.get_u": fixed(1, 1),
  "cont.new": fixed(1, 1),
  "cont.bind": ({ a, b }, context) => {
    const from = context.cont(a);
    const to = context.cont(b);
    return from && to && { pops: from.pops - to.pops + 1, pushes: 1 };
  },
  suspend: ({ a }, context) => context.func(context.tags[a]),
  resume: ({ a }, context) => plus(context.cont(a), 1),
  resume_throw: ({ a, b }, context) => {
    const payload = context.func(context.tags[b]);
    const cont = context.cont(a);
    return payload && cont && { pops: payload.pops + 1, pushes: cont.pushes };
  },
  resume_throw_ref: ({ a }, context) => {
    const cont = context.cont(a);
    return cont && { pops: 2, pushes: cont.pushes };
  },
};

/** The arities of a module's instructions. It need not be valid. */
export class Arities {
  /** Type indices of all functions and tags. */
  readonly functions: readonly number[];
  readonly tags: readonly number[];

  constructor(readonly module: Module) {
    const imported = (kind: "func" | "tag") =>
      importsOf(module, kind).map(({ description }) =>
        description.kind === "tag" ? description.type.type : description.type,
      );
    this.functions = [...imported("func"), ...module.functions.map(({ type }) => type)];
    this.tags = [...imported("tag"), ...module.tags.map(({ type }) => type)];
  }

  /** Of any instruction but those that open or end blocks. */
  of(instruction: Instruction, labels: LabelArities): Arity | undefined {
    const { type, mnemonic } = instruction.op;
    if (type) return { pops: type.params.length, pushes: type.results.length };
    return rules[mnemonic]?.(instruction, this, labels);
  }

  ofBlock(block: BlockType): Arity {
    if (typeof block !== "number") return { pops: 0, pushes: block === null ? 0 : 1 };
    return this.func(block) ?? { pops: 0, pushes: 0 };
  }

  func(type: number | undefined): Arity | undefined {
    const comp = this.signature(type);
    return comp && { pops: comp.params.length, pushes: comp.results.length };
  }

  /** Of making a structure of a type from its fields. */
  fields(type: number): Arity | undefined {
    const comp = this.module.types[type]?.comp;
    return comp?.kind === "struct" ? { pops: comp.fields.length, pushes: 1 } : undefined;
  }

  /** Of the function that a continuation type stands for. */
  cont(type: number): Arity | undefined {
    const comp = this.module.types[type]?.comp;
    return comp?.kind === "cont" ? this.func(comp.func) : undefined;
  }

  signature(type: number | undefined): FuncType | undefined {
    const comp = type === undefined ? undefined : this.module.types[type]?.comp;
    return comp?.kind === "func" ? comp : undefined;
  }
}
