// Entry points of validation: whole modules, and single bodies or expressions
// with a visitor that watches the types. Assumes a module from `binary/decode.ts`.
// Spec: https://webassembly.github.io/spec/core/valid/index.html

import { decode } from "../binary/decode.js";
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
  /**
   * Validate each function's body only when it is first called, or analysed: what is wrong
   * with it is thrown then. All else is validated at once.
   */
  readonly lazy?: boolean;
  /** What the module may use (all). Refuses the rest as specifications without it did; bodies are looked at even if lazy. */
  readonly features?: FeatureSet;
}

/** @throws InvalidError; MalformedError for bodies that a lazy decoder left */
export function validate(
  module: Module,
  { lazy = false, features = ALL_FEATURES }: ValidateOptions = {},
): ValidModule {
  try {
    checkFeatures(module, features);
    const valid = checkModule(module, features.has("custom-descriptors"));
    if (!lazy) validateBodies(valid);
    return valid;
  } catch (error) {
    // What is malformed anywhere comes before what is invalid, and decoding knows how to say it.
    if (module.lazyBodies && !lazy) decode(module.bytes);
    throw error;
  }
}

/**
 * Validates the bodies that `validate` left, if it was lazy: for those who look at the code
 * of a whole module and rely on it.
 * @throws InvalidError, MalformedError
 */
export function validateBodies(module: ValidModule): void {
  if (!module.context.lazyBodies) return;
  const validator = new FunctionValidator(module);
  for (let i = 0; i < module.functions.length; i++) validator.function(i);
  module.context.lazyBodies = false;
}

/**
 * Validates the body of a defined function (index without imports) and shows
 * the visitor each instruction with the stacks before it.
 * @throws InvalidError, MalformedError on a lazily validated module
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
