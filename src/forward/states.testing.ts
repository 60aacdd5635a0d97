// The state of a machine as values with types: two machines that stand at the same place
// tell the same, whatever is left in words that nobody reads.

import type { Code } from "../exec/code.js";
import type { Machine } from "../exec/machine.js";
import { readSlot } from "../exec/slots.js";
import { formatValue } from "../runtime/notation.js";
import type { FuncInstance } from "../runtime/instances.js";
import type { ValType } from "../syntax/types.js";
import { visitFunction } from "../valid/validate.js";
import type { OperandType } from "../valid/visitor.js";

type Stacks = ReadonlyMap<number, readonly OperandType[]>;
const known = new WeakMap<FuncInstance, Stacks>();

/** Operand types before each instruction, by its position in the code. */
function stacksOf(func: FuncInstance): Stacks {
  let found = known.get(func);
  if (found !== undefined) return found;
  const { module } = func.instance!;
  const { starts, offsets } = func.code as Code;
  const pcs = new Map([...offsets].map((offset, i) => [offset, starts[i]!]));
  const stacks = new Map<number, readonly OperandType[]>();
  visitFunction(module, func.index - module.imported.func, {
    instruction({ offset }, { operands }) {
      const pc = pcs.get(offset);
      if (pc !== undefined && !stacks.has(pc)) stacks.set(pc, [...operands]);
    },
  });
  known.set(func, (found = stacks));
  return found;
}

/** Frames of all fibers that wait for each other, innermost last. */
export function stateOf(machine: Machine): string[] {
  const lines: string[] = [];
  for (let fiber = machine.fiber; fiber !== null; fiber = fiber.parent) {
    const { frames, depth } = fiber;
    const own = frames.slice(0, depth).map(({ func, pc, fp, sp }) => {
      const { localTypes, localOffsets, localWords } = func.code as Code;
      const value = (word: number, type: OperandType): string =>
        formatValue(readSlot(fiber!, word, type as ValType), type as ValType);
      const locals = localTypes.map((type, i) => value(fp + localOffsets[i]!, type));
      let word = fp + localWords;
      const operands: string[] = [];
      for (const type of stacksOf(func).get(pc) ?? []) {
        operands.push(value(word, type));
        word += type === "v128" ? 4 : 2;
      }
      return `${func.name}@${pc} fp ${fp} sp ${sp} (${locals.join(" ")}) [${operands.join(" ")}]`;
    });
    lines.unshift(...own);
  }
  return lines;
}

/** Of each memory its size and what is at its start, and the globals. */
export function outsideOf({ instance }: FuncInstance): string[] {
  const { memories, globals } = instance!;
  return [
    ...memories.map(({ bytes }) => `${bytes.length} bytes: ${bytes.subarray(0, 64).join(" ")}`),
    ...globals.map(({ words }) => words.join(" ")),
  ];
}
