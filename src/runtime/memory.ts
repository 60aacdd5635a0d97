// Linear memory: little-endian bytes in an ArrayBuffer that is replaced on growth.
// Resizable buffers would be simpler, but DataView access to one is many times slower.
// A DataView reaches all of a buffer; the typed arrays of some hosts end at 4 GiB (Node
// 20), so what may lie beyond is reached in parts.

import type { MemoryType } from "../syntax/types.js";
import { Trap } from "./traps.js";

/** Bytes that are moved at once. */
const AT_ONCE = 2 ** 30;

export class MemoryInstance {
  view: DataView;
  private whole: Uint8Array | null = null;
  /** Called after growth, also by nothing; mostly another buffer is there now. */
  onGrow: (() => void) | null = null;
  /** Makes the buffer longer, if it is one that stays; else another takes its place. */
  private extend: ((length: number) => void) | null = null;

  constructor(readonly type: MemoryType) {
    this.view = new DataView(allocate(Number(type.limits.min) * this.pageSize));
  }

  get buffer(): ArrayBufferLike {
    return this.view.buffer;
  }
  /** Whether the buffer stays the same when the memory grows. */
  get growsInPlace(): boolean {
    return this.extend !== null;
  }
  /** Has its bytes, which must be the same, in another buffer; `extend` makes that longer. */
  moveTo(buffer: ArrayBufferLike, extend: ((length: number) => void) | null = null): void {
    this.extend = extend;
    this.look(buffer, buffer.byteLength);
  }
  /** All bytes. @throws RangeError where they are more than a typed array of the host holds */
  get bytes(): Uint8Array {
    return (this.whole ??= this.part(0, this.view.byteLength));
  }
  /** `length` bytes from `address`, which lie inside. */
  part(address: number, length: number): Uint8Array {
    return new Uint8Array(this.view.buffer, address, length);
  }

  get pageSize(): number {
    return 2 ** this.type.limits.pageSizeLog2;
  }
  /** Current size in pages. */
  get pages(): number {
    return this.view.byteLength / this.pageSize;
  }

  /** Grows by `delta` pages. Returns the old size in pages, or -1 where that is not possible. */
  grow(delta: number): number {
    const old = this.pages;
    const { max, address } = this.type.limits;
    const bound =
      address === "i64"
        ? 2 ** (64 - this.type.limits.pageSizeLog2)
        : // With pages of one byte, as many as the address type can count.
          Math.min(2 ** (32 - this.type.limits.pageSizeLog2), 2 ** 32 - 1);
    if (old + delta > Math.min(bound, max === undefined ? Infinity : Number(max))) return -1;
    try {
      if (delta !== 0) this.lengthen((old + delta) * this.pageSize);
    } catch {
      return -1;
    }
    this.onGrow?.();
    return old;
  }

  /** @throws RangeError where the host has no room */
  private lengthen(length: number): void {
    const before = this.view.buffer;
    if (this.extend !== null) {
      this.extend(length);
      return this.look(before, length);
    }
    const buffer = new ArrayBuffer(length);
    copyBytes(before, 0, buffer, 0, before.byteLength);
    this.look(buffer, length);
  }

  /** The length is said: views that follow a buffer's length are slow. */
  private look(buffer: ArrayBufferLike, length: number): void {
    this.view = new DataView(buffer, 0, length);
    this.whole = null;
  }

  /** Copies `n` bytes of `source`, which may be this memory. All of them lie inside. */
  copy(source: MemoryInstance, from: number, to: number, n: number): void {
    if (source === this && this.view.byteLength <= AT_ONCE)
      this.bytes.copyWithin(to, from, from + n);
    else copyBytes(source.view.buffer, from, this.view.buffer, to, n);
  }

  /** Puts `byte` into `n` bytes, which lie inside. */
  fill(byte: number, to: number, n: number): void {
    for (let done = 0; done < n; done += AT_ONCE)
      this.part(to + done, Math.min(AT_ONCE, n - done)).fill(byte);
  }

  /** Traps unless [address, address + length) lies inside. */
  check(address: number, length: number): void {
    if (address < 0 || address + length > this.view.byteLength)
      outOfBounds(address, length, this.view.byteLength);
  }
}

type Bytes = DataView["buffer"];

/** As if all bytes were read before any is written. */
function copyBytes(source: Bytes, from: number, target: Bytes, to: number, n: number): void {
  const backwards = source === target && to > from;
  for (let done = 0; done < n;) {
    const length = Math.min(AT_ONCE, n - done);
    const at = backwards ? n - done - length : done;
    new Uint8Array(target, to + at, length).set(new Uint8Array(source, from + at, length));
    done += length;
  }
}

function allocate(length: number): ArrayBuffer {
  try {
    return new ArrayBuffer(length);
  } catch {
    throw new RangeError(`a memory of ${length} bytes cannot be allocated on this host`);
  }
}

/** @throws Trap always */
export function outOfBounds(address: number, length: number, size: number): never {
  throw new Trap(
    "out of bounds memory access",
    `${length} bytes at address ${address}, memory has ${size}`,
  );
}
