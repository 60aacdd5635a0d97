// Entry points of validation: whole modules, and single bodies or expressions
// with a visitor that watches the types. Assumes a module from `binary/decode.ts`.
// Spec: https://webassembly.github.io/spec/core/valid/index.html

import type { Module } from "../syntax/module.js";
import { checkExpression, type Constant } from "./constants.js";
import type { ValidModule } from "./context.js";
import { ALL_FEATURES, checkFeatures, type FeatureSet } from "./features.js";
import { FunctionValidator } from "./function.js";
import { checkModule } from "./module.js";
import type { Visitor } from "./visitor.js";

export type { Constant } from "./constants.js";
export type { ModuleContext, ValidModule } from "./context.js";

export interface ValidateOptions {
  /** Leave function bodies to `visitFunction`, which then may throw `InvalidError`. */
  readonly lazy?: boolean;
  /** What the module may use (all). Refuses the rest as specifications without it did; bodies are looked at even if lazy. */
  readonly features?: FeatureSet;
}

/** @throws InvalidError */
export function validate(
  module: Module,
  { lazy = false, features = ALL_FEATURES }: ValidateOptions = {},
): ValidModule {
  checkFeatures(module, features);
  const valid = checkModule(module, features.has("custom-descriptors"));
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
 * The same for constant expressions of the module, one after the other. All globals are
 * in scope: `validate` has checked that initialisers use earlier ones only.
 */
export function visitExpressions(
  module: ValidModule,
  constants: readonly Constant[],
  visitor: Visitor,
): void {
  const validator = new FunctionValidator(module);
  for (const constant of constants) checkExpression(validator, constant, { visitor });
}
