import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { readS32, readS33, readS64, readU32, readU64, type Cursor } from "./leb128.js";

const cursor = (...bytes: number[]): Cursor => ({
  bytes: Uint8Array.from(bytes),
  pos: 0,
  end: bytes.length,
});

/** The shortest encoding, then `padding` bytes more than needed. */
function encode(value: bigint, signed: boolean, padding = 0): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>= 7n) {
    const bits = Number(rest & 0x7fn);
    const last = signed ? rest >> 6n === (rest < 0n ? -1n : 0n) : rest < 0x80n;
    if (!last) bytes.push(bits | 0x80);
    else if (padding === 0) return [...bytes, bits];
    else {
      const fill = value < 0n ? 0x7f : 0;
      const more = Array.from({ length: padding - 1 }, () => fill | 0x80);
      return [...bytes, bits | 0x80, ...more, fill];
    }
  }
}

const readers = [
  { name: "u32", read: readU32, bits: 32, signed: false },
  { name: "s32", read: readS32, bits: 32, signed: true },
  { name: "s33", read: readS33, bits: 33, signed: true },
  { name: "u64", read: readU64, bits: 64, signed: false },
  { name: "s64", read: readS64, bits: 64, signed: true },
];

for (const { name, read, bits, signed } of readers) {
  const min = signed ? -(1n << BigInt(bits - 1)) : 0n;
  const max = signed ? -min - 1n : (1n << BigInt(bits)) - 1n;
  const longest = Math.ceil(bits / 7);

  test(`${name}: reads back what is encoded, padded or not`, () => {
    fc.assert(
      fc.property(fc.bigInt(min, max), fc.nat(longest), (value, extra) => {
        const shortest = encode(value, signed);
        const bytes = encode(value, signed, Math.min(extra, longest - shortest.length));
        const c = cursor(...bytes, 0xaa);
        expect(BigInt(read(c))).toBe(value);
        expect(c.pos).toBe(bytes.length);
      }),
      { examples: [min, max, 0n, 63n, 64n, 127n, 128n].map((v) => [v, 0] as [bigint, number]) },
    );
  });

  test(`${name}: no more bits and no more bytes than it has`, () => {
    const reading = (bytes: number[]) => () => read(cursor(...bytes));
    expect(reading(encode(max + 1n, signed))).toThrow("integer too large");
    if (signed) expect(reading(encode(min - 1n, signed))).toThrow("integer too large");
    const padded = Array.from({ length: longest }, () => 0x80);
    expect(reading([...padded, 0])).toThrow("integer representation too long");
    expect(reading(padded.slice(1))).toThrow("unexpected end");
  });
}

test("a u64 is a number up to 2^53 and a bigint beyond", () => {
  expect(readU64(cursor(...encode(2n ** 53n - 1n, false)))).toBe(2 ** 53 - 1);
  expect(readU64(cursor(...encode(2n ** 53n, false)))).toBe(2n ** 53n);
});
