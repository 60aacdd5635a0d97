// Text to bytes by the npm package `@mdn/watify`. Bobbin has no assembler for text of its own.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { initSync, watify } from "@mdn/watify";
import { assembleBy } from "../text/assembling.js";

/** What to call it. */
export const ASSEMBLER = "@mdn/watify";

let ready = false;

/** @throws SyntaxFault */
export function assemble(text: string): Uint8Array {
  if (!ready) {
    const file = createRequire(import.meta.url).resolve("@mdn/watify/watify_bg.wasm");
    initSync({ module: readFileSync(file) });
    ready = true;
  }
  return assembleBy(watify, text);
}
