// Bytes in the making: the body of one function, or the contents of one section, with
// the places that are filled in later.

import type { Signature } from "./cursor.js";
import type { Expression } from "./expressions.js";
import type { Token } from "./lexer.js";
import type { AsmSymbol } from "./symbols.js";

/** A place that a linker fills in. */
export interface Fixup {
  /** From the chunk's first byte. */
  readonly offset: number;
  /** Code of the relocation. */
  readonly relocation: number;
  readonly target: AsmSymbol | Signature;
  readonly addend: bigint;
}

/** An integer of data whose value is known at the end only, or to the linker only. */
export interface PendingValue {
  readonly offset: number;
  readonly bytes: number;
  readonly value: Expression;
  readonly token: Token;
}

/** Where the text of some bytes stands. */
export interface LineMark {
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

export type ChunkKind =
  | "function"
  | "data"
  | "custom"
  /** Constructors: what it names is called at the start. */
  | "init"
  /** Debugging information: read for its syntax, not written. */
  | "debug";

export class Chunk {
  readonly bytes: number[] = [];
  readonly fixups: Fixup[] = [];
  readonly pending: PendingValue[] = [];
  readonly lines: LineMark[] = [];
  /** log2 of the strictest alignment that was asked for. */
  alignment = 0;
  passive = false;

  constructor(
    readonly kind: ChunkKind,
    readonly name: string,
    /** Flags of a data segment. */
    readonly flags = 0,
  ) {}

  get isData(): boolean {
    return this.kind === "data";
  }

  fill(count: number, value: number): void {
    for (; count > 0; count--) this.bytes.push(value);
  }

  /** `bytes` little-endian bytes. */
  integer(value: bigint, bytes: number): void {
    for (let k = 0; k < bytes; k++) this.bytes.push(Number((value >> BigInt(8 * k)) & 0xffn));
  }
}
