// Bytes compared by words: what recording costs is mostly this.

/** Bytes that are compared, and kept, together. */
export const BLOCK = 4096;
export const BLOCK_WORDS = BLOCK / 4;

/** The whole words of a buffer's first `length` bytes. */
export const wordsOf = (buffer: ArrayBufferLike, length: number): Int32Array =>
  new Int32Array(buffer, 0, length >> 2);

/** Whether `count` words differ. No branch for each of them: mostly none differs. */
export function differ(
  a: Int32Array,
  at: number,
  b: Int32Array,
  bt: number,
  count: number,
): boolean {
  let bits = 0;
  let i = 0;
  for (; i + 4 <= count; i += 4)
    bits |=
      (a[at + i]! ^ b[bt + i]!) |
      (a[at + i + 1]! ^ b[bt + i + 1]!) |
      (a[at + i + 2]! ^ b[bt + i + 2]!) |
      (a[at + i + 3]! ^ b[bt + i + 3]!);
  for (; i < count; i++) bits |= a[at + i]! ^ b[bt + i]!;
  return bits !== 0;
}
