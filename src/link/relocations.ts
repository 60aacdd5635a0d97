// The relocations of WebAssembly object files: one row each, with what the place
// holds and how it is encoded. The assembler writes them and the linker applies them.
// Source: https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md#relocation-sections

/**
 * Encodings of a place: LEB128 padded to 5 or 10 bytes, or little endian words. The
 * width never depends on the value, so that a linker can patch it.
 */
export type Encoding = "leb32" | "sleb32" | "i32" | "leb64" | "sleb64" | "i64";

/** What the place holds; all but `type` mean the symbol that the relocation names. */
export type Referent =
  | "type"
  | "function"
  | "global"
  | "table"
  | "tag"
  /** The index of a function in the indirect function table: a function pointer. */
  | "pointer"
  /** The address of data, plus the addend. */
  | "address"
  /** Only in debugging sections: a distance from the start of a section. */
  | "offset"
  /** Position-independent code and thread-local data: relative to some base. */
  | "relative";

export interface RelocationKind {
  readonly code: number;
  readonly name: string;
  readonly encoding: Encoding;
  readonly referent: Referent;
  readonly hasAddend: boolean;
}

const row = (code: number, name: string, encoding: Encoding, referent: Referent) => ({
  code,
  name: `R_WASM_${name}`,
  encoding,
  referent,
  hasAddend:
    referent === "address" ||
    referent === "offset" ||
    (referent === "relative" && name.startsWith("MEMORY")),
});

// prettier-ignore
export const relocationKinds: readonly RelocationKind[] = [
  row(0,  "FUNCTION_INDEX_LEB",       "leb32",  "function"),
  row(1,  "TABLE_INDEX_SLEB",         "sleb32", "pointer"),
  row(2,  "TABLE_INDEX_I32",          "i32",    "pointer"),
  row(3,  "MEMORY_ADDR_LEB",          "leb32",  "address"),
  row(4,  "MEMORY_ADDR_SLEB",         "sleb32", "address"),
  row(5,  "MEMORY_ADDR_I32",          "i32",    "address"),
  row(6,  "TYPE_INDEX_LEB",           "leb32",  "type"),
  row(7,  "GLOBAL_INDEX_LEB",         "leb32",  "global"),
  row(8,  "FUNCTION_OFFSET_I32",      "i32",    "offset"),
  row(9,  "SECTION_OFFSET_I32",       "i32",    "offset"),
  row(10, "TAG_INDEX_LEB",            "leb32",  "tag"),
  row(11, "MEMORY_ADDR_REL_SLEB",     "sleb32", "relative"),
  row(12, "TABLE_INDEX_REL_SLEB",     "sleb32", "relative"),
  row(13, "GLOBAL_INDEX_I32",         "i32",    "global"),
  row(14, "MEMORY_ADDR_LEB64",        "leb64",  "address"),
  row(15, "MEMORY_ADDR_SLEB64",       "sleb64", "address"),
  row(16, "MEMORY_ADDR_I64",          "i64",    "address"),
  row(17, "MEMORY_ADDR_REL_SLEB64",   "sleb64", "relative"),
  row(18, "TABLE_INDEX_SLEB64",       "sleb64", "pointer"),
  row(19, "TABLE_INDEX_I64",          "i64",    "pointer"),
  row(20, "TABLE_NUMBER_LEB",         "leb32",  "table"),
  row(21, "MEMORY_ADDR_TLS_SLEB",     "sleb32", "relative"),
  row(22, "FUNCTION_OFFSET_I64",      "i64",    "offset"),
  row(23, "MEMORY_ADDR_LOCREL_I32",   "i32",    "relative"),
  row(24, "TABLE_INDEX_REL_SLEB64",   "sleb64", "relative"),
  row(25, "MEMORY_ADDR_TLS_SLEB64",   "sleb64", "relative"),
  row(26, "FUNCTION_INDEX_I32",       "i32",    "function"),
];

/** Bytes of a place. */
export const widthOf = (encoding: Encoding): number =>
  ({ leb32: 5, sleb32: 5, i32: 4, leb64: 10, sleb64: 10, i64: 8 })[encoding];

/** Writes a value (of 32 bits, or 64) to a place. */
export function patch(
  bytes: Uint8Array | number[],
  at: number,
  encoding: Encoding,
  value: bigint,
): void {
  const width = widthOf(encoding);
  const wide = encoding.endsWith("64");
  const bits = wide ? 64 : 32;
  if (encoding === "i32" || encoding === "i64") {
    for (let k = 0; k < width; k++) bytes[at + k] = Number((value >> BigInt(8 * k)) & 0xffn);
    return;
  }
  let rest = encoding.startsWith("s") ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value);
  for (let k = 0; k < width; k++) {
    bytes[at + k] = Number(rest & 0x7fn) | (k < width - 1 ? 0x80 : 0);
    rest >>= 7n;
  }
}

/** Flags of a symbol in the `linking` section. */
export const SymbolFlag = {
  weak: 0x1,
  local: 0x2,
  hidden: 0x4,
  undefined: 0x10,
  exported: 0x20,
  explicitName: 0x40,
  noStrip: 0x80,
  threadLocal: 0x100,
  absolute: 0x200,
} as const;

/** Flags of a data segment in the `linking` section. */
export const SegmentFlag = { strings: 0x1, threadLocal: 0x2, retain: 0x4 } as const;

/** Kinds of symbols, in the order of their codes. */
export const symbolKinds = ["function", "data", "global", "section", "tag", "table"] as const;
export type SymbolKind = (typeof symbolKinds)[number];

/** The names that tools agree on. */
export const INDIRECT_FUNCTION_TABLE = "__indirect_function_table";
export const LINEAR_MEMORY = "__linear_memory";
export const STACK_POINTER = "__stack_pointer";
