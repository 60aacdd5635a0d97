// Constant expressions, evaluated by the machine's own rules: as the body of a function
// that leaves the value of each. A module may have a hundred thousand segments, so many
// expressions go into one function.

import { FuncInstance, type ModuleInstance } from "../runtime/instances.js";
import type { Value } from "../runtime/values.js";
import type { Expression } from "../syntax/module.js";
import type { ValType } from "../syntax/types.js";
import { closeTypes, closeValType, type DefType } from "../valid/deftypes.js";
import type { Constant } from "../valid/validate.js";
import { lowerExpressions } from "./lower.js";
import { Machine } from "./machine.js";

const AT_ONCE = 512;

/** Eval_expr: on a machine of its own, so that the program's counts no instruction. */
export const evaluate = (instance: ModuleInstance, expression: Expression, type: ValType): Value =>
  evaluateAll(instance, [{ expression, type }])[0]!;

/** The same for expressions that do not change what others see: in order. */
export function evaluateAll(instance: ModuleInstance, constants: readonly Constant[]): Value[] {
  const values: Value[] = [];
  for (let i = 0; i < constants.length; i += AT_ONCE)
    for (const value of run(instance, constants.slice(i, i + AT_ONCE))) values.push(value);
  return values;
}

function run(instance: ModuleInstance, constants: readonly Constant[]): readonly Value[] {
  const results = constants.map(({ type }) => closeValType(instance.types, type));
  const signature = { kind: "func", params: [], results } as const;
  const func = FuncInstance.expression(NULLARY, signature, instance);
  func.code = func.direct = lowerExpressions(instance.module, constants);
  return new Machine().invoke(func, []);
}

export const NULLARY: DefType = closeTypes([
  {
    final: true,
    supers: [],
    comp: { kind: "func", params: [], results: [] },
    groupStart: 0,
    groupSize: 1,
  },
])[0]!;
