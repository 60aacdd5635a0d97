// Identifiers of the text format: `$name`, or `$"any name"` where the name has
// characters that a bare identifier cannot have.
// Spec: https://webassembly.github.io/spec/core/text/values.html#text-id

const BARE = /^[\w!#$%&'*+\-./:<=>?@\\^`|~]+$/;

/** What a string literal cannot hold as it is, and what does not show or changes how the rest shows. */
const escape = (character: string) =>
  character === '"' || character === "\\"
    ? `\\${character}`
    : `\\u{${character.codePointAt(0)!.toString(16)}}`;

/** A string literal of the text format. */
export function quote(text: string): string {
  return `"${text.replace(/["\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escape)}"`;
}

export const identifier = (name: string): string => `$${BARE.test(name) ? name : quote(name)}`;
