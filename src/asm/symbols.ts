// What the text says about each symbol, gathered while it is read. Symbols come into
// the object file in the order in which they are first emitted: by a label, a binding,
// or a use. So does everything that hangs on them (types, imports, functions), which is
// why the order is kept here, as LLVM keeps it.

import type { SymbolKind } from "../link/relocations.js";
import type { GlobalType, TableType } from "../syntax/types.js";
import type { Signature } from "./cursor.js";
import type { Expression } from "./expressions.js";
import type { Token } from "./lexer.js";
import type { Chunk } from "./chunks.js";

export interface AsmSymbol {
  readonly name: string;
  /** Where it was first heard of. */
  readonly token: Token;
  /** What it is; data unless something says otherwise. */
  kind?: Exclude<SymbolKind, "section">;
  /** Where its label stands. */
  place?: { readonly chunk: Chunk; readonly offset: number };
  /** Another name for what this means. */
  alias?: Expression;
  signature?: Signature;
  globalType?: GlobalType;
  tableType?: TableType;
  size?: Expression;
  importModule?: string;
  importName?: string;
  exportName?: string;
  global: boolean;
  weak: boolean;
  hidden: boolean;
  noStrip: boolean;
  /** Its address is also read from the global offset table. */
  got: boolean;
  /** Relocations need its entry in the symbol table. */
  used: boolean;
}

/** Names of the compiler's own: no entry in the symbol table unless a relocation needs it. */
export const isTemporary = ({ name }: AsmSymbol): boolean => name.startsWith(".L");

export const isDefined = ({ place, alias }: AsmSymbol): boolean =>
  place !== undefined || alias !== undefined;

export const kindOf = ({ kind }: AsmSymbol): Exclude<SymbolKind, "section"> => kind ?? "data";

export class SymbolTable {
  private readonly byName = new Map<string, AsmSymbol>();
  private readonly registered = new Set<AsmSymbol | Signature>();

  /** The symbol of that name, which may be nothing but a name yet. */
  get(name: string, token: Token): AsmSymbol {
    let symbol = this.byName.get(name);
    if (symbol === undefined) {
      symbol = {
        name,
        token,
        global: false,
        weak: false,
        hidden: false,
        noStrip: false,
        got: false,
        used: false,
      };
      this.byName.set(name, symbol);
    }
    return symbol;
  }

  find(name: string): AsmSymbol | undefined {
    return this.byName.get(name);
  }

  /** Gives the symbol its place in the order. */
  register(symbol: AsmSymbol): AsmSymbol {
    this.registered.add(symbol);
    return symbol;
  }

  /** A type that an instruction names takes part in the order too. */
  registerSignature(signature: Signature): void {
    this.registered.add(signature);
  }

  /** Symbols, and types of instructions, in order. */
  get order(): readonly (AsmSymbol | Signature)[] {
    return [...this.registered];
  }

  get symbols(): AsmSymbol[] {
    return this.order.filter((item) => "name" in item);
  }
}
