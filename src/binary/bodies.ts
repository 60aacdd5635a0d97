// The code section: locals and bodies. Bodies stay bytes; they are walked once to
// find malformed code, unless the caller asked for lazy bodies and walks them later.
// Spec: https://webassembly.github.io/spec/core/binary/modules.html#code-section

import type { Instruction } from "../syntax/instruction.js";
import type { FunctionDefinition, LocalRun } from "../syntax/module.js";
import { MalformedError } from "../util/errors.js";
import type { InstructionReader } from "./code.js";
import { walkExpression } from "./expression.js";
import type { Draft, SectionReader } from "./sections.js";
import { readValType } from "./types.js";

/** @param params of the function, which are locals too */
function readLocals(r: InstructionReader, params: number): LocalRun[] {
  const start = r.pos;
  const locals = r.list((): LocalRun => {
    const count = r.u32();
    return { count, type: readValType(r) };
  });
  const total = locals.reduce((sum, { count }) => sum + count, 0);
  if (total >= 2 ** 32) r.fail("too many locals", start);
  r.limit("locals", total + params, start);
  return locals;
}

/** `memory.init` and `data.drop` come before the data section, so they need its length. */
function requireDataCount({ op, offset }: Instruction): void {
  // All of them have a prefix.
  if (op.code > 0xff && op.immediates.includes("data")) {
    throw new MalformedError("data count section required", {
      offset,
      instruction: op.mnemonic,
    });
  }
}

function readBody(
  r: InstructionReader,
  draft: Draft,
  type: number,
  sectionEnd: number,
): FunctionDefinition {
  const size = r.length();
  const offset = r.pos;
  r.limit("body bytes", size);
  const comp = draft.types[type]?.comp;
  const locals = readLocals(r, comp?.kind === "func" ? comp.params.length : 0);
  const start = r.pos;
  if (draft.lazyBodies) r.skip(offset + size - start);
  else walkExpression(r, sectionEnd, draft.dataCount === undefined ? requireDataCount : undefined);
  if (r.pos !== offset + size) r.fail("section size mismatch", offset);
  return { type, offset, locals, body: { offset: start, end: r.pos } };
}

export const readCode: SectionReader = (r, draft, end) => {
  const { functionTypes, functions, imported } = draft;
  const count = r.length();
  r.limit("functions", count);
  for (let i = 0; i < count; i++) {
    try {
      // That there is a type for each body is checked at the end of the module: whatever
      // else is malformed comes first.
      functions.push(readBody(r, draft, functionTypes[i] ?? 0, end));
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error;
      throw new MalformedError(error.reason, { ...error.location, func: imported.func + i });
    }
  }
};
