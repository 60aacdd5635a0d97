// Numbers as people read addresses, offsets and bytes.

/** `0x1f`; what is not known is a question mark. */
export const hex = (n: number | bigint | null, digits = 1): string =>
  n === null ? "?" : `0x${n.toString(16).padStart(digits, "0")}`;

/** Two digits. */
export const hexByte = (byte: number): string => byte.toString(16).padStart(2, "0");
