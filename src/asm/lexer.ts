// Text to tokens, as LLVM's assembler has them: statements end with a line or `;`,
// comments start with `#` or `//` or stand between `/*` and `*/`. A name may contain
// dots, dollars and at-signs. Assumes nothing about what the tokens mean.

import { AssemblyError } from "../util/errors.js";

export type TokenKind =
  | "name"
  | "integer"
  | "float"
  | "string"
  /** One of the marks in `MARKS`. */
  | "mark"
  /** The end of a statement. */
  | "end";

export interface Token {
  readonly kind: TokenKind;
  /** As it stands in the source; `end` for what ends a statement. */
  readonly text: string;
  /** The value of an integer or a character. */
  readonly value: bigint;
  /** The bytes of a string. */
  readonly bytes: readonly number[];
  readonly line: number;
  readonly column: number;
  /** Whether white space, a comment or a line's end stands before it. */
  readonly spaced: boolean;
}

/** Two characters before one. */
const MARKS = ["->", "<<", ">>", ..."()[]{},:=@+-*/%&|^~!<>".split("")];
const NAME = /[A-Za-z_.$?][\w.$?@]*/y;
const HEX_FLOAT = /0[xX][\da-fA-F]*(?:\.[\da-fA-F]*)?[pP][+-]?\d+/y;
const DECIMAL_FLOAT = /(?:\d+\.\d*|\.\d+)(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+/y;
const INTEGER = /0[xX][\da-fA-F]+|0[bB][01]+|\d+/y;
const SPACE = /[ \t\r\f\v]+|\\\n/y;
const COMMENT = /#[^\n]*|\/\/[^\n]*/y;
const ESCAPES: Readonly<Record<string, number>> = {
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  '"': 34,
  "'": 39,
  "\\": 92,
};

export class Lexer {
  private pos = 0;
  private line = 1;
  private lineStart = 0;

  constructor(
    private readonly text: string,
    private readonly file: string,
  ) {}

  /** All tokens, the last an `end`. @throws AssemblyError */
  tokens(): Token[] {
    const tokens: Token[] = [];
    for (;;) {
      const spaced = this.skip();
      if (this.pos >= this.text.length) {
        tokens.push(this.token("end", 0, spaced));
        return tokens;
      }
      tokens.push(this.next(spaced));
    }
  }

  private next(spaced: boolean): Token {
    const c = this.text[this.pos]!;
    if (c === "\n") {
      const token = this.token("end", 1, spaced);
      this.newLine();
      return token;
    }
    if (c === ";") return this.token("end", 1, spaced);
    if (c === '"') return this.string(spaced);
    if (c === "'") return this.character(spaced);
    for (const [kind, pattern] of [
      ["float", HEX_FLOAT],
      ["float", DECIMAL_FLOAT],
      ["integer", INTEGER],
      ["name", NAME],
    ] as const) {
      const length = this.match(pattern);
      if (length === 0) continue;
      const text = this.text.slice(this.pos, this.pos + length);
      return this.token(kind, length, spaced, kind === "integer" ? this.integer(text) : 0n);
    }
    const mark = MARKS.find((m) => this.text.startsWith(m, this.pos));
    if (mark === undefined) this.fail(`unexpected character ${JSON.stringify(c)}`);
    return this.token("mark", mark.length, spaced);
  }

  private match(pattern: RegExp): number {
    pattern.lastIndex = this.pos;
    return pattern.exec(this.text)?.[0].length ?? 0;
  }

  private integer(text: string): bigint {
    const octal = /^0\d/.test(text);
    if (octal && /[89]/.test(text)) this.fail(`invalid digit in the octal number ${text}`);
    const value = octal ? BigInt(`0o${text.slice(1)}`) : BigInt(text);
    if (value >= 1n << 64n) this.fail(`${text} does not fit 64 bits`);
    return value;
  }

  /** White space and comments; whether there were any. */
  private skip(): boolean {
    const start = this.pos;
    for (;;) {
      const length = this.match(SPACE) || this.match(COMMENT);
      if (this.text.startsWith("/*", this.pos)) {
        const end = this.text.indexOf("*/", this.pos + 2);
        if (end < 0) this.fail("comment without an end");
        while (this.pos < end + 2) if (this.text[this.pos++] === "\n") this.newLine();
      } else if (length === 0) break;
      else {
        const continued = this.text[this.pos] === "\\";
        this.pos += length;
        if (continued) this.newLine();
      }
    }
    return this.pos > start || this.pos === this.lineStart;
  }

  private newLine(): void {
    this.line++;
    this.lineStart = this.pos;
  }

  private string(spaced: boolean): Token {
    const bytes: number[] = [];
    let at = this.pos + 1;
    for (;;) {
      const c = this.text[at];
      if (c === undefined || c === "\n") this.fail("string without an end");
      if (c === '"') break;
      if (c === "\\") at = this.escape(at + 1, bytes);
      else {
        const point = String.fromCodePoint(this.text.codePointAt(at)!);
        bytes.push(...new TextEncoder().encode(point));
        at += point.length;
      }
    }
    return this.token("string", at + 1 - this.pos, spaced, 0n, bytes);
  }

  private character(spaced: boolean): Token {
    const bytes: number[] = [];
    const start = this.pos + 1;
    const end =
      this.text[start] === "\\" ? this.escape(start + 1, bytes) : (bytes.push(0), start + 1);
    if (this.text[end] !== "'") this.fail("character without an end");
    const code = this.text[start] === "\\" ? bytes[0]! : this.text.charCodeAt(start);
    return this.token("integer", end + 1 - this.pos, spaced, BigInt(code));
  }

  /** Reads the rest of an escape; returns where it ends. */
  private escape(at: number, bytes: number[]): number {
    const rest = this.text.slice(at, at + 16);
    const hex = /^[xX]([\da-fA-F]+)/.exec(rest);
    const octal = /^[0-7]{1,3}/.exec(rest);
    const code = hex
      ? Number.parseInt(hex[1]!, 16) & 0xff
      : octal
        ? Number.parseInt(octal[0], 8)
        : ESCAPES[rest[0] ?? ""];
    if (code === undefined || code > 0xff)
      this.fail(`invalid escape \\${rest[0] ?? ""} in a string`);
    bytes.push(code);
    return at + (hex ?? octal ?? [" "])[0].length;
  }

  private token(
    kind: TokenKind,
    length: number,
    spaced: boolean,
    value = 0n,
    bytes: readonly number[] = [],
  ): Token {
    const text = kind === "end" ? "end of line" : this.text.slice(this.pos, this.pos + length);
    const column = this.pos - this.lineStart + 1;
    this.pos += length;
    return { kind, text, value, bytes, line: this.line, column, spaced };
  }

  private fail(reason: string): never {
    throw new AssemblyError(reason, this.file, this.line, this.pos - this.lineStart + 1);
  }
}
