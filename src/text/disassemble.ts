// Instructions as flat text in the style of the text format. What follows a mnemonic
// derives from its row in the opcode table; names come from the name section, and
// what has no name is shown by its index. Branch targets are relative depths.
// Spec: https://webassembly.github.io/spec/core/text/instructions.html

import { InstructionReader, isIndex, type IndexImmediate } from "../binary/code.js";
import type { BlockType, CatchClause, Instruction, ResumeClause } from "../syntax/instruction.js";
import type { FunctionDefinition, Module } from "../syntax/module.js";
import { textMnemonic, type Immediate, type Mnemonic } from "../syntax/opcodes.js";
import type { ValType } from "../syntax/types.js";
import { lanesOf } from "../syntax/vectors.js";
import { UsageError } from "../util/errors.js";
import { hex } from "../util/hex.js";
import { formatF32Bits, formatF64Bits, formatI32, formatI64, joinHalves } from "./numbers.js";
import { heapText, indexText, type Scope, typeText } from "./scope.js";

export interface DisassembledInstruction {
  /** Byte offset of the opcode in the module. */
  readonly offset: number;
  /** How many blocks enclose the line: its indentation. */
  readonly depth: number;
  readonly text: string;
}

const typesText = ({ types }: Instruction, scope: Scope) =>
  types.map((t) => typeText(t, scope)).join(" ");

const resultText = (types: readonly ValType[], scope: Scope) =>
  `(result ${types.map((t) => typeText(t, scope)).join(" ")})`;

function blockText(block: BlockType, scope: Scope): string {
  if (block === null) return "";
  return typeof block === "number"
    ? `(type ${indexText.type(block, scope)})`
    : resultText([block], scope);
}

function catchText({ tag, ref, label }: CatchClause, scope: Scope): string {
  const keyword = `catch${tag === null ? "_all" : ""}${ref ? "_ref" : ""}`;
  return tag === null
    ? `(${keyword} ${indexText.label(label, scope)})`
    : `(${keyword} ${indexText.tag(tag, scope)} ${indexText.label(label, scope)})`;
}

const handlerText = ({ tag, label }: ResumeClause, scope: Scope): string =>
  `(on ${indexText.tag(tag, scope)} ${label === null ? "switch" : indexText.label(label, scope)})`;

function memargText({ op, a, b, memOffset }: Instruction, scope: Scope): string {
  const parts = [
    a === 0 ? "" : indexText.memory(a, scope),
    BigInt(memOffset) === 0n ? "" : `offset=${memOffset}`,
    2 ** b === op.access ? "" : `align=${2 ** b}`,
  ];
  return parts.filter(Boolean).join(" ");
}

const hexWord = (word: number) => hex(word >>> 0, 8);

/** Immediates that are no index. */
const otherText: Record<
  Exclude<Immediate, IndexImmediate>,
  (i: Instruction, scope: Scope) => string
> = {
  blocktype: ({ block }, scope) => blockText(block, scope),
  labels: ({ labels }, scope) => labels.map((l) => indexText.label(l, scope)).join(" "),
  catches: ({ catches }, scope) => catches.map((c) => catchText(c, scope)).join(" "),
  handlers: ({ handlers }, scope) => handlers.map((h) => handlerText(h, scope)).join(" "),
  heaptype: ({ heap }, scope) => heapText(heap, scope),
  valtypes: ({ types }, scope) => resultText(types, scope),
  ref: typesText,
  "ref null": typesText,
  castflags: () => "",
  heaptypes: typesText,
  i32: ({ a }) => formatI32(a),
  i64: ({ a, b }) => formatI64(joinHalves(a, b)),
  f32: ({ a }) => formatF32Bits(a),
  f64: ({ a, b }) => formatF64Bits(joinHalves(a, b)),
  zero: () => "",
  memarg: memargText,
  lane: ({ lane }) => String(lane),
  lanes: ({ vector }) => lanesOf(vector).join(" "),
  v128: ({ vector }) => `i32x4 ${Array.from(vector, hexWord).join(" ")}`,
};

/**
 * Indices as the text format has them: tables and memories come first and are left
 * out where all are 0, and a type next to a table is a type use.
 */
function indexTexts({ op, a, b }: Instruction, scope: Scope): string[] {
  const kinds = op.immediates.filter(isIndex);
  const pairs = kinds.map((kind, slot) => ({ kind, index: slot === 0 ? a : b }));
  const isContainer = ({ kind }: { kind: Immediate }) => kind === "table" || kind === "memory";
  const containers = pairs.filter(isContainer);
  const shown = containers.some(({ index }) => index !== 0) ? containers : [];
  return [...shown, ...pairs.filter((pair) => !isContainer(pair))].map(({ kind, index }) => {
    const text = indexText[kind](index, scope, a);
    return kind === "type" && containers.length > 0 ? `(type ${text})` : text;
  });
}

/** The parts of an instruction's text: the mnemonic, then what follows it. */
export function instructionParts(instruction: Instruction, scope: Scope): string[] {
  const others = instruction.op.immediates
    .filter((i) => !isIndex(i))
    .map((i) => otherText[i](instruction, scope));
  return [
    textMnemonic(instruction.op.mnemonic),
    ...indexTexts(instruction, scope),
    ...others.filter(Boolean),
  ];
}

/** One instruction as text. Without the function's index, locals are shown by number. */
export const formatInstruction = (
  module: Module,
  instruction: Instruction,
  func?: number,
): string => instructionParts(instruction, { module, func }).join(" ");

function definitionOf(module: Module, index: number): FunctionDefinition {
  const definition = module.functions[index - module.imported.func];
  if (definition) return definition;
  throw new UsageError(
    index >= 0 && index < module.imported.func
      ? `function ${index} is imported: it has no body`
      : `there is no function ${index}`,
  );
}

/** Instructions between two parts of a block, and all that end a part. */
const middle: ReadonlySet<Mnemonic> = new Set<Mnemonic>(["else", "catch", "catch_all"]);
const closing: ReadonlySet<Mnemonic> = new Set<Mnemonic>([...middle, "end", "delegate"]);

/** The body of function `index` (imports included), its final `end` too. */
export function disassembleFunction(module: Module, index: number): DisassembledInstruction[] {
  const { body } = definitionOf(module, index);
  const reader = new InstructionReader(module.bytes, body.offset, body.end);
  const { instruction } = reader;
  const lines: DisassembledInstruction[] = [];
  let depth = 0;
  while (reader.next()) {
    const { mnemonic } = instruction.op;
    if (closing.has(mnemonic)) depth--;
    lines.push({
      offset: instruction.offset,
      // The function's own `end` closes no block of the body.
      depth: Math.max(depth, 0),
      text: formatInstruction(module, instruction, index),
    });
    if (reader.opened || middle.has(mnemonic)) depth++;
  }
  return lines;
}
