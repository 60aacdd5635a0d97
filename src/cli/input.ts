// Reads a module from a file, assembles and links it where it has to be, and says what
// is wrong with what is none. Assembly is known by its name, text (wat) by its looks.

import { readFile } from "node:fs/promises";
import { assembleInput, type AssembleOptions, inSource } from "../asm/assemble.js";
import { decode, type DecodeOptions } from "../binary/decode.js";
import { link } from "../link/link.js";
import { isObject, type LinkInput } from "../link/object.js";
import { withSources } from "../source/with-sources.js";
import type { Module } from "../syntax/module.js";
import { watLines } from "../text/wat-lines.js";
import { decodeUtf8 } from "../util/utf8.js";
import { validate, type ValidateOptions, type ValidModule } from "../valid/validate.js";
import { assemble } from "./assembler.js";
import { about, InputError } from "./failure.js";
import { sourceMapText } from "./source-map-file.js";

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

/**
 * The bytes of any file, text too.
 * @throws InputError
 */
export async function readRaw(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new InputError(fileReason(error));
  }
}

/** @throws InputError */
export async function readBytes(file: string): Promise<Uint8Array> {
  return checked(await readRaw(file));
}

/** A snapshot or a recording, by that name. @throws InputError */
export async function readSaved(file: string, wanted: string): Promise<Uint8Array> {
  const bytes = await readRaw(file);
  if (bytes.length === 0) throw new InputError("the file is empty");
  if (textAt(bytes) !== undefined) throw new InputError(`is a text file, a ${wanted} is wanted`);
  return bytes;
}

function checked(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) throw new InputError("the file is empty");
  refuseText(bytes);
  return bytes;
}

const MAGIC = 0x00;
const SAMPLE = 400;

/** The start of a file without comments before it, or undefined where it is no text. */
function textAt(bytes: Uint8Array): string | undefined {
  if (bytes[0] === MAGIC) return undefined;
  const sample = bytes.subarray(0, SAMPLE);
  // Control characters other than white space: no text.
  if (sample.some((byte) => byte < 9 || (byte > 13 && byte < 32))) return undefined;
  // The sample may end inside of a character.
  const text = [0, 1, 2, 3]
    .map((cut) => decodeUtf8(sample, 0, Math.max(0, sample.length - cut)))
    .find((decoded) => decoded !== undefined);
  return text?.replace(/^\uFEFF/, "").replace(/^(?:\s+|;;[^\n]*(?:\n|$))*/, "");
}

const isWat = (text: string): boolean =>
  /^\((?:;|module\b|func\b|type\b|import\b|component\b)/.test(text);

/** Text is the most common thing to be taken for a module: it gets a message of its own. */
function refuseText(bytes: Uint8Array): void {
  const text = textAt(bytes);
  if (text === undefined) return;
  throw new InputError(
    isWat(text)
      ? "is WebAssembly text (wat), a binary module is wanted: make one with wat2wasm or wasm-as"
      : "is a text file, a binary WebAssembly module, its text (wat) or assembly (.s) is wanted",
  );
}

export interface InputOptions {
  /** More files to link: assembly, object files. */
  readonly link?: readonly string[];
  /** Validate bodies when they are first called. */
  readonly lazyValidation?: boolean;
}

/** Assembly is known by its name. */
const isAssembly = (file: string): boolean => /\.s$/i.test(file);

/** @throws InputError */
function decodeText(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes, 0, bytes.length);
  if (text === undefined) throw new InputError("is no text: malformed UTF-8");
  return text.replace(/^\uFEFF/, "");
}

/** A file as something to link. @throws InputError, AssemblyError */
export async function readLinkInput(
  file: string,
  options: AssembleOptions = {},
): Promise<LinkInput> {
  if (!isAssembly(file)) return { name: file, bytes: await readBytes(file) };
  return assembleInput(decodeText(await readRaw(file)), { ...options, file });
}

const readAll = (files: readonly string[]): Promise<LinkInput[]> =>
  Promise.all(files.map((file) => about(file, () => readLinkInput(file))));

/**
 * A module as it is, or as it was assembled or linked. An object file alone stays one.
 * @throws InputError, SyntaxFault, AssemblyError, MalformedError, LinkError
 */
export async function readModule(
  file: string,
  { link: more = [] }: InputOptions = {},
  options: DecodeOptions = {},
): Promise<Module> {
  if (more.length === 0 && !isAssembly(file)) return readOne(file, options);
  const { bytes, lines } = link(await readAll([file, ...more]));
  return decode(bytes, { ...options, lines });
}

async function readOne(file: string, options: DecodeOptions): Promise<Module> {
  const raw = await readRaw(file);
  const start = textAt(raw);
  if (start === undefined || !isWat(start)) return decode(checked(raw), options);
  const text = decodeText(raw);
  const bytes = assemble(text);
  return decode(bytes, { ...options, lines: watLines(text, file, bytes) });
}

/**
 * The same, valid. Object files are linked even if they are alone.
 * @throws InputError, AssemblyError, MalformedError, LinkError, InvalidError
 */
export async function readProgram(file: string, options: InputOptions = {}): Promise<ValidModule> {
  const module = await readModule(file, options, UNREAD);
  const valid = validated(isObject(module) ? relinked(file, decode(module.bytes)) : module, {
    lazy: options.lazyValidation ?? false,
  });
  return withSources(valid, (url) => sourceMapText(file, url));
}

/** Validation reads the bodies: once is enough. */
const UNREAD: DecodeOptions = { lazyBodies: true };

function relinked(name: string, { bytes }: Module): Module {
  const linked = link([{ name, bytes }]);
  return decode(linked.bytes, { ...UNREAD, lines: linked.lines });
}

/** Validates; what is wrong with assembled code is told of its text. */
export function validated(module: Module, options: ValidateOptions = {}): ValidModule {
  try {
    return validate(module, options);
  } catch (error) {
    throw inSource(error, module.lines);
  }
}
