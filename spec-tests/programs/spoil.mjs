// What users do to their builds, done to builds that cannot be made again: a function that the
// lists left out, a glue with another constant.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { decode, disassembleFunction } from "../../dist/index.js";

const I32_CONST = 0x41;

/**
 * The module with a function that is no longer instrumented, as if it had been in
 * ASYNCIFY_REMOVE: wherever it reads `__asyncify_state`, it reads "normal".
 * @param bytes the instrumented module
 * @param func its index
 * @param state index of the global, below 128
 */
export function uninstrumented(bytes, func, state) {
  const spoilt = Uint8Array.from(bytes);
  const reads = disassembleFunction(decode(bytes), func).filter(
    ({ text }) => text === `global.get ${state}`,
  );
  if (reads.length === 0) throw new Error(`function ${func} does not read global ${state}`);
  for (const { offset } of reads) spoilt.set([I32_CONST, 0], offset);
  return spoilt;
}

/** What a file of glue exports, if it had `replacement` in the place of `text`. */
export async function changedGlue(file, text, replacement) {
  const source = readFileSync(file, "utf8");
  if (source.split(text).length !== 2) throw new Error(`${file} has not one ${text}`);
  const folder = mkdtempSync(join(tmpdir(), "bobbin-glue-"));
  try {
    const copy = join(folder, "glue.mjs");
    writeFileSync(copy, source.replace(text, replacement));
    return await import(pathToFileURL(copy).href);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
