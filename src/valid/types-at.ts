// The types of locals and operands before an instruction: slots are only words, and
// validation is who knows what they hold.

import type { Mnemonic } from "../syntax/opcodes.js";
import type { ValType } from "../syntax/types.js";
import { visitFunction, type ValidModule } from "./validate.js";
import type { FunctionState, OperandType } from "./visitor.js";

export interface TypesAt {
  readonly offset: number;
  readonly mnemonic: Mnemonic;
  /** The instruction's index immediates. */
  readonly a: number;
  readonly b: number;
  /** Parameters first. */
  readonly locals: readonly ValType[];
  /** Locals that may have no value yet: their slots hold null, whatever their types say. */
  readonly unset: readonly number[];
  /** Bottom first. */
  readonly operands: readonly OperandType[];
  /** The legacy `catch` blocks around it, by their place among the open blocks (the function is 0). */
  readonly catches: readonly number[];
}

/**
 * The types before the instruction at byte `offset` of a defined function (index
 * with imports), or undefined where no instruction starts there.
 */
export const typesAt = (module: ValidModule, func: number, offset: number): TypesAt | undefined =>
  typesAtAll(module, func, new Set([offset])).get(offset);

/** The same for several offsets at once: those where no instruction that can be reached starts are missing. */
export function typesAtAll(
  module: ValidModule,
  func: number,
  offsets: ReadonlySet<number>,
): Map<number, TypesAt> {
  const found = new Map<number, TypesAt>();
  visitFunction(module, func - module.imported.func, {
    instruction({ offset, op, a, b }, state) {
      if (!offsets.has(offset)) return;
      const { locals, controls } = state;
      const atEnd = ENDS.has(op.mnemonic);
      // Whoever comes to the end of a `catch` may have left the `try` without an exception.
      const blocks = controls.slice(0, atEnd ? -1 : undefined);
      found.set(offset, {
        offset,
        mnemonic: op.mnemonic,
        a,
        b,
        locals: [...locals],
        unset: [...locals.keys()].filter((local) =>
          atEnd ? state.isUnsetOutside(local) : state.isUnset(local),
        ),
        operands: atEnd ? operandsAtEnd(state) : [...state.operands],
        catches: [...blocks.keys()].filter((i) => blocks[i]!.opener.startsWith("catch")),
      });
    },
  });
  return found;
}

const ENDS: ReadonlySet<Mnemonic> = new Set(["end", "else", "catch", "catch_all", "delegate"]);

/**
 * An `end` is reached from a block's other part, too, of which only the block's results are
 * known; where the code above it cannot fall through, nothing else is.
 */
function operandsAtEnd({ operands, controls }: FunctionState): OperandType[] {
  const { height, results } = controls[controls.length - 1]!;
  return [...operands.slice(0, height), ...results];
}
