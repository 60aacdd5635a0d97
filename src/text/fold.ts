// Folded expressions: instructions as trees whose branches are the operands. A tree
// holds the instructions in their order, so unfolding gives the same code; where not
// all operands are trees of the same block, an instruction stays flat.
// Spec: https://webassembly.github.io/spec/core/text/instructions.html#folded-instructions

import type { Arity } from "./arity.js";

/** What is inside of a block: `then`, `else`, `do`, `catch`; "" where nothing says it. */
interface Part {
  readonly head: string;
  readonly nodes: Node[];
}
export interface Node {
  readonly text: string;
  /** Stands before the text: an offset. */
  readonly comment: string;
  readonly operands: readonly Node[];
  readonly parts: readonly Part[];
  readonly pushes: number;
  /** Whether it is in parentheses. */
  readonly folded: boolean;
  /** Whether all its operands are its branches, so that it can be an operand itself. */
  readonly whole: boolean;
  /** Columns on one line; infinite for blocks. */
  readonly width: number;
  readonly height: number;
}

/** Higher trees would run out of the page. */
const MAX_HEIGHT = 40;
const COLUMNS = 80;
const MAX_INDENT = 60;

export const indent = (depth: number): string => "  ".repeat(Math.min(depth, MAX_INDENT));

/** The operands of an instruction, taken off the end of `nodes`; undefined where they are not there. */
function take(nodes: Node[], pops: number): Node[] | undefined {
  let first = nodes.length;
  for (let need = pops; need > 0; need -= nodes[first]!.pushes) {
    const node = nodes[--first];
    if (!node?.whole || node.pushes === 0 || node.pushes > need) return undefined;
    if (node.height >= MAX_HEIGHT) return undefined;
  }
  return nodes.splice(first);
}

interface Open {
  readonly text: string;
  readonly comment: string;
  readonly operands: Node[];
  readonly whole: boolean;
  readonly pushes: number;
  readonly parts: Part[];
}

const nodeOf = (open: Omit<Open, "comment">, comment: string, folded: boolean): Node => ({
  ...open,
  comment,
  folded,
  width:
    open.parts.length > 0
      ? Infinity
      : open.operands.reduce(
          (sum, { width }) => sum + 1 + width,
          comment.length + open.text.length + 2,
        ),
  height: open.operands.reduce((max, { height }) => Math.max(max, height + 1), 0),
});

/** Builds the trees of one expression, instruction by instruction. */
export class Folder {
  readonly nodes: Node[] = [];
  readonly #open: Open[] = [];

  get #current(): Node[] {
    return this.#open.at(-1)?.parts.at(-1)?.nodes ?? this.nodes;
  }

  plain(text: string, comment: string, arity: Arity | undefined): void {
    const nodes = this.#current;
    const operands = arity && take(nodes, arity.pops);
    const folded = operands !== undefined;
    const node = { text, operands: operands ?? [], pushes: arity?.pushes ?? 0, parts: [] };
    nodes.push(nodeOf({ ...node, whole: folded }, comment, folded));
  }

  /** `pops`: operands that are not the block's parameters; parameters stay outside. */
  open(text: string, comment: string, pops: number, params: number, pushes: number): void {
    const operands = take(this.#current, pops);
    const whole = operands !== undefined && params === 0;
    this.#open.push({ text, comment, operands: operands ?? [], whole, pushes, parts: [] });
  }

  part(head: string): void {
    this.#open.at(-1)?.parts.push({ head, nodes: [] });
  }

  close(): void {
    const open = this.#open.pop();
    if (open) this.#current.push(nodeOf(open, open.comment, true));
  }
}

/** On one line. */
export function inline({ text, comment, operands, folded }: Node): string {
  const inner = [text, ...operands.map(inline)].join(" ");
  return comment + (folded ? `(${inner})` : inner);
}

type Item = { readonly node: Node; readonly depth: number } | PartItem | ")";
interface PartItem {
  readonly part: Part;
  readonly depth: number;
}

/** On lines of their own. Not recursive: blocks nest as deep as they like. */
export function renderNodes(nodes: readonly Node[], depth: number, lines: string[]): void {
  const work: Item[] = [];
  const push = (items: readonly Item[]) => {
    for (let i = items.length - 1; i >= 0; i--) work.push(items[i]!);
  };
  const nodeItems = (list: readonly Node[], at: number) =>
    list.map((node) => ({ node, depth: at }));
  push(nodeItems(nodes, depth));
  for (let item = work.pop(); item !== undefined; item = work.pop()) {
    if (item === ")") lines[lines.length - 1] += ")";
    else if ("part" in item) {
      const { part, depth: at } = item;
      if (part.head === "") push(nodeItems(part.nodes, at));
      else {
        lines.push(`${indent(at)}(${part.head}`);
        push([...nodeItems(part.nodes, at + 1), ")"]);
      }
    } else if (item.node.width + 2 * item.depth <= COLUMNS || isLeaf(item.node)) {
      lines.push(indent(item.depth) + inline(item.node));
    } else {
      const { node, depth: at } = item;
      lines.push(`${indent(at)}${node.comment}(${node.text}`);
      const parts = node.parts.map((part) => ({ part, depth: at + 1 }));
      push([...nodeItems(node.operands, at + 1), ...parts, ")"]);
    }
  }
}

const isLeaf = ({ operands, parts }: Node) => operands.length === 0 && parts.length === 0;
