// The directives that say what symbols are. Those that make sections and data are in
// `directives-data.ts`. One row each; what LLVM ignores is read and ignored.

import { formatFuncType, isRefType, type Limits } from "../syntax/types.js";
import type { Assembler } from "./assembler.js";
import type { Signature } from "./cursor.js";
import { dataDirectives } from "./directives-data.js";
import type { Token } from "./lexer.js";
import type { AsmSymbol } from "./symbols.js";

/** Reads what follows the directive, up to the end of the statement. */
export type Directive = (assembler: Assembler, token: Token) => void;

/** The symbol that a directive is about. */
function subject({ cursor, symbols }: Assembler): AsmSymbol {
  const { token } = cursor;
  return symbols.get(cursor.symbolName(), token);
}

/** `.directive symbol, …` */
function subjectThen(assembler: Assembler): AsmSymbol {
  const symbol = subject(assembler);
  assembler.cursor.expect(",");
  return symbol;
}

/** A directive for symbols that gain a property: `.weak a, b`. */
const attribute =
  (change: (symbol: AsmSymbol) => void): Directive =>
  (assembler) => {
    do change(assembler.symbols.register(subject(assembler)));
    while (assembler.cursor.accept(","));
  };

/** Names for the outside may hold any character: up to the comma or the end of the line. */
function outerName({ cursor }: Assembler): string {
  if (cursor.token.kind === "string") return cursor.symbolName();
  let name = cursor.take("name", "a name").text;
  while (!cursor.isEnd() && !cursor.token.spaced) name += cursor.advance().text;
  return name;
}

function declare(assembler: Assembler, symbol: AsmSymbol, kind: AsmSymbol["kind"], token: Token) {
  if (symbol.kind !== undefined && symbol.kind !== kind)
    assembler.cursor.fail(
      `${symbol.name} is a ${symbol.kind} already: it cannot be a ${kind} too`,
      token,
    );
  symbol.kind = kind!;
}

const sameSignature = (a: Signature, b: Signature) => formatFuncType(a) === formatFuncType(b);

const ignored: Directive = ({ cursor }) => cursor.skipStatement();

export const directives: Readonly<Record<string, Directive>> = {
  ...dataDirectives,

  ".functype"(assembler, token) {
    const symbol = subject(assembler);
    const signature = assembler.cursor.signature();
    declare(assembler, symbol, "function", token);
    if (symbol.signature !== undefined && !sameSignature(symbol.signature, signature))
      assembler.cursor.fail(
        `${symbol.name} has the type ${formatFuncType(symbol.signature)} already, not ${formatFuncType(signature)}`,
        token,
      );
    symbol.signature = signature;
    assembler.typed(symbol);
  },

  ".globaltype"(assembler, token) {
    const { cursor } = assembler;
    const symbol = subjectThen(assembler);
    const type = cursor.valueType();
    let mutable = true;
    if (cursor.accept(",")) {
      if (cursor.token.text !== "immutable") cursor.unexpected("immutable");
      cursor.advance();
      mutable = false;
    }
    declare(assembler, symbol, "global", token);
    symbol.globalType = { type, mutable };
  },

  ".tabletype"(assembler, token) {
    const { cursor } = assembler;
    const symbol = subjectThen(assembler);
    const { token: typeToken } = cursor;
    const element = cursor.valueType("the type of the elements");
    if (!isRefType(element)) return cursor.fail("a table holds references", typeToken);
    let address: Limits["address"] = "i32";
    const bounds: bigint[] = [];
    while (cursor.accept(",")) {
      const { text } = cursor.token;
      if (bounds.length === 0 && (text === "i32" || text === "i64")) {
        address = text;
        cursor.advance();
      } else if (bounds.length < 2) bounds.push(cursor.integer("a number of elements"));
      else cursor.unexpected("the end of the line");
    }
    declare(assembler, symbol, "table", token);
    const [min = 0n, max] = bounds;
    const limits = { min, address, shared: false, pageSizeLog2: 16 };
    symbol.tableType = { element, limits: max === undefined ? limits : { ...limits, max } };
  },

  ".tagtype"(assembler, token) {
    const symbol = subject(assembler);
    const params = assembler.cursor.valueTypeList();
    declare(assembler, symbol, "tag", token);
    symbol.signature = { params, results: [] };
  },

  ".type"(assembler, token) {
    const { cursor } = assembler;
    const symbol = subjectThen(assembler);
    cursor.expect("@");
    const kinds = { function: "function", object: "data", global: "global" } as const;
    const kind = kinds[cursor.token.text as keyof typeof kinds];
    if (kind === undefined) return cursor.unexpected("function, object or global");
    cursor.advance();
    declare(assembler, symbol, kind, token);
  },

  ".size"(assembler) {
    const symbol = subjectThen(assembler);
    const size = assembler.expressions.parse();
    // The size of a function is that of its body.
    if (symbol.kind !== "function") symbol.size = size;
  },

  ".local"(assembler, token) {
    assembler.locals(assembler.cursor.valueTypeList(), token);
  },

  ".globl": attribute((symbol) => (symbol.global = true)),
  ".global": attribute((symbol) => (symbol.global = true)),
  ".weak": attribute((symbol) => (symbol.weak = symbol.global = true)),
  ".hidden": attribute((symbol) => (symbol.hidden = true)),
  ".internal": attribute(() => undefined),
  ".protected": attribute(() => undefined),
  ".no_dead_strip": attribute((symbol) => (symbol.noStrip = true)),

  ".import_module"(assembler) {
    subjectThen(assembler).importModule = outerName(assembler);
  },
  ".import_name"(assembler) {
    subjectThen(assembler).importName = outerName(assembler);
  },
  ".export_name"(assembler) {
    subjectThen(assembler).exportName = outerName(assembler);
  },

  ".set": assignment,
  ".equ": assignment,
  ".equiv": assignment,

  ".ident": ignored,
  ".file": ignored,
  ".loc": ignored,
};

function assignment(assembler: Assembler): void {
  const { token } = assembler.cursor;
  const symbol = subjectThen(assembler);
  assembler.assign(token);
  symbol.noStrip = true;
}

/** Call frame information has no meaning here: LLVM ignores it too. */
export const directiveNamed = (name: string): Directive | undefined =>
  name.startsWith(".cfi_")
    ? ignored
    : Object.hasOwn(directives, name)
      ? directives[name]
      : undefined;
