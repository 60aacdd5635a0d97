// Reads a module from a file, and says what is wrong with what is none.

import { readFile } from "node:fs/promises";
import { decode } from "../binary/decode.js";
import type { Module } from "../syntax/module.js";
import { decodeUtf8 } from "../util/utf8.js";
import { validate, type ValidModule } from "../valid/validate.js";
import { InputError } from "./failure.js";

const reasons: Record<string, string> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file",
  EISDIR: "is a directory, not a file",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ERR_FS_FILE_TOO_LARGE: "the file is too large",
};

/** Why the file system refused. */
export function fileReason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return reasons[code ?? ""] ?? message;
}

/** @throws InputError */
export async function readBytes(file: string): Promise<Uint8Array> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw new InputError(fileReason(error));
  }
  if (bytes.length === 0) throw new InputError("the file is empty");
  refuseText(bytes);
  return bytes;
}

const MAGIC = 0x00;
const SAMPLE = 400;

/** Text is the most common thing to be taken for a module: it gets a message of its own. */
function refuseText(bytes: Uint8Array): void {
  if (bytes[0] === MAGIC) return;
  const sample = bytes.subarray(0, SAMPLE);
  // Control characters other than white space: no text.
  if (sample.some((byte) => byte < 9 || (byte > 13 && byte < 32))) return;
  // The sample may end inside of a character.
  const text = [0, 1, 2, 3]
    .map((cut) => decodeUtf8(sample, 0, Math.max(0, sample.length - cut)))
    .find((decoded) => decoded !== undefined);
  if (text === undefined) return;
  const code = text.replace(/^\uFEFF/, "").replace(/^(?:\s+|;;[^\n]*(?:\n|$))*/, "");
  throw new InputError(
    /^\((?:;|module\b|func\b|type\b|import\b|component\b)/.test(code)
      ? "is WebAssembly text (wat), a binary module is wanted: make one with wat2wasm or wasm-as"
      : "is a text file, a binary WebAssembly module is wanted",
  );
}

/** @throws InputError, MalformedError */
export const readModule = async (file: string): Promise<Module> => decode(await readBytes(file));

/** @throws InputError, MalformedError, InvalidError */
export const readValidModule = async (file: string): Promise<ValidModule> =>
  validate(await readModule(file));
