// A 32-bit digest of a memory without some of its bytes. One differing word always
// gives another digest: every step is a bijection of what came before.

/** A set of addresses, as sorted intervals [start, end) that neither touch nor overlap. */
export class Intervals {
  private readonly starts: number[] = [];
  private readonly ends: number[] = [];
  /** The last interval added, which most often is the next one too. */
  private lastStart = -1;
  private lastEnd = -1;

  add(start: number, end: number): void {
    if (end <= start || (start >= this.lastStart && end <= this.lastEnd)) return;
    this.lastStart = start;
    this.lastEnd = end;
    const { starts, ends } = this;
    const from = firstAtLeast(ends, start);
    let to = from;
    while (to < starts.length && starts[to]! <= end) to++;
    if (to > from) {
      start = Math.min(start, starts[from]!);
      end = Math.max(end, ends[to - 1]!);
    }
    starts.splice(from, to - from, start);
    ends.splice(from, to - from, end);
  }

  *[Symbol.iterator](): Generator<readonly [start: number, end: number]> {
    for (let i = 0; i < this.starts.length; i++) yield [this.starts[i]!, this.ends[i]!];
  }
}

function firstAtLeast(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Which runtime events of a run get a digest: on long runs one for each would take ages. */
export class DigestSchedule {
  private events = 0;

  /** Counts an event: true for the first hundred, then for every hundredth. */
  due(): boolean {
    this.events++;
    return this.events <= 100 || this.events % 100 === 0;
  }
}

/** `bytes` must start at a multiple of four of its buffer. */
export function digestOf(
  bytes: Uint8Array,
  without: Iterable<readonly [start: number, end: number]>,
): number {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  let hash = bytes.length | 0;
  const step = (word: number): void => {
    hash = imul(hash ^ word, PRIME);
    hash ^= hash >>> 15;
  };
  const take = (start: number, end: number): void => {
    let at = start;
    for (; at < end && (at & 3) !== 0; at++) step(bytes[at]!);
    const last = end >> 2;
    if (at >> 2 < last) {
      for (const lane of lanesOf(words, at >> 2, last)) step(lane);
      at = last << 2;
    }
    for (; at < end; at++) step(bytes[at]!);
  };
  let at = 0;
  for (const [start, end] of without) {
    if (start >= bytes.length) break;
    take(at, start);
    at = Math.min(end, bytes.length);
  }
  take(at, bytes.length);
  return hash >>> 0;
}

/**
 * Of the memory that a program uses, and of the one that holds its records where that is
 * another: in either case without the records' payloads.
 */
export function digestOfRun(
  program: Uint8Array,
  records: Uint8Array | null,
  payloads: Iterable<readonly [start: number, end: number]>,
): number {
  if (records === null) return digestOf(program, payloads);
  return (imul(digestOf(program, []), PRIME) ^ digestOf(records, payloads)) >>> 0;
}

/** Not looked up as a global for each word: where globals are intercepted (Jest), that takes minutes. */
const { imul } = Math;
/** FNV's. */
const PRIME = 0x01000193;

/** Digests of every fourth word each: the four multiplications need not wait for one another. */
function lanesOf(words: Int32Array, from: number, to: number): number[] {
  let a = 1;
  let b = 2;
  let c = 3;
  let d = 4;
  let i = from;
  for (; i + 3 < to; i += 4) {
    a = imul(a ^ words[i]!, PRIME);
    b = imul(b ^ words[i + 1]!, PRIME);
    c = imul(c ^ words[i + 2]!, PRIME);
    d = imul(d ^ words[i + 3]!, PRIME);
    a ^= a >>> 15;
    b ^= b >>> 15;
    c ^= c >>> 15;
    d ^= d >>> 15;
  }
  for (; i < to; i++) a = imul(a ^ words[i]!, PRIME);
  return [a, b, c, d];
}
