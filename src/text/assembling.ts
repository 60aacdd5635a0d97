// What a library's assembler for text is given, and what it says of wrong text, as a fault
// with a place. It is the one of wasm-tools (the Rust crate `wast`), as WebAssembly.

import { type Node, readSExpressions, type StringLiteral } from "./sexpr.js";
import { SyntaxFault } from "../util/errors.js";

/**
 * @param watify the assembler
 * @throws SyntaxFault where it cannot assemble the text, which may be right all the same: it
 * does not know every proposal
 */
export function assembleBy(watify: (text: string) => Uint8Array, text: string): Uint8Array {
  try {
    return watify(withoutConfusion(text));
  } catch (error) {
    throw faultOf(error);
  }
}

/** Its message, `-->  FILE:LINE:COLUMN`, and then the source as a drawing. */
function faultOf(error: unknown): unknown {
  const [first = "", second = ""] = String(error instanceof Error ? error.message : error).split(
    "\n",
  );
  const at = /:(\d+):(\d+)\s*$/.exec(second);
  if (at === null) return error;
  return new SyntaxFault(first.trim(), Number(at[1]), Number(at[2]));
}

/** It refuses characters that look like others, even in strings: there they go as escapes. */
function withoutConfusion(text: string): string {
  if (!NOT_ASCII.test(text)) return text;
  let nodes: Node[];
  try {
    nodes = readSExpressions(text);
  } catch {
    // It will find what is wrong itself.
    return text;
  }
  let escaped = "";
  let end = 0;
  for (const string of stringsIn(nodes)) {
    escaped += text.slice(end, string.start);
    escaped += text
      .slice(string.start, string.end)
      .replaceAll(NOT_ASCII, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
    end = string.end;
  }
  return escaped + text.slice(end);
}

const NOT_ASCII = /\P{ASCII}/gu;

function* stringsIn(nodes: readonly Node[]): Generator<StringLiteral> {
  for (const node of nodes) {
    if (node.kind === "string") yield node;
    else if (node.kind === "list") yield* stringsIn(node.items);
  }
}
