// A function body as a list of its reachable instructions, each with where it stands in
// the function's `Code` and what is on the operand stack before it: what a compiler that
// looks ahead needs, in the order of the bytes. Types and stacks are validation's own.

import type { FuncType, ValType } from "../syntax/types.js";
import type { Instruction } from "../syntax/instruction.js";
import type { Mnemonic, Opcode } from "../syntax/opcodes.js";
import { CrashError } from "../util/errors.js";
import { visitFunction, type ValidModule } from "../valid/validate.js";
import type { FunctionState, OperandType, Visitor } from "../valid/visitor.js";
import type { Code } from "../exec/code.js";

/**
 * How a value is kept while compiled code runs: i(32), l(ong, i64), f(32), d(ouble, f64),
 * v(128), r(eference). A list of values is a string of them.
 */
export type Kind = "i" | "l" | "f" | "d" | "v" | "r";

const KINDS = { i32: "i", i64: "l", f32: "f", f64: "d", v128: "v" } as const;

export const kindOf = (type: OperandType): Kind =>
  typeof type === "object" ? "r" : type === "bot" ? "i" : KINDS[type];
export const kindsOf = (types: readonly OperandType[]): string => types.map(kindOf).join("");
/** Slots of eight bytes that a value takes. */
export const slotsOf = (kind: string): number => (kind === "v" ? 2 : 1);
export function slotsOfAll(kinds: string, count = kinds.length): number {
  let slots = 0;
  for (let i = 0; i < count; i++) slots += slotsOf(kinds[i]!);
  return slots;
}

export interface Node {
  readonly op: Opcode;
  readonly mnemonic: Mnemonic;
  /** Word index of its entry in `Code.words`. */
  readonly pc: number;
  readonly a: number;
  readonly b: number;
  readonly memOffset: number;
  readonly labels: readonly number[];
  /** The operands before it. */
  readonly stack: string;
  /** What opens a block: its parameters and results. */
  readonly params: string;
  readonly results: string;
  /** Clauses of `try_table`, `resume` and their kin: the labels where they may go on. */
  readonly clauses: readonly number[];
}

export function nodesOf(module: ValidModule, index: number, code: Code): Node[] {
  const gatherer = new Gatherer(module, code);
  visitFunction(module, index, gatherer);
  return gatherer.nodes;
}

/** Reachable is what `Lowering` made an entry for. */
class Gatherer implements Visitor {
  readonly nodes: Node[] = [];
  private readonly dead: boolean[] = [false];

  constructor(
    private readonly module: ValidModule,
    private readonly code: Code,
  ) {}

  instruction(instruction: Instruction, state: FunctionState): void {
    const { mnemonic } = instruction.op;
    const control = state.controls[state.controls.length - 1]!;
    const outer = this.dead[this.dead.length - 1]!;
    switch (mnemonic) {
      case "end":
      case "delegate":
        this.dead.pop();
        if (!outer) this.add(instruction, state);
        return;
      case "else":
      case "catch":
      case "catch_all":
        if (!outer) this.add(instruction, state);
        return;
      default:
    }
    const dead = outer || control.unreachable;
    if (opensBlock(mnemonic)) this.dead.push(dead);
    if (!dead) this.add(instruction, state);
  }

  private add(instruction: Instruction, state: FunctionState): void {
    const { op, offset, a, b, memOffset, labels, block } = instruction;
    const at = this.nodes.length;
    if (this.code.offsets[at] !== offset)
      throw new CrashError(`no entry of the code for the instruction at ${offset}`);
    let params = "";
    let results = "";
    if (opensBlock(op.mnemonic)) {
      if (typeof block === "number") {
        const type = this.module.types[block]!.comp as FuncType;
        params = kindsOf(type.params);
        results = kindsOf(type.results);
      } else if (block !== null) results = kindOf(block as ValType);
    }
    this.nodes.push({
      op,
      mnemonic: op.mnemonic,
      pc: this.code.starts[at]!,
      a,
      b,
      memOffset: Number(memOffset),
      labels: op.mnemonic === "br_table" ? [...labels] : [],
      stack: kindsOf(state.operands),
      params,
      results,
      clauses: clausesOf(instruction),
    });
  }
}

export const opensBlock = (mnemonic: Mnemonic): boolean =>
  mnemonic === "block" ||
  mnemonic === "loop" ||
  mnemonic === "if" ||
  mnemonic === "try_table" ||
  mnemonic === "try";

function clausesOf({ op, catches, handlers }: Instruction): readonly number[] {
  if (op.mnemonic === "try_table") return catches.map(({ label }) => label);
  if (op.mnemonic.startsWith("resume"))
    return handlers.flatMap(({ label }) => (label === null ? [] : [label]));
  return [];
}
