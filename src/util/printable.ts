// Text that comes from elsewhere, for a terminal.

/** Names come from files: control characters must not reach a terminal. */
export const printable = (text: string): string =>
  text.replace(/\p{Cc}/gu, (c) => `\\u{${c.codePointAt(0)!.toString(16)}}`);
