// The types of locals and operands before an instruction: slots are only words, and
// validation is who knows what they hold.

import type { Module } from "../syntax/module.js";
import type { ValType } from "../syntax/types.js";
import { visitFunction, type ValidModule } from "../valid/validate.js";
import type { OperandType } from "../valid/visitor.js";

export interface TypesAt {
  /** Parameters first. */
  readonly locals: readonly ValType[];
  /** Bottom first. */
  readonly operands: readonly OperandType[];
}

/**
 * The types before the instruction at byte `offset` of a defined function (index
 * with imports), or undefined where no instruction starts there.
 */
export function typesAt(module: ValidModule, func: number, offset: number): TypesAt | undefined {
  let found: TypesAt | undefined;
  visitFunction(module, func - module.imported.func, {
    instruction(instruction, { locals, operands }) {
      if (instruction.offset === offset)
        found = { locals: [...locals], operands: [...operands] };
    },
  });
  return found;
}

/** The function (index with imports) whose instructions hold byte `offset`. */
export function functionAtOffset(module: Module, offset: number): number | undefined {
  const at = module.functions.findIndex(
    ({ body }) => offset >= body.offset && offset < body.end,
  );
  return at < 0 ? undefined : module.imported.func + at;
}
