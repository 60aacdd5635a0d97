// The regular expressions of Oniguruma, as the editor VS Code uses them for its grammars.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

export const name = "Oniguruma";
export const from = "vscode-oniguruma";

const require = createRequire(import.meta.url);

const TEXT = 'let größe = 0x1F; // 二 «quoted \\" text» let let2 = fn(1, 2.5e-3)\n'.repeat(20);
const PATTERNS = [
  "\\blet\\s+(?<name>\\p{L}[\\p{L}\\p{N}]*)",
  "0[xX]\\h+|\\d+(?:\\.\\d+)?(?:[eE][+-]?\\d+)?",
  "«(?:[^\\\\»]|\\\\.)*+»",
  "(?<=fn)\\((?:[^()]|\\g<0>)*\\)",
  "(a+)+$",
];

export async function run(tell) {
  const { loadWASM, OnigScanner, OnigString } = require("vscode-oniguruma");
  await loadWASM(readFileSync(require.resolve("vscode-oniguruma/release/onig.wasm")));
  const scanner = new OnigScanner(PATTERNS);
  const text = new OnigString(TEXT);
  let at = 0;
  let count = 0;
  for (let found; (found = scanner.findNextMatchSync(text, at)) !== null; count++) {
    const [{ start, end }, ...groups] = found.captureIndices;
    if (count < 12) tell([found.index, start, end, ...groups.map((g) => `${g.start}-${g.end}`)].join(" ")); // prettier-ignore
    at = Math.max(end, at + 1);
  }
  tell(count);
  tell(new OnigScanner(["(x+x+)+y"]).findNextMatchSync(`${"x".repeat(14)}`, 0));
  try {
    new OnigScanner(["(unclosed"]);
  } catch (error) {
    tell(error.message);
  }
}
