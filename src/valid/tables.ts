// Typing rules of table instructions. Indices and sizes have the table's address
// type: `i64` for table64.
// Spec: https://webassembly.github.io/spec/core/valid/instructions.html#table-instructions

import type { RefType } from "../syntax/types.js";
import type { FunctionValidator } from "./function.js";
import { checkElem, checkTable } from "./indices.js";
import type { Rules } from "./rule.js";

function checkElements(v: FunctionValidator, source: RefType, target: RefType): void {
  if (!v.matches(source, target)) v.fail("type mismatch: elements do not fit into the table");
}

export const tableRules = {
  // Instr_ok/table.get
  "table.get": (v, { a }) => {
    const { limits, element } = checkTable(v, a);
    v.popOne(limits.address);
    v.push(element);
  },
  // Instr_ok/table.set
  "table.set": (v, { a }) => {
    const { limits, element } = checkTable(v, a);
    v.popAll([limits.address, element]);
  },
  // Instr_ok/table.size
  "table.size": (v, { a }) => {
    v.push(checkTable(v, a).limits.address);
  },
  // Instr_ok/table.grow
  "table.grow": (v, { a }) => {
    const { limits, element } = checkTable(v, a);
    v.popAll([element, limits.address]);
    v.push(limits.address);
  },
  // Instr_ok/table.fill
  "table.fill": (v, { a }) => {
    const { limits, element } = checkTable(v, a);
    v.popAll([limits.address, element, limits.address]);
  },
  // Instr_ok/table.copy
  "table.copy": (v, { a, b }) => {
    const target = checkTable(v, a);
    const source = checkTable(v, b);
    checkElements(v, source.element, target.element);
    const [to, from] = [target.limits.address, source.limits.address];
    v.popAll([to, from, to === from ? to : "i32"]);
  },
  // Instr_ok/table.init
  "table.init": (v, { a, b }) => {
    const target = checkTable(v, b);
    checkElements(v, checkElem(v, a).type, target.element);
    v.popAll([target.limits.address, "i32", "i32"]);
  },
  // Instr_ok/elem.drop
  "elem.drop": (v, { a }) => {
    checkElem(v, a);
  },
} satisfies Rules;
