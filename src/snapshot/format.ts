// The file around the sections of a snapshot (docs/snapshot.md has it to the byte).

import { type AtOnce, type FileKind, type FileOf, isOfKind, packFile, packFileAtOnce, type SectionOf, unpackFile } from "./container.js"; // prettier-ignore
import { SnapshotError } from "./errors.js";

export { hashOf, hexOf, sha256 } from "./container.js";

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

export type Section = SectionOf<SectionName>;
export type SnapshotFile = FileOf<SectionName>;

const SNAPSHOT: FileKind<SectionName> = {
  name: "snapshot",
  magic: [0x62, 0x6f, 0x62, 0x62, 0x69, 0x6e, 0x00],
  magicText: '"bobbin" and 0',
  version: VERSION,
  features: KNOWN_FEATURES,
  sections: SECTIONS.slice(0, -1),
  more: "memory contents",
  error: (reason, place) => new SnapshotError(reason, place),
};

/** Whether bytes begin as a snapshot of any version does. */
export const isSnapshot = (bytes: Uint8Array): boolean => isOfKind(SNAPSHOT, bytes);

export const pack = (file: SnapshotFile, compress: boolean): Promise<Uint8Array<ArrayBuffer>> =>
  packFile(SNAPSHOT, file, compress);

/** The same at once, deflated. */
export const packAtOnce = (file: SnapshotFile, host: AtOnce): Uint8Array<ArrayBuffer> =>
  packFileAtOnce(SNAPSHOT, file, host);

/**
 * @param maxBytes of all sections together, inflated
 * @throws SnapshotError
 */
export const unpack = (given: Uint8Array, maxBytes: number): Promise<SnapshotFile> =>
  unpackFile(SNAPSHOT, given, maxBytes);
