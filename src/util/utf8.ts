// UTF-8 as names in modules use it: strict decoding (no surrogates, no overlong
// forms), with a byte order mark kept as the character it is.
// Spec: https://webassembly.github.io/spec/core/binary/values.html#names

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of bytes [start, end), or undefined where they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array, start: number, end: number): string | undefined {
  // Names are mostly short and ASCII, where a TextDecoder call costs more than the work.
  if (end - start <= 64) {
    let text = "";
    let at = start;
    while (at < end && bytes[at]! < 0x80) text += String.fromCharCode(bytes[at++]!);
    if (at === end) return text;
  }
  try {
    return strict.decode(bytes.subarray(start, end));
  } catch {
    return undefined;
  }
}
