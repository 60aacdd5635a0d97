// Which operands Binaryen keeps as constants. Flatten gives every other value a local
// of its own (Flatten.cpp:348-353), which is zero where the function was entered while
// unwinding. A constant becomes such a value, too, where IRBuilder (wasm-ir-builder.cpp,
// hoistLastValue and packageHoistedValue) must move it over an expression without a
// value, say the store in `i32.const 1 (store) call`; and as a block's result.

import type { Instruction } from "../../syntax/instruction.js";
import { bitsOf } from "../../syntax/vectors.js";
import { functionType, funcTypeAt, type ValidModule } from "../../valid/context.js";
import type { FunctionState } from "../../valid/visitor.js";

/** How many operands an instruction takes, where its row in the table has no fixed type. */
const POPS: Partial<Record<string, number>> = {
  "local.get": 0,
  "global.get": 0,
  "memory.size": 0,
  "table.size": 0,
  "data.drop": 0,
  "elem.drop": 0,
  drop: 1,
  "local.set": 1,
  "local.tee": 1,
  "global.set": 1,
  "table.get": 1,
  "memory.grow": 1,
  "ref.is_null": 1,
  "ref.as_non_null": 1,
  "table.set": 2,
  "table.grow": 2,
  select: 3,
  "select t": 3,
  "memory.init": 3,
  "memory.copy": 3,
  "memory.fill": 3,
  "table.init": 3,
  "table.copy": 3,
  "table.fill": 3,
};

interface Scope {
  /** Operands below the block's parameters. */
  readonly base: number;
  readonly params: number;
  /** Whether a gap was there before the block. */
  readonly gap: boolean;
}

/** Follows the operand stack; to be shown every instruction, before it takes effect. */
export class OperandConstants {
  private readonly values: (bigint | null)[] = [];
  /** At [h]: an expression without a value stands between the operands below height h and the rest. */
  private readonly gaps: boolean[] = [];
  private readonly scopes: Scope[] = [{ base: 0, params: 0, gap: false }];
  /** What the instruction before left untouched, and what it pushed. */
  private base = 0;
  private pushed: bigint | null = null;
  private opened = true;

  constructor(private readonly module: ValidModule) {}

  instruction(instruction: Instruction, state: FunctionState, reachable: boolean): void {
    const height = state.operands.length;
    if (reachable) this.settle(height);
    const { scopes } = this;
    const { mnemonic } = instruction.op;
    this.pushed = null;
    this.opened = false;
    switch (mnemonic) {
      case "block":
      case "loop":
      case "if": {
        const params = this.blockParams(instruction);
        this.base = height - params - (mnemonic === "if" ? 1 : 0);
        this.opened = true;
        scopes.push({ base: this.base, params, gap: this.gaps[this.base] ?? false });
        return;
      }
      case "else":
        this.base = scopes[scopes.length - 1]!.base;
        this.opened = true;
        return;
      case "end": {
        const scope = scopes.pop()!;
        this.base = scope.base;
        this.gaps[scope.base] = scope.gap;
        return;
      }
      default:
        this.base = Math.max(0, height - this.pops(instruction, state));
        this.pushed = constantOf(instruction);
    }
  }

  /** The constants among the operands of a call that takes `own` of them; after `instruction`. */
  at(height: number, own: number): (bigint | null)[] {
    const result = this.values.slice(0, height);
    const first = height - own;
    for (let i = first; i < height; i++) {
      if (i > first && this.gaps[i] === true) result[i] = null;
    }
    if (own > 0 && this.gaps[height] === true) result[height - 1] = null;
    return result;
  }

  /** Takes in what the last instruction has done, now that the height after it is known. */
  private settle(height: number): void {
    const { base, gaps, values } = this;
    if (this.opened) gaps[base] = false;
    else if (height === base) gaps[base] = true;
    for (let i = base; i < height; i++) {
      values[i] = this.pushed;
      gaps[i + 1] = false;
    }
  }

  private blockParams({ block }: Instruction): number {
    return typeof block === "number" ? funcTypeAt(this.module, block)!.params.length : 0;
  }

  private pops({ op, a }: Instruction, { controls }: FunctionState): number {
    if (op.type !== undefined) return op.type.params.length;
    const label = () => {
      const control = controls[controls.length - 1 - a]!;
      return (control.opener === "loop" ? control.params : control.results).length;
    };
    switch (op.mnemonic) {
      case "call":
        return functionType(this.module, a).params.length;
      case "call_indirect":
      case "call_ref":
        return funcTypeAt(this.module, a)!.params.length + 1;
      case "br_if":
      case "br_on_null":
      case "br_on_cast_desc_eq":
      case "br_on_cast_desc_eq_fail":
        return label() + 1;
      case "br_on_non_null":
      case "br_on_cast":
      case "br_on_cast_fail":
        return label();
      case "ref.null":
      case "ref.func":
        return 0;
      default:
        // Of an instruction unknown here nothing is known: all of its block is taken for replaced.
        return POPS[op.mnemonic] ?? Infinity;
    }
  }
}

function constantOf({ op, a, b, vector }: Instruction): bigint | null {
  switch (op.mnemonic) {
    case "i32.const":
    case "f32.const":
      return BigInt(a >>> 0);
    case "i64.const":
    case "f64.const":
      return (BigInt(b >>> 0) << 32n) | BigInt(a >>> 0);
    case "v128.const":
      return bitsOf(vector);
    case "ref.null":
      return -1n;
    case "ref.func":
      return BigInt(a);
    default:
      return null;
  }
}
