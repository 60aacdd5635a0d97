// A place among the tokens of one source, with the forms that directives and
// instructions share: names, types, signatures, lists. Every failure says what was
// expected, and what stands there instead.

import { EXTERNREF, FUNCREF, refType, type ValType } from "../syntax/types.js";
import { AssemblyError } from "../util/errors.js";
import type { Token, TokenKind } from "./lexer.js";

export interface Signature {
  readonly params: readonly ValType[];
  readonly results: readonly ValType[];
}

const valueTypes: Readonly<Record<string, ValType>> = {
  i32: "i32",
  i64: "i64",
  f32: "f32",
  f64: "f64",
  v128: "v128",
  funcref: FUNCREF,
  externref: EXTERNREF,
  exnref: refType("exn"),
  anyref: refType("any"),
  eqref: refType("eq"),
  i31ref: refType("i31"),
  structref: refType("struct"),
  arrayref: refType("array"),
  contref: refType("cont"),
};

export class TokenCursor {
  private at = 0;

  constructor(
    private readonly tokens: readonly Token[],
    readonly file: string,
  ) {}

  get token(): Token {
    return this.tokens[this.at]!;
  }

  /** The one after `token`. */
  get ahead(): Token {
    return this.tokens[Math.min(this.at + 1, this.tokens.length - 1)]!;
  }

  /** Where it is, for `reset` to come back to. */
  mark(): number {
    return this.at;
  }

  reset(mark: number): void {
    this.at = mark;
  }

  /** Whether no statement is left. */
  get finished(): boolean {
    return this.at >= this.tokens.length - 1;
  }

  advance(): Token {
    const { token } = this;
    if (!this.finished) this.at++;
    return token;
  }

  is(text: string): boolean {
    return this.token.kind === "mark" && this.token.text === text;
  }

  isEnd(): boolean {
    return this.token.kind === "end";
  }

  /** Takes the mark if it stands there. */
  accept(text: string): boolean {
    if (!this.is(text)) return false;
    this.advance();
    return true;
  }

  expect(text: string): void {
    if (!this.accept(text)) this.unexpected(JSON.stringify(text));
  }

  take(kind: TokenKind, what: string): Token {
    return this.token.kind === kind ? this.advance() : this.unexpected(what);
  }

  /** What is left of the statement is thrown away. */
  skipStatement(): void {
    while (!this.isEnd()) this.advance();
  }

  expectEnd(): void {
    if (!this.isEnd()) this.unexpected("the end of the line");
    this.advance();
  }

  /** A symbol's name; quoted, it may be anything. */
  symbolName(what = "a symbol"): string {
    const { kind } = this.token;
    if (kind === "name") return this.advance().text;
    if (kind !== "string") this.unexpected(what);
    return new TextDecoder().decode(Uint8Array.from(this.advance().bytes));
  }

  integer(what: string): bigint {
    const negative = this.accept("-");
    const { value } = this.take("integer", what);
    return negative ? -value : value;
  }

  /** An unsigned number of 32 bits. */
  index(what: string): number {
    const { token } = this;
    const value = this.integer(what);
    if (value < 0n || value > 0xffff_ffffn) this.fail(`${what} is out of range: ${value}`, token);
    return Number(value);
  }

  valueType(what = "a value type"): ValType {
    const type = this.token.kind === "name" ? valueTypes[this.token.text] : undefined;
    if (type === undefined) this.unexpected(`${what} (i32, i64, f32, f64, v128, funcref, …)`);
    this.advance();
    return type;
  }

  /** `i32, i64`; may be empty. */
  valueTypeList(): ValType[] {
    const types: ValType[] = [];
    if (this.token.kind !== "name") return types;
    do types.push(this.valueType());
    while (this.accept(","));
    return types;
  }

  /** `(i32, i32) -> (i64)` */
  signature(): Signature {
    const side = () => {
      this.expect("(");
      const types = this.valueTypeList();
      this.expect(")");
      return types;
    };
    const params = side();
    this.expect("->");
    return { params, results: side() };
  }

  unexpected(wanted: string): never {
    const { kind, text } = this.token;
    this.fail(`expected ${wanted}, found ${kind === "end" ? text : JSON.stringify(text)}`);
  }

  fail(reason: string, { line, column }: { line: number; column: number } = this.token): never {
    throw new AssemblyError(reason, this.file, line, column);
  }
}
