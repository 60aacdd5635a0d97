// Function bodies to `Code`: a visitor of validation that writes one entry for
// each instruction that can be reached. Entry layouts (in words):
//
//   if              [op, else]             else             [op, end]
//   br, br_if       [op, target, to, n, refs]
//   br_table        [op, count, then (target, to, n, refs) for each label]
//   call*           [op, a, b, words of its operands]
//   end of function [return, n, refs]
//   catch, catch_all [op, end]         rethrow         [op, index in Frame.caught]
//   throw           [op, tag]
//   cont.new        [op, type]
//   cont.bind       [op, type of the result, words that it binds, 0]
//   suspend         [op, tag, 0, words of its operands]
//   resume          [op, index in Code.prompts, words of arguments, words of its operands]
//   resume_throw    [op, index in Code.prompts, tag, words of its operands]
//   resume_throw_ref [op, index in Code.prompts, 0, words of its operands]
//   switch          [op, tag, type of the continuation it leaves, words of its operands]
//   memory access   [op, offset]   or, for all but the plain first memory,
//                   [memory access, op, memory, offset low, offset high]
//   0xfe            [prefix, sub-opcode, memory, offset low, offset high]
//   0xfb, 0xfc      [prefix, sub-opcode, a, b]
//   0xfd            see `simd.ts`
//   br_on_cast, br_on_cast_fail [op, target, to, n, refs, heap type, 1 if nullable]
//   br_on_cast_desc_eq* [op, target, to, n, refs, 1 if nullable]
//
// `to` is where the branch's operands go, in words from the frame's first.
// A branch to a block lands after its `end`, to a loop after the `loop`.

import type { FuncInstance } from "../runtime/instances.js";
import type { Instruction } from "../syntax/instruction.js";
import type { ContType, FuncType, RefType, ValType } from "../syntax/types.js";
import { type Code as CodeOf, type Mnemonic, type Opcode, opcodes } from "../syntax/opcodes.js";
import { isRefType, typeIndexOf } from "../syntax/types.js";
import {
  type Constant,
  type ValidModule,
  visitExpressions,
  visitFunction,
} from "../valid/validate.js";
import type { Control, FunctionState, OperandType, Visitor } from "../valid/visitor.js";
import { type Code, Internal, type Prompt, wordsOf, wordsOfAll } from "./code.js";
import { type Guard, HandlerTable } from "./exceptions-lower.js";
import { lowerGc } from "./gc.js";
import { heapCode } from "./gc-casts.js";
import { withShortcuts } from "./shortcuts.js";
import { lowerSimd } from "./simd.js";
import { Words } from "./words.js";

/** Lowers defined function `index` (imports not counted). */
function lowerFunction(module: ValidModule, index: number): Code {
  const definition = module.functions[index]!;
  const type = module.types[definition.type]!.comp as FuncType;
  const lowering = new Lowering(module, type, definition.body.end - definition.body.offset);
  visitFunction(module, index, lowering);
  return lowering.finish();
}

/** Lowers constant expressions to the body of a function that leaves the value of each. */
export function lowerExpressions(module: ValidModule, constants: readonly Constant[]): Code {
  const results = constants.map(({ type }) => type);
  const lowering = new Lowering(
    module,
    { kind: "func", params: [], results },
    4 * constants.length,
  );
  let left = constants.length;
  visitExpressions(module, constants, {
    instruction(instruction, state) {
      // Values stay where they are: only the last `end` is the function's.
      if (instruction.op.mnemonic !== "end" || --left === 0)
        lowering.instruction(instruction, state);
    },
  });
  const code = lowering.finish();
  // An expression knows of no values below its own operands.
  return { ...code, maxWords: code.maxWords + code.resultWords };
}

/** Codes by name, for the labels of switches. Those of `Code<"br">` execute, and claim rules; these do not. */
type Codes = { readonly [M in Mnemonic]: CodeOf<M> };

const IF = opcodes.if.code;
const LOOP = opcodes.loop.code;
const TRY = opcodes.try.code;
const TRY_TABLE = opcodes.try_table.code;

type VariableMnemonic = "local.get" | "local.set" | "local.tee" | "global.get" | "global.set";

/** A control frame while lowering: what must still be patched, or where a loop goes back to. */
interface Label {
  /** Where the first instruction of its current part is. */
  start: number;
  readonly loop: number;
  /** Words that receive the position after the block's `end`. */
  readonly ends: number[];
  /** Words that receive the position of the `end` itself. */
  readonly toEnd: number[];
  elseWord: number;
  /** Clauses of handlers that go on where `ends` do. */
  readonly catches: { target: number }[];
  /** `try_table` and `try`: what it catches. */
  readonly guard: Guard | null;
  /** Nothing in it can be reached. */
  readonly dead: boolean;
}

const labelOf = (
  start: number,
  back: number,
  elseWord: number,
  guard: Guard | null,
  dead: boolean,
): Label => ({ start, loop: back, ends: [], toEnd: [], elseWord, catches: [], guard, dead });

class Lowering implements Visitor {
  private readonly words: Words;
  private readonly starts: Words;
  private readonly offsets: Words;
  private readonly labels: Label[] = [];
  private readonly table = new HandlerTable();
  private readonly prompts: (readonly Prompt[])[] = [];
  private locals: readonly ValType[] = [];
  private readonly localOffsets: number[] = [];
  private localWords = 0;
  private maxWords = 0;

  constructor(
    private readonly module: ValidModule,
    private readonly type: FuncType,
    bytes: number,
  ) {
    // Most code takes about as many words as bytes, and an instruction two bytes.
    this.words = new Words(bytes + 16);
    this.starts = new Words((bytes >> 1) + 8);
    this.offsets = new Words((bytes >> 1) + 8);
  }

  finish(): Code {
    const resultWords = wordsOfAll(this.type.results);
    const words = this.words.toArray();
    const starts = this.starts.toArray();
    return {
      words,
      single: words,
      shortcuts: withShortcuts(words, starts, this.locals, this.localOffsets),
      starts,
      offsets: this.offsets.toArray(),
      handlers: this.table.handlers,
      prompts: this.prompts,
      paramWords: wordsOfAll(this.type.params),
      localWords: this.localWords,
      resultWords,
      // A clause may bring values to the function's end that were on no stack before.
      maxWords: Math.max(this.maxWords, this.localWords + resultWords),
      hasRefs: [...this.locals, ...this.type.results].some(isRefType),
      localTypes: this.locals,
      localOffsets: this.localOffsets,
    };
  }

  instruction(instruction: Instruction, state: FunctionState): void {
    if (this.labels.length === 0) this.enter(state);
    const { code } = instruction.op;
    const label = this.labels[this.labels.length - 1]!;
    const dead = label.dead || state.controls[state.controls.length - 1]!.unreachable;
    // An operand takes four words at most: few instructions have more below them than any before.
    if (!dead && this.localWords + 4 * state.operands.length > this.maxWords)
      this.maxWords = Math.max(this.maxWords, this.localWords + wordsOfAll(state.operands));

    switch (code) {
      case 0x02 satisfies Codes["block"]:
      case 0x03 satisfies Codes["loop"]:
      case 0x04 satisfies Codes["if"]:
      case 0x06 satisfies Codes["try"]:
      case 0x1f satisfies Codes["try_table"]: {
        let elseWord = -1;
        let guard: Guard | null = null;
        if (!dead) {
          this.begin(instruction);
          this.emit(code);
          if (code === IF) elseWord = this.emit(0);
        }
        const start = this.words.length;
        if (code === TRY || code === TRY_TABLE) guard = this.table.open(start);
        if (code === TRY_TABLE && !dead) this.clauses(guard!, instruction, state);
        const loop = code === LOOP ? start : -1;
        this.labels.push(labelOf(start, loop, elseWord, guard, dead));
        return;
      }
      case 0x07 satisfies Codes["catch"]:
      case 0x19 satisfies Codes["catch_all"]:
        if (!label.dead) this.catch(instruction, label, state);
        return;
      case 0x18 satisfies Codes["delegate"]:
        this.labels.pop();
        if (label.dead) return;
        this.table.close(label.guard!, this.words.length, this.labelAt(instruction.a).start);
        this.end(instruction, label);
        return;
      case 0x05 satisfies Codes["else"]:
        if (label.dead) return;
        this.begin(instruction);
        this.emit(instruction.op.code);
        label.toEnd.push(this.emit(0));
        this.words.set(label.elseWord, this.words.length);
        label.elseWord = -1;
        return;
      case 0x0b satisfies Codes["end"]:
        this.labels.pop();
        if (!label.dead) this.end(instruction, label);
        return;
      default:
        if (!dead) this.plain(instruction, state);
    }
  }

  private enter(state: FunctionState): void {
    this.locals = [...state.locals];
    for (const type of this.locals) {
      this.localOffsets.push(this.localWords);
      this.localWords += wordsOf(type);
    }
    this.maxWords = this.localWords;
    this.labels.push(labelOf(0, -1, -1, null, false));
  }

  private end(instruction: Instruction, label: Label): void {
    const start = this.begin(instruction);
    if (label.elseWord >= 0) this.words.set(label.elseWord, start);
    for (const word of label.toEnd) this.words.set(word, start);
    if (label.guard !== null) this.table.close(label.guard, start);
    if (this.labels.length > 0) {
      this.emit(instruction.op.code);
      for (const word of label.ends) this.words.set(word, this.words.length);
      for (const clause of label.catches) clause.target = this.words.length;
    } else {
      for (const word of label.ends) this.words.set(word, start);
      for (const clause of label.catches) clause.target = start;
      this.emitReturn();
    }
  }

  /** The clauses of a `try_table`: branches, seen from outside of it. */
  private clauses(guard: Guard, { catches }: Instruction, state: FunctionState): void {
    for (const { tag, ref, label: depth } of catches) {
      const label = this.labelAt(depth);
      const to = this.wordsBelow(controlAt(state, depth), state);
      const clause = { tag: tag ?? -1, target: label.loop, to, ref, keep: -1 };
      guard.clauses.push(clause);
      if (label.loop < 0) label.catches.push(clause);
    }
  }

  /** A legacy `catch` or `catch_all`: falling into it means to go to the end. */
  private catch(instruction: Instruction, label: Label, state: FunctionState): void {
    const guard = label.guard!;
    this.table.close(guard, this.begin(instruction));
    this.emit(instruction.op.code);
    label.toEnd.push(this.emit(0));
    label.start = this.words.length;
    guard.clauses.push({
      tag: instruction.op.mnemonic === "catch" ? instruction.a : -1,
      target: this.words.length,
      to: this.wordsBelow(controlAt(state, 0), state),
      ref: false,
      keep: this.labels.length - 1,
    });
  }

  private labelAt(depth: number): Label {
    return this.labels[this.labels.length - 1 - depth]!;
  }

  /** Words of the locals and of the operands below a control frame. */
  private wordsBelow({ height }: Control, { operands }: FunctionState): number {
    return this.localWords + wordsOfAll(operands, height);
  }

  /** Everything that opens or closes no block. */
  private plain(instruction: Instruction, state: FunctionState): void {
    const { op, a, b } = instruction;
    const top = state.operands[state.operands.length - 1];
    this.begin(instruction);
    if (op.code >> 16 === 0xfd) return this.emitAll(...lowerSimd(instruction));
    if (op.code >> 16 === 0xfe) return this.place(instruction, 0xfe, op.code & 0xffff);
    if (op.access !== undefined) return this.access(instruction);
    if (op.code >> 16 === 0xfb) return this.gc(instruction, state);
    if (op.code >> 16 === 0xfc) return this.emitAll(0xfc, op.code & 0xffff, a, b);
    switch (op.code) {
      case 0x0c satisfies Codes["br"]:
      case 0x0d satisfies Codes["br_if"]:
      case 0xd5 satisfies Codes["br_on_null"]:
      case 0xd6 satisfies Codes["br_on_non_null"]:
        this.emit(op.code);
        return this.branch(a, state);
      case 0x0e satisfies Codes["br_table"]:
        this.emitAll(op.code, instruction.labels.length - 1);
        for (const label of instruction.labels) this.branch(label, state);
        return;
      case 0x0f satisfies Codes["return"]:
        return this.emitReturn();
      case 0x10 satisfies Codes["call"]:
      case 0x12 satisfies Codes["return_call"]:
        return this.emitAll(op.code, a, 0, this.paramWords(this.module.context.funcs[a]!));
      case 0x11 satisfies Codes["call_indirect"]:
      case 0x13 satisfies Codes["return_call_indirect"]:
        return this.emitAll(op.code, a, b, this.paramWords(a) + 2);
      case 0x14 satisfies Codes["call_ref"]:
      case 0x15 satisfies Codes["return_call_ref"]:
        return this.emitAll(op.code, a, 0, this.paramWords(a) + 2);
      case 0x09 satisfies Codes["rethrow"]:
        return this.emitAll(op.code, this.labels.length - 1 - a);
      case 0x1b satisfies Codes["select"]:
      case 0x1c satisfies Codes["select t"]: {
        const operand = state.operands[state.operands.length - 2]!;
        const code = operand === "v128" ? Internal["select v128"] : 0x1b;
        return (this.emit(isReference(operand) ? 0x1c : code), undefined);
      }
      case 0x1a satisfies Codes["drop"]:
        return (this.emit(top === "v128" ? Internal["drop v128"] : op.code), undefined);
      case 0x20 satisfies Codes["local.get"]:
      case 0x21 satisfies Codes["local.set"]:
      case 0x22 satisfies Codes["local.tee"]:
        return this.variable(op, this.locals[a]!, this.localOffsets[a]!);
      case 0x23 satisfies Codes["global.get"]:
        return this.variable(op, this.module.context.globals[a]!.type, a);
      case 0x24 satisfies Codes["global.set"]:
        return this.variable(op, top as ValType, a);
      case 0x42 satisfies Codes["i64.const"]:
      case 0x44 satisfies Codes["f64.const"]:
        return this.emitAll(op.code, a, b);
      case 0xe1 satisfies Codes["cont.bind"]: {
        const bound = this.contWords(a) - this.contWords(b);
        return this.emitAll(op.code, b, bound, 0);
      }
      case 0xe2 satisfies Codes["suspend"]:
        return this.emitAll(op.code, a, 0, wordsOfAll(this.tagType(a).params));
      case 0xe3 satisfies Codes["resume"]:
        return this.resume(instruction, state, this.contWords(a), this.contWords(a) + 2);
      case 0xe4 satisfies Codes["resume_throw"]:
        return this.resume(instruction, state, b, wordsOfAll(this.tagType(b).params) + 2);
      case 0xe5 satisfies Codes["resume_throw_ref"]:
        return this.resume(instruction, state, 0, 4);
      case 0xe6 satisfies Codes["switch"]: {
        const { params } = this.contFunction(a);
        const { heap } = params[params.length - 1] as RefType;
        return this.emitAll(op.code, b, typeIndexOf(heap)!, this.contWords(a));
      }
      case 0x41 satisfies Codes["i32.const"]:
      case 0x43 satisfies Codes["f32.const"]:
      case 0xe0 satisfies Codes["cont.new"]:
      case 0x25 satisfies Codes["table.get"]:
      case 0x26 satisfies Codes["table.set"]:
      case 0x3f satisfies Codes["memory.size"]:
      case 0x40 satisfies Codes["memory.grow"]:
      case 0xd2 satisfies Codes["ref.func"]:
      case 0x08 satisfies Codes["throw"]:
        return this.emitAll(op.code, a);
      default:
        // No immediates that execution needs (`ref.null`'s type is validation's alone).
        this.emit(op.code);
    }
  }

  private variable(op: Opcode, type: ValType, immediate: number): void {
    const mnemonic = op.mnemonic as VariableMnemonic;
    const code = isRefType(type)
      ? Internal[`${mnemonic} ref`]
      : type === "v128"
        ? Internal[`${mnemonic} v128`]
        : op.code;
    this.emit(code);
    this.emit(immediate);
  }

  private gc(instruction: Instruction, state: FunctionState): void {
    const { op, a, types } = instruction;
    switch (op.mnemonic) {
      case "br_on_cast":
      case "br_on_cast_fail": {
        const { heap, nullable } = types[1] as RefType;
        this.emit(Internal[op.mnemonic]);
        this.branch(a, state);
        return this.emitAll(heapCode(heap), nullable ? 1 : 0);
      }
      case "br_on_cast_desc_eq":
      case "br_on_cast_desc_eq_fail":
        this.emit(Internal[op.mnemonic]);
        this.branch(a, state);
        return this.emitAll((types[1] as RefType).nullable ? 1 : 0);
      default:
        this.emitAll(0xfb, op.code & 0xffff, ...lowerGc(instruction, this.module.context));
    }
  }

  /** `resume` and its kin: the clauses are branches. */
  private resume({ op, handlers }: Instruction, state: FunctionState, b: number, n: number): void {
    const prompts = handlers.map(({ tag, label: depth }): Prompt => {
      if (depth === null) return { tag, switches: true, target: -1, to: -1, type: -1 };
      const label = this.labelAt(depth);
      const control = controlAt(state, depth);
      const types = label.loop >= 0 ? control.params : control.results;
      const { heap } = types[types.length - 1] as RefType;
      const to = this.wordsBelow(control, state);
      const prompt = { tag, switches: false, target: label.loop, to, type: typeIndexOf(heap)! };
      if (label.loop < 0) label.catches.push(prompt);
      return prompt;
    });
    this.emitAll(op.code, this.prompts.length, b, n);
    this.prompts.push(prompts);
  }

  private access(instruction: Instruction): void {
    const { op, a, memOffset } = instruction;
    const memory = this.module.context.memories[a]!;
    if (a === 0 && memory.limits.address === "i32") this.emitAll(op.code, Number(memOffset));
    else this.place(instruction, Internal["memory access"], op.code);
  }

  /** An entry that names memory and offset in full. */
  private place({ a, memOffset }: Instruction, prefix: number, code: number): void {
    const offset = BigInt(memOffset);
    this.emitAll(
      prefix,
      code,
      a,
      Number(BigInt.asIntN(32, offset)),
      Number(BigInt.asIntN(32, offset >> 32n)),
    );
  }

  /** The four words that tell where a branch to `depth` goes and what it takes along. */
  private branch(depth: number, state: FunctionState): void {
    const control = controlAt(state, depth);
    const label = this.labelAt(depth);
    const types = label.loop >= 0 ? control.params : control.results;
    const target = this.emit(label.loop);
    if (label.loop < 0) label.ends.push(target);
    this.emit(this.wordsBelow(control, state));
    this.emit(wordsOfAll(types));
    this.emit(types.some(isRefType) ? 1 : 0);
  }

  private emitReturn(): void {
    this.emitAll(0x0f, wordsOfAll(this.type.results), this.type.results.some(isRefType) ? 1 : 0);
  }

  private paramWords(typeIndex: number): number {
    return wordsOfAll((this.module.types[typeIndex]!.comp as FuncType).params);
  }

  private tagType(index: number): FuncType {
    return this.module.types[this.module.context.tags[index]!.type]!.comp as FuncType;
  }

  private contFunction(index: number): FuncType {
    const { func } = this.module.types[index]!.comp as ContType;
    return this.module.types[func]!.comp as FuncType;
  }

  /** Words of what a continuation of this type takes. */
  private contWords(typeIndex: number): number {
    return wordsOfAll(this.contFunction(typeIndex).params);
  }

  private begin(instruction: Instruction): number {
    const start = this.words.length;
    this.starts.push(start);
    this.offsets.push(instruction.offset);
    return start;
  }

  private emit(word: number): number {
    return this.words.push(word);
  }

  private emitAll(...words: number[]): void {
    for (const word of words) this.emit(word);
  }
}

const controlAt = ({ controls }: FunctionState, depth: number): Control =>
  controls[controls.length - 1 - depth]!;
const isReference = (type: OperandType): boolean => typeof type === "object";

/** The lowered body of a wasm function, made at its first call. */
export function codeOf(func: FuncInstance): Code {
  if (func.code === null) {
    const { module } = func.instance!;
    func.code = func.direct = lowerFunction(module, func.index - module.imported.func);
  }
  return func.code as Code;
}
