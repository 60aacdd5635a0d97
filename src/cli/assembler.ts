// Text to bytes by the npm package `@mdn/watify`: the assembler of wasm-tools (the Rust
// crate `wast`), as WebAssembly. Bobbin has none of its own.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { initSync, watify } from "@mdn/watify";
import { type Node, readSExpressions, type StringLiteral } from "../text/sexpr.js";
import { SyntaxFault } from "../util/errors.js";

/** What to call it. */
export const ASSEMBLER = "@mdn/watify";

let ready = false;

/**
 * @throws SyntaxFault where it cannot assemble the text, which may be right all the same: it
 * does not know every proposal
 */
export function assemble(text: string): Uint8Array {
  if (!ready) {
    const file = createRequire(import.meta.url).resolve("@mdn/watify/watify_bg.wasm");
    initSync({ module: readFileSync(file) });
    ready = true;
  }
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
