// The state of assembling one source: where the next byte goes, which function is open,
// and what the statements so far have said. Statements come in as tokens; what comes
// out is for `write-object.ts`.

import { Chunk } from "./chunks.js";
import type { TokenCursor } from "./cursor.js";
import { evaluate, type Expression, ExpressionParser, symbolsOf } from "./expressions.js";
import { InstructionAssembler, type CodeOptions } from "./instructions.js";
import { instructionNamed, instructionNames } from "./mnemonics.js";
import { Nesting, opensBlock } from "./nesting.js";
import { relocationFor } from "./specifiers.js";
import { directives, directiveNamed } from "./directives.js";
import { type AsmSymbol, isTemporary, SymbolTable } from "./symbols.js";
import type { Token } from "./lexer.js";
import { nearNames } from "../util/near-names.js";
import { encodeValType } from "../binary/encode-types.js";
import { leb } from "../binary/encode.js";
import { INDIRECT_FUNCTION_TABLE } from "../link/relocations.js";
import { FUNCREF, type ValType } from "../syntax/types.js";

/** A function between its label and its `end_function`. */
interface OpenFunction {
  readonly symbol: AsmSymbol;
  readonly token: Token;
  readonly body: Chunk;
  readonly nesting: Nesting;
  /** How far it is: named, typed (locals may follow), in its code. */
  state: "named" | "typed" | "code";
}

const hint = (name: string, names: readonly string[]): string => {
  const near = nearNames(name, names);
  return near.length > 0 ? `: did you mean ${near.join(" or ")}?` : "";
};

export class Assembler {
  readonly symbols = new SymbolTable();
  /** Sections but those of code, in the order of their first mention. */
  readonly chunks: Chunk[] = [];
  /** Bodies of functions, in the order of the text. */
  readonly bodies: Chunk[] = [];
  /** Where data goes; null in a section of code. */
  section: Chunk | null = null;
  readonly expressions: ExpressionParser;
  private func: OpenFunction | null = null;
  private readonly instructions: InstructionAssembler;
  private hereCount = 0;

  constructor(
    readonly cursor: TokenCursor,
    options: CodeOptions,
  ) {
    this.expressions = new ExpressionParser(cursor, this.symbols, () => this.here());
    this.instructions = new InstructionAssembler(cursor, this.symbols, options);
    const table = this.symbols.get(INDIRECT_FUNCTION_TABLE, cursor.token);
    table.kind = "table";
    const limits = { min: 0n, address: "i32", shared: false, pageSizeLog2: 16 } as const;
    table.tableType = { element: FUNCREF, limits };
  }

  /** Reads all statements. @throws AssemblyError */
  run(): void {
    const { cursor } = this;
    while (!cursor.finished) this.statement();
    if (this.func !== null) this.unfinished(cursor.token);
    for (const chunk of this.chunks) this.settle(chunk);
  }

  private statement(): void {
    const { cursor } = this;
    if (cursor.isEnd()) {
      cursor.advance();
      return;
    }
    const { token, ahead } = cursor;
    if (token.kind !== "name" && token.kind !== "string")
      return cursor.unexpected("a label, a directive or an instruction");
    if (ahead.kind === "mark" && ahead.text === ":") {
      cursor.advance();
      cursor.advance();
      return this.label(token);
    }
    if (ahead.kind === "mark" && ahead.text === "=") {
      cursor.advance();
      cursor.advance();
      this.assign(token);
    } else if (token.text.startsWith(".")) this.directive(cursor.advance());
    else this.instruction(cursor.advance());
    cursor.expectEnd();
  }

  private directive(token: Token): void {
    const handler = directiveNamed(token.text);
    if (handler === undefined)
      return this.cursor.fail(
        `unknown directive ${token.text}${hint(token.text, Object.keys(directives))}`,
        token,
      );
    handler(this, token);
  }

  /** Gives a name to a value: `name = value`, `.set name, value`. */
  assign(token: Token): void {
    const symbol = this.symbols.get(
      token.kind === "string" ? new TextDecoder().decode(Uint8Array.from(token.bytes)) : token.text,
      token,
    );
    if (symbol.place !== undefined) this.redefined(symbol, token);
    const value = this.expressions.parse();
    symbol.alias = value;
    const [base] = symbolsOf(value);
    if (base === undefined) {
      const { addend } = evaluate(value, (reason) => this.cursor.fail(reason, token));
      symbol.alias = { kind: "number", value: addend };
      return;
    }
    this.symbols.register(symbol);
    if (base.kind !== undefined) symbol.kind ??= base.kind;
    if (base.signature !== undefined) symbol.signature ??= base.signature;
  }

  private redefined({ name, token: first }: AsmSymbol, token: Token): never {
    this.cursor.fail(`${name} is defined already, in line ${first.line}`, token);
  }

  // Labels and functions

  private label(token: Token): void {
    const name =
      token.kind === "string" ? new TextDecoder().decode(Uint8Array.from(token.bytes)) : token.text;
    const symbol = this.symbols.get(name, token);
    if (symbol.place !== undefined || symbol.alias !== undefined) this.redefined(symbol, token);
    if (this.section === null) return this.codeLabel(symbol, token);
    symbol.place = { chunk: this.section, offset: this.section.bytes.length };
    Object.assign(symbol, { token });
    this.symbols.register(symbol);
  }

  private codeLabel(symbol: AsmSymbol, token: Token): void {
    if (isTemporary(symbol)) {
      // Marks of the compiler's: the end of a function, places for debuggers.
      const body = this.func?.body ?? new Chunk("function", symbol.name);
      symbol.place = { chunk: body, offset: body.bytes.length };
      return;
    }
    if (this.func !== null) this.unfinished(token);
    if (symbol.kind === "data")
      this.cursor.fail(`${symbol.name} is data: expected a data section around it`, token);
    const { cursor } = this;
    const body = new Chunk("function", symbol.name);
    Object.assign(symbol, { place: { chunk: body, offset: 0 }, token });
    if (symbol.kind !== undefined && symbol.kind !== "function") {
      this.symbols.register(symbol);
      return;
    }
    this.symbols.register(symbol);
    this.bodies.push(body);
    this.func = { symbol, token, body, nesting: new Nesting(cursor), state: "named" };
  }

  private unfinished(token: Token): never {
    const { symbol, token: start, nesting } = this.func!;
    nesting.finish(token);
    return this.cursor.fail(
      `expected end_function: ${symbol.name} of line ${start.line} has no end`,
      token,
    );
  }

  /** A `.functype` stands after the label of its function. */
  typed(symbol: AsmSymbol): void {
    if (this.func?.symbol === symbol && this.func.state === "named") this.func.state = "typed";
  }

  /** The `.local` directive. */
  locals(types: readonly ValType[], token: Token): void {
    if (this.func?.state !== "typed")
      this.cursor.fail(
        ".local stands between a function's .functype and its first instruction",
        token,
      );
    this.declareLocals(types);
  }

  private declareLocals(types: readonly ValType[]): void {
    const func = this.func!;
    const runs: { type: string; count: number; bytes: number[] }[] = [];
    for (const type of types) {
      const bytes = encodeValType(type);
      const last = runs.at(-1);
      if (last?.type === bytes.join()) last.count++;
      else runs.push({ type: bytes.join(), count: 1, bytes });
    }
    func.body.bytes.push(
      ...leb(runs.length),
      ...runs.flatMap(({ count, bytes }) => [...leb(count), ...bytes]),
    );
    func.state = "code";
  }

  private instruction(token: Token): void {
    const { cursor, func } = this;
    const named = instructionNamed(token.text);
    if (named === undefined)
      return cursor.fail(
        `unknown instruction ${token.text}${hint(token.text, instructionNames())}`,
        token,
      );
    if (func === null)
      return cursor.fail(
        `${token.text} stands in no function: expected a label and .functype before it`,
        token,
      );
    if (func.state === "named")
      return cursor.fail(
        `expected .functype ${func.symbol.name} before the first instruction`,
        token,
      );
    if (func.state === "typed") this.declareLocals([]);
    if (token.text === "end_function") func.nesting.finish(token);
    else func.nesting.meet(token.text, opensBlock(named.op.mnemonic), token);
    this.instructions.emit(func.body, named, token);
    if (token.text === "end_function") this.func = null;
  }

  // Data

  /** The section that data goes to. */
  data(token: Token): Chunk {
    if (this.section !== null) return this.section;
    return this.cursor.fail(`${token.text}: expected a data section, this is one of code`, token);
  }

  /** Goes on in another section; null: in code. */
  enter(section: Chunk | null): void {
    this.section = section;
    if (section !== null && !this.chunks.includes(section)) this.chunks.push(section);
  }

  /** An integer of data, which may be known only at the end. */
  value(chunk: Chunk, bytes: number, value: Expression, token: Token): void {
    for (const symbol of symbolsOf(value))
      if (chunk.kind !== "debug") this.symbols.register(symbol);
    chunk.pending.push({ offset: chunk.bytes.length, bytes, value, token });
    chunk.fill(bytes, 0);
  }

  /** A label for the place where the next byte goes. */
  private here(): AsmSymbol | undefined {
    const chunk = this.section ?? this.func?.body;
    if (chunk === undefined) return undefined;
    const symbol = this.symbols.get(`.L.here${this.hereCount++}`, this.cursor.token);
    symbol.place = { chunk, offset: chunk.bytes.length };
    return symbol;
  }

  /** All labels are known: what waited for them becomes bytes or relocations. */
  private settle(chunk: Chunk): void {
    if (chunk.kind === "debug") return;
    for (const { offset, bytes, value: expression, token } of chunk.pending) {
      const fail = (reason: string) => this.cursor.fail(reason, token);
      const value = evaluate(expression, fail);
      if (value.symbol === undefined) {
        const limit = 1n << BigInt(8 * bytes);
        if (value.addend >= limit || value.addend < -limit / 2n)
          fail(`${value.addend} does not fit ${bytes} byte${bytes === 1 ? "" : "s"}`);
        for (let k = 0; k < bytes; k++)
          chunk.bytes[offset + k] = Number((value.addend >> BigInt(8 * k)) & 0xffn);
        continue;
      }
      if (bytes !== 4 && bytes !== 8)
        fail(`${value.symbol.name} needs 4 or 8 bytes, ${bytes} given`);
      if (chunk.kind === "custom")
        fail(`${value.symbol.name}: custom sections cannot be relocated`);
      value.symbol.used = true;
      const relocation = relocationFor(value, bytes === 4 ? "i32" : "i64", fail);
      chunk.fixups.push({ offset, relocation, target: value.symbol, addend: value.addend });
    }
  }
}
