// The spec's validation algorithm for one body: a stack of operand types and a
// stack of control frames, driven instruction by instruction. It knows the
// stacks; what each instruction does to them is in `instructions.ts`.
// Spec: https://webassembly.github.io/spec/core/appendix/algorithm.html

import { InstructionReader } from "../binary/code.js";
import { withInstruction } from "../binary/expression.js";
import type { Instruction } from "../syntax/instruction.js";
import type { Expression } from "../syntax/module.js";
import { formatValType, type FuncType, type RefType, type ValType } from "../syntax/types.js";
import { InvalidError, MalformedError } from "../util/errors.js";
import { BOT_REF, functionType, isDefaultable, matches, type ValidModule } from "./context.js";
import { applyRule } from "./instructions.js";
import { unknownTypeIn } from "./types.js";
import type { Control, FunctionState, OperandType, Visitor } from "./visitor.js";

export class ControlFrame implements Control {
  unreachable = false;
  constructor(
    readonly opener: Control["opener"],
    readonly offset: number,
    readonly params: readonly ValType[],
    readonly results: readonly ValType[],
    readonly height: number,
    /** Number of non-defaultable locals that had been set when the frame was entered. */
    readonly inits: number,
  ) {}

  /** Types that a branch to this frame carries. */
  get labelTypes(): readonly ValType[] {
    return this.opener === "loop" ? this.params : this.results;
  }
}

const format = (t: OperandType): string => (typeof t === "string" ? t : formatValType(t));
const list = (types: readonly OperandType[]): string => `[${types.map(format).join(" ")}]`;

/**
 * An empty array, to be filled by `push`. Engines tell arrays apart by what they have held,
 * and one that has held nothing yet is of another kind than the same array later.
 */
function emptyOf<T>(item: T): T[] {
  const array = [item];
  array.pop();
  return array;
}

/** Empties an array: setting `length` is slow. */
function clear(array: unknown[]): void {
  while (array.length > 0) array.pop();
}

/**
 * Validates any number of bodies of one module, one after the other.
 *
 * Instrs_ok/{empty,instr,seq,frame}: instructions work on the stack that those before left.
 * Instrs_ok/sub, Instrtype_ok, Instrtype_sub: what they take matches by subtyping, and below the
 * floor of unreachable code there is anything.
 */
export class FunctionValidator implements FunctionState {
  readonly locals: ValType[] = emptyOf("i32");
  readonly operands: OperandType[] = emptyOf("i32");
  readonly controls: ControlFrame[] = [];
  /** The innermost control frame. */
  frame!: ControlFrame;
  /** Globals that can be named: constant expressions see only earlier ones. */
  visibleGlobals: number;

  /** Locals without a value yet, and in order of their setting those that got one. */
  private readonly unset = new Set<number>();
  private readonly set: number[] = [];

  /** Index of the function being validated; undefined for a constant expression. */
  private func: number | undefined;
  /** One reader for all bodies: modules have many small ones. */
  private readonly reader: InstructionReader;
  private readonly instruction: Instruction;

  constructor(readonly module: ValidModule) {
    this.reader = new InstructionReader(module.bytes);
    this.instruction = this.reader.instruction;
    this.visibleGlobals = module.context.globals.length;
  }

  /** Func_ok: the body of a defined function. */
  function(definedIndex: number, visitor?: Visitor): void {
    const { module } = this;
    const index = module.imported.func + definedIndex;
    const { body, offset } = module.functions[definedIndex]!;
    const type = functionType(module, index);
    this.func = index;
    this.declareLocals(type, definedIndex, offset);
    const reader = this.begin(body, type.results);
    const { instruction } = reader;
    try {
      if (visitor === undefined) {
        while (reader.next()) applyRule(this, instruction);
      } else {
        while (reader.next()) {
          visitor.instruction(instruction, this);
          applyRule(this, instruction);
        }
      }
      this.finish();
    } catch (error) {
      // A lazy decoder may have left a malformed instruction: the reader knows no function.
      if (!(error instanceof MalformedError) || error.location.func !== undefined) throw error;
      const { reason, location } = withInstruction(error, reader);
      throw new MalformedError(reason, { ...location, func: index });
    }
  }

  /** Local_ok/{set,unset}, Localtype_ok */
  private declareLocals(type: FuncType, definedIndex: number, offset: number): void {
    const { locals, module } = this;
    const location = { offset, func: this.func! };
    clear(locals);
    if (this.unset.size > 0) this.unset.clear();
    clear(this.set);
    for (const param of type.params) locals.push(param);
    for (const { count, type: t } of module.functions[definedIndex]!.locals) {
      const unknown = unknownTypeIn(module, t);
      if (unknown !== undefined) throw new InvalidError(`unknown type ${unknown}`, location);
      for (let i = 0; i < count; i++) {
        if (!isDefaultable(t)) this.unset.add(locals.length);
        locals.push(t);
      }
    }
  }

  /** Expr_ok: sets up the stacks for an expression and returns the reader to drive. */
  begin(expression: Expression, results: readonly ValType[]): InstructionReader {
    const { offset, end } = expression;
    const reader = this.reader;
    reader.pos = offset;
    reader.end = end;
    clear(this.operands);
    clear(this.controls);
    this.frame = new ControlFrame("func", offset, [], results, 0, 0);
    this.controls.push(this.frame);
    return reader;
  }

  /** After the last instruction. */
  finish(): void {
    if (this.controls.length > 0) this.malformed();
  }

  /** Where nesting breaks the binary grammar: not a matter of types. */
  malformed(reason = "END opcode expected"): never {
    const { offset, op } = this.instruction;
    const where = { offset, instruction: op.mnemonic };
    throw new MalformedError(
      reason,
      this.func === undefined ? where : { ...where, func: this.func },
    );
  }

  /** Rejects the module because of the current instruction. */
  fail(reason: string): never {
    const { offset, op } = this.instruction;
    const where = { offset, instruction: op.mnemonic };
    throw new InvalidError(reason, this.func === undefined ? where : { ...where, func: this.func });
  }

  matches(a: OperandType, b: ValType): boolean {
    return a === b || matches(this.module.context.defTypes, a, b);
  }

  // Operands

  push(type: OperandType): void {
    this.operands.push(type);
  }

  pushAll(types: readonly OperandType[]): void {
    for (let i = 0; i < types.length; i++) this.operands.push(types[i]!);
  }

  /** Pops one operand of any type; `bot` below the floor of unreachable code. */
  pop(): OperandType {
    if (this.operands.length > this.frame.height) return this.operands.pop()!;
    if (this.frame.unreachable) return "bot";
    this.fail("type mismatch: instruction requires an operand but stack has []");
  }

  popOne(expected: ValType): void {
    const { operands } = this;
    const height = operands.length;
    if (height > this.frame.height && operands[height - 1] === expected) operands.pop();
    else this.popAll([expected]);
  }

  popRef(): RefType {
    const type = this.pop();
    if (typeof type === "object") return type;
    if (type === "bot") return BOT_REF;
    this.fail(`type mismatch: instruction requires a reference but stack has [${type}]`);
  }

  pushNonNull(type: RefType): void {
    this.push(type.nullable ? { ...type, nullable: false } : type);
  }

  popAll(types: readonly ValType[]): void {
    const { operands } = this;
    const { length } = types;
    const base = operands.length - length;
    let equal = 0;
    if (base >= this.frame.height)
      while (equal < length && operands[base + equal] === types[equal]) equal++;
    if (equal < length) this.checkTop(types);
    for (let n = Math.min(length, this.available()); n > 0; n--) operands.pop();
  }

  /** Checks the topmost operands and leaves them. */
  checkTop(types: readonly ValType[]): void {
    if (!this.hasTop(types)) this.mismatch(types);
  }

  /** Operands of the innermost block. */
  private available(): number {
    return this.operands.length - this.frame.height;
  }

  private hasTop(types: readonly ValType[]): boolean {
    const { operands } = this;
    let count = types.length;
    if (this.available() < count) {
      if (!this.frame.unreachable) return false;
      count = this.available();
    }
    for (let i = 1; i <= count; i++) {
      const actual = operands[operands.length - i]!;
      const expected = types[types.length - i]!;
      if (actual !== expected && !this.matches(actual, expected)) return false;
    }
    return true;
  }

  mismatch(types: readonly ValType[]): never {
    const { operands, frame } = this;
    const top = operands.slice(Math.max(frame.height, operands.length - types.length));
    this.fail(`type mismatch: instruction requires ${list(types)} but stack has ${list(top)}`);
  }

  // Control

  /** Enters a block whose parameters have been popped. */
  pushControl(opener: Control["opener"], { params, results }: Omit<FuncType, "kind">): void {
    const { offset } = this.instruction;
    const height = this.operands.length;
    this.frame = new ControlFrame(opener, offset, params, results, height, this.set.length);
    this.controls.push(this.frame);
    this.pushAll(params);
  }

  /** Leaves the innermost block: exactly its results must be there. */
  popControl(): ControlFrame {
    const { frame, operands, controls } = this;
    const { results } = frame;
    if (this.available() > results.length || !this.hasTop(results)) {
      const stack = list(operands.slice(frame.height));
      this.fail(`type mismatch: block requires ${list(results)} but stack has ${stack}`);
    }
    while (operands.length > frame.height) operands.pop();
    while (this.set.length > frame.inits) this.unset.add(this.set.pop()!);
    controls.pop();
    if (controls.length > 0) this.frame = controls[controls.length - 1]!;
    else if (this.instruction.next !== this.reader.end) this.malformed();
    return frame;
  }

  /** The rest of the innermost block cannot be reached. */
  markUnreachable(): void {
    const { frame, operands } = this;
    while (operands.length > frame.height) operands.pop();
    frame.unreachable = true;
  }

  /** Types carried by a branch to label `depth`. */
  label(depth: number): readonly ValType[] {
    const frame = this.controls[this.controls.length - 1 - depth];
    if (frame === undefined) this.fail(`unknown label ${depth}`);
    return frame.labelTypes;
  }

  /** Results of the whole function. */
  get results(): readonly ValType[] {
    return this.controls[0]!.results;
  }

  // Locals

  isUnset(local: number): boolean {
    return this.unset.size > 0 && this.unset.has(local);
  }

  isUnsetOutside(local: number): boolean {
    return this.isUnset(local) || this.set.indexOf(local, this.frame.inits) >= 0;
  }

  setLocal(local: number): void {
    if (this.unset.size > 0 && this.unset.delete(local)) this.set.push(local);
  }
}
