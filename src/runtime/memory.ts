// Linear memory: little-endian bytes in an ArrayBuffer that is replaced on growth.
// Resizable buffers would be simpler, but DataView access to one is many times slower.

import type { MemoryType } from "../syntax/types.js";
import { Trap } from "./traps.js";

export class MemoryInstance {
  bytes: Uint8Array;
  view: DataView;
  /** Called after growth replaced the buffer (JavaScript views of the old one are stale). */
  onGrow: (() => void) | null = null;

  constructor(readonly type: MemoryType) {
    this.bytes = new Uint8Array(allocate(Number(type.limits.min) * this.pageSize));
    this.view = new DataView(this.bytes.buffer);
  }

  get pageSize(): number {
    return 2 ** this.type.limits.pageSizeLog2;
  }
  /** Current size in pages. */
  get pages(): number {
    return this.bytes.length / this.pageSize;
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
    if (delta === 0) return old;
    let buffer: ArrayBuffer;
    try {
      buffer = new ArrayBuffer((old + delta) * this.pageSize);
    } catch {
      return -1;
    }
    const bytes = new Uint8Array(buffer);
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.view = new DataView(buffer);
    this.onGrow?.();
    return old;
  }

  /** Traps unless [address, address + length) lies inside. */
  check(address: number, length: number): void {
    if (address < 0 || address + length > this.bytes.length)
      outOfBounds(address, length, this.bytes.length);
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
