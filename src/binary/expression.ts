// Finds where an expression ends, by its nesting, and thereby whether its code is
// malformed anywhere. Assumes nothing about types or indices: that is validation.
// Spec: https://webassembly.github.io/spec/core/binary/instructions.html#expressions

import type { Instruction } from "../syntax/instruction.js";
import { opcodes } from "../syntax/opcodes.js";
import { MalformedError } from "../util/errors.js";
import type { InstructionReader } from "./code.js";

const ELSE = opcodes.else.code;
const END = opcodes.end.code;
const IF = opcodes.if.code;
const TRY = opcodes.try.code;
const CATCH = opcodes.catch.code;
const CATCH_ALL = opcodes.catch_all.code;
const DELEGATE = opcodes.delegate.code;

/**
 * Reads one expression up to and including its own `end`. An illegal opcode at or
 * after `limit`, the end of the enclosing section, is no instruction of the
 * expression at all: then the section ended too early.
 */
export function walkExpression(
  reader: InstructionReader,
  limit: number,
  visit?: (instruction: Instruction) => void,
): void {
  const { instruction } = reader;
  /** For each open block, innermost last: the opcode that began its current part. */
  const open: number[] = [];
  try {
    while (reader.next()) {
      visit?.(instruction);
      const { code } = instruction.op;
      if (reader.opened) open.push(code);
      else if (code === END) {
        if (open.pop() === undefined) return;
      } else if (code === ELSE || code === CATCH || code === CATCH_ALL || code === DELEGATE) {
        if (!continues(code, open.pop())) reader.fail("END opcode expected", instruction.offset);
        if (code !== DELEGATE) open.push(code);
      }
    }
    reader.fail("unexpected end of section or function");
  } catch (error) {
    if (!(error instanceof MalformedError)) throw error;
    if (error.reason.startsWith("illegal opcode") && error.location.offset >= limit) {
      reader.fail("unexpected end of section or function", limit);
    }
    throw withInstruction(error, reader);
  }
}

/** Whether `code` may follow a part of a block that `opener` began. */
const continues = (code: number, opener: number | undefined): boolean =>
  code === ELSE ? opener === IF : opener === TRY || (code !== DELEGATE && opener === CATCH);

/** Adds the mnemonic where the failure was among an instruction's immediates. */
export function withInstruction(
  error: MalformedError,
  { instruction }: InstructionReader,
): MalformedError {
  const inside = instruction.next === -1 && !error.reason.startsWith("illegal opcode");
  return inside
    ? new MalformedError(error.reason, {
        ...error.location,
        instruction: instruction.op.mnemonic,
      })
    : error;
}
