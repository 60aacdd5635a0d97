// What validation knows about where frames stand. Functions are looked at once each,
// however many frames stand in them.

import { offsetOfPc, pcOfOffset } from "../exec/code.js";
import { codeOf } from "../exec/lower.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import type { FuncType, RefType, ValType } from "../syntax/types.js";
import { inexact } from "../syntax/types.js";
import { closeValType, type DefType } from "../valid/deftypes.js";
import { type TypesAt, typesAtAll } from "../valid/types-at.js";
import type { OperandType } from "../valid/visitor.js";

/** A position, its types closed, and where it is in the function's code. */
export interface Position extends Omit<TypesAt, "locals" | "operands"> {
  readonly pc: number;
  readonly locals: readonly ValType<DefType>[];
  readonly operands: readonly ValType<DefType>[];
}

export class Positions {
  private readonly wanted = new Map<FuncInstance, Set<number>>();
  private readonly found = new Map<FuncInstance, Map<number, Position | undefined>>();

  /** Announces a position: those that are announced before they are asked for come in one go. */
  want(func: FuncInstance, offset: number): void {
    const offsets = this.wanted.get(func);
    if (offsets === undefined) this.wanted.set(func, new Set([offset]));
    else offsets.add(offset);
  }

  /** Undefined where no instruction starts that execution could stand at. */
  at(func: FuncInstance, offset: number): Position | undefined {
    let positions = this.found.get(func);
    if (positions === undefined) this.found.set(func, (positions = new Map()));
    if (!positions.has(offset)) {
      this.want(func, offset);
      const offsets = this.wanted.get(func)!;
      for (const wanted of offsets) positions.set(wanted, undefined);
      for (const [at, types] of typesAtAll(func.instance!.module, func.index, offsets))
        positions.set(at, closed(func, types));
      this.wanted.delete(func);
    }
    return positions.get(offset);
  }
}

function closed(func: FuncInstance, found: TypesAt): Position | undefined {
  const { types } = func.instance!;
  const code = codeOf(func);
  const pc = pcOfOffset(code, found.offset);
  // Where nothing can be reached, there is no code and there are no types.
  if (pc < 0 || offsetOfPc(code, pc) !== found.offset || found.operands.includes("bot"))
    return undefined;
  const close = (all: readonly OperandType[]) => all.map((t) => closeValType(types, t as ValType));
  return { ...found, pc, locals: close(found.locals), operands: close(found.operands) };
}

type Types = readonly ValType<DefType>[];

const isCall = (mnemonic: string): boolean => /^call(_indirect|_ref)?$/.test(mnemonic);
const isTailCall = (mnemonic: string): boolean => mnemonic.startsWith("return_call");
export const isResume = (mnemonic: string): boolean => mnemonic.startsWith("resume");
export const isWait = (mnemonic: string): boolean => mnemonic.startsWith("memory.atomic.wait");

/** What a frame that waits at a call gets as the call's results; undefined at no call. */
export function callResults(func: FuncInstance, { mnemonic, a }: Position): Types | undefined {
  const { types, module } = func.instance!;
  if (isTailCall(mnemonic)) return func.signature.results;
  if (!isCall(mnemonic)) return undefined;
  const index = mnemonic === "call" ? module.context.funcs[a]! : a;
  return (types[index]!.sub.comp as FuncType<DefType>).results;
}

/** What a frame that resumed a continuation gets when that returns; undefined elsewhere. */
export function resumeResults(func: FuncInstance, { mnemonic, a }: Position): Types | undefined {
  return isResume(mnemonic) ? continuationType(func.instance!, a).results : undefined;
}

/** What a frame that suspended gets when it is resumed; undefined elsewhere. */
export function suspendResults(func: FuncInstance, { mnemonic, a }: Position): Types | undefined {
  const { tags } = func.instance!;
  if (mnemonic === "suspend") return (tags[a]!.type.sub.comp as FuncType<DefType>).results;
  if (mnemonic !== "switch") return undefined;
  const { params } = continuationType(func.instance!, a);
  const left = params[params.length - 1] as RefType<DefType>;
  return functionOf(inexact(left.heap) as DefType).params;
}

export function functionOf(cont: DefType): FuncType<DefType> {
  return (cont.sub.comp as { func: DefType }).func.sub.comp as FuncType<DefType>;
}
const continuationType = ({ types }: ModuleInstance, index: number): FuncType<DefType> =>
  functionOf(types[index]!);
