// The types of locals and operands before an instruction: slots are only words, and
// validation is who knows what they hold.

import type { ValType } from "../syntax/types.js";
import { visitFunction, type ValidModule } from "../valid/validate.js";
import type { FunctionState, OperandType } from "../valid/visitor.js";

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
    instruction({ offset: at, op }, state) {
      if (at !== offset) return;
      const operands = op.mnemonic === "end" ? operandsAtEnd(state) : [...state.operands];
      found = { locals: [...state.locals], operands };
    },
  });
  return found;
}

/**
 * An `end` is reached from its other branch, too: where the code above it cannot fall
 * through, validation knows nothing, but the block's results are there.
 */
function operandsAtEnd({ operands, controls }: FunctionState): OperandType[] {
  const { unreachable, height, results } = controls[controls.length - 1]!;
  return unreachable ? [...operands.slice(0, height), ...results] : [...operands];
}
