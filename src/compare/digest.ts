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

/** `bytes` must start at a multiple of four of its buffer. */
export function digestOf(
  bytes: Uint8Array,
  without: Iterable<readonly [start: number, end: number]>,
): number {
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  let hash = bytes.length | 0;
  const take = (start: number, end: number): void => {
    let at = start;
    for (; at < end && (at & 3) !== 0; at++) hash = Math.imul(hash ^ bytes[at]!, PRIME);
    for (const last = end >> 2; at >> 2 < last; at += 4) {
      hash = Math.imul(hash ^ words[at >> 2]!, PRIME);
      hash ^= hash >>> 15;
    }
    for (; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, PRIME);
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

/** FNV's. */
const PRIME = 0x01000193;
