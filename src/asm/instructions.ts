// One instruction of the text as bytes of a function. What follows a mnemonic derives
// from its row in the opcode table, as in the decoder: one case for each immediate.

import { leb, sleb64 } from "../binary/encode.js";
import { encodeHeapType, encodeValType } from "../binary/encode-types.js";
import type { Immediate } from "../syntax/opcodes.js";
import type { AbsHeapType } from "../syntax/types.js";
import { INDIRECT_FUNCTION_TABLE } from "../link/relocations.js";
import type { Chunk } from "./chunks.js";
import { checkedInteger, floatBytes, vectorBytes } from "./constants.js";
import type { Signature, TokenCursor } from "./cursor.js";
import { evaluate, ExpressionParser, type Value } from "./expressions.js";
import type { Named } from "./mnemonics.js";
import type { Token } from "./lexer.js";
import { Reloc, relocationFor } from "./specifiers.js";
import { type AsmSymbol, kindOf, type SymbolTable } from "./symbols.js";

export interface CodeOptions {
  /** `call_indirect` names its table, with a relocation; without, it means table 0. */
  readonly referenceTypes: boolean;
}

/** What an index names, and the relocation for it. */
const indexed = {
  func: { kind: "function", relocation: Reloc.functionIndex, what: "a function" },
  global: { kind: "global", relocation: Reloc.globalIndex, what: "a global" },
  table: { kind: "table", relocation: Reloc.tableNumber, what: "a table" },
  tag: { kind: "tag", relocation: Reloc.tagIndex, what: "a tag" },
} as const;

const heapTypes: readonly AbsHeapType[] = [
  ...(["any", "eq", "i31", "struct", "array", "none", "func", "nofunc"] as const),
  ...(["extern", "noextern", "exn", "noexn", "cont", "nocont"] as const),
];

export class InstructionAssembler {
  private readonly expressions: ExpressionParser;

  constructor(
    private readonly cursor: TokenCursor,
    private readonly symbols: SymbolTable,
    private readonly options: CodeOptions,
  ) {
    this.expressions = new ExpressionParser(cursor, symbols, () => undefined);
  }

  /** Reads the operands of an instruction, and writes it. */
  emit(body: Chunk, named: Named, token: Token): void {
    const { code, mnemonic, immediates } = named.op;
    body.lines.push({ offset: body.bytes.length, line: token.line, column: token.column });
    body.bytes.push(...(code > 0xff ? [code >>> 16, ...leb(code & 0xffff)] : [code]));
    if (mnemonic === "call_indirect" || mnemonic === "return_call_indirect")
      return this.callIndirect(body);
    let first = true;
    for (const immediate of immediates) {
      const implied = this.implied(named, immediate);
      if (implied !== undefined) {
        body.bytes.push(...implied);
        continue;
      }
      if (!first && immediate !== "catches") this.cursor.expect(",");
      first = false;
      this.immediate(body, immediate, named, token);
    }
  }

  /** Immediates that the text leaves out. */
  private implied({ heap, select }: Named, immediate: Immediate): readonly number[] | undefined {
    if (immediate === "zero") return [0];
    if (immediate === "heaptype" && heap !== undefined) return encodeHeapType(heap);
    if (immediate === "valtypes" && select !== undefined) return [1, ...encodeValType(select)];
    return immediate === "memory" && this.cursor.isEnd() ? [0] : undefined;
  }

  private immediate(body: Chunk, immediate: Immediate, { op }: Named, token: Token): void {
    const { cursor } = this;
    const { bytes } = body;
    switch (immediate) {
      case "blocktype":
        return this.blockType(body);
      case "func":
      case "global":
      case "table":
      case "tag":
        return this.index(body, immediate);
      case "label":
      case "local":
      case "memory":
      case "elem":
      case "data":
      case "lane":
        bytes.push(...leb(cursor.index(`a ${immediate} index`)));
        return;
      case "labels":
        return this.labels(body);
      case "catches":
        return this.catches(body);
      case "memarg":
        return this.memarg(body, op.access!);
      case "i32":
      case "i64":
        return this.constant(body, immediate === "i32" ? 32 : 64);
      case "f32":
      case "f64":
        bytes.push(...floatBytes(cursor, immediate === "f32" ? 4 : 8));
        return;
      case "v128":
        bytes.push(...vectorBytes(cursor));
        return;
      case "lanes":
        for (let k = 0; k < 16; k++) {
          if (k > 0) cursor.expect(",");
          const lane = cursor.index("a lane index");
          if (lane > 31) cursor.fail(`i8x16.shuffle has lanes 0 to 31, not ${lane}`);
          bytes.push(lane);
        }
        return;
      case "heaptype": {
        const name = cursor.take("name", "a heap type").text;
        const heap = heapTypes.find((type) => type === name);
        if (heap === undefined) return cursor.fail(`unknown heap type ${name}`, token);
        bytes.push(...encodeHeapType(heap));
        return;
      }
      case "type":
        if (op.mnemonic !== "call_ref" && op.mnemonic !== "return_call_ref") break;
        return this.signature(body, cursor.signature());
      default:
        break;
    }
    cursor.fail(`${token.text} needs a type, and this dialect can only say function types`, token);
  }

  private blockType(body: Chunk): void {
    const { cursor } = this;
    const clause = cursor.is("(") && cursor.ahead.text.startsWith("catch");
    if (cursor.isEnd() || clause) body.bytes.push(0x40);
    else if (cursor.is("(")) this.signature(body, cursor.signature());
    else if (cursor.token.text === "void" && cursor.advance()) body.bytes.push(0x40);
    else body.bytes.push(...encodeValType(cursor.valueType("a block type: void, or")));
  }

  /** A type index, which the linker chooses. */
  private signature(body: Chunk, signature: Signature): void {
    this.symbols.registerSignature(signature);
    this.place(body, Reloc.typeIndex, signature, 0n);
  }

  private place(body: Chunk, relocation: number, target: AsmSymbol | Signature, addend: bigint) {
    body.fixups.push({ offset: body.bytes.length, relocation, target, addend });
    body.fill(Reloc.width(relocation), 0);
  }

  private index(body: Chunk, space: keyof typeof indexed): void {
    const { cursor } = this;
    const { kind, relocation, what } = indexed[space];
    const { token } = cursor;
    if (token.kind === "integer") {
      body.bytes.push(...leb(cursor.index(`${what} index`)));
      return;
    }
    const { symbol, specifier, addend } = this.symbolic(`${what}: a symbol or a number`);
    if (addend !== 0n) cursor.fail(`${symbol.name} is ${what}: it cannot be added to`, token);
    if (space === "global" && (specifier === "GOT" || specifier === "GOT@TLS")) symbol.got = true;
    else if (specifier !== "") cursor.fail(`@${specifier} has no meaning for ${what}`, token);
    else this.checkKind(symbol, kind, what, token);
    this.place(body, relocation, symbol, 0n);
  }

  private checkKind(symbol: AsmSymbol, kind: string, what: string, token: Token): void {
    if (symbol.kind !== kind || (kind === "function" && symbol.signature === undefined)) {
      const directive =
        { function: ".functype", global: ".globaltype", table: ".tabletype", tag: ".tagtype" }[
          kind
        ] ?? "";
      const known = symbol.kind === undefined || symbol.kind === kind;
      this.cursor.fail(
        known
          ? `${symbol.name} has no type: expected a ${directive} directive before this`
          : `${symbol.name} is ${symbol.kind === "data" ? "data" : `a ${symbol.kind}`}, expected ${what}`,
        token,
      );
    }
  }

  /** A symbol, registered. */
  private symbolic(what: string): Value & { readonly symbol: AsmSymbol } {
    const { cursor } = this;
    const { token } = cursor;
    if (token.kind !== "name" && token.kind !== "string") cursor.unexpected(what);
    const value = evaluate(this.expressions.parse(), (reason) => cursor.fail(reason, token));
    const { symbol } = value;
    if (symbol === undefined) return cursor.fail(`expected ${what}, found a number`, token);
    this.symbols.register(symbol);
    symbol.used = true;
    return { ...value, symbol };
  }

  private callIndirect(body: Chunk): void {
    const { cursor, symbols, options } = this;
    let table = symbols.get(INDIRECT_FUNCTION_TABLE, cursor.token);
    if (cursor.token.kind === "name") {
      const { token } = cursor;
      table = symbols.get(cursor.symbolName(), token);
      cursor.expect(",");
      if (kindOf(table) !== "table")
        cursor.fail(
          `${table.name} is no table: expected a .tabletype directive before this`,
          token,
        );
      if (!options.referenceTypes && table.name !== INDIRECT_FUNCTION_TABLE)
        cursor.fail(`a table other than ${INDIRECT_FUNCTION_TABLE} needs reference types`, token);
    }
    this.signature(body, cursor.signature());
    if (options.referenceTypes) {
      symbols.register(table);
      table.used = true;
      this.place(body, Reloc.tableNumber, table, 0n);
    } else {
      symbols.register(table).noStrip = true;
      body.bytes.push(0);
    }
  }

  private labels(body: Chunk): void {
    const { cursor } = this;
    cursor.expect("{");
    const labels: number[] = [];
    do labels.push(cursor.index("a label"));
    while (cursor.accept(","));
    cursor.expect("}");
    body.bytes.push(...leb(labels.length - 1), ...labels.flatMap((label) => leb(label)));
  }

  private catches(body: Chunk): void {
    const { cursor } = this;
    const kinds = ["catch", "catch_ref", "catch_all", "catch_all_ref"];
    const at = body.bytes.length;
    let count = 0;
    body.bytes.push(0);
    for (; cursor.accept("("); count++) {
      const kind = kinds.indexOf(cursor.token.text);
      if (kind < 0) cursor.unexpected(kinds.join(", "));
      cursor.advance();
      body.bytes.push(kind);
      if (kind < 2) this.index(body, "tag");
      body.bytes.push(...leb(cursor.index("a label")));
      cursor.expect(")");
    }
    if (count > 127) cursor.fail("too many catch clauses");
    body.bytes[at] = count;
  }

  /** `offset:p2align=N`; the natural alignment where none is given. */
  private memarg(body: Chunk, access: number): void {
    const { cursor } = this;
    const { token } = cursor;
    const parsed = this.expressions.parse();
    const value = evaluate(parsed, (reason) => cursor.fail(reason, token));
    let align = Math.log2(access);
    if (cursor.accept(":")) {
      if (cursor.token.text !== "p2align") cursor.unexpected("p2align");
      cursor.advance();
      cursor.expect("=");
      align = cursor.index("an alignment");
      if (align > 63) cursor.fail(`p2align=${align} is out of range`);
    }
    body.bytes.push(align);
    if (value.symbol !== undefined) return this.address(body, value, "leb32", token);
    const offset = value.addend;
    if (offset < 0n || offset > 0xffff_ffffn)
      cursor.fail(`the offset ${offset} is out of range: expected 0 to 4294967295`, token);
    body.bytes.push(...leb(Number(offset)));
  }

  private constant(body: Chunk, bits: 32 | 64): void {
    const { cursor } = this;
    const { token } = cursor;
    const value = evaluate(this.expressions.parse(), (reason) => cursor.fail(reason, token));
    if (value.symbol !== undefined)
      return this.address(body, value, bits === 32 ? "sleb32" : "sleb64", token);
    body.bytes.push(...sleb64(checkedInteger(cursor, value.addend, bits, token)));
  }

  private address(
    body: Chunk,
    value: Value,
    encoding: "leb32" | "sleb32" | "sleb64",
    token: Token,
  ): void {
    const symbol = this.symbols.register(value.symbol!);
    symbol.used = true;
    const relocation = relocationFor(value, encoding, (reason) => this.cursor.fail(reason, token));
    this.place(body, relocation, symbol, value.addend);
  }
}
