// Typing rules of control instructions.
// Spec: https://webassembly.github.io/spec/core/valid/instructions.html#control-instructions

import type { BlockType, Instruction } from "../syntax/instruction.js";
import { FUNCREF, refType, type FuncType, type ValType } from "../syntax/types.js";
import { functionType, matchesHeap } from "./context.js";
import type { FunctionValidator } from "./function.js";
import { checkFunction, checkTable, checkTypeIndices, functionTypeAt } from "./indices.js";
import type { Rules } from "./rule.js";

export type BlockEffect = Omit<FuncType, "kind">;

const NOTHING: BlockEffect = { params: [], results: [] };

/** Effects of the blocks with one result, which are nearly all blocks. */
const single = new Map<ValType, BlockEffect>(
  (["i32", "i64", "f32", "f64", "v128"] as const).map((t) => [t, { params: [], results: [t] }]),
);

/** Blocktype_ok/{valtype,typeidx} */
export function blockEffect(v: FunctionValidator, block: BlockType): BlockEffect {
  if (block === null) return NOTHING;
  if (typeof block === "number") return functionTypeAt(v, block);
  checkTypeIndices(v, block);
  return single.get(block) ?? { params: [], results: [block] };
}

/** The legacy reference interpreter finds missing results of `try` as operands missing. */
export function checkLegacyEnd(v: FunctionValidator): void {
  const { opener, results } = v.frame;
  if (opener === "try" || opener === "catch" || opener === "catch_all") v.checkTop(results);
}

/** What a tail call's callee returns, the caller must be able to return. */
function checkTailCall(v: FunctionValidator, results: readonly ValType[]): void {
  const own = v.results;
  if (own.length !== results.length || !results.every((t, i) => v.matches(t, own[i]!))) {
    v.fail("type mismatch: the callee's results are not the results of this function");
  }
}

function call(v: FunctionValidator, { a }: Instruction): FuncType {
  checkFunction(v, a);
  const type = functionType(v.module, a);
  v.popAll(type.params);
  return type;
}

function callIndirect(v: FunctionValidator, { a, b }: Instruction): FuncType {
  const { element, limits } = checkTable(v, b);
  if (!matchesHeap(v.module.context.defTypes, element.heap, FUNCREF.heap)) {
    v.fail(`type mismatch: table ${b} does not hold functions`);
  }
  const type = functionTypeAt(v, a);
  v.popAll([...type.params, limits.address]);
  return type;
}

function callRef(v: FunctionValidator, { a }: Instruction): FuncType {
  const type = functionTypeAt(v, a);
  v.popAll([...type.params, refType(a)]);
  return type;
}

export const controlRules = {
  // Instr_ok/unreachable
  unreachable: (v) => {
    v.markUnreachable();
  },
  // Instr_ok/block
  block: (v, { block }) => {
    const effect = blockEffect(v, block);
    v.popAll(effect.params);
    v.pushControl("block", effect);
  },
  // Instr_ok/loop
  loop: (v, { block }) => {
    const effect = blockEffect(v, block);
    v.popAll(effect.params);
    v.pushControl("loop", effect);
  },
  // Instr_ok/if
  if: (v, { block }) => {
    const effect = blockEffect(v, block);
    v.popOne("i32");
    v.popAll(effect.params);
    v.pushControl("if", effect);
  },
  // Instr_ok/if: between its branches
  else: (v) => {
    if (v.frame.opener !== "if") v.malformed();
    v.pushControl("else", v.popControl());
  },
  // Instr_ok/{block,loop,if}, try-catch
  end: (v) => {
    checkLegacyEnd(v);
    let frame = v.popControl();
    if (frame.opener === "if") {
      // No `else`: the empty branch passes its parameters on.
      v.pushControl("else", frame);
      frame = v.popControl();
    }
    v.pushAll(frame.results);
  },
  // Instr_ok/br
  br: (v, { a }) => {
    v.popAll(v.label(a));
    v.markUnreachable();
  },
  // Instr_ok/br_if
  br_if: (v, { a }) => {
    v.popOne("i32");
    const types = v.label(a);
    v.popAll(types);
    v.pushAll(types);
  },
  // Instr_ok/br_table
  br_table: (v, { labels }) => {
    v.popOne("i32");
    const arity = v.label(labels[labels.length - 1]!).length;
    let previous: readonly ValType[] | undefined;
    for (const label of labels) {
      const types = v.label(label);
      // Long tables repeat a few targets.
      if (types === previous) continue;
      previous = types;
      if (types.length !== arity) {
        v.fail(`type mismatch: labels take ${arity} and ${types.length} operands`);
      }
      v.checkTop(types);
    }
    v.markUnreachable();
  },
  // Instr_ok/br_on_null
  br_on_null: (v, { a }) => {
    const reference = v.popRef();
    const types = v.label(a);
    v.popAll(types);
    v.pushAll(types);
    v.pushNonNull(reference);
  },
  // Instr_ok/br_on_non_null
  br_on_non_null: (v, { a }) => {
    const types = v.label(a);
    v.pushNonNull(v.popRef());
    if (types.length === 0) v.fail(`type mismatch: label ${a} takes no reference`);
    v.popAll(types);
    v.pushAll(types.slice(0, -1));
  },
  // Instr_ok/return
  return: (v) => {
    v.popAll(v.results);
    v.markUnreachable();
  },
  // Instr_ok/call
  call: (v, instruction) => {
    v.pushAll(call(v, instruction).results);
  },
  // Instr_ok/call_indirect
  call_indirect: (v, instruction) => {
    v.pushAll(callIndirect(v, instruction).results);
  },
  // Instr_ok/call_ref
  call_ref: (v, instruction) => {
    v.pushAll(callRef(v, instruction).results);
  },
  // Instr_ok/return_call
  return_call: (v, instruction) => {
    checkTailCall(v, call(v, instruction).results);
    v.markUnreachable();
  },
  // Instr_ok/return_call_indirect
  return_call_indirect: (v, instruction) => {
    checkTailCall(v, callIndirect(v, instruction).results);
    v.markUnreachable();
  },
  // Instr_ok/return_call_ref
  return_call_ref: (v, instruction) => {
    checkTailCall(v, callRef(v, instruction).results);
    v.markUnreachable();
  },
} satisfies Rules;
