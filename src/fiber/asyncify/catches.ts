// Calls in legacy `catch` blocks under `strict`, as Binaryen leaves them: without a number. An
// unwind that comes out of one runs on to the end of the outermost catch around it, and from
// there over everything but the call whose index was popped last. Where nothing on the way to
// that end shows, and no numbered call stands behind it, the function ends at once.

import type { Instruction } from "../../syntax/instruction.js";
import type { ValidModule } from "../../valid/context.js";
import { visitFunction } from "../../valid/validate.js";
import type { Control, FunctionState } from "../../valid/visitor.js";
import type { Roles } from "./roles.js";

/** The offsets of such calls in an instrumented function (index with imports). */
export function lastCallsInCatches(
  module: ValidModule,
  func: number,
  roles: Roles,
): ReadonlySet<number> {
  const { functions, options } = roles;
  const numbered = Math.max(-1, ...roles.sites(func).map(({ offset }) => offset));
  const found = new Set<number>();
  /** Since nothing has shown. */
  let waiting: number[] = [];
  visitFunction(module, func - module.imported.func, {
    instruction({ op, a, offset }: Instruction, { controls }: FunctionState) {
      const outermost = controls.findIndex(isCatch);
      if (outermost < 0) return;
      const { mnemonic } = op;
      const ends = mnemonic === "end" || mnemonic === "catch" || mnemonic === "catch_all";
      if (ends && outermost === controls.length - 1) {
        if (offset > numbered) for (const call of waiting) found.add(call);
        waiting = [];
      } else if (mnemonic === "call" && functions[a]!.canChangeState) waiting = [offset];
      else if (mnemonic === "call_indirect" && options.ignoreIndirect !== true) waiting = [offset];
      else if (!QUIET.test(mnemonic)) waiting = [];
    },
  });
  return found;
}

const isCatch = ({ opener }: Control): boolean => opener === "catch" || opener === "catch_all";

/** Instructions that neither trap nor branch, and change nothing that outlasts the frame. */
const QUIET =
  /^(nop|block|loop|if|else|try|catch|catch_all|end|drop|select|select t|local\..*|global\.get|ref\.(null|func|is_null)|[if](32|64)\.(const|add|sub|mul|and|or|xor|shl|shr_[su]|rotl|rotr|clz|ctz|popcnt|eqz|eq|ne|[lg][te](_[su])?|abs|neg|ceil|floor|trunc|nearest|sqrt|div|min|max|copysign|wrap_i64|extend.*|convert.*|demote_f64|promote_f32|reinterpret.*))$/;
