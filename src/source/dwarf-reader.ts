// A cursor over one section of DWARF. Every failure is a DebugInfoError with the section
// and the offset in it; what is read moves on by a byte at least, or fails.
// Spec: DWARF 5, https://dwarfstd.org/dwarf5std.html, section 7 (data representation)

import { DebugInfoError } from "./errors.js";

/** Beyond it the further digits of a LEB128 number are padding, or nonsense. */
const HUGE = 2 ** 63;
/** Longer than any path: a malformed table must not be searched to its end at each reference. */
const LONGEST_STRING = 1 << 16;
/** A path that is no UTF-8 is shown as well as it can be. */
const utf8 = new TextDecoder("utf-8");

export class DwarfReader {
  private readonly view: DataView;
  /** Bytes of an offset into another section: 8 in 64-bit DWARF. */
  offsetSize: 4 | 8 = 4;

  constructor(
    readonly section: string,
    readonly bytes: Uint8Array,
    public pos = 0,
    public end = bytes.length,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (pos > end || end > bytes.length) this.fail("an offset is out of bounds", pos);
  }

  fail(reason: string, offset = this.pos): never {
    throw new DebugInfoError(reason, this.section, offset);
  }

  /** Goes on behind `count` bytes; where they began. */
  skip(count: number): number {
    const at = this.pos;
    if (!(count >= 0 && count <= this.end - at)) this.fail("unexpected end", at);
    this.pos = at + count;
    return at;
  }

  u8(): number {
    return this.bytes[this.skip(1)]!;
  }
  s8(): number {
    return (this.u8() << 24) >> 24;
  }
  u16(): number {
    return this.view.getUint16(this.skip(2), true);
  }
  u24(): number {
    return this.u16() + this.u8() * 0x10000;
  }
  u32(): number {
    return this.view.getUint32(this.skip(4), true);
  }
  /** Not exact beyond 2^53, where nothing of a module can be. */
  u64(): number {
    return Number(this.view.getBigUint64(this.skip(8), true));
  }

  /** An unsigned integer of so many bytes. */
  uint(size: number): number {
    switch (size) {
      case 1:
        return this.u8();
      case 2:
        return this.u16();
      case 3:
        return this.u24();
      case 4:
        return this.u32();
      case 8:
        return this.u64();
      default:
        return this.fail(`no integer has ${size} bytes`);
    }
  }

  offset(): number {
    return this.offsetSize === 4 ? this.u32() : this.u64();
  }

  uleb(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      if (scale < HUGE) value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  sleb(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      if (scale < HUGE) value += (byte & 0x7f) * scale;
      scale *= 0x80;
      if (byte < 0x80) return byte & 0x40 && scale <= HUGE ? value - scale : value;
    }
  }

  /** Text up to a zero byte. */
  string(): string {
    const rest = this.bytes.subarray(this.pos, Math.min(this.end, this.pos + LONGEST_STRING));
    const length = rest.indexOf(0);
    if (length < 0) this.fail("a string has no end");
    this.pos += length + 1;
    return utf8.decode(rest.subarray(0, length));
  }

  /** The length that opens a unit, which says too how large offsets are: where the unit ends. */
  unitEnd(): number {
    const start = this.pos;
    let length = this.u32();
    this.offsetSize = 4;
    if (length === 0xffffffff) {
      this.offsetSize = 8;
      length = this.u64();
    } else if (length >= 0xfffffff0) this.fail("a unit's length is reserved", start);
    if (length > this.end - this.pos) this.fail("a unit is longer than its section", start);
    return this.pos + length;
  }

  /** The same section, only `[pos, end)` of it. */
  within(end: number): DwarfReader {
    const inner = new DwarfReader(this.section, this.bytes, this.pos, Math.min(end, this.end));
    inner.offsetSize = this.offsetSize;
    return inner;
  }
}
