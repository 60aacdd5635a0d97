// A call site made ready: which words of the frame its record holds, and what else a
// frame needs to stand there again. Made once for each site, used at every unwind.

import { type Code, pcOfOffset, wordsOf } from "../../exec/code.js";
import type { Fiber } from "../../exec/fiber.js";
import type { OperandType } from "../../valid/visitor.js";
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
  /** Constant operands are not saved: pairs of a word and what it holds. */
  readonly constants: Int32Array;
}

/** Bytes that the saved values of a site take. */
export const payloadBytes = (plan: SitePlan): number => 4 * plan.saved.length;

/** Values have their natural size in a record: one word, two, or four. */
const recordWords = (type: OperandType): number =>
  type === "i32" || type === "f32" ? 1 : wordsOf(type);

export function planSite(code: Code, site: CallSite): SitePlan {
  const saved: number[] = [];
  const save = (word: number, type: OperandType) => {
    for (let k = 0; k < recordWords(type); k++) saved.push(word + k);
  };
  for (const local of site.liveLocals) save(code.localOffsets[local]!, code.localTypes[local]!);
  const constants: number[] = [];
  let word = code.localWords;
  site.operands.forEach((type, i) => {
    const bits = site.constants[i]!;
    if (bits === null) save(word, type);
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
    constants: Int32Array.from(constants),
  };
}

/** Makes the top frame stand at a site: constants in place, behind the first words zeros everywhere else. */
export function standAt(
  fiber: Fiber,
  { pc, frameWords, constants }: SitePlan,
  keptWords: number,
): void {
  const frame = fiber.top;
  frame.pc = pc;
  frame.sp = frame.fp + frameWords;
  fiber.i32.fill(0, frame.fp + keptWords, frame.sp);
  for (let i = 0; i < constants.length; i += 2)
    fiber.i32[frame.fp + constants[i]!] = constants[i + 1]!;
}

/** Copies what the top frame must keep to `address`. */
export function writeValues(
  fiber: Fiber,
  { saved }: SitePlan,
  view: DataView,
  address: number,
): void {
  const { i32, top } = fiber;
  for (let i = 0; i < saved.length; i++)
    view.setInt32(address + 4 * i, i32[top.fp + saved[i]!]!, true);
}

/** Makes the top frame stand at a site with the values at `address`. */
export function readValues(fiber: Fiber, plan: SitePlan, view: DataView, address: number): void {
  standAt(fiber, plan, 0);
  const { i32, top } = fiber;
  const { saved } = plan;
  for (let i = 0; i < saved.length; i++)
    i32[top.fp + saved[i]!] = view.getInt32(address + 4 * i, true);
}
