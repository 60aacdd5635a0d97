// Recordings as Node makes files of them, and what is said of one.

import { createHash } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import type { SameBytes } from "../history/changes.js";
import type { Recorder } from "../history/recorder.js";
import type { AtOnce } from "../snapshot/container.js";

const same: SameBytes = (a, b) => Buffer.compare(a, b) === 0;

export const RECORD_OPTIONS = { same } as const;
export const AT_ONCE: AtOnce = {
  deflate: (bytes) => deflateRawSync(bytes),
  sha256: (bytes) => createHash("sha256").update(bytes).digest(),
};

/** Lines about what was recorded, in a file of so many bytes. */
export function recordedLines(file: string, recorder: Recorder, size: number): string[] {
  const { problem, entries, end, isCut } = recorder;
  const executed = `${isCut ? "more than " : ""}${end.executed} instructions`;
  const lines = [`${file}: ${size} bytes, ${executed}, ${entries.length} entries from outside`];
  if (problem !== null) lines.push(`${file}: ends early, ${problem}`);
  return lines;
}
