// For tests: runs the command line in this process, on files of a directory of its own.

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import binaryen from "binaryen";
import { main } from "./main.js";
import type { ByteSource, Surroundings } from "./wasi/standard.js";

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `bobbin ...argv` with `input` on standard input. */
export async function bobbin(argv: readonly string[], input = ""): Promise<Ran> {
  const written = { stdout: "", stderr: "" };
  const code = await main(argv, {
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    stdin: Readable.from([input]),
    surroundings: surroundings(written, input),
  });
  return { code, ...written };
}

/** What a program has that runs in a test. */
export const surroundings = (
  written: { stdout: string; stderr: string } = { stdout: "", stderr: "" },
  input = "",
): Surroundings => ({
  stdin: sourceOf(input),
  write: (stream, bytes) => (written[stream] += new TextDecoder().decode(bytes)),
  isTerminal: () => false,
  env: { INHERITED: "from outside" },
});

function sourceOf(text: string): ByteSource {
  let left: Uint8Array = new TextEncoder().encode(text);
  return {
    read(size) {
      const bytes = left.subarray(0, size);
      left = left.subarray(bytes.length);
      return bytes;
    },
  };
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
