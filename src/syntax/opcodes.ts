// The opcode table: one row per instruction, from which the decoder, validation,
// the disassembler and execution derive. A row's `type` is its stack effect in
// the spec's notation where it is the same for every use; `null` marks the
// instructions whose typing depends on immediates or context (validation has a
// case of its own for each of those, by mnemonic).
// Spec: https://webassembly.github.io/spec/core/binary/instructions.html
//
// Codes of one byte are the byte; prefixed ones are prefix << 16 | sub-opcode,
// so 0xfc0008 is `memory.init`.

import { atomicOpcodes } from "./opcodes-atomics.js";
import { simdOpcodes } from "./opcodes-simd.js";

/** What follows an opcode, in the order of the bytes. */
export type Immediate =
  | "blocktype"
  | "label"
  | "labels"
  /** The clauses of `try_table`. */
  | "catches"
  /** The clauses of `resume` and its kin. */
  | "handlers"
  | "type"
  | "func"
  | "table"
  | "memory"
  | "global"
  | "local"
  | "elem"
  | "data"
  | "tag"
  | "field"
  /** A number of operands. */
  | "count"
  | "heaptype"
  /** A heap type, standing for the references to it: without null, and with. */
  | "ref"
  | "ref null"
  /** Which of the two heap types that end the instruction include null. */
  | "castflags"
  | "heaptypes"
  | "valtypes"
  | "i32"
  | "i64"
  | "f32"
  | "f64"
  /** One lane; the 16 bytes of a constant; the 16 lanes of a shuffle. */
  | "lane"
  | "v128"
  | "lanes"
  /** A byte that is reserved. */
  | "zero"
  | "memarg";

const row = <const C extends number>(code: C, type: string | null, ...immediates: Immediate[]) => ({
  code,
  type,
  immediates,
});
/** A load or store of `bytes` bytes: the natural alignment. */
const access = <const C extends number>(code: C, bytes: number, type: string) => ({
  ...row(code, type, "memarg"),
  access: bytes,
});

// prettier-ignore
export const opcodes = {
  // Control
  "unreachable":         row(0x00, null),
  "nop":                 row(0x01, "->"),
  "block":               row(0x02, null, "blocktype"),
  "loop":                row(0x03, null, "blocktype"),
  "if":                  row(0x04, null, "blocktype"),
  "else":                row(0x05, null),
  "throw":               row(0x08, null, "tag"),
  "throw_ref":           row(0x0a, null),
  "end":                 row(0x0b, null),
  "br":                  row(0x0c, null, "label"),
  "br_if":               row(0x0d, null, "label"),
  "br_table":            row(0x0e, null, "labels"),
  "return":              row(0x0f, null),
  "call":                row(0x10, null, "func"),
  "call_indirect":       row(0x11, null, "type", "table"),
  "return_call":         row(0x12, null, "func"),
  "return_call_indirect":row(0x13, null, "type", "table"),
  "call_ref":            row(0x14, null, "type"),
  "return_call_ref":     row(0x15, null, "type"),
  "try_table":           row(0x1f, null, "blocktype", "catches"),

  // Legacy exception handling: not in WebAssembly 3.0, but compilers emit it
  "try":                 row(0x06, null, "blocktype"),
  "catch":               row(0x07, null, "tag"),
  "rethrow":             row(0x09, null, "label"),
  "delegate":            row(0x18, null, "label"),
  "catch_all":           row(0x19, null),

  // Parametric
  "drop":                row(0x1a, null),
  "select":              row(0x1b, null),
  "select t":            row(0x1c, null, "valtypes"),

  // Variables
  "local.get":           row(0x20, null, "local"),
  "local.set":           row(0x21, null, "local"),
  "local.tee":           row(0x22, null, "local"),
  "global.get":          row(0x23, null, "global"),
  "global.set":          row(0x24, null, "global"),

  // Tables
  "table.get":           row(0x25, null, "table"),
  "table.set":           row(0x26, null, "table"),

  // Memory
  "i32.load":            access(0x28, 4, "i32 -> i32"),
  "i64.load":            access(0x29, 8, "i32 -> i64"),
  "f32.load":            access(0x2a, 4, "i32 -> f32"),
  "f64.load":            access(0x2b, 8, "i32 -> f64"),
  "i32.load8_s":         access(0x2c, 1, "i32 -> i32"),
  "i32.load8_u":         access(0x2d, 1, "i32 -> i32"),
  "i32.load16_s":        access(0x2e, 2, "i32 -> i32"),
  "i32.load16_u":        access(0x2f, 2, "i32 -> i32"),
  "i64.load8_s":         access(0x30, 1, "i32 -> i64"),
  "i64.load8_u":         access(0x31, 1, "i32 -> i64"),
  "i64.load16_s":        access(0x32, 2, "i32 -> i64"),
  "i64.load16_u":        access(0x33, 2, "i32 -> i64"),
  "i64.load32_s":        access(0x34, 4, "i32 -> i64"),
  "i64.load32_u":        access(0x35, 4, "i32 -> i64"),
  "i32.store":           access(0x36, 4, "i32 i32 ->"),
  "i64.store":           access(0x37, 8, "i32 i64 ->"),
  "f32.store":           access(0x38, 4, "i32 f32 ->"),
  "f64.store":           access(0x39, 8, "i32 f64 ->"),
  "i32.store8":          access(0x3a, 1, "i32 i32 ->"),
  "i32.store16":         access(0x3b, 2, "i32 i32 ->"),
  "i64.store8":          access(0x3c, 1, "i32 i64 ->"),
  "i64.store16":         access(0x3d, 2, "i32 i64 ->"),
  "i64.store32":         access(0x3e, 4, "i32 i64 ->"),
  "memory.size":         row(0x3f, null, "memory"),
  "memory.grow":         row(0x40, null, "memory"),

  // Numeric
  "i32.const":           row(0x41, "-> i32", "i32"),
  "i64.const":           row(0x42, "-> i64", "i64"),
  "f32.const":           row(0x43, "-> f32", "f32"),
  "f64.const":           row(0x44, "-> f64", "f64"),
  "i32.eqz":             row(0x45, "i32 -> i32"),
  "i32.eq":              row(0x46, "i32 i32 -> i32"),
  "i32.ne":              row(0x47, "i32 i32 -> i32"),
  "i32.lt_s":            row(0x48, "i32 i32 -> i32"),
  "i32.lt_u":            row(0x49, "i32 i32 -> i32"),
  "i32.gt_s":            row(0x4a, "i32 i32 -> i32"),
  "i32.gt_u":            row(0x4b, "i32 i32 -> i32"),
  "i32.le_s":            row(0x4c, "i32 i32 -> i32"),
  "i32.le_u":            row(0x4d, "i32 i32 -> i32"),
  "i32.ge_s":            row(0x4e, "i32 i32 -> i32"),
  "i32.ge_u":            row(0x4f, "i32 i32 -> i32"),
  "i64.eqz":             row(0x50, "i64 -> i32"),
  "i64.eq":              row(0x51, "i64 i64 -> i32"),
  "i64.ne":              row(0x52, "i64 i64 -> i32"),
  "i64.lt_s":            row(0x53, "i64 i64 -> i32"),
  "i64.lt_u":            row(0x54, "i64 i64 -> i32"),
  "i64.gt_s":            row(0x55, "i64 i64 -> i32"),
  "i64.gt_u":            row(0x56, "i64 i64 -> i32"),
  "i64.le_s":            row(0x57, "i64 i64 -> i32"),
  "i64.le_u":            row(0x58, "i64 i64 -> i32"),
  "i64.ge_s":            row(0x59, "i64 i64 -> i32"),
  "i64.ge_u":            row(0x5a, "i64 i64 -> i32"),
  "f32.eq":              row(0x5b, "f32 f32 -> i32"),
  "f32.ne":              row(0x5c, "f32 f32 -> i32"),
  "f32.lt":              row(0x5d, "f32 f32 -> i32"),
  "f32.gt":              row(0x5e, "f32 f32 -> i32"),
  "f32.le":              row(0x5f, "f32 f32 -> i32"),
  "f32.ge":              row(0x60, "f32 f32 -> i32"),
  "f64.eq":              row(0x61, "f64 f64 -> i32"),
  "f64.ne":              row(0x62, "f64 f64 -> i32"),
  "f64.lt":              row(0x63, "f64 f64 -> i32"),
  "f64.gt":              row(0x64, "f64 f64 -> i32"),
  "f64.le":              row(0x65, "f64 f64 -> i32"),
  "f64.ge":              row(0x66, "f64 f64 -> i32"),
  "i32.clz":             row(0x67, "i32 -> i32"),
  "i32.ctz":             row(0x68, "i32 -> i32"),
  "i32.popcnt":          row(0x69, "i32 -> i32"),
  "i32.add":             row(0x6a, "i32 i32 -> i32"),
  "i32.sub":             row(0x6b, "i32 i32 -> i32"),
  "i32.mul":             row(0x6c, "i32 i32 -> i32"),
  "i32.div_s":           row(0x6d, "i32 i32 -> i32"),
  "i32.div_u":           row(0x6e, "i32 i32 -> i32"),
  "i32.rem_s":           row(0x6f, "i32 i32 -> i32"),
  "i32.rem_u":           row(0x70, "i32 i32 -> i32"),
  "i32.and":             row(0x71, "i32 i32 -> i32"),
  "i32.or":              row(0x72, "i32 i32 -> i32"),
  "i32.xor":             row(0x73, "i32 i32 -> i32"),
  "i32.shl":             row(0x74, "i32 i32 -> i32"),
  "i32.shr_s":           row(0x75, "i32 i32 -> i32"),
  "i32.shr_u":           row(0x76, "i32 i32 -> i32"),
  "i32.rotl":            row(0x77, "i32 i32 -> i32"),
  "i32.rotr":            row(0x78, "i32 i32 -> i32"),
  "i64.clz":             row(0x79, "i64 -> i64"),
  "i64.ctz":             row(0x7a, "i64 -> i64"),
  "i64.popcnt":          row(0x7b, "i64 -> i64"),
  "i64.add":             row(0x7c, "i64 i64 -> i64"),
  "i64.sub":             row(0x7d, "i64 i64 -> i64"),
  "i64.mul":             row(0x7e, "i64 i64 -> i64"),
  "i64.div_s":           row(0x7f, "i64 i64 -> i64"),
  "i64.div_u":           row(0x80, "i64 i64 -> i64"),
  "i64.rem_s":           row(0x81, "i64 i64 -> i64"),
  "i64.rem_u":           row(0x82, "i64 i64 -> i64"),
  "i64.and":             row(0x83, "i64 i64 -> i64"),
  "i64.or":              row(0x84, "i64 i64 -> i64"),
  "i64.xor":             row(0x85, "i64 i64 -> i64"),
  "i64.shl":             row(0x86, "i64 i64 -> i64"),
  "i64.shr_s":           row(0x87, "i64 i64 -> i64"),
  "i64.shr_u":           row(0x88, "i64 i64 -> i64"),
  "i64.rotl":            row(0x89, "i64 i64 -> i64"),
  "i64.rotr":            row(0x8a, "i64 i64 -> i64"),
  "f32.abs":             row(0x8b, "f32 -> f32"),
  "f32.neg":             row(0x8c, "f32 -> f32"),
  "f32.ceil":            row(0x8d, "f32 -> f32"),
  "f32.floor":           row(0x8e, "f32 -> f32"),
  "f32.trunc":           row(0x8f, "f32 -> f32"),
  "f32.nearest":         row(0x90, "f32 -> f32"),
  "f32.sqrt":            row(0x91, "f32 -> f32"),
  "f32.add":             row(0x92, "f32 f32 -> f32"),
  "f32.sub":             row(0x93, "f32 f32 -> f32"),
  "f32.mul":             row(0x94, "f32 f32 -> f32"),
  "f32.div":             row(0x95, "f32 f32 -> f32"),
  "f32.min":             row(0x96, "f32 f32 -> f32"),
  "f32.max":             row(0x97, "f32 f32 -> f32"),
  "f32.copysign":        row(0x98, "f32 f32 -> f32"),
  "f64.abs":             row(0x99, "f64 -> f64"),
  "f64.neg":             row(0x9a, "f64 -> f64"),
  "f64.ceil":            row(0x9b, "f64 -> f64"),
  "f64.floor":           row(0x9c, "f64 -> f64"),
  "f64.trunc":           row(0x9d, "f64 -> f64"),
  "f64.nearest":         row(0x9e, "f64 -> f64"),
  "f64.sqrt":            row(0x9f, "f64 -> f64"),
  "f64.add":             row(0xa0, "f64 f64 -> f64"),
  "f64.sub":             row(0xa1, "f64 f64 -> f64"),
  "f64.mul":             row(0xa2, "f64 f64 -> f64"),
  "f64.div":             row(0xa3, "f64 f64 -> f64"),
  "f64.min":             row(0xa4, "f64 f64 -> f64"),
  "f64.max":             row(0xa5, "f64 f64 -> f64"),
  "f64.copysign":        row(0xa6, "f64 f64 -> f64"),
  "i32.wrap_i64":        row(0xa7, "i64 -> i32"),
  "i32.trunc_f32_s":     row(0xa8, "f32 -> i32"),
  "i32.trunc_f32_u":     row(0xa9, "f32 -> i32"),
  "i32.trunc_f64_s":     row(0xaa, "f64 -> i32"),
  "i32.trunc_f64_u":     row(0xab, "f64 -> i32"),
  "i64.extend_i32_s":    row(0xac, "i32 -> i64"),
  "i64.extend_i32_u":    row(0xad, "i32 -> i64"),
  "i64.trunc_f32_s":     row(0xae, "f32 -> i64"),
  "i64.trunc_f32_u":     row(0xaf, "f32 -> i64"),
  "i64.trunc_f64_s":     row(0xb0, "f64 -> i64"),
  "i64.trunc_f64_u":     row(0xb1, "f64 -> i64"),
  "f32.convert_i32_s":   row(0xb2, "i32 -> f32"),
  "f32.convert_i32_u":   row(0xb3, "i32 -> f32"),
  "f32.convert_i64_s":   row(0xb4, "i64 -> f32"),
  "f32.convert_i64_u":   row(0xb5, "i64 -> f32"),
  "f32.demote_f64":      row(0xb6, "f64 -> f32"),
  "f64.convert_i32_s":   row(0xb7, "i32 -> f64"),
  "f64.convert_i32_u":   row(0xb8, "i32 -> f64"),
  "f64.convert_i64_s":   row(0xb9, "i64 -> f64"),
  "f64.convert_i64_u":   row(0xba, "i64 -> f64"),
  "f64.promote_f32":     row(0xbb, "f32 -> f64"),
  "i32.reinterpret_f32": row(0xbc, "f32 -> i32"),
  "i64.reinterpret_f64": row(0xbd, "f64 -> i64"),
  "f32.reinterpret_i32": row(0xbe, "i32 -> f32"),
  "f64.reinterpret_i64": row(0xbf, "i64 -> f64"),
  "i32.extend8_s":       row(0xc0, "i32 -> i32"),
  "i32.extend16_s":      row(0xc1, "i32 -> i32"),
  "i64.extend8_s":       row(0xc2, "i64 -> i64"),
  "i64.extend16_s":      row(0xc3, "i64 -> i64"),
  "i64.extend32_s":      row(0xc4, "i64 -> i64"),

  // References
  "ref.null":            row(0xd0, null, "heaptype"),
  "ref.is_null":         row(0xd1, null),
  "ref.func":            row(0xd2, null, "func"),
  "ref.eq":              row(0xd3, null),
  "ref.as_non_null":     row(0xd4, null),
  "br_on_null":          row(0xd5, null, "label"),
  "br_on_non_null":      row(0xd6, null, "label"),

  // Stack switching
  "cont.new":            row(0xe0, null, "type"),
  "cont.bind":           row(0xe1, null, "type", "type"),
  "suspend":             row(0xe2, null, "tag"),
  "resume":              row(0xe3, null, "type", "handlers"),
  "resume_throw":        row(0xe4, null, "type", "tag", "handlers"),
  "resume_throw_ref":    row(0xe5, null, "type", "handlers"),
  "switch":              row(0xe6, null, "type", "tag"),

  // Structures, arrays, casts
  "struct.new":          row(0xfb0000, null, "type"),
  "struct.new_default":  row(0xfb0001, null, "type"),
  "struct.get":          row(0xfb0002, null, "type", "field"),
  "struct.get_s":        row(0xfb0003, null, "type", "field"),
  "struct.get_u":        row(0xfb0004, null, "type", "field"),
  "struct.set":          row(0xfb0005, null, "type", "field"),
  "array.new":           row(0xfb0006, null, "type"),
  "array.new_default":   row(0xfb0007, null, "type"),
  "array.new_fixed":     row(0xfb0008, null, "type", "count"),
  "array.new_data":      row(0xfb0009, null, "type", "data"),
  "array.new_elem":      row(0xfb000a, null, "type", "elem"),
  "array.get":           row(0xfb000b, null, "type"),
  "array.get_s":         row(0xfb000c, null, "type"),
  "array.get_u":         row(0xfb000d, null, "type"),
  "array.set":           row(0xfb000e, null, "type"),
  "array.len":           row(0xfb000f, null),
  "array.fill":          row(0xfb0010, null, "type"),
  "array.copy":          row(0xfb0011, null, "type", "type"),
  "array.init_data":     row(0xfb0012, null, "type", "data"),
  "array.init_elem":     row(0xfb0013, null, "type", "elem"),
  "ref.test":            row(0xfb0014, null, "ref"),
  "ref.test null":       row(0xfb0015, null, "ref null"),
  "ref.cast":            row(0xfb0016, null, "ref"),
  "ref.cast null":       row(0xfb0017, null, "ref null"),
  "br_on_cast":          row(0xfb0018, null, "castflags", "label", "heaptypes"),
  "br_on_cast_fail":     row(0xfb0019, null, "castflags", "label", "heaptypes"),
  "any.convert_extern":  row(0xfb001a, null),
  "extern.convert_any":  row(0xfb001b, null),
  "ref.i31":             row(0xfb001c, null),
  "i31.get_s":           row(0xfb001d, null),
  "i31.get_u":           row(0xfb001e, null),

  // Custom descriptors
  "struct.new_desc":     row(0xfb0020, null, "type"),
  "struct.new_default_desc": row(0xfb0021, null, "type"),
  "ref.get_desc":        row(0xfb0022, null, "type"),
  "ref.cast_desc_eq":    row(0xfb0023, null, "ref"),
  "ref.cast_desc_eq null": row(0xfb0024, null, "ref null"),
  "br_on_cast_desc_eq":  row(0xfb0025, null, "castflags", "label", "heaptypes"),
  "br_on_cast_desc_eq_fail": row(0xfb0026, null, "castflags", "label", "heaptypes"),

  // Saturating conversions
  "i32.trunc_sat_f32_s": row(0xfc0000, "f32 -> i32"),
  "i32.trunc_sat_f32_u": row(0xfc0001, "f32 -> i32"),
  "i32.trunc_sat_f64_s": row(0xfc0002, "f64 -> i32"),
  "i32.trunc_sat_f64_u": row(0xfc0003, "f64 -> i32"),
  "i64.trunc_sat_f32_s": row(0xfc0004, "f32 -> i64"),
  "i64.trunc_sat_f32_u": row(0xfc0005, "f32 -> i64"),
  "i64.trunc_sat_f64_s": row(0xfc0006, "f64 -> i64"),
  "i64.trunc_sat_f64_u": row(0xfc0007, "f64 -> i64"),

  // Bulk memory and table operations
  "memory.init":         row(0xfc0008, null, "data", "memory"),
  "data.drop":           row(0xfc0009, null, "data"),
  "memory.copy":         row(0xfc000a, null, "memory", "memory"),
  "memory.fill":         row(0xfc000b, null, "memory"),
  "table.init":          row(0xfc000c, null, "elem", "table"),
  "elem.drop":           row(0xfc000d, null, "elem"),
  "table.copy":          row(0xfc000e, null, "table", "table"),
  "table.grow":          row(0xfc000f, null, "table"),
  "table.size":          row(0xfc0010, null, "table"),
  "table.fill":          row(0xfc0011, null, "table"),

  // Wide arithmetic
  "i64.add128":          row(0xfc0013, "i64 i64 i64 i64 -> i64 i64"),
  "i64.sub128":          row(0xfc0014, "i64 i64 i64 i64 -> i64 i64"),
  "i64.mul_wide_s":      row(0xfc0015, "i64 i64 -> i64 i64"),
  "i64.mul_wide_u":      row(0xfc0016, "i64 i64 -> i64 i64"),

  // Vectors
  ...simdOpcodes,

  // Threads
  ...atomicOpcodes,
} as const;

export type Mnemonic = keyof typeof opcodes;

/**
 * The code of a mnemonic, as a literal type. `case 0x6a satisfies Code<"i32.add">:`
 * keeps the label a literal, which V8 needs to build a jump table, and lets the
 * compiler hold it against the table.
 */
export type Code<M extends Mnemonic> = (typeof opcodes)[M]["code"];

/** A row of the table, as code that walks instructions sees it. */
export interface Opcode {
  readonly code: number;
  readonly mnemonic: Mnemonic;
  readonly immediates: readonly Immediate[];
  /** Operand and result types (numbers and vectors) for rows with a fixed stack effect. */
  readonly type: Effect | undefined;
  /** Bytes accessed, for loads and stores. */
  readonly access: number | undefined;
  /** How many lanes there are to choose from, for instructions that name some. */
  readonly lanes: number | undefined;
}
interface Effect {
  readonly params: readonly FixedType[];
  readonly results: readonly FixedType[];
}
const fixedTypes = ["i32", "i64", "f32", "f64", "v128"] as const;
type FixedType = (typeof fixedTypes)[number];

/** Types are the literals themselves, not equal strings: engines compare those by address. */
function parseEffect(effect: string): Effect {
  const [params, results] = effect.split("->").map((side) =>
    side
      .trim()
      .split(" ")
      .flatMap((name) => fixedTypes.filter((type) => type === name)),
  );
  return { params: params!, results: results! };
}

/** All of one shape, in the engine's sense too: whoever walks code reads one for each instruction. */
const byCode = new Map<number, Opcode>();
for (const [mnemonic, entry] of Object.entries(opcodes)) {
  byCode.set(entry.code, {
    code: entry.code,
    mnemonic: mnemonic as Mnemonic,
    immediates: entry.immediates,
    type: entry.type === null ? undefined : parseEffect(entry.type),
    access: "access" in entry ? entry.access : undefined,
    lanes: "lanes" in entry ? entry.lanes : undefined,
  });
}

/** The row of a code, or undefined for an opcode that does not exist. */
export const opcodeOf = (code: number): Opcode | undefined => byCode.get(code);

/** Bytes that start a two-part opcode (prefix, then a u32 sub-opcode). */
export const isPrefix = (byte: number): boolean => byte >= 0xfb && byte <= 0xfe;

/** The name to print: `select t` is written `select` in text, `ref.test null` is `ref.test`. */
export const textMnemonic = (m: Mnemonic): string => m.split(" ", 1)[0]!;
