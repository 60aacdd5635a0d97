// UTF-8 as names in modules use it: strict decoding (no surrogates, no overlong
// forms), with a byte order mark kept as the character it is.
// Spec: https://webassembly.github.io/spec/core/binary/values.html#names

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of bytes [start, end), or undefined where they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string | undefined {
  try {
    return strict.decode(bytes.subarray(start, end));
  } catch {
    return undefined;
  }
}
