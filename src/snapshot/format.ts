// The file around the sections (docs/snapshot.md has it to the byte):
//
//   magic "bobbin" 0 · version · flags · number of sections · checksum · section table · contents
//
// The checksum is the SHA-256 of the whole file with zeros in its place: what is damaged
// is found here. What a reader must not believe even so is checked section by section.

import { SnapshotError } from "./errors.js";
import { hex, hexByte } from "../util/hex.js";

/** The version that this writes, and the only one that it reads. */
export const VERSION = 1;

export const SECTIONS = [
  "modules",
  "types",
  "instances",
  "memories",
  "tables",
  "globals",
  "tags",
  "structures",
  "arrays",
  "exceptions",
  "continuations",
  "host values",
  "fibers",
  "machine",
  "asyncify",
  "native fibers",
  /** Any number of these, last; all others are there once, in this order. */
  "memory contents",
] as const;
export type SectionName = (typeof SECTIONS)[number];
const CONTENTS = SECTIONS.length;

/** What a reader must know to read on; unknown bits are refused. */
export const FEATURES = {
  /** Modules are not in the file. */
  moduleReferences: 1,
  asyncify: 2,
  nativeFibers: 4,
  /** The machine has dropped frames by unwinding, or is about to. */
  unwinds: 8,
} as const;
const KNOWN_FEATURES = 15;

const MAGIC = [0x62, 0x6f, 0x62, 0x62, 0x69, 0x6e, 0x00];
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

export interface Section {
  readonly name: SectionName;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface SnapshotFile {
  readonly features: number;
  readonly sections: readonly Section[];
}

export async function sha256(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>));
}

/** The same, as hexadecimal digits. */
export const hashOf = async (bytes: Uint8Array): Promise<string> => hexOf(await sha256(bytes));
export const hexOf = (bytes: Uint8Array): string => [...bytes].map(hexByte).join("");

/** Whether bytes begin as a snapshot of any version does. */
export const isSnapshot = (bytes: Uint8Array): boolean => MAGIC.every((b, i) => bytes[i] === b);

export async function pack(
  { features, sections }: SnapshotFile,
  compress: boolean,
): Promise<Uint8Array<ArrayBuffer>> {
  const stored: { encoding: number; bytes: Uint8Array }[] = [];
  for (const { bytes } of sections) {
    const worthIt = compress && bytes.length >= SMALL;
    const small = worthIt ? await through(new CompressionStream("deflate-raw"), bytes) : bytes;
    stored.push(
      small.length < bytes.length
        ? { encoding: DEFLATED, bytes: small }
        : { encoding: STORED, bytes },
    );
  }
  let at = TABLE_AT + ENTRY_BYTES * sections.length;
  const file = new Uint8Array(stored.reduce((sum, { bytes }) => sum + bytes.length, at));
  const view = new DataView(file.buffer);
  file.set(MAGIC);
  file[MAGIC.length] = VERSION;
  view.setUint32(8, features, true);
  view.setUint32(12, sections.length, true);
  sections.forEach(({ name, bytes }, i) => {
    const entry = TABLE_AT + ENTRY_BYTES * i;
    const { encoding, bytes: content } = stored[i]!;
    view.setUint32(entry, 1 + SECTIONS.indexOf(name), true);
    view.setUint32(entry + 4, encoding, true);
    view.setBigUint64(entry + 8, BigInt(content.length), true);
    view.setBigUint64(entry + 16, BigInt(bytes.length), true);
    file.set(content, at);
    at += content.length;
  });
  file.set(await sha256(file), CHECKSUM_AT);
  return file;
}

/**
 * @param maxBytes of all sections together, inflated
 * @throws SnapshotError
 */
export async function unpack(given: Uint8Array, maxBytes: number): Promise<SnapshotFile> {
  // What `slice` does is for others to say where it is a buffer of Node
  const file = new Uint8Array(given.buffer as ArrayBuffer, given.byteOffset, given.length);
  const fail = (reason: string, offset: number): never => {
    throw new SnapshotError(reason, { offset });
  };
  if (!isSnapshot(file)) fail(`expected the bytes "bobbin" and 0: this is no snapshot`, 0);
  if (file.length < TABLE_AT) fail(`the file ends in its header`, file.length);
  const version = file[MAGIC.length]!;
  if (version !== VERSION) {
    const who = version > VERSION ? "a later version of Bobbin" : "no version of Bobbin";
    fail(`format version ${version}, written by ${who}; this one reads version ${VERSION}`, 7);
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const blank = file.slice();
  blank.fill(0, CHECKSUM_AT, TABLE_AT);
  const checksum = await sha256(blank);
  if (checksum.some((byte, i) => file[CHECKSUM_AT + i] !== byte))
    fail("the checksum does not fit the contents: the file is damaged", CHECKSUM_AT);
  const features = view.getUint32(8, true);
  if ((features & ~KNOWN_FEATURES) !== 0)
    fail(`features ${hex(features)}: some are unknown to this version`, 8);
  const count = view.getUint32(12, true);
  const required = SECTIONS.length - 1;
  if (count < required || TABLE_AT + ENTRY_BYTES * count > file.length)
    fail(`${count} sections announced, expected ${required} or more that fit into the file`, 12);

  const sections: Section[] = [];
  let at = TABLE_AT + ENTRY_BYTES * count;
  let total = 0;
  for (let i = 0; i < count; i++) {
    const entry = TABLE_AT + ENTRY_BYTES * i;
    const id = view.getUint32(entry, true);
    const expected = Math.min(i + 1, CONTENTS);
    if (id !== expected) fail(`section ${i} has id ${id}, expected ${expected}`, entry);
    const name = SECTIONS[id - 1]!;
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
      sections.push({ name, bytes: await inflate(bytes, length, name) });
    }
  }
  if (at !== file.length) fail(`${file.length - at} bytes behind the last section`, at);
  return { features, sections };
}

async function inflate(
  bytes: Uint8Array<ArrayBuffer>,
  length: number,
  section: SectionName,
): Promise<Uint8Array<ArrayBuffer>> {
  let found: Uint8Array<ArrayBuffer> | undefined;
  try {
    found = await through(new DecompressionStream("deflate-raw"), bytes, length);
  } catch {
    // Not deflated data, or more of it than announced.
  }
  if (found?.length !== length)
    throw new SnapshotError(`the contents are no ${length} deflated bytes`, { section });
  return found;
}

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
