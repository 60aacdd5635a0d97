// What records name by number because it does not fit into them: images of frames (layouts
// `compact` and `twin`), and references, which have no bytes. All of it is plain data under
// ids that are words, so that records may be copied, rewound twice, and saved.
//
// Nobody can tell when the last copy of a record is gone, so nothing is dropped by itself.
// Equal images and equal references share an id: a program that sleeps again and again at
// the same places with the same values needs no more. `collectImages` drops what no memory names.

import type { MemoryInstance } from "../../runtime/memory.js";
import type { Reference } from "../../runtime/values.js";

/** A frame that waits at a call. */
export interface Image {
  readonly func: number;
  readonly callIndex: number;
  /** Whether its function was reached by a tail call: then the record must name it. */
  readonly tail: boolean;
  readonly words: Int32Array;
}

/**
 * Ids are scattered over all words, so that a word that is no id seldom looks like one:
 * the n-th is n times an odd number, which can be undone.
 */
const SCATTER = 0x9e3779b1;
const GATHER = 0x0e8b2f51;
const idOf = (n: number): number => Math.imul(n, SCATTER);
const indexOf = (id: number): number => Math.imul(id, GATHER) >>> 0;

/** Entries by id. An id is never given twice. */
abstract class Table<T> {
  protected readonly entries = new Map<number, T>();
  private last = 0;

  get size(): number {
    return this.entries.size;
  }

  has(id: number): boolean {
    return this.entries.has(indexOf(id));
  }

  get(id: number): T | undefined {
    return this.entries.get(indexOf(id));
  }

  /** The id of an entry that is equal, or of a new one. */
  put(entry: T): number {
    const known = this.find(entry);
    if (known !== undefined) return idOf(known);
    this.entries.set(++this.last, entry);
    this.index(entry, this.last);
    return idOf(this.last);
  }

  /** Drops all entries but those with these ids. */
  keepOnly(ids: ReadonlySet<number>): void {
    for (const n of this.entries.keys()) if (!ids.has(idOf(n))) this.entries.delete(n);
    this.reindex();
  }

  /** Entries with their ids, to be saved. */
  save(): [id: number, entry: T][] {
    return [...this.entries].map(([n, entry]) => [idOf(n), entry]);
  }

  restore(saved: Iterable<readonly [id: number, entry: T]>): void {
    this.entries.clear();
    this.last = 0;
    for (const [id, entry] of saved) {
      this.entries.set(indexOf(id), entry);
      this.last = Math.max(this.last, indexOf(id));
    }
    this.reindex();
  }

  protected abstract find(entry: T): number | undefined;
  protected abstract index(entry: T, n: number): void;
  protected abstract forget(): void;

  private reindex(): void {
    this.forget();
    for (const [n, entry] of this.entries) this.index(entry, n);
  }
}

export class ImageTable extends Table<Image> {
  /** By `function:call index` the latest image, for records that have no room for an id. */
  readonly latest = new Map<string, number>();
  private readonly buckets = new Map<number, number[]>();

  protected find(image: Image): number | undefined {
    return this.buckets.get(hash(image))?.find((n) => equal(this.entries.get(n)!, image));
  }
  protected index(image: Image, n: number): void {
    const bucket = this.buckets.get(hash(image));
    if (bucket === undefined) this.buckets.set(hash(image), [n]);
    else bucket.push(n);
  }
  protected forget(): void {
    this.buckets.clear();
  }
}

function hash({ func, callIndex, words }: Image): number {
  let h = Math.imul(func, SCATTER) ^ callIndex;
  for (let i = 0; i < words.length; i++) {
    h = Math.imul(h ^ words[i]!, SCATTER);
    h ^= h >>> 15;
  }
  return h;
}

const equal = (a: Image, b: Image): boolean =>
  a.func === b.func &&
  a.callIndex === b.callIndex &&
  a.tail === b.tail &&
  a.words.length === b.words.length &&
  a.words.every((word, i) => word === b.words[i]);

/** References by identity. The id of null is 0. */
export class ReferenceTable extends Table<Exclude<Reference, null>> {
  private readonly numbers = new Map<Reference, number>();

  /** The reference that a word of a record names; undefined for a word that names none. */
  named(id: number): Reference | undefined {
    return id === 0 ? null : this.get(id);
  }
  /** The id of a reference. */
  idOf(reference: Reference): number {
    return reference === null ? 0 : this.put(reference);
  }

  protected find(reference: Reference): number | undefined {
    return this.numbers.get(reference);
  }
  protected index(reference: Reference, n: number): void {
    this.numbers.set(reference, n);
  }
  protected forget(): void {
    this.numbers.clear();
  }
}

/** Drops what no word of the memories names, at whatever address: returns how many. */
export function collectImages(
  images: ImageTable,
  references: ReferenceTable,
  memories: readonly (MemoryInstance | null)[],
): number {
  const before = images.size + references.size;
  const seen = new Set<number>();
  const see = (word: number): void => {
    if (images.has(word) || references.has(word)) seen.add(word);
  };
  for (const memory of memories) {
    if (memory === null) continue;
    const { view } = memory;
    for (let at = 0; at + 4 <= view.byteLength; at++) see(view.getInt32(at, true));
  }
  for (const id of images.latest.values()) seen.add(id);
  images.keepOnly(seen);
  for (const [, { words }] of images.save()) words.forEach(see);
  references.keepOnly(seen);
  return before - images.size - references.size;
}
