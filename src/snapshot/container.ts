// A file of sections, for snapshots and whatever else is kept like them:
//
//   magic, 7 bytes · version · flags · number of sections · checksum · section table · contents
//
// The checksum is the SHA-256 of the whole file with zeros in its place: what is damaged
// is found here. What a reader must not believe even so is for those who know the sections.

import { hex, hexByte } from "../util/hex.js";
import { sha256Of } from "../util/sha256.js";

/** A kind of file. */
export interface FileKind<Name extends string> {
  /** `snapshot` */
  readonly name: string;
  /** Seven bytes, and the same for people. */
  readonly magic: readonly number[];
  readonly magicText: string;
  /** What this writes, and all that it reads. */
  readonly version: number;
  /** Flags that are known; others are refused. */
  readonly features: number;
  /** Each is there once, in this order. */
  readonly sections: readonly Name[];
  /** Any number of these, last. */
  readonly more: Name | null;
  error(reason: string, place: { readonly section?: Name; readonly offset?: number }): Error;
}

const MAGIC_BYTES = 7;
const CHECKSUM_AT = 16;
const CHECKSUM_BYTES = 32;
const TABLE_AT = CHECKSUM_AT + CHECKSUM_BYTES;
const ENTRY_BYTES = 24;
/** Deflate makes nothing smaller than this many times. */
const MAX_RATIO = 1100;

/** Sections shorter than this are stored as they are. */
const SMALL = 256;

const STORED = 0;
const DEFLATED = 1;

export interface SectionOf<Name extends string> {
  readonly name: Name;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface FileOf<Name extends string> {
  readonly features: number;
  readonly sections: readonly SectionOf<Name>[];
}

export async function sha256(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  // Pages that came by plain http have no `subtle`.
  const { subtle } = crypto as Partial<typeof crypto>;
  if (subtle === undefined) return sha256Of(bytes);
  return new Uint8Array(await subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}

/** The same, as hexadecimal digits. */
export const hashOf = async (bytes: Uint8Array): Promise<string> => hexOf(await sha256(bytes));
export const hexOf = (bytes: Uint8Array): string => [...bytes].map(hexByte).join("");

/** Whether bytes begin as a file of any version does. */
export const isOfKind = ({ magic }: FileKind<string>, bytes: Uint8Array): boolean =>
  magic.every((b, i) => bytes[i] === b);

/** What some hosts can do at once, for those who cannot wait: a process that ends, say. */
export interface AtOnce {
  /** Raw deflate. */
  deflate(bytes: Uint8Array): Uint8Array;
  sha256(bytes: Uint8Array): Uint8Array;
}

interface Stored {
  readonly encoding: number;
  readonly bytes: Uint8Array;
}

const isWorthIt = (bytes: Uint8Array): boolean => bytes.length >= SMALL;

const shorter = (bytes: Uint8Array, small: Uint8Array): Stored =>
  small.length < bytes.length ? { encoding: DEFLATED, bytes: small } : { encoding: STORED, bytes };

export async function packFile<Name extends string>(
  kind: FileKind<Name>,
  contents: FileOf<Name>,
  compress: boolean,
): Promise<Uint8Array<ArrayBuffer>> {
  const stored: Stored[] = [];
  for (const { bytes } of contents.sections) {
    const deflates = compress && isWorthIt(bytes);
    const small = deflates ? await through(new CompressionStream("deflate-raw"), bytes) : bytes;
    stored.push(shorter(bytes, small));
  }
  const file = layOut(kind, contents, stored);
  file.set(await sha256(file), CHECKSUM_AT);
  return file;
}

/** The same at once, deflated. */
export function packFileAtOnce<Name extends string>(
  kind: FileKind<Name>,
  contents: FileOf<Name>,
  host: AtOnce,
): Uint8Array<ArrayBuffer> {
  const stored = contents.sections.map(({ bytes }) =>
    shorter(bytes, isWorthIt(bytes) ? host.deflate(bytes) : bytes),
  );
  const file = layOut(kind, contents, stored);
  file.set(host.sha256(file), CHECKSUM_AT);
  return file;
}

/** The file, but for its checksum. */
function layOut<Name extends string>(
  kind: FileKind<Name>,
  { features, sections }: FileOf<Name>,
  stored: readonly Stored[],
): Uint8Array<ArrayBuffer> {
  let at = TABLE_AT + ENTRY_BYTES * sections.length;
  const file = new Uint8Array(stored.reduce((sum, { bytes }) => sum + bytes.length, at));
  const view = new DataView(file.buffer);
  file.set(kind.magic);
  file[MAGIC_BYTES] = kind.version;
  view.setUint32(8, features, true);
  view.setUint32(12, sections.length, true);
  sections.forEach(({ name, bytes }, i) => {
    const entry = TABLE_AT + ENTRY_BYTES * i;
    const { encoding, bytes: content } = stored[i]!;
    view.setUint32(entry, 1 + namesOf(kind).indexOf(name), true);
    view.setUint32(entry + 4, encoding, true);
    view.setBigUint64(entry + 8, BigInt(content.length), true);
    view.setBigUint64(entry + 16, BigInt(bytes.length), true);
    file.set(content, at);
    at += content.length;
  });
  return file;
}

/**
 * @param maxBytes of all sections together, inflated
 * @throws the kind's errors
 */
export async function unpackFile<Name extends string>(
  kind: FileKind<Name>,
  given: Uint8Array,
  maxBytes: number,
): Promise<FileOf<Name>> {
  // What `slice` does is for others to say where it is a buffer of Node
  const file = new Uint8Array(given.buffer as ArrayBuffer, given.byteOffset, given.length);
  const fail = (reason: string, offset: number): never => {
    throw kind.error(reason, { offset });
  };
  if (!isOfKind(kind, file))
    fail(`expected the bytes ${kind.magicText}: this is no ${kind.name}`, 0);
  if (file.length < TABLE_AT) fail(`the file ends in its header`, file.length);
  const version = file[MAGIC_BYTES]!;
  if (version !== kind.version) {
    const who = version > kind.version ? "a later version of Bobbin" : "no version of Bobbin";
    fail(`format version ${version}, written by ${who}; this one reads version ${kind.version}`, 7);
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const blank = file.slice();
  blank.fill(0, CHECKSUM_AT, TABLE_AT);
  const checksum = await sha256(blank);
  if (checksum.some((byte, i) => file[CHECKSUM_AT + i] !== byte))
    fail("the checksum does not fit the contents: the file is damaged", CHECKSUM_AT);
  const features = view.getUint32(8, true);
  if ((features & ~kind.features) !== 0)
    fail(`features ${hex(features)}: some are unknown to this version`, 8);
  const count = view.getUint32(12, true);
  const required = kind.sections.length;
  if (
    count < required ||
    (kind.more === null && count > required) ||
    TABLE_AT + ENTRY_BYTES * count > file.length
  )
    fail(`${count} sections announced, expected ${required} or more that fit into the file`, 12);

  const names = namesOf(kind);
  const sections: SectionOf<Name>[] = [];
  let at = TABLE_AT + ENTRY_BYTES * count;
  let total = 0;
  for (let i = 0; i < count; i++) {
    const entry = TABLE_AT + ENTRY_BYTES * i;
    const id = view.getUint32(entry, true);
    const expected = Math.min(i + 1, names.length);
    if (id !== expected) fail(`section ${i} has id ${id}, expected ${expected}`, entry);
    const name = names[id - 1]!;
    const encoding = view.getUint32(entry + 4, true);
    const stored = Number(view.getBigUint64(entry + 8, true));
    const length = Number(view.getBigUint64(entry + 16, true));
    if (stored > file.length - at) fail(`section ${name} ends behind the file`, entry + 8);
    total += length;
    if (total > maxBytes) fail(`more than ${maxBytes} bytes of contents`, entry + 16);
    const bytes = file.slice(at, at + stored);
    at += stored;
    if (encoding === STORED) {
      if (stored !== length) fail(`section ${name} has two lengths`, entry + 16);
      sections.push({ name, bytes });
    } else {
      if (encoding !== DEFLATED) fail(`section ${name} has encoding ${encoding}`, entry + 4);
      if (length <= stored || length > MAX_RATIO * stored)
        fail(`section ${name} cannot have ${length} bytes in ${stored}`, entry + 16);
      sections.push({ name, bytes: await inflate(kind, bytes, length, name) });
    }
  }
  if (at !== file.length) fail(`${file.length - at} bytes behind the last section`, at);
  return { features, sections };
}

async function inflate<Name extends string>(
  kind: FileKind<Name>,
  bytes: Uint8Array<ArrayBuffer>,
  length: number,
  section: Name,
): Promise<Uint8Array<ArrayBuffer>> {
  let found: Uint8Array<ArrayBuffer> | undefined;
  try {
    found = await through(new DecompressionStream("deflate-raw"), bytes, length);
  } catch {
    // Not deflated data, or more of it than announced.
  }
  if (found?.length !== length)
    throw kind.error(`the contents are no ${length} deflated bytes`, { section });
  return found;
}

const namesOf = <Name extends string>({ sections, more }: FileKind<Name>): readonly Name[] =>
  more === null ? sections : [...sections, more];

/** @throws where there is more than `limit` */
async function through(
  stream: CompressionStream | DecompressionStream,
  bytes: Uint8Array<ArrayBuffer>,
  limit = Infinity,
): Promise<Uint8Array<ArrayBuffer>> {
  const writer = stream.writable.getWriter();
  // Failures come out at the reader.
  const written = writer.write(bytes).then(() => writer.close());
  written.catch(() => undefined);
  const reader = (stream.readable as ReadableStream<Uint8Array>).getReader();
  const parts: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    parts.push(value);
    length += value.length;
    if (length > limit) {
      await reader.cancel();
      throw new RangeError("too much");
    }
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
