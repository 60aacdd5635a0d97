// Typing rules of parametric and variable instructions.
// Spec: https://webassembly.github.io/spec/core/valid/instructions.html#parametric-instructions

import { checkGlobal, checkLocal, checkTypeIndices } from "./indices.js";
import type { Rules } from "./rule.js";
import type { OperandType } from "./visitor.js";

const isNumeric = (t: OperandType): boolean =>
  t === "i32" || t === "i64" || t === "f32" || t === "f64" || t === "v128" || t === "bot";

export const variableRules = {
  // Instr_ok/drop
  drop: (v) => {
    v.pop();
  },
  // Instr_ok/select-{impl,expl}
  select: (v) => {
    v.popOne("i32");
    const second = v.pop();
    const first = v.pop();
    const known = first === "bot" ? second : first;
    if (!isNumeric(first) || !isNumeric(second)) {
      v.fail("type mismatch: select without a type takes numbers and vectors only");
    }
    if (second !== known && second !== "bot") {
      v.fail("type mismatch: the operands of select have different types");
    }
    v.push(known);
  },
  "select t": (v, { types }) => {
    const [type] = types;
    if (type === undefined || types.length > 1) v.fail("invalid result arity");
    checkTypeIndices(v, type);
    v.popAll([type, type, "i32"]);
    v.push(type);
  },

  // Instr_ok/local.get
  "local.get": (v, { a }) => {
    const type = checkLocal(v, a);
    if (v.isUnset(a)) v.fail(`uninitialized local ${a}`);
    v.push(type);
  },
  // Instr_ok/local.set
  "local.set": (v, { a }) => {
    v.popOne(checkLocal(v, a));
    v.setLocal(a);
  },
  // Instr_ok/local.tee
  "local.tee": (v, { a }) => {
    const type = checkLocal(v, a);
    v.popOne(type);
    v.setLocal(a);
    v.push(type);
  },
  // Instr_ok/global.get
  "global.get": (v, { a }) => {
    v.push(checkGlobal(v, a).type);
  },
  // Instr_ok/global.set
  "global.set": (v, { a }) => {
    const { type, mutable } = checkGlobal(v, a);
    if (!mutable) v.fail(`immutable global ${a}`);
    v.popOne(type);
  },
} satisfies Rules;
