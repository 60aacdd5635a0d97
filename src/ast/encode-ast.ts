// Instructions of a tree as bytes, by the rows of the opcode table: a row says which
// arguments a node must have. A node that has fewer is refused: the parser lets some
// fall, and reads them as the next instructions.

import { join, leb, op, sleb, vector } from "../binary/encode.js";
import { isIndex } from "../binary/code.js";
import { type Immediate, opcodeOf, opcodes } from "../syntax/opcodes.js";
import { calledIndex } from "./flatten.js";
import { instructionName, isMnemonic, typeName } from "./names.js";
import { type AstNode, isNode, nodeIn, nodesIn, numberIn, refuse } from "./types.js";

/** What the encoding of an instruction needs to know of its module. */
export interface Scope {
  /** The index of a type by its signature: trees do not have it. */
  typeOf(signature: AstNode): number;
  readonly severalMemories: boolean;
}

const typeCodes: Readonly<Record<string, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  funcref: 0x70,
  externref: 0x6f,
};
const EMPTY = 0x40;

export const encodeType = (type: unknown, node: AstNode): number =>
  typeCodes[typeName(type)] ?? refuse(`the type ${typeName(type)}`, node);

function encodeBlockType(result: unknown, node: AstNode): readonly number[] {
  if (result === null || result === undefined) return [EMPTY];
  return typeof result === "number" ? signed(BigInt(result)) : [encodeType(result, node)];
}

/** Signed LEB128. */
function signed(n: bigint): number[] {
  const bytes: number[] = [];
  for (; n < -64n || n > 63n; n >>= 7n) bytes.push(Number(n & 0x7fn) | 0x80);
  return [...bytes, Number(n & 0x7fn)];
}

function encodeLong(node: AstNode): number[] {
  const { high, low } = (node["value"] ?? {}) as { high?: unknown; low?: unknown };
  return node.type === "LongNumberLiteral" && typeof high === "number" && typeof low === "number"
    ? signed(BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low >>> 0)))
    : refuse(`${node.type} where a 64-bit number is needed`, node);
}

/** See `float` in instructions.ts: a NaN's value is its payload, an infinity's its sign. */
function encodeFloat(node: AstNode, size: 4 | 8): Uint8Array {
  const { type, value, nan, inf } = node;
  if ((type !== "FloatLiteral" && type !== "NumberLiteral") || typeof value !== "number")
    return refuse(`${type} where a float is needed`, node);
  const view = new DataView(new ArrayBuffer(size));
  if (nan === true) {
    const sign = value < 0 ? 1n : 0n;
    const payload = BigInt(Math.abs(value));
    if (size === 4) view.setUint32(0, Number((sign << 31n) | 0x7f800000n | payload), true);
    else view.setBigUint64(0, (sign << 63n) | (0x7ffn << 52n) | payload, true);
  } else {
    const number = inf === true ? value * Infinity : value;
    if (size === 4) view.setFloat32(0, number, true);
    else view.setFloat64(0, number, true);
  }
  return new Uint8Array(view.buffer);
}

function encodeImmediate(immediate: Immediate, node: AstNode, args: AstNode[]): ArrayLike<number> {
  const next = (): AstNode =>
    args.shift() ?? refuse(`${instructionName(node)} without its ${immediate}`, node);
  if (isIndex(immediate)) return leb(numberIn(next()));
  switch (immediate) {
    case "i32":
      return sleb(numberIn(next()));
    case "i64":
      return encodeLong(next());
    case "f32":
      return encodeFloat(next(), 4);
    case "f64":
      return encodeFloat(next(), 8);
    case "labels": {
      const labels = args.splice(0).map((label) => leb(numberIn(label)));
      const last = labels.pop() ?? refuse("br_table without labels", node);
      return join(vector(labels), last);
    }
    default:
      return refuse(`${instructionName(node)}: its ${immediate} cannot be written`, node);
  }
}

/** Bytes accessed by a load or store are its natural alignment, where a tree has none. */
function encodeMemarg(node: AstNode, bytes: number, scope: Scope): Uint8Array {
  const named = (node["namedArgs"] ?? {}) as Record<string, unknown>;
  const { offset, align, memory } = named;
  if (!isNode(offset)) return refuse(`${instructionName(node)} without its offset`, node);
  // The parser takes the index of another memory for the offset.
  if (scope.severalMemories && !isNode(align))
    refuse(`${instructionName(node)} in a module of several memories, which may be of any`, node);
  const log2 = Math.log2(isNode(align) ? numberIn(align) : bytes);
  return isNode(memory)
    ? join(leb(log2 + 64), leb(numberIn(memory)), leb(numberIn(offset)))
    : join(leb(log2), leb(numberIn(offset)));
}

function encodePlain(node: AstNode, scope: Scope): Uint8Array {
  const name = instructionName(node);
  if (!isMnemonic(name) || name === "else") return refuse(`the instruction ${name}`, node);
  const row = opcodeOf(opcodes[name].code)!;
  const args = [...nodesIn(node, "args")];
  if ((name === "memory.size" || name === "memory.grow") && args.length === 0) return op(name, [0]);
  const immediates = row.immediates.map((immediate) =>
    immediate === "memarg"
      ? encodeMemarg(node, row.access!, scope)
      : Uint8Array.from(encodeImmediate(immediate, node, args)),
  );
  if (args.length > 0) refuse(`${name} with ${args.length} arguments too many`, node);
  return op(name, ...immediates);
}

function encodeInstruction(node: AstNode, scope: Scope): Uint8Array {
  const list = (field: string): Uint8Array[] =>
    nodesIn(node, field).map((child) => encodeInstruction(child, scope));
  switch (node.type) {
    case "Instr":
      return encodePlain(node, scope);
    case "CallInstruction":
      return op("call", leb(calledIndex(node)));
    case "CallIndirectInstruction": {
      const table = typeof node["table"] === "number" ? node["table"] : 0;
      return op("call_indirect", leb(scope.typeOf(nodeIn(node, "signature"))), leb(table));
    }
    case "BlockInstruction":
      if (node["id"] !== "block") refuse(`the block ${String(node["id"])}`, node);
      return join(op("block", encodeBlockType(node["result"], node)), ...list("instr"));
    case "LoopInstruction":
      return join(op("loop", encodeBlockType(node["resulttype"], node)), ...list("instr"));
    case "IfInstruction": {
      if (nodesIn(node, "test").length > 0) refuse("an if with its test folded into it", node);
      const alternate = list("alternate");
      const parts = alternate.length === 0 ? [] : [op("else"), ...alternate];
      const start = op("if", encodeBlockType(node["result"], node));
      return join(start, ...list("consequent"), ...parts);
    }
    default:
      return refuse(`${node.type} among instructions`, node);
  }
}

/** The `end` of an expression is a node of its list. */
export const encodeExpression = (nodes: readonly AstNode[], scope: Scope): Uint8Array =>
  join(...nodes.map((node) => encodeInstruction(node, scope)));
