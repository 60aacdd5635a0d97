// Memories as they were, in pages. A page that has not changed since the checkpoint before
// is the same object in both, so checkpoints of a large memory cost what changes between them.

import type { MemoryInstance } from "../runtime/memory.js";
import { differ, wordsOf } from "./words.js";

const PAGE = 2 ** 14;
const WORDS = PAGE / 4;

export type Page = Int32Array;

const NOTHING: Page = new Int32Array(WORDS);

/** A memory at one time. The last page may be shorter, and bytes may follow that are no word. */
export interface SavedMemory {
  readonly memory: MemoryInstance;
  readonly size: number;
  readonly pages: readonly Page[];
  readonly tail: Uint8Array;
}

export function saveMemory(memory: MemoryInstance, before?: SavedMemory): SavedMemory {
  const size = memory.view.byteLength;
  const words = wordsOf(memory.view.buffer, size);
  const pages: Page[] = [];
  for (let at = 0, i = 0; at < words.length; at += WORDS, i++) {
    const count = Math.min(WORDS, words.length - at);
    const known = before?.pages[i];
    if (known?.length === count && !differ(words, at, known, 0, count)) pages.push(known);
    else if (count === WORDS && !differ(words, at, NOTHING, 0, count)) pages.push(NOTHING);
    else pages.push(words.slice(at, at + count));
  }
  const tail = memory.part(4 * words.length, size - 4 * words.length).slice();
  return { memory, size, pages, tail };
}

export function restoreMemory({ memory, size, pages, tail }: SavedMemory): void {
  // Memories never shrink, but the past was smaller.
  if (memory.view.byteLength !== size) memory.moveTo(new ArrayBuffer(size));
  const words = wordsOf(memory.view.buffer, size);
  pages.forEach((page, i) => words.set(page, i * WORDS));
  memory.part(4 * words.length, tail.length).set(tail);
}

/** Bytes that a page takes. */
export const sizeOfPage = (page: Page): number => (page === NOTHING ? 0 : page.byteLength + 200);
