// Typing rules of exception instructions: those of WebAssembly 3.0, and the older
// ones that compilers still emit (`try` to `delegate`).
// Spec: https://webassembly.github.io/spec/core/valid/instructions.html#valid-throw
// Legacy: https://github.com/WebAssembly/exception-handling/blob/main/proposals/exception-handling/legacy/Exceptions.md

import type { CatchClause } from "../syntax/instruction.js";
import { refType, type FuncType, type ValType } from "../syntax/types.js";
import { blockEffect, checkLegacyEnd } from "./control.js";
import type { ControlFrame, FunctionValidator } from "./function.js";
import { checkTag } from "./indices.js";
import type { Rules } from "./rule.js";

const EXN = refType("exn", false);

/** Tags with results belong to stack switching: nothing can throw one. */
function checkException(v: FunctionValidator, index: number): FuncType {
  const type = checkTag(v, index);
  if (type.results.length > 0) v.fail("non-empty tag result type");
  return type;
}

/** Catch_ok/{catch,catch_ref,catch_all,catch_all_ref} */
function checkCatch(v: FunctionValidator, { tag, ref, label }: CatchClause): void {
  const values: readonly ValType[] = tag === null ? [] : checkException(v, tag).params;
  const caught = ref ? [...values, EXN] : values;
  const types = v.label(label);
  if (caught.length !== types.length || !caught.every((t, i) => v.matches(t, types[i]!)))
    v.fail(`type mismatch: label ${label} does not take what the catch clause has`);
}

/** Ends what comes before a legacy `catch` or `catch_all`. */
function endOfTry(v: FunctionValidator): ControlFrame {
  if (v.frame.opener !== "try" && v.frame.opener !== "catch") v.malformed();
  checkLegacyEnd(v);
  return v.popControl();
}

export const exceptionRules = {
  // Instr_ok/throw
  throw: (v, { a }) => {
    v.popAll(checkException(v, a).params);
    v.markUnreachable();
  },
  // Instr_ok/throw_ref
  throw_ref: (v) => {
    v.popAll([refType("exn")]);
    v.markUnreachable();
  },
  // Instr_ok/try_table
  try_table: (v, { block, catches }) => {
    const effect = blockEffect(v, block);
    for (const clause of catches) checkCatch(v, clause);
    v.popAll(effect.params);
    v.pushControl("try_table", effect);
  },

  // Instr_ok/try-{catch,delegate}
  try: (v, { block }) => {
    const effect = blockEffect(v, block);
    v.popAll(effect.params);
    v.pushControl("try", effect);
  },
  // Catch_ok/catch_block
  catch: (v, { a }) => {
    const { results } = endOfTry(v);
    v.pushControl("catch", { params: checkException(v, a).params, results });
  },
  // Catch_ok/catch_all_block
  catch_all: (v) => {
    const { results } = endOfTry(v);
    v.pushControl("catch_all", { params: [], results });
  },
  // Instr_ok/try-delegate
  delegate: (v, { a }) => {
    if (v.frame.opener !== "try") v.malformed();
    const { results } = v.popControl();
    v.label(a);
    v.pushAll(results);
  },
  // Instr_ok/rethrow
  rethrow: (v, { a }) => {
    v.label(a);
    const { opener } = v.controls[v.controls.length - 1 - a]!;
    if (opener !== "catch" && opener !== "catch_all") v.fail("invalid rethrow label");
    v.markUnreachable();
  },
} satisfies Rules;
