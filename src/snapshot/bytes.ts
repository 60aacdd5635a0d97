// Bytes of sections: a writer that grows, and a reader that never trusts a count or an
// index. Integers are unsigned LEB128 unless said otherwise.

import { SnapshotError } from "./errors.js";

const scratch = new DataView(new ArrayBuffer(8));
const scratchBytes = new Uint8Array(scratch.buffer);

export class ByteWriter {
  private buffer = new Uint8Array(256);
  length = 0;

  get bytes(): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(0, this.length);
  }

  private room(bytes: number): number {
    const at = this.length;
    if (at + bytes > this.buffer.length) {
      const buffer = new Uint8Array(Math.max(2 * this.buffer.length, at + bytes));
      buffer.set(this.bytes);
      this.buffer = buffer;
    }
    this.length = at + bytes;
    return at;
  }

  byte(value: number): void {
    const at = this.room(1);
    this.buffer[at] = value;
  }
  flag(value: boolean): void {
    this.byte(value ? 1 : 0);
  }
  /** Any whole number up to 2^53. */
  uint(value: number): void {
    for (; value >= 0x80; value = Math.floor(value / 128)) this.byte((value % 128) | 0x80);
    this.byte(value);
  }
  /** 32 bits, whatever their sign, little endian. */
  word(value: number): void {
    scratch.setInt32(0, value, true);
    this.raw(scratchBytes.subarray(0, 4));
  }
  /** 64 bits, whatever their sign, little endian. */
  long(value: bigint): void {
    scratch.setBigInt64(0, value, true);
    this.raw(scratchBytes);
  }
  raw(bytes: Uint8Array): void {
    const at = this.room(bytes.length);
    this.buffer.set(bytes, at);
  }
  /** A length, then the bytes. */
  sized(bytes: Uint8Array): void {
    this.uint(bytes.length);
    this.raw(bytes);
  }
  /** Code units, so that any string of JavaScript stays what it is. */
  text(text: string): void {
    this.uint(text.length);
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      this.byte(unit & 0xff);
      this.byte(unit >> 8);
    }
  }
  list<T>(items: readonly T[], write: (item: T, index: number) => void): void {
    this.uint(items.length);
    items.forEach(write);
  }
}

export class SectionReader {
  pos = 0;
  private readonly view: DataView;

  constructor(
    readonly bytes: Uint8Array,
    readonly section: string,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  fail(reason: string, offset = this.pos): never {
    throw new SnapshotError(reason, { section: this.section, offset });
  }
  /** Fails unless the condition holds. */
  ensure(condition: boolean, reason: string, offset = this.pos): asserts condition {
    if (!condition) this.fail(reason, offset);
  }

  get left(): number {
    return this.bytes.length - this.pos;
  }
  private take(bytes: number, what: string): number {
    if (bytes > this.left) this.fail(`expected ${what}, but only ${this.left} bytes are left`);
    const at = this.pos;
    this.pos += bytes;
    return at;
  }

  byte(what: string): number {
    return this.bytes[this.take(1, what)]!;
  }
  flag(what: string): boolean {
    return this.below(2, what) === 1;
  }
  uint(what: string): number {
    const start = this.pos;
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte(what);
      value += (byte & 0x7f) * scale;
      // One way to write a number only.
      if (byte < 0x80 && (byte > 0 || scale === 1) && value <= Number.MAX_SAFE_INTEGER)
        return value;
      if (byte < 0x80 || scale > 2 ** 49) this.fail(`expected ${what}, a number of 53 bits`, start);
    }
  }
  /** A number less than `bound`. */
  below(bound: number, what: string): number {
    const start = this.pos;
    const value = this.uint(what);
    if (value >= bound) this.fail(`expected ${what} below ${bound}, found ${value}`, start);
    return value;
  }
  /** A count of things that take at least `size` bytes each. */
  count(what: string, size = 1): number {
    const start = this.pos;
    const count = this.uint(`a count of ${what}`);
    if (count * size > this.left)
      this.fail(`${count} ${what} announced, but only ${this.left} bytes are left`, start);
    return count;
  }
  word(what: string): number {
    return this.view.getInt32(this.take(4, what), true);
  }
  long(what: string): bigint {
    return this.view.getBigInt64(this.take(8, what), true);
  }
  raw(length: number, what: string): Uint8Array {
    const at = this.take(length, what);
    return this.bytes.subarray(at, at + length);
  }
  sized(what: string): Uint8Array {
    return this.raw(this.count(`bytes of ${what}`), what);
  }
  text(what: string): string {
    const units = this.raw(2 * this.count(`characters of ${what}`, 2), what);
    const parts: string[] = [];
    for (let at = 0; at < units.length; at += 0x2000) {
      const codes: number[] = [];
      for (let i = at; i < Math.min(at + 0x2000, units.length); i += 2)
        codes.push(units[i]! | (units[i + 1]! << 8));
      parts.push(String.fromCharCode(...codes));
    }
    return parts.join("");
  }
  list<T>(what: string, read: (index: number) => T): T[] {
    const count = this.count(what);
    const items: T[] = [];
    for (let i = 0; i < count; i++) items.push(read(i));
    return items;
  }
  end(): void {
    if (this.left > 0) this.fail(`${this.left} bytes that nothing accounts for`);
  }
}
