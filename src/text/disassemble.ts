// Instructions as flat text in the style of the text format. What follows a mnemonic
// derives from its row in the opcode table; names come from the name section, and
// what has no name is shown by its index. Branch targets are relative depths.
// Spec: https://webassembly.github.io/spec/core/text/instructions.html

import { InstructionReader } from "../binary/code.js";
import type { BlockType, Instruction } from "../syntax/instruction.js";
import type { FunctionDefinition, Module } from "../syntax/module.js";
import { textMnemonic, type Immediate } from "../syntax/opcodes.js";
import { formatValType, type HeapType, type ValType } from "../syntax/types.js";
import { UsageError } from "../util/errors.js";
import { identifier } from "./identifiers.js";
import { formatF32Bits, formatF64Bits, formatI32, formatI64, joinHalves } from "./numbers.js";

export interface DisassembledInstruction {
  /** Byte offset of the opcode in the module. */
  readonly offset: number;
  /** How many blocks enclose the line: its indentation. */
  readonly depth: number;
  readonly text: string;
}

/** Where an instruction stands: `func` (a function index) is needed to name locals. */
interface Scope {
  readonly module: Module;
  readonly func: number | undefined;
}

const nameOf = (names: ReadonlyMap<number, string> | undefined, index: number): string => {
  const name = names?.get(index);
  return name === undefined ? String(index) : identifier(name);
};

type IndexFormat = (index: number, scope: Scope) => string;
/** Memory 0 is what the text format leaves out. */
const indices: Partial<Record<Immediate, IndexFormat>> = {
  label: String,
  type: (i, { module }) => `(type ${nameOf(module.names.types, i)})`,
  func: (i, { module }) => nameOf(module.names.functions, i),
  table: (i, { module }) => nameOf(module.names.tables, i),
  memory: (i, { module }) => nameOf(module.names.memories, i),
  global: (i, { module }) => nameOf(module.names.globals, i),
  local: (i, { module, func }) =>
    nameOf(func === undefined ? undefined : module.names.locals.get(func), i),
  elem: (i, { module }) => nameOf(module.names.elements, i),
  data: (i, { module }) => nameOf(module.names.datas, i),
};

const heapText = (heap: HeapType, { module }: Scope) =>
  typeof heap === "number" ? nameOf(module.names.types, heap) : heap;

const typeText = (t: ValType, scope: Scope) =>
  typeof t === "object" && typeof t.heap === "number"
    ? `(ref ${t.nullable ? "null " : ""}${heapText(t.heap, scope)})`
    : formatValType(t);

function blockText(block: BlockType, scope: Scope): string {
  if (block === null) return "";
  return typeof block === "number"
    ? indices.type!(block, scope)
    : `(result ${typeText(block, scope)})`;
}

function memargText({ op, a, b, memOffset }: Instruction, scope: Scope): string {
  return [
    a === 0 ? "" : indices.memory!(a, scope),
    BigInt(memOffset) === 0n ? "" : `offset=${memOffset}`,
    2 ** b === op.access ? "" : `align=${2 ** b}`,
  ]
    .filter(Boolean)
    .join(" ");
}
