// Typing rules of reference instructions.
// Spec: https://webassembly.github.io/spec/core/valid/instructions.html#reference-instructions

import { madeOf, refType } from "../syntax/types.js";
import { checkFunction, checkTypeIndices } from "./indices.js";
import type { Rules } from "./rule.js";

export const referenceRules = {
  // Instr_ok/ref.null
  "ref.null": (v, { heap }) => {
    const type = refType(heap);
    checkTypeIndices(v, type);
    v.push(type);
  },
  // Instr_ok/ref.func
  "ref.func": (v, { a }) => {
    checkFunction(v, a);
    const { funcs, inexactFuncs, declared } = v.module.context;
    if (!declared.has(a)) v.fail(`undeclared function reference ${a}`);
    v.push(inexactFuncs.has(a) ? refType(funcs[a]!, false) : madeOf(funcs[a]!));
  },
  // Instr_ok/ref.is_null
  "ref.is_null": (v) => {
    v.popRef();
    v.push("i32");
  },
  // Instr_ok/ref.as_non_null
  "ref.as_non_null": (v) => {
    v.pushNonNull(v.popRef());
  },
} satisfies Rules;
