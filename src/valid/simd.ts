// The one thing that the typing of vector instructions asks besides their fixed
// stack effect: lanes that exist.
// Spec: https://webassembly.github.io/spec/core/valid/instructions.html#vector-instructions

import type { Instruction } from "../syntax/instruction.js";
import { lanesOf } from "../syntax/vectors.js";
import type { FunctionValidator } from "./function.js";

/** Instr_ok/{vextract_lane,vreplace_lane,vshuffle,vload_lane,vstore_lane}: of their premises, the lanes. */
export function checkLanes(v: FunctionValidator, instruction: Instruction): void {
  const { op, lane, vector } = instruction;
  const lanes = op.mnemonic === "i8x16.shuffle" ? lanesOf(vector) : [lane];
  if (lanes.some((l) => l >= op.lanes!)) v.fail("invalid lane index");
}
