// A call site made ready: which words of the frame its record holds, and what else a
// frame needs to stand there again. Made once for each site, used at every unwind.

import { type Code, pcOfOffset, wordsOf } from "../../exec/code.js";
import type { Fiber } from "../../exec/fiber.js";
import { ExceptionInstance } from "../../runtime/exceptions.js";
import { isOf } from "../../runtime/typing.js";
import type { Reference } from "../../runtime/values.js";
import { isRefType, type RefType } from "../../syntax/types.js";
import { closeHeapType } from "../../valid/deftypes.js";
import type { OperandType } from "../../valid/visitor.js";
import type { ReferenceTable } from "./images.js";
import type { CallSite } from "./roles.js";

export interface SitePlan {
  readonly callIndex: number;
  /** In the first arm of an `if`. */
  readonly conditional: boolean;
  /** Where the call stands in the function's code. */
  readonly pc: number;
  /** Words of the frame at the call: locals and operands. */
  readonly frameWords: number;
  /** The words to save, from the frame's first, in record order: live locals, then operands. */
  readonly saved: Int32Array;
  /** The references to save, by the word of their slot; a record has an id for each, behind the words. */
  readonly references: Int32Array;
  /** What they must be. */
  readonly referenceTypes: readonly RefType[];
  /** What legacy `catch` blocks around the call have caught: places in `Frame.caught`. Saved likewise. */
  readonly caught: readonly number[];
  /** Whether references stand in the frame at all. */
  readonly hasReferences: boolean;
  /** Constant operands are not saved: pairs of a word and what it holds. */
  readonly constants: Int32Array;
  /** Constant references: pairs of a slot's word and a function index, or -1 for null. */
  readonly constantReferences: Int32Array;
}

/** Words that the saved values of a site take. */
export const payloadWords = ({ saved, references, caught }: SitePlan): number =>
  saved.length + references.length + caught.length;

/** Values have their natural size in a record: one word, two, or four. */
const recordWords = (type: OperandType): number =>
  type === "i32" || type === "f32" ? 1 : wordsOf(type);
const isReference = (type: OperandType): boolean => type !== "bot" && isRefType(type);

export function planSite(code: Code, site: CallSite): SitePlan {
  const saved: number[] = [];
  const references: number[] = [];
  const referenceTypes: RefType[] = [];
  const save = (word: number, type: OperandType) => {
    if (isReference(type)) {
      references.push(word);
      referenceTypes.push(type as RefType);
    } else for (let k = 0; k < recordWords(type); k++) saved.push(word + k);
  };
  for (const local of site.liveLocals) save(code.localOffsets[local]!, code.localTypes[local]!);
  const constants: number[] = [];
  const constantReferences: number[] = [];
  let word = code.localWords;
  site.operands.forEach((type, i) => {
    const bits = site.constants[i]!;
    if (bits === null) save(word, type);
    else if (isReference(type)) constantReferences.push(word, Number(bits));
    else
      for (let k = 0; k < wordsOf(type); k++)
        constants.push(word + k, Number(BigInt.asIntN(32, bits >> BigInt(32 * k))));
    word += wordsOf(type);
  });
  return {
    callIndex: site.callIndex,
    conditional: site.conditional,
    pc: pcOfOffset(code, site.offset),
    frameWords: word,
    saved: Int32Array.from(saved),
    references: Int32Array.from(references),
    referenceTypes,
    caught: site.catches,
    hasReferences: code.hasRefs || site.operands.some(isReference),
    constants: Int32Array.from(constants),
    constantReferences: Int32Array.from(constantReferences),
  };
}

/** Makes the top frame stand at a site: constants in place, behind the first words zeros everywhere else. */
export function standAt(fiber: Fiber, plan: SitePlan, keptWords: number): void {
  const { pc, frameWords, constants, constantReferences } = plan;
  const { top: frame, refs } = fiber;
  frame.pc = pc;
  frame.sp = frame.fp + frameWords;
  if (plan.hasReferences) fiber.clear(frame.fp + keptWords, frameWords - keptWords);
  else fiber.i32.fill(0, frame.fp + keptWords, frame.sp);
  for (let i = 0; i < constants.length; i += 2)
    fiber.i32[frame.fp + constants[i]!] = constants[i + 1]!;
  const { funcs } = frame.func.instance!;
  for (let i = 0; i < constantReferences.length; i += 2)
    refs[(frame.fp + constantReferences[i]!) >> 1] = funcs[constantReferences[i + 1]!] ?? null;
}

/** What the top frame must keep at a site, as the words of its record. */
export function savedWords(fiber: Fiber, plan: SitePlan, table: ReferenceTable): Int32Array {
  const { saved, references, caught } = plan;
  const { i32, refs, top } = fiber;
  const words = new Int32Array(payloadWords(plan));
  let n = 0;
  for (; n < saved.length; n++) words[n] = i32[top.fp + saved[n]!]!;
  for (let i = 0; i < references.length; i++)
    words[n++] = table.idOf((refs[(top.fp + references[i]!) >> 1] ?? null) as Reference);
  for (const place of caught) words[n++] = table.idOf(top.caught![place]!);
  return words;
}

/**
 * Makes the top frame stand at a site with the words of a record.
 * @returns false where a word that should be a reference is none of its type that was put aside
 */
export function restoreWords(
  fiber: Fiber,
  plan: SitePlan,
  table: ReferenceTable,
  words: Int32Array,
): boolean {
  standAt(fiber, plan, 0);
  const { saved, references, caught } = plan;
  const { i32, refs, top } = fiber;
  const { types } = top.func.instance!;
  let n = 0;
  for (; n < saved.length; n++) i32[top.fp + saved[n]!] = words[n]!;
  for (let i = 0; i < references.length; i++) {
    const reference = table.named(words[n++]!);
    if (reference === undefined) return false;
    const { heap } = plan.referenceTypes[i]!;
    if (reference !== null && !isOf(reference, closeHeapType(types, heap))) return false;
    refs[(top.fp + references[i]!) >> 1] = reference;
  }
  for (const place of caught) {
    const exception = table.named(words[n++]!);
    if (!(exception instanceof ExceptionInstance)) return false;
    (top.caught ??= [])[place] = exception;
  }
  return true;
}
