// The expressions of conditions, `print` and the like, as trees: numbers, names, loads from
// memory, arithmetic and comparison, with C's precedence. Integers are exact, of any size.
// What names and loads mean is for `evaluate.ts`.

import { UsageError } from "../util/errors.js";

export type Expression =
  | { readonly kind: "number"; readonly value: bigint | number }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "load"; readonly type: MemoryType; readonly address: Expression }
  | { readonly kind: "cast"; readonly type: MemoryType; readonly of: Expression }
  | { readonly kind: "unary"; readonly op: string; readonly of: Expression }
  | { readonly kind: "binary"; readonly op: string; readonly left: Expression; readonly right: Expression }; // prettier-ignore

/** How bytes of a memory are read. */
export const MEMORY_TYPES = {
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  i32: 4,
  u32: 4,
  i64: 8,
  u64: 8,
  f32: 4,
  f64: 8,
} as const;
export type MemoryType = keyof typeof MEMORY_TYPES;
export const isMemoryType = (name: string): name is MemoryType => Object.hasOwn(MEMORY_TYPES, name);

/** By binding power: those of a row bind alike, the first row least. */
const LEVELS: readonly (readonly string[])[] = [
  ["||"],
  ["&&"],
  ["|"],
  ["^"],
  ["&"],
  ["==", "!="],
  ["<", "<=", ">", ">="],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/", "%"],
];
const TOKEN =
  /\s*(0x[\da-f]+|\d+\.\d*(?:e[+-]?\d+)?|\d+|\$"[^"]*"|\$[\w.$@:#']+|[a-z_][\w.]*|&&|\|\||[=!<>]=|<<|>>|[-+*/%<>&|^~!()[\]])/iy;

/** Blocks of parentheses, or signs, in one another. */
const MAX_DEPTH = 100;

/** @throws UsageError that says where the text is no expression */
export function parseExpression(text: string): Expression {
  return new Parser(text).whole();
}

class Parser {
  private at = 0;
  private token = "";
  private start = 0;
  private depth = 0;

  constructor(private readonly text: string) {
    this.next();
  }

  whole(): Expression {
    const expression = this.binary(0);
    if (this.token !== "") this.fail("expected an operator");
    return expression;
  }

  private next(): void {
    TOKEN.lastIndex = this.at;
    const found = TOKEN.exec(this.text);
    this.start = this.at;
    if (found === null) {
      if (this.text.slice(this.at).trim() !== "") this.fail("expected a number, name or operator");
      this.token = "";
      return;
    }
    this.token = found[1]!;
    this.at = TOKEN.lastIndex;
  }

  private binary(level: number): Expression {
    const ops = LEVELS[level];
    if (ops === undefined) return this.unary();
    let left = this.binary(level + 1);
    while (ops.includes(this.token)) {
      const op = this.token;
      this.next();
      left = { kind: "binary", op, left, right: this.binary(level + 1) };
    }
    return left;
  }

  private unary(): Expression {
    if (++this.depth > MAX_DEPTH) this.fail("too deeply nested");
    try {
      const op = this.token;
      if (op !== "-" && op !== "~" && op !== "!") return this.primary();
      this.next();
      return { kind: "unary", op, of: this.unary() };
    } finally {
      this.depth--;
    }
  }

  private primary(): Expression {
    const { token } = this;
    if (token === "(") return this.within("(", ")");
    if (/^\d/.test(token)) {
      this.next();
      const value = /^0x|^\d+$/i.test(token) ? BigInt(token) : Number(token);
      return { kind: "number", value };
    }
    if (!/^[$a-z_]/i.test(token)) this.fail("expected a value");
    this.next();
    if (!isMemoryType(token)) return { kind: "name", name: token };
    if (this.token === "[") return { kind: "load", type: token, address: this.within("[", "]") };
    return { kind: "cast", type: token, of: this.within("(", ")") };
  }

  private within(open: string, close: string): Expression {
    this.expect(open);
    const inside = this.binary(0);
    this.expect(close);
    return inside;
  }

  private expect(token: string): void {
    if (this.token !== token) this.fail(`expected ${token}`);
    this.next();
  }

  private fail(what: string): never {
    const rest = this.text.slice(this.start).trim();
    const where = rest === "" ? "at its end" : `before ${JSON.stringify(rest)}`;
    throw new UsageError(`in the expression ${JSON.stringify(this.text)}: ${what} ${where}`);
  }
}
