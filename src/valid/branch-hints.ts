// The custom section `metadata.code.branch_hint`: which way branches mostly go. Engines
// ignore the section where it is wrong, so validation does not look at it; who writes one
// wants to know.
// Spec: https://webassembly.github.io/branch-hinting/core/appendix/custom.html#branch-hints-section

import { InstructionReader } from "../binary/code.js";
import { Reader } from "../binary/reader.js";
import { InvalidError, MalformedError } from "../util/errors.js";
import type { ValidModule } from "./context.js";

const NAME = "metadata.code.branch_hint";
/** The code and data sections. */
const BEHIND = new Set([10, 11]);
const reasonOf = (what: string) => `@${NAME} annotation: ${what}`;

/** @throws MalformedError, InvalidError with the suite's messages */
export function checkBranchHints(module: ValidModule): void {
  const sections = module.customs.filter(({ name }) => name === NAME);
  for (const [i, { start, end, after }] of sections.entries()) {
    const fail = (what: string, offset: number): never => {
      throw new MalformedError(reasonOf(what), { offset });
    };
    if (i > 0) fail("duplicate annotation", start);
    if (BEHIND.has(after)) fail("not before the code section", start);
    const reader = new Reader(module.bytes, start, end);
    let lastFunc = -1;
    for (let functions = reader.u32(); functions > 0; functions--) {
      const func = reader.u32();
      if (func <= lastFunc) fail("functions out of order", reader.pos);
      lastFunc = func;
      const starts = instructionsOf(module, func);
      let last = -1;
      for (let hints = reader.u32(); hints > 0; hints--) {
        const at = reader.pos;
        const offset = reader.u32();
        if (offset === last) fail("duplicate annotation", at);
        if (offset < last) fail("branch hints out of order", at);
        last = offset;
        if (reader.u32() !== 1) fail("invalid size", at);
        if (reader.byte() > 1) fail("invalid value", reader.pos - 1);
        const target = starts.get(offset);
        if (target !== "if" && target !== "br_if")
          throw new InvalidError(reasonOf("invalid target"), { func, offset: at });
      }
    }
    if (reader.pos !== end) fail("unexpected end", reader.pos);
  }
}

/** Mnemonics by the distance that hints count: from the declarations of locals. */
function instructionsOf(module: ValidModule, func: number): Map<number, string> {
  const definition = module.functions[func - module.imported.func];
  if (definition === undefined) throw new InvalidError(reasonOf(`unknown function ${func}`), {});
  const { offset, body } = definition;
  const reader = new InstructionReader(module.bytes, body.offset, body.end);
  const found = new Map<number, string>();
  while (reader.next())
    found.set(reader.instruction.offset - offset, reader.instruction.op.mnemonic);
  return found;
}
