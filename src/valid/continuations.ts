// Typing rules of stack switching. A continuation type names the function type of
// what is still to be computed: it takes what it is resumed with and ends with results.
// Spec: https://github.com/WebAssembly/stack-switching/blob/main/proposals/stack-switching/Explainer.md

import type { Instruction, ResumeClause } from "../syntax/instruction.js";
import {
  formatHeapType,
  formatValType,
  madeOf,
  refType,
  typeIndexOf,
  type FuncType,
  type ValType,
} from "../syntax/types.js";
import { funcTypeAt } from "./context.js";
import type { FunctionValidator } from "./function.js";
import { checkTag } from "./indices.js";
import type { Rules } from "./rule.js";

const EXN = refType("exn");

/** The index of the function type that the continuation type at `index` names. */
function contFunction(v: FunctionValidator, index: number): number {
  const type = v.module.types[index] ?? v.fail(`unknown type ${index}`);
  return type.comp.kind === "cont" ? type.comp.func : v.fail(`non-continuation type ${index}`);
}

const contType = (v: FunctionValidator, index: number): FuncType =>
  funcTypeAt(v.module, contFunction(v, index))!;

const matchAll = (v: FunctionValidator, a: readonly ValType[], b: readonly ValType[]): boolean =>
  a.length === b.length && a.every((t, i) => v.matches(t, b[i]!));

/** Comptype_sub/func: for a function from `params` to `results`. */
const matchesFunction = (
  v: FunctionValidator,
  params: readonly ValType[],
  results: readonly ValType[],
  other: FuncType,
): boolean => matchAll(v, other.params, params) && matchAll(v, results, other.results);

/** Handler_ok/{label,switch}: a clause of an instruction whose continuation ends with `results`. */
function checkClause(
  v: FunctionValidator,
  { tag, label }: ResumeClause,
  results: readonly ValType[],
): void {
  const effect = checkTag(v, tag);
  if (label === null) {
    const same = matchAll(v, results, effect.results) && matchAll(v, effect.results, results);
    if (effect.params.length > 0 || !same) v.fail("type mismatch in switch tag");
    return;
  }
  const types = v.label(label);
  const last = types[types.length - 1];
  const cont = typeof last === "object" ? typeIndexOf(last.heap) : undefined;
  if (cont === undefined) {
    const found = `[${types.map((t) => formatValType(t)).join(" ")}]`;
    v.fail(
      `type mismatch: instruction requires concrete continuation reference type but label has ${found}`,
    );
  }
  if (!matchesFunction(v, effect.results, results, contType(v, cont)))
    v.fail(`type mismatch: label ${label} takes another continuation`);
  if (!matchAll(v, effect.params, types.slice(0, -1)))
    v.fail(`type mismatch: label ${label} does not take what tag ${tag} carries`);
}

/** What `resume` and its kin have in common: `operands` below the continuation. */
function resume(
  v: FunctionValidator,
  { a, handlers }: Instruction,
  operands: readonly ValType[],
): void {
  const { results } = contType(v, a);
  for (const clause of handlers) checkClause(v, clause, results);
  v.popAll([...operands, refType(a)]);
  v.pushAll(results);
}

/** The type of the continuation that `switch` leaves behind: the last parameter of the one it enters. */
function returnContinuation(v: FunctionValidator, { params }: FuncType): FuncType {
  const last = params[params.length - 1];
  if (typeof last !== "object")
    v.fail("type mismatch: instruction requires a continuation that takes a continuation");
  const cont = typeIndexOf(last.heap);
  if (cont === undefined) v.fail(`non-continuation type ${formatHeapType(last.heap)}`);
  return contType(v, cont);
}

export const continuationRules = {
  // Instr_ok/cont.new
  "cont.new": (v, { a }) => {
    v.popAll([refType(contFunction(v, a))]);
    v.push(madeOf(a));
  },
  // Instr_ok/cont.bind
  "cont.bind": (v, { a, b }) => {
    const { params, results } = contType(v, a);
    const rest = contType(v, b);
    const bound = params.length - rest.params.length;
    if (bound < 0) v.fail("type mismatch in continuation arguments");
    if (!matchesFunction(v, params.slice(bound), results, rest))
      v.fail("type mismatch in continuation types");
    v.popAll([...params.slice(0, bound), refType(a)]);
    v.push(madeOf(b));
  },
  // Instr_ok/suspend
  suspend: (v, { a }) => {
    const { params, results } = checkTag(v, a);
    v.popAll(params);
    v.pushAll(results);
  },
  // Instr_ok/resume
  resume: (v, instruction) => {
    resume(v, instruction, contType(v, instruction.a).params);
  },
  // Instr_ok/resume_throw
  resume_throw: (v, instruction) => {
    contFunction(v, instruction.a);
    const { params, results } = checkTag(v, instruction.b);
    if (results.length > 0) v.fail("non-empty tag result type");
    resume(v, instruction, params);
  },
  // Instr_ok/resume_throw_ref
  resume_throw_ref: (v, instruction) => {
    resume(v, instruction, [EXN]);
  },
  // Instr_ok/switch
  switch: (v, { a, b }) => {
    const target = contType(v, a);
    const left = returnContinuation(v, target);
    const tag = checkTag(v, b);
    if (tag.params.length > 0) v.fail("type mismatch in switch tag");
    if (!matchAll(v, target.results, tag.results) || !matchAll(v, tag.results, left.results))
      v.fail("type mismatch in continuation types");
    v.popAll([...target.params.slice(0, -1), refType(a)]);
    v.pushAll(left.params);
  },
} satisfies Rules;
