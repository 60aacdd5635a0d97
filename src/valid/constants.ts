// Constant expressions: bodies restricted to instructions whose value is known
// when the module is instantiated.
// Spec: https://webassembly.github.io/spec/core/valid/instructions.html#constant-expressions

import type { Instruction } from "../syntax/instruction.js";
import type { Expression } from "../syntax/module.js";
import type { Mnemonic } from "../syntax/opcodes.js";
import type { ValType } from "../syntax/types.js";
import type { FunctionValidator } from "./function.js";
import { checkFunction, checkGlobal } from "./indices.js";
import { applyRule } from "./instructions.js";
import type { Visitor } from "./visitor.js";

/**
 * Instr_const/{const,vconst,binop}, ref.{null,func,i31}, struct.new{,_default}{,_desc},
 * array.new{,_default,_fixed}, any.convert_extern, extern.convert_any
 */
const constant: ReadonlySet<Mnemonic> = new Set<Mnemonic>([
  "end",
  "i32.const",
  "i64.const",
  "f32.const",
  "f64.const",
  "v128.const",
  "i32.add",
  "i32.sub",
  "i32.mul",
  "i64.add",
  "i64.sub",
  "i64.mul",
  "ref.null",
  "ref.func",
  "ref.i31",
  "struct.new",
  "struct.new_default",
  "struct.new_desc",
  "struct.new_default_desc",
  "array.new",
  "array.new_default",
  "array.new_fixed",
  "any.convert_extern",
  "extern.convert_any",
]);

/** A constant expression, and the type of its value. */
export interface Constant {
  readonly expression: Expression;
  readonly type: ValType;
}

export interface ExpressionOptions {
  /** Number of globals in scope (all of them if absent). */
  readonly globals?: number;
  /** Collects the functions that `ref.func` names: occurring here declares them. */
  readonly declared?: Set<number>;
  readonly visitor?: Visitor | undefined;
}

/** Expr_ok_const */
export function checkExpression(
  v: FunctionValidator,
  { expression, type }: Constant,
  { globals = v.module.context.globals.length, declared, visitor }: ExpressionOptions = {},
): void {
  v.visibleGlobals = globals;
  const reader = v.begin(expression, [type]);
  const { instruction } = reader;
  while (reader.next()) {
    visitor?.instruction(instruction, v);
    checkConstant(v, instruction);
    if (instruction.op.mnemonic === "ref.func") {
      checkFunction(v, instruction.a);
      declared?.add(instruction.a);
    }
    applyRule(v, instruction);
  }
  v.finish();
}

/** Expr_const, Instr_const/global.get: of immutable globals. */
function checkConstant(v: FunctionValidator, { op, a }: Instruction): void {
  const isConstant =
    op.mnemonic === "global.get" ? !checkGlobal(v, a).mutable : constant.has(op.mnemonic);
  if (!isConstant) v.fail("constant expression required");
}
