// A cursor over the bytes of a module. Every failure is a MalformedError with the
// spec's reason and the byte offset. Reading is bounded by `end`, which is the end
// of the file (not of the section) while decoding: like the spec interpreter, the
// decoder reads on and then finds "section size mismatch".

import { MalformedError } from "../util/errors.js";
import { type Limited, limits } from "./limits.js";
import {
  readByte,
  readS32,
  readS33,
  readU32,
  readU64,
  wide,
  type Cursor,
  readS64Halves,
} from "../util/leb128.js";
import { decodeUtf8 } from "../util/utf8.js";

export class Reader implements Cursor {
  constructor(
    readonly bytes: Uint8Array,
    public pos = 0,
    public end: number = bytes.length,
  ) {}

  fail(reason: string, offset = this.pos): never {
    throw new MalformedError(reason, { offset });
  }

  byte(): number {
    return readByte(this);
  }

  /** The next byte, or -1 at the end. */
  peek(): number {
    return this.pos < this.end ? this.bytes[this.pos]! : -1;
  }

  // Most integers in code are small: one byte is read here, the rest in `leb128.ts`.

  u32(): number {
    const byte = this.pos < this.end ? this.bytes[this.pos]! : 0xff;
    if (byte >= 0x80) return readU32(this);
    this.pos++;
    return byte;
  }

  s32(): number {
    const byte = this.pos < this.end ? this.bytes[this.pos]! : 0xff;
    if (byte >= 0x80) return readS32(this);
    this.pos++;
    return (byte << 25) >> 25;
  }

  s33(): number {
    return readS33(this);
  }

  u64(): number | bigint {
    const byte = this.pos < this.end ? this.bytes[this.pos]! : 0xff;
    if (byte >= 0x80) return readU64(this);
    this.pos++;
    return byte;
  }

  /** The halves of a signed 64-bit integer, each as int32. */
  s64(into: { a: number; b: number }): void {
    into.a = readS64Halves(this);
    into.b = wide.high;
  }

  /** Four bytes, little endian, as int32: the bits of a float. */
  word(): number {
    const at = this.pos;
    this.skip(4);
    const b = this.bytes;
    return b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24);
  }

  skip(count: number): void {
    if (count < 0 || count > this.end - this.pos) {
      this.fail("unexpected end of section or function", this.end);
    }
    this.pos += count;
  }

  /** A length that must fit what is left of the file. */
  length(): number {
    const start = this.pos;
    const length = this.u32();
    // The spec interpreter counts what is left from before the length itself, and the
    // suite tells the two apart: one byte too few is an "unexpected end".
    if (length > this.end - start) this.fail("length out of bounds", start);
    return length;
  }

  name(): string {
    const start = this.pos;
    const length = this.length();
    this.limit("bytes of a name", length, start);
    const from = this.pos;
    this.skip(length);
    return decodeUtf8(this.bytes, from, this.pos) ?? this.fail("malformed UTF-8 encoding", start);
  }

  /** A vector: its length, then that many items, which `what` may limit. */
  list<T>(item: () => T, what?: Limited): T[] {
    const items: T[] = [];
    this.each(() => items.push(item()), what);
    // What was pushed to has room for seventeen: too much for the many lists of one or two.
    return items.slice();
  }

  /** The same for items that `item` puts elsewhere. */
  each(item: () => unknown, what?: Limited): void {
    const start = this.pos;
    let count = this.length();
    if (what !== undefined) this.limit(what, count, start);
    for (; count > 0; count--) item();
  }

  /** Fails where there is more than Bobbin, like other engines, allows. */
  limit(what: Limited, count: number, offset = this.pos): void {
    if (count > limits[what])
      this.fail(`too many ${what}: ${count}, the limit is ${limits[what]}`, offset);
  }

  zero(): void {
    if (this.byte() !== 0) this.fail("zero byte expected", this.pos - 1);
  }
}
