// Text to bytes by the npm package `@mdn/watify`: the assembler of wasm-tools (the Rust
// crate `wast`), as WebAssembly. Bobbin has none of its own.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { initSync, watify } from "@mdn/watify";
import { type Node, readSExpressions, type StringLiteral } from "../text/sexpr.js";

/** What to call it. */
export const ASSEMBLER = "@mdn/watify";

let ready = false;

/** @throws Error with the reason where it cannot assemble the text, which may be right all the same */
export function assemble(text: string): Uint8Array {
  if (!ready) {
    const file = createRequire(import.meta.url).resolve("@mdn/watify/watify_bg.wasm");
    initSync({ module: readFileSync(file) });
    ready = true;
  }
  try {
    return watify(withoutConfusion(text));
  } catch (error) {
    throw new Error(firstLine(error), { cause: error });
  }
}

/** `message, at line:column`: the rest draws the source. */
function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [first = "", second = ""] = text.split("\n");
  const at = /:(\d+:\d+)\s*$/.exec(second)?.[1];
  return at === undefined ? first.trim() : `${first.trim()} (at ${at} of the module)`;
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
