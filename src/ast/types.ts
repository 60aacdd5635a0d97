// Trees of `@webassemblyjs/ast` as Bobbin sees them. The package has no types; what
// fields a node has depends on its `type`, and trees come from others, so every field
// is looked at before it is used.

import { BobbinError } from "../util/errors.js";
import { hex } from "../util/hex.js";

/** Where a node lies in the binary: `line` is -1, `column` a byte offset. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface AstNode {
  readonly type: string;
  loc?: { readonly start: Position; readonly end: Position };
  [field: string]: unknown;
}

/** A tree says too little, or something that Bobbin cannot make a module of. */
export class AstError extends BobbinError {
  readonly kind = "ast";
  /** @param offset where the node lies in the binary that it was decoded from, if it says so */
  constructor(
    readonly reason: string,
    readonly offset?: number,
  ) {
    super(
      `the tree cannot be made a module: ${reason}` +
        (offset === undefined ? "" : ` at byte ${hex(offset)}`),
    );
  }
}

export const isNode = (value: unknown): value is AstNode =>
  typeof value === "object" &&
  value !== null &&
  typeof (value as { type?: unknown }).type === "string";

export const refuse = (reason: string, node?: AstNode): never => {
  throw new AstError(reason, node?.loc?.start.column);
};

/** A field that must be a node. */
export function nodeIn(node: AstNode, field: string): AstNode {
  const value = node[field];
  return isNode(value) ? value : refuse(`${node.type} has no ${field}`, node);
}

/** A field that must be a list of nodes. */
export function nodesIn(node: AstNode, field: string): readonly AstNode[] {
  const value = node[field];
  return Array.isArray(value) && value.every(isNode)
    ? value
    : refuse(`${node.type} has no list ${field}`, node);
}

/** The whole number that a NumberLiteral holds. */
export function numberIn(node: AstNode): number {
  const { value } = node;
  return node.type === "NumberLiteral" && Number.isInteger(value)
    ? (value as number)
    : refuse(`${node.type} where a number is needed`, node);
}

/** The one module of a program, or the module itself. */
export function moduleIn(ast: AstNode): AstNode {
  if (ast.type === "Module") return ast;
  const body = ast.type === "Program" ? nodesIn(ast, "body") : [];
  return body.length === 1 && body[0]!.type === "Module"
    ? body[0]!
    : refuse(`${ast.type} is no program of one module`);
}

/** The names of functions that a module was decoded with; trees leave an empty list out. */
export function functionNamesIn(module: AstNode): readonly AstNode[] {
  const { metadata } = module;
  return isNode(metadata) && metadata["functionNames"] !== undefined
    ? nodesIn(metadata, "functionNames")
    : [];
}
