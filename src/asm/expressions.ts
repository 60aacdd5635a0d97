// Integer expressions: numbers, symbols, and what can be computed of them. Their value
// is a number, or a symbol plus a number that only the linker knows; the distance of
// two labels of one section is a number.

import { CrashError } from "../util/errors.js";
import type { TokenCursor } from "./cursor.js";
import type { AsmSymbol, SymbolTable } from "./symbols.js";
import type { Token } from "./lexer.js";

export type Expression =
  | { readonly kind: "number"; readonly value: bigint }
  | { readonly kind: "symbol"; readonly symbol: AsmSymbol; readonly specifier: string }
  | { readonly kind: "unary"; readonly op: string; readonly operand: Expression }
  | {
      readonly kind: "binary";
      readonly op: string;
      readonly left: Expression;
      readonly right: Expression;
    };

/** `symbol@specifier + addend`, or a number where there is no symbol. */
export interface Value {
  readonly symbol?: AsmSymbol;
  readonly specifier: string;
  readonly addend: bigint;
}

const number = (value: bigint): Expression => ({ kind: "number", value });

/** Binary operators by how tightly they bind, the loosest first. */
const LEVELS = [
  ["|", "^", "&"],
  ["<<", ">>"],
  ["+", "-"],
  ["*", "/", "%"],
];

export class ExpressionParser {
  /** @param here the symbol `.`: a label at the place of the expression */
  constructor(
    private readonly cursor: TokenCursor,
    private readonly symbols: SymbolTable,
    private readonly here: () => AsmSymbol | undefined,
  ) {}

  parse(level = 0): Expression {
    const operators = LEVELS[level];
    if (operators === undefined) return this.unary();
    let left = this.parse(level + 1);
    for (;;) {
      const op = operators.find((mark) => this.cursor.accept(mark));
      if (op === undefined) return left;
      left = { kind: "binary", op, left, right: this.parse(level + 1) };
    }
  }

  private unary(): Expression {
    const { cursor } = this;
    const op = ["-", "+", "~"].find((mark) => cursor.accept(mark));
    if (op !== undefined) return { kind: "unary", op, operand: this.unary() };
    if (cursor.accept("(")) {
      const inner = this.parse();
      cursor.expect(")");
      return inner;
    }
    const { token } = cursor;
    if (token.kind === "integer") return number(cursor.advance().value);
    if (token.kind === "name" || token.kind === "string") return this.symbol();
    return cursor.unexpected("a number or a symbol");
  }

  private symbol(): Expression {
    const { token } = this.cursor;
    const text = this.cursor.symbolName();
    if (text === ".") {
      const symbol = this.here();
      if (symbol === undefined) this.cursor.fail('"." has no meaning here', token);
      return { kind: "symbol", symbol, specifier: "" };
    }
    const at = token.kind === "name" ? text.indexOf("@") : -1;
    const [name, specifier] = at < 0 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
    const symbol = this.symbols.get(name, token);
    const { alias } = symbol;
    // A name for a number is the number.
    if (alias?.kind === "number") return alias;
    return { kind: "symbol", symbol, specifier };
  }
}

/** The symbols of an expression, in order. */
export function symbolsOf(expression: Expression): AsmSymbol[] {
  switch (expression.kind) {
    case "number":
      return [];
    case "symbol":
      return [expression.symbol];
    case "unary":
      return symbolsOf(expression.operand);
    case "binary":
      return [...symbolsOf(expression.left), ...symbolsOf(expression.right)];
  }
}

/** @param fail what to do where the expression means nothing that can be written */
export function evaluate(expression: Expression, fail: (reason: string) => never): Value {
  switch (expression.kind) {
    case "number":
      return { specifier: "", addend: expression.value };
    case "symbol": {
      const { symbol, specifier } = expression;
      return { symbol, specifier, addend: 0n };
    }
    case "unary": {
      const value = evaluate(expression.operand, fail);
      if (expression.op === "+") return value;
      if (value.symbol !== undefined) fail(`${value.symbol.name} cannot be negated`);
      return { specifier: "", addend: expression.op === "-" ? -value.addend : ~value.addend };
    }
    case "binary":
      return binary(
        expression.op,
        evaluate(expression.left, fail),
        evaluate(expression.right, fail),
        fail,
      );
  }
}

function binary(op: string, left: Value, right: Value, fail: (reason: string) => never): Value {
  if (op === "+" && (left.symbol === undefined || right.symbol === undefined)) {
    const { symbol, specifier } = left.symbol === undefined ? right : left;
    const addend = left.addend + right.addend;
    return symbol === undefined ? { specifier, addend } : { symbol, specifier, addend };
  }
  if (op === "-" && right.symbol === undefined)
    return { ...left, addend: left.addend - right.addend };
  if (op === "-" && left.symbol !== undefined && right.symbol !== undefined) {
    const from = right.symbol.place;
    const to = left.symbol.place;
    if (from === undefined || to === undefined || from.chunk !== to.chunk)
      fail(
        `${left.symbol.name} - ${right.symbol.name}: only labels of one section have a distance`,
      );
    return { specifier: "", addend: BigInt(to.offset - from.offset) + left.addend - right.addend };
  }
  const symbol = left.symbol ?? right.symbol;
  if (symbol !== undefined)
    fail(`${symbol.name} may only be added to and subtracted from, not be an operand of ${op}`);
  return { specifier: "", addend: compute(op, left.addend, right.addend, fail) };
}

function compute(op: string, a: bigint, b: bigint, fail: (reason: string) => never): bigint {
  if ((op === "/" || op === "%") && b === 0n) fail("division by zero");
  if ((op === "<<" || op === ">>") && (b < 0n || b > 63n)) fail(`cannot shift by ${b}`);
  switch (op) {
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "%":
      return a % b;
    case "<<":
      return a << b;
    case ">>":
      return a >> b;
    case "&":
      return a & b;
    case "|":
      return a | b;
    case "^":
      return a ^ b;
    default:
      throw new CrashError(`unknown operator ${op}`);
  }
}

/** Evaluates what must be a number now. */
export function constantOf(
  expression: Expression,
  what: string,
  cursor: TokenCursor,
  token: Token,
): bigint {
  const { symbol, addend } = evaluate(expression, (reason) => cursor.fail(reason, token));
  if (symbol !== undefined)
    cursor.fail(`${what} must be a number: ${symbol.name} is only known to the linker`, token);
  return addend;
}
