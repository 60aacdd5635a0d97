// Instructions as nodes, in the shape that `@webassemblyjs/wasm-parser` gives them:
// blocks hold their instructions, each list ends with its `end`. Names are the
// specification's. What the package has no node for is an `Instr`, or a block whose
// `id` says what it is; fields that the package lacks are added.

import * as t from "@webassemblyjs/ast";
import { InstructionReader, isIndex } from "../binary/code.js";
import { walkExpression } from "../binary/expression.js";
import type { BlockType, Instruction } from "../syntax/instruction.js";
import type { Expression, Module } from "../syntax/module.js";
import { textMnemonic } from "../syntax/opcodes.js";
import { formatHeapType, formatValType, type FuncType } from "../syntax/types.js";
import { lanesOf } from "../syntax/vectors.js";
import { nameParts } from "./names.js";
import type { AstNode, Position } from "./types.js";

const position = (column: number): Position => ({ line: -1, column });

export const located = (node: AstNode, start: number, end: number): AstNode =>
  t.withLoc(node, position(end), position(start));

export const number = (value: number): AstNode => t.numberLiteral(value, String(value));

export const signatureOf = (module: Module, type: number): AstNode => {
  const comp = module.types[type]?.comp;
  if (comp?.kind !== "func") return t.signature([], []);
  const { params, results } = comp as FuncType;
  return t.signature(
    params.map((p) => t.funcParam(formatValType(p))),
    results.map(formatValType),
  );
};

const long = (low: number, high: number): AstNode =>
  t.longNumberLiteral(
    { high, low },
    String(BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low >>> 0))),
  );

/** As the package has it: a NaN's value is its signed payload, an infinity's its sign. */
function float(bits: Int32Array): AstNode {
  const wide = bits.length === 2;
  const high = bits[bits.length - 1]!;
  const value = wide ? new Float64Array(bits.buffer)[0]! : new Float32Array(bits.buffer)[0]!;
  const sign = high < 0 ? -1 : 1;
  if (Number.isNaN(value)) {
    const payload = wide ? (high & 0xfffff) * 2 ** 32 + (bits[0]! >>> 0) : high & 0x7fffff;
    return t.floatLiteral(sign * payload, true, false, `${sign < 0 ? "-" : ""}nan`);
  }
  return Number.isFinite(value)
    ? t.floatLiteral(value, false, false, String(value))
    : t.floatLiteral(sign, false, true, String(value));
}

const offsetLiteral = (offset: number | bigint): AstNode =>
  typeof offset === "number"
    ? number(offset)
    : long(Number(BigInt.asIntN(32, offset)), Number(BigInt.asIntN(32, offset >> 32n)));

function argumentsOf(i: Instruction): AstNode[] {
  const { mnemonic, immediates } = i.op;
  // The package shows the one memory there used to be by silence.
  if ((mnemonic === "memory.size" || mnemonic === "memory.grow") && i.a === 0) return [];
  let slot: "a" | "b" = "a";
  return immediates.flatMap((immediate): AstNode[] => {
    if (isIndex(immediate)) {
      const index = i[slot];
      slot = "b";
      return [number(index)];
    }
    switch (immediate) {
      case "labels":
        return i.labels.map(number);
      case "i32":
        return [number(i.a)];
      case "i64":
        return [long(i.a, i.b)];
      case "f32":
        return [float(Int32Array.of(i.a))];
      case "f64":
        return [float(Int32Array.of(i.a, i.b))];
      case "lane":
        return [number(i.lane)];
      case "lanes":
        return lanesOf(i.vector).map(number);
      case "v128":
        return Array.from(i.vector, number);
      case "heaptype":
        return [t.valtypeLiteral(formatHeapType(i.heap))];
      case "valtypes":
      case "ref":
      case "ref null":
      case "heaptypes":
        return i.types.map((type) => t.valtypeLiteral(formatValType(type)));
      default:
        return [];
    }
  });
}

function memoryArguments(i: Instruction): Record<string, AstNode> {
  return {
    offset: offsetLiteral(i.memOffset),
    align: number(2 ** i.b),
    ...(i.a === 0 ? {} : { memory: number(i.a) }),
  };
}

function plain(module: Module, i: Instruction): AstNode {
  if (i.op.mnemonic === "call") return t.callInstruction(t.indexLiteral(i.a));
  if (i.op.mnemonic === "call_indirect") {
    const node = t.callIndirectInstruction(signatureOf(module, i.a), []);
    return Object.assign(node, { typeIndex: i.a }, i.b === 0 ? {} : { table: i.b });
  }
  const { object, id } = nameParts(textMnemonic(i.op.mnemonic));
  const named = i.op.immediates.includes("memarg") ? memoryArguments(i) : {};
  const node =
    object === undefined
      ? t.instruction(id, argumentsOf(i), named)
      : t.objectInstruction(id, object, argumentsOf(i), named);
  return i.op.immediates.includes("handlers")
    ? Object.assign(node, { handlers: i.handlers })
    : node;
}

const blockResult = (block: BlockType): unknown =>
  block === null || typeof block === "number" ? block : formatValType(block);

/** A block that is not closed yet. */
interface Open {
  readonly id: string;
  readonly start: number;
  readonly result: unknown;
  readonly extra: object;
  consequent?: AstNode[];
  list: AstNode[];
}

function blockNode({ id, result, consequent, list, extra }: Open): AstNode {
  const label = t.withRaw(t.identifier(id), "");
  if (id === "loop") return t.loopInstruction(label, result, list);
  if (id === "if") {
    return consequent === undefined
      ? t.ifInstruction(label, [], result, list, [])
      : t.ifInstruction(label, [], result, consequent, list);
  }
  return Object.assign(t.blockInstruction(label, list, result), { id }, extra);
}

/** The instructions of an expression, its `end` included. */
export function expressionAst(module: Module, { offset, end }: Expression): AstNode[] {
  const reader = new InstructionReader(module.bytes, offset, end);
  const top: AstNode[] = [];
  const open: Open[] = [];
  walkExpression(reader, end, (i) => {
    const { mnemonic } = i.op;
    const block = open.at(-1);
    if (reader.opened) {
      const extra = mnemonic === "try_table" ? { catches: i.catches } : {};
      const result = blockResult(i.block);
      open.push({ id: mnemonic, start: i.offset, result, extra, list: [] });
    } else if (mnemonic === "else" && block) {
      block.consequent = block.list;
      block.list = [];
    } else {
      (block?.list ?? top).push(located(plain(module, i), i.offset, i.next));
      if (block && (mnemonic === "end" || mnemonic === "delegate")) {
        open.pop();
        (open.at(-1)?.list ?? top).push(located(blockNode(block), block.start, i.next));
      }
    }
  });
  return top;
}
