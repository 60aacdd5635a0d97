// Where in its text an assembled module's instructions stand. The assembler is a library and
// does not tell, but text and code hold the same instructions in the same order: they are
// read side by side. A function in which they differ has no lines.
// Spec: https://webassembly.github.io/spec/core/text/instructions.html#folded-instructions

import { InstructionReader } from "../binary/code.js";
import { decode } from "../binary/decode.js";
import type { Module } from "../syntax/module.js";
import { type LineMark, LineTable } from "../syntax/line-table.js";
import { opcodes, type Mnemonic, textMnemonic } from "../syntax/opcodes.js";
import type { SourceLines } from "../syntax/source-lines.js";
import { type List, type Node, Positions, readSExpressions } from "./sexpr.js";

/** An instruction as its text has it. */
interface Written {
  readonly mnemonic: string;
  /** Index in the text. */
  readonly start: number;
}

const MNEMONICS: ReadonlySet<string> = new Set(
  (Object.keys(opcodes) as Mnemonic[]).map(textMnemonic),
);
/** What stands before the instructions of a function or block. */
const DECLARATIONS = new Set(["export", "import", "type", "param", "result", "local", "on"]);
const BLOCKS = new Set(["block", "loop"]);
/** Written in some places, implied in others. */
const IMPLIED = new Set(["else", "end"]);

/**
 * The lines of a module that was assembled from `text`, found when they are asked for first.
 * @param file the name of the source
 */
export function watLines(text: string, file: string, bytes: Uint8Array): SourceLines {
  let table: LineTable | undefined;
  const found = () => (table ??= tableOf(text, file, decode(bytes, { lazyBodies: true })));
  return {
    at: (offset) => found().at(offset),
    offsets: (name, line) => found().offsets(name, line),
    files: () => found().files(),
    problems: () => [],
  };
}

function tableOf(text: string, file: string, module: Module): LineTable {
  const table = new LineTable();
  const functions = functionsOf(readSExpressions(text));
  // A module that is written as bytes has none.
  if (functions.length !== module.functions.length) return table;
  const positions = new Positions(text);
  const source = { file, text };
  functions.forEach((list, i) => {
    const { offset, end } = module.functions[i]!.body;
    const reader = new InstructionReader(module.bytes, offset, end);
    table.add(source, marksOf(instructionsOf(list), reader, positions));
  });
  return table;
}

/** The functions that a module defines, in their order. */
function functionsOf(nodes: readonly Node[]): List[] {
  const whole = nodes.find((node) => headOf(node) === "module");
  const fields = whole === undefined ? nodes : (whole as List).items;
  return fields.filter(
    (field): field is List =>
      headOf(field) === "func" && !(field as List).items.some((item) => headOf(item) === "import"),
  );
}

const headOf = (node: Node): string => {
  const first = node.kind === "list" ? node.items[0] : undefined;
  return first?.kind === "atom" ? first.text : "";
};

/** In the order of the code. Not recursive: nesting may be deep. */
function instructionsOf(func: List): Written[] {
  const written: Written[] = [];
  const close = { mnemonic: "end", start: func.end - 1 };
  const todo: (Node | Written)[] = [close, ...func.items.slice(1).reverse()];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    if (!("kind" in next)) written.push(next);
    else if (next.kind === "list") {
      for (const part of unfolded(next).reverse()) todo.push(part);
    } else if (next.kind === "atom" && MNEMONICS.has(next.text))
      written.push({ mnemonic: next.text, start: next.start });
  }
  return written;
}

/** A folded instruction, as the parts that its code is made of. */
function unfolded(list: List): (Node | Written)[] {
  const head = headOf(list);
  const items = list.items.slice(1);
  const itself = { mnemonic: head, start: list.start };
  if (head === "then") return items;
  if (head === "else") return [itself, ...items];
  if (!MNEMONICS.has(head) || DECLARATIONS.has(head)) return [];
  const close = { mnemonic: "end", start: list.end - 1 };
  if (head === "if") {
    const isArm = (item: Node) => headOf(item) === "then" || headOf(item) === "else";
    const arm = items.findIndex(isArm);
    return arm < 0
      ? [...items, itself, close]
      : [...items.slice(0, arm), itself, ...items.slice(arm), close];
  }
  // Its clauses are no instructions. (Those of the legacy `try` are, but stand in no list.)
  if (head === "try_table") return [itself, ...items.filter((item) => !isCatch(item)), close];
  return BLOCKS.has(head) ? [itself, ...items, close] : [...items, itself];
}

const isCatch = (item: Node): boolean => headOf(item).startsWith("catch");

/** None where text and code do not agree. */
function marksOf(
  written: readonly Written[],
  reader: InstructionReader,
  positions: Positions,
): LineMark[] {
  const marks: LineMark[] = [];
  let at = 0;
  while (reader.next()) {
    const { op, offset } = reader.instruction;
    const mnemonic = textMnemonic(op.mnemonic);
    while (at < written.length && written[at]!.mnemonic !== mnemonic && IMPLIED.has(written[at]!.mnemonic)) at++; // prettier-ignore
    const found = written[at];
    if (found?.mnemonic === mnemonic) {
      marks.push({ offset, ...positions.at(found.start) });
      at++;
    } else if (!IMPLIED.has(mnemonic)) return [];
  }
  return written.slice(at).every(({ mnemonic }) => IMPLIED.has(mnemonic)) ? marks : [];
}
