// For tests: runs the command line in this process, on files of a directory of its own.

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import binaryen from "binaryen";
import { main } from "./main.js";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `bobbin ...argv` with `input` on standard input. */
export async function bobbin(argv: readonly string[], input = ""): Promise<Ran> {
  let stdout = "";
  let stderr = "";
  const code = await main(argv, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    stdin: Readable.from([input]),
  });
  return { code, stdout, stderr };
}

const directory = mkdtempSync(join(tmpdir(), "bobbin-cli-"));

/** Writes a file; returns its path. */
export function fileOf(name: string, content: string | Uint8Array): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

const { Features } = binaryen;
/** What Bobbin knows so far; `All` would also bring proposals into the binary format. */
const features =
  Features.SignExt |
  Features.MutableGlobals |
  Features.Multivalue |
  Features.BulkMemory |
  Features.ReferenceTypes |
  Features.NontrappingFPToInt;

/** A module from text, with its names. It need not be valid. */
export function wat(text: string): Uint8Array {
  const module = binaryen.parseText(text);
  module.setFeatures(features);
  binaryen.setDebugInfo(true);
  const bytes = module.emitBinary();
  module.dispose();
  return bytes;
}
