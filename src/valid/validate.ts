// Entry points of validation: whole modules, and single bodies or expressions
// with a visitor that watches the types. Assumes a module from `binary/decode.ts`.
// Spec: https://webassembly.github.io/spec/core/valid/index.html

import type { Expression, Module } from "../syntax/module.js";
import type { ValType } from "../syntax/types.js";
import { checkExpression } from "./constants.js";
import type { ValidModule } from "./context.js";
import { FunctionValidator } from "./function.js";
import { checkModule, checkTagResults } from "./module.js";
import type { Visitor } from "./visitor.js";

export type { ModuleContext, ValidModule } from "./context.js";

export interface ValidateOptions {
  /** Leave function bodies to `visitFunction`, which then may throw `InvalidError`. */
  readonly lazy?: boolean;
  /** Accept tags with results, as stack switching has them (the default). */
  readonly tagResults?: boolean;
  /**
   * Accept branches on casts between any two types of one hierarchy, as custom
   * descriptors have them (the default), and not only to subtypes.
   */
  readonly unrelatedCasts?: boolean;
}

/** @throws InvalidError */
export function validate(
  module: Module,
  { lazy = false, tagResults = true, unrelatedCasts = true }: ValidateOptions = {},
): ValidModule {
  const valid = checkModule(module, unrelatedCasts);
  if (!tagResults) checkTagResults(valid);
  if (!lazy) {
    const validator = new FunctionValidator(valid);
    for (let i = 0; i < module.functions.length; i++) validator.function(i);
  }
  return valid;
}

/**
 * Validates the body of a defined function (index without imports) and shows
 * the visitor each instruction with the stacks before it.
 * @throws InvalidError on a lazily validated module
 */
export function visitFunction(module: ValidModule, definedIndex: number, visitor?: Visitor): void {
  new FunctionValidator(module).function(definedIndex, visitor);
}

/**
 * The same for a constant expression of the module. All globals are in scope:
 * `validate` has checked that initialisers use earlier ones only.
 */
export function visitExpression(
  module: ValidModule,
  expression: Expression,
  results: readonly ValType[],
  visitor?: Visitor,
): void {
  checkExpression(new FunctionValidator(module), expression, results, { visitor });
}
