// What the programs of fixtures/emscripten have in common: the JavaScript that emcc made for them.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const folder = new URL("../../fixtures/emscripten/", import.meta.url);

/** @param file name of the module, where it is not the one that the JavaScript goes with */
export function open(name, tell, { file = name, ...settings } = {}) {
  const factory = require(new URL(`${name}.cjs`, folder).pathname);
  // This emcc takes a Node that has `fetch` for a browser.
  const wasmBinary = readFileSync(new URL(`${file}.wasm`, folder));
  return factory({ wasmBinary, print: tell, printErr: tell, ...settings });
}
