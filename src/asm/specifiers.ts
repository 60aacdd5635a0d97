// Which relocation an operand gets: by how it is encoded, by what its symbol is, and by
// what is written behind the symbol (`f@TBREL`).

import { type Encoding, relocationKinds, type SymbolKind, widthOf } from "../link/relocations.js";
import { CrashError } from "../util/errors.js";
import type { Value } from "./expressions.js";
import { kindOf } from "./symbols.js";

const codeOf = (name: string): number =>
  relocationKinds.find((kind) => kind.name === `R_WASM_${name}`)?.code ?? missing(name);

function missing(name: string): never {
  throw new CrashError(`no relocation ${name}`);
}

export const Reloc = {
  typeIndex: codeOf("TYPE_INDEX_LEB"),
  functionIndex: codeOf("FUNCTION_INDEX_LEB"),
  globalIndex: codeOf("GLOBAL_INDEX_LEB"),
  tableNumber: codeOf("TABLE_NUMBER_LEB"),
  tagIndex: codeOf("TAG_INDEX_LEB"),
  /** Bytes of the place. */
  width: (code: number): number => widthOf(relocationKinds[code]!.encoding),
} as const;

const suffixes: Readonly<Record<Encoding, string>> = {
  leb32: "LEB",
  sleb32: "SLEB",
  i32: "I32",
  leb64: "LEB64",
  sleb64: "SLEB64",
  i64: "I64",
};

/** What may stand behind a symbol, on what, and the relocation that it means. */
const specifiers: Readonly<Record<string, { kind: SymbolKind; relocation: string; base: string }>> =
  {
    TBREL: { kind: "function", relocation: "TABLE_INDEX_REL", base: "the table's base" },
    MBREL: { kind: "data", relocation: "MEMORY_ADDR_REL", base: "the memory's base" },
    TLSREL: { kind: "data", relocation: "MEMORY_ADDR_TLS", base: "the thread's base" },
  };

/**
 * The relocation of a constant, a memory access's offset or a word of data that names
 * a symbol.
 */
export function relocationFor(
  value: Value,
  encoding: Encoding,
  fail: (reason: string) => never,
): number {
  const symbol = value.symbol!;
  const kind = kindOf(symbol);
  const suffix = suffixes[encoding];
  const relative = encoding.startsWith("sleb");
  if (value.specifier !== "") {
    const found = specifiers[value.specifier];
    if (found === undefined)
      return fail(
        `unknown specifier @${value.specifier}: expected @TBREL, @MBREL or @TLSREL, or @GOT with global.get`,
      );
    if (relative && kind === found.kind) return codeOf(`${found.relocation}_${suffix}`);
    const of = found.kind === "data" ? "data" : "a function";
    return fail(
      `@${value.specifier} is the distance from ${found.base} to ${of}, for i32.const and i64.const`,
    );
  }
  const isWord = encoding === "i32" || encoding === "i64";
  if (kind === "data") return codeOf(`MEMORY_ADDR_${suffix}`);
  if (kind === "function" && value.addend !== 0n)
    return fail(`${symbol.name} is a function: its address cannot be added to`);
  if (kind === "function" && (isWord || relative)) return codeOf(`TABLE_INDEX_${suffix}`);
  if (kind === "global" && encoding === "i32") return codeOf("GLOBAL_INDEX_I32");
  return fail(`${symbol.name} is a ${kind}: it has no address here`);
}
