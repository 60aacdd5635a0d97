// Reads the text format as the nested lists it is made of, with positions: tokens,
// strings with their escapes, comments (nested ones too) and annotations. What the lists
// mean is for others to say.
// Spec: https://webassembly.github.io/spec/core/text/lexical.html

import { SyntaxFault } from "../util/errors.js";

/** A keyword, an identifier or a number. */
export interface Atom {
  readonly kind: "atom";
  readonly text: string;
  /** Index of its first character in the source. */
  readonly start: number;
  readonly end: number;
}
export interface StringLiteral {
  readonly kind: "string";
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}
export interface List {
  readonly kind: "list";
  /** Without comments and annotations. */
  readonly items: readonly Node[];
  readonly start: number;
  readonly end: number;
}
export type Node = Atom | StringLiteral | List;

/**
 * The lists and atoms of a whole text.
 * @throws SyntaxFault
 */
export function readSExpressions(source: string): Node[] {
  return new SExpressionReader(source).all();
}

/** Where things stand in a source. */
export class Positions {
  /** Index of each line's first character. */
  readonly #starts: number[] = [0];

  constructor(source: string) {
    for (const { index, 0: end } of source.matchAll(/\r\n|\n|\r/g))
      this.#starts.push(index + end.length);
  }

  /** Line and column of an index, both from 1; columns count UTF-16 units. */
  at(index: number): { readonly line: number; readonly column: number } {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#starts[middle]! <= index) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: index - this.#starts[low]! + 1 };
  }

  fault(index: number, reason: string): SyntaxFault {
    const { line, column } = this.at(index);
    return new SyntaxFault(reason, line, column);
  }
}

const SPACE = /[ \t\r\n]*/y;
const LINE = /[^\r\n]*/y;
/** Printable ASCII but for space, quotes, comma, semicolon and brackets. */
const ATOM = /[!#$%&'*+\-./0-9:<=>?@A-Z\\^_`a-z|~]+/y;
// oxlint-disable-next-line no-control-regex -- strings must not hold control characters
const STRING = /"(?:[^"\\\u0000-\u001f\u007f]|\\(?:[tnr"'\\]|[\da-fA-F]{2}|u\{[\da-fA-F_]+\}))*"/y;
const ESCAPE = /\\(?:u\{([\da-fA-F_]+)\}|([\da-fA-F]{2})|(.))/y;
const SINGLE: Readonly<Record<string, number>> = { t: 9, n: 10, r: 13, '"': 34, "'": 39, "\\": 92 };
const utf8 = new TextEncoder();

class SExpressionReader {
  private at = 0;

  constructor(private readonly source: string) {}

  all(): Node[] {
    const nodes = this.items();
    if (this.at < this.source.length) throw this.fault(this.at, "unexpected )");
    return nodes;
  }

  /** Up to a closing parenthesis, or the end. Not recursive: nesting may be deep. */
  private items(): Node[] {
    const open: { items: Node[]; start: number; annotation: boolean }[] = [];
    let items: Node[] = [];
    for (;;) {
      this.skip();
      const start = this.at;
      const c = this.source[start];
      if (c === undefined) {
        const unclosed = open.at(-1);
        if (unclosed !== undefined) throw this.fault(unclosed.start, "this ( is not closed");
        return items;
      }
      if (c === "(") {
        this.at++;
        const annotation = this.source[this.at] === "@";
        open.push({ items, start, annotation });
        items = [];
      } else if (c === ")") {
        const outer = open.pop();
        if (outer === undefined) return items;
        this.at++;
        if (!outer.annotation)
          outer.items.push({ kind: "list", items, start: outer.start, end: this.at });
        items = outer.items;
      } else if (c === '"') items.push(this.string());
      else items.push(this.atom(() => open.some(({ annotation }) => annotation)));
    }
  }

  private skip(): void {
    for (;;) {
      SPACE.lastIndex = this.at;
      SPACE.exec(this.source);
      this.at = SPACE.lastIndex;
      if (this.source.startsWith(";;", this.at)) {
        LINE.lastIndex = this.at;
        LINE.exec(this.source);
        this.at = LINE.lastIndex;
      } else if (this.source.startsWith("(;", this.at)) this.blockComment();
      else return;
    }
  }

  private blockComment(): void {
    const start = this.at;
    let depth = 0;
    const bracket = /\(;|;\)/g;
    bracket.lastIndex = start;
    do {
      const found = bracket.exec(this.source);
      if (found === null) throw this.fault(start, "this comment is not closed");
      depth += found[0] === "(;" ? 1 : -1;
    } while (depth > 0);
    this.at = bracket.lastIndex;
  }

  private atom(inAnnotation: () => boolean): Atom {
    const start = this.at;
    ATOM.lastIndex = start;
    // An identifier may be a `$` and a string.
    if (ATOM.exec(this.source) !== null) this.at = ATOM.lastIndex;
    const text = this.source.slice(start, this.at);
    if (text === "$" && this.source[this.at] === '"') {
      const { bytes } = this.string();
      return { kind: "atom", text: `$${decode(bytes)}`, start, end: this.at };
    }
    // Annotations may hold any characters: nobody looks at them here.
    if (text === "" && /[,;[\]{}]/.test(this.source[start]!) && inAnnotation()) this.at++;
    else if (text === "")
      throw this.fault(start, `unexpected character ${JSON.stringify(this.source[start])}`);
    return { kind: "atom", text, start, end: this.at };
  }

  private string(): StringLiteral {
    const start = this.at;
    STRING.lastIndex = start;
    const [literal] = STRING.exec(this.source) ?? [];
    if (literal === undefined) throw this.badString(start);
    this.at = STRING.lastIndex;
    const bytes = this.bytes(literal.slice(1, -1), start);
    return { kind: "string", bytes, start, end: this.at };
  }

  private bytes(body: string, start: number): Uint8Array {
    if (!body.includes("\\")) return utf8.encode(body);
    const bytes: number[] = [];
    let at = 0;
    while (at < body.length) {
      const next = body.indexOf("\\", at);
      const plain = body.slice(at, next < 0 ? body.length : next);
      for (const byte of utf8.encode(plain)) bytes.push(byte);
      if (next < 0) break;
      ESCAPE.lastIndex = next;
      const [whole, unicode, hex, single] = ESCAPE.exec(body)!;
      if (hex !== undefined) bytes.push(parseInt(hex, 16));
      else if (unicode === undefined) bytes.push(SINGLE[single!]!);
      else {
        const point = parseInt(unicode.replaceAll("_", ""), 16);
        if (!(point < 0xd800 || (point >= 0xe000 && point <= 0x10ffff)))
          throw this.fault(start + 1 + next, `${whole} is no character`);
        for (const byte of utf8.encode(String.fromCodePoint(point))) bytes.push(byte);
      }
      at = next + whole.length;
    }
    return Uint8Array.from(bytes);
  }

  /** Says what is wrong in a string: its end, an escape, or a control character. */
  private badString(start: number): SyntaxFault {
    for (let at = start + 1; at < this.source.length; at++) {
      const c = this.source[at]!;
      if (c === "\n" || c === "\r") break;
      if (c < " " || c === "\u007f")
        return this.fault(at, `a control character in a string: write it as an escape`);
      if (c !== "\\") continue;
      if (!/^\\(?:[tnr"'\\]|[\da-fA-F]{2}|u\{[\da-fA-F_]+\})/.test(this.source.slice(at, at + 20)))
        return this.fault(at, `unknown escape ${this.source.slice(at, at + 2)}`);
      at++;
    }
    return this.fault(start, "this string is not closed");
  }

  private fault(index: number, reason: string): SyntaxFault {
    return new Positions(this.source).fault(index, reason);
  }
}

const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
