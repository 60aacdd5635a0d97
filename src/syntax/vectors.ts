// The 16 bytes of a vector immediate as what they stand for. An `Instruction` has
// them as four words, the low one first.

/** The four words from `at` on as an unsigned 128-bit integer, lane 0 lowest. */
export function bitsOf(words: { readonly [index: number]: number }, at = 0): bigint {
  let bits = 0n;
  for (let k = 3; k >= 0; k--) bits = (bits << 32n) | BigInt(words[at + k]! >>> 0);
  return bits;
}

/** The words of a 128-bit integer. */
export function wordsOfBits(bits: bigint): Int32Array {
  return Int32Array.from([0n, 32n, 64n, 96n], (k) => Number(BigInt.asIntN(32, bits >> k)));
}

/** The 16 bytes, as the lane numbers that `i8x16.shuffle` has. */
export const lanesOf = (words: Int32Array): number[] =>
  Array.from({ length: 16 }, (_, i) => (words[i >> 2]! >>> (8 * (i & 3))) & 0xff);
