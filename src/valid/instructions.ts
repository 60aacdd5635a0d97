// The typing rules of all instructions, by mnemonic; and the one rule for all
// rows of the opcode table that have a fixed stack effect.
// Spec: https://webassembly.github.io/spec/core/valid/instructions.html

import type { Instruction } from "../syntax/instruction.js";
import { opcodes, type Mnemonic } from "../syntax/opcodes.js";
import { CrashError } from "../util/errors.js";
import { continuationRules } from "./continuations.js";
import { controlRules } from "./control.js";
import { exceptionRules } from "./exceptions.js";
import { descriptorRules } from "./descriptors.js";
import type { FunctionValidator } from "./function.js";
import { arrayRules } from "./gc-arrays.js";
import { gcRules } from "./gc.js";
import { applyAccess, memoryRules } from "./memories.js";
import { referenceRules } from "./references.js";
import type { Rule, Rules } from "./rule.js";
import { checkLanes } from "./simd.js";
import { tableRules } from "./tables.js";
import { variableRules } from "./variables.js";

/** `instructions.test.ts` holds these against the opcode table: no rule missing, none left over. */
export const rules: Rules = {
  ...controlRules,
  ...exceptionRules,
  ...continuationRules,
  ...variableRules,
  ...tableRules,
  ...memoryRules,
  ...referenceRules,
  ...gcRules,
  ...arrayRules,
  ...descriptorRules,
};

/** The same by code, for opcodes of one byte: a look-up by name costs a fifth of all validation. */
const byByte: (Rule | undefined)[] = Array.from({ length: 256 });
for (const [mnemonic, rule] of Object.entries(rules)) {
  const { code } = opcodes[mnemonic as Mnemonic];
  if (code < 256) byByte[code] = rule;
}

/**
 * Checks one instruction and applies it to the validator's stacks.
 *
 * Instr_ok/{nop,const,unop,binop,testop,relop,cvtop}, {wideop,extwideop}, atomic.fence,
 * {vconst,vvunop,vvbinop,vvternop,vvtestop,vunop,vbinop,vternop,vtestop,vrelop,vshiftop},
 * {vbitmask,vswizzlop,vshuffle,vsplat,vextract_lane,vreplace_lane},
 * {vextunop,vextbinop,vextternop,vnarrow,vcvtop}: the table has their effect.
 */
export function applyRule(v: FunctionValidator, instruction: Instruction): void {
  const { op } = instruction;
  const effect = op.type;
  if (effect === undefined) {
    const rule = byByte[op.code] ?? rules[op.mnemonic];
    if (rule === undefined) throw new CrashError(`no typing rule for ${op.mnemonic}`);
    rule(v, instruction);
    return;
  }
  if (op.lanes !== undefined) checkLanes(v, instruction);
  if (op.access !== undefined) {
    applyAccess(v, instruction);
  } else {
    v.popAll(effect.params);
    v.pushAll(effect.results);
  }
}
