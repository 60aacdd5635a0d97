// The instructions of a tree as a flat list of texts, for comparing trees of different
// makers: only what both kinds of trees can say (no alignment, no type indices).

import { instructionName, signatureText, typeName } from "./names.js";
import { type AstNode, nodeIn, nodesIn, numberIn } from "./types.js";

export interface Line {
  readonly offset: number;
  readonly text: string;
}

/** A field of text, a number or nothing, as it is. */
export const said = (value: unknown): string =>
  typeof value === "string" || typeof value === "number" ? String(value) : "";

/** Declarations of locals stand before a body, as if they were instructions. */
export const isLocals = ({ type, id }: AstNode): boolean => type === "Instr" && id === "local";

/** The index of a `call`: with a name section, its place is taken by a name. */
export const calledIndex = (call: AstNode): number =>
  numberIn(nodeIn(call, call["numeric"] === undefined ? "index" : "numeric"));

function argumentText(node: AstNode): string {
  const { type, value } = node;
  if (type === "ValtypeLiteral") return typeName(node["name"]);
  if (type === "LongNumberLiteral") {
    const { high, low } = value as { high: number; low: number };
    return String(BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low >>> 0)));
  }
  if (type !== "FloatLiteral") return String(value);
  const text = Object.is(value, -0) ? "-0" : String(value);
  return node["nan"] === true ? `nan:${text}` : node["inf"] === true ? `${text} infinity` : text;
}

function plainText(node: AstNode): string {
  if (node.type === "CallInstruction") return `call ${calledIndex(node)}`;
  if (node.type === "CallIndirectInstruction") {
    const table = node["table"] === undefined ? "" : `${said(node["table"])} `;
    return `call_indirect ${table}${signatureText(nodeIn(node, "signature"))}`;
  }
  const { offset, memory } = (node["namedArgs"] ?? {}) as Record<string, AstNode | undefined>;
  return [
    instructionName(node),
    ...nodesIn(node, "args").map(argumentText),
    memory ? `memory=${argumentText(memory)}` : "",
    offset ? `offset=${argumentText(offset)}` : "",
  ]
    .filter(Boolean)
    .join(" ");
}

const resultText = (result: unknown): string =>
  result === null || result === undefined
    ? ""
    : typeof result === "number"
      ? ` (type ${result})`
      : ` (result ${typeName(result)})`;

const startOf = (node: AstNode): number => node.loc?.start.column ?? -1;
const endOf = (node: AstNode): number => node.loc?.end.column ?? -1;

/** Bytes of a block type. */
const lengthOf = (result: unknown): number =>
  typeof result === "number" ? Math.max(1, Math.ceil((32 - Math.clz32(result) + 1) / 7)) : 1;

/**
 * @param late how many bytes late blocks and `call_indirect` start: 1 in trees of
 * `@webassemblyjs/wasm-parser`, 0 in Bobbin's
 */
export function flatten(body: readonly AstNode[], late: 0 | 1): Line[] {
  const lines: Line[] = [];
  const visit = (node: AstNode): void => {
    switch (node.type) {
      case "BlockInstruction":
      case "LoopInstruction": {
        const instructions = nodesIn(node, "instr");
        const loop = node.type === "LoopInstruction";
        const result = loop ? node["resulttype"] : node["result"];
        const id = loop ? "loop" : String(node["id"]);
        lines.push({ offset: startOf(node) - late, text: id + resultText(result) });
        instructions.forEach(visit);
        break;
      }
      case "IfInstruction": {
        const [consequent, alternate] = [nodesIn(node, "consequent"), nodesIn(node, "alternate")];
        const start = startOf(node) - late;
        lines.push({ offset: start, text: `if${resultText(node["result"])}` });
        consequent.forEach(visit);
        if (alternate.length === 0) break;
        // No node is the `else`: it lies where the first part ends.
        const last = consequent.at(-1);
        const offset = last ? endOf(last) : start + 1 + lengthOf(node["result"]);
        lines.push({ offset, text: "else" });
        alternate.forEach(visit);
        break;
      }
      case "CallIndirectInstruction":
        lines.push({ offset: startOf(node) - late, text: plainText(node) });
        break;
      default:
        if (!isLocals(node)) lines.push({ offset: startOf(node), text: plainText(node) });
    }
  };
  body.forEach(visit);
  return lines;
}
