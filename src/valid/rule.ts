// What the files of typing rules share: one function per mnemonic whose stack
// effect depends on immediates or context. Rows of the opcode table with a fixed
// effect need no rule. The name above each rule is the specification's
// (`spec-tests/rules.ts`).
// Spec: https://webassembly.github.io/spec/core/valid/instructions.html

import type { Instruction } from "../syntax/instruction.js";
import type { Mnemonic } from "../syntax/opcodes.js";
import type { FunctionValidator } from "./function.js";

/** Checks one instruction and applies it to the validator's stacks. */
export type Rule = (v: FunctionValidator, instruction: Instruction) => void;
export type Rules = { readonly [M in Mnemonic]?: Rule };
