// Types of WebAssembly 3.0, as the binary format and validation see them.
// Spec: https://webassembly.github.io/spec/core/syntax/types.html
// All of it is plain data. A type index inside a type counts within its module.

export type NumType = "i32" | "i64" | "f32" | "f64";
export type VecType = "v128";

/** The abstract heap types; `bot` is validation's bottom of all hierarchies. */
export type AbsHeapType =
  | "any"
  | "eq"
  | "i31"
  | "struct"
  | "array"
  | "none"
  | "func"
  | "nofunc"
  | "extern"
  | "noextern"
  | "exn"
  | "noexn"
  | "cont"
  | "nocont";

/**
 * A heap type: an abstract one by name, or a concrete one. `C` is how concrete
 * types are referred to: by type index within a module (the default), or by
 * `DefType` once closed (`valid/deftypes.ts`).
 */
export type HeapType<C = number> = AbsHeapType | C;

export interface RefType<C = number> {
  readonly kind: "ref";
  readonly nullable: boolean;
  readonly heap: HeapType<C>;
}

export type ValType<C = number> = NumType | VecType | RefType<C>;

export interface FuncType<C = number> {
  readonly kind: "func";
  readonly params: readonly ValType<C>[];
  readonly results: readonly ValType<C>[];
}

export type StorageType<C = number> = ValType<C> | "i8" | "i16";
export interface FieldType<C = number> {
  readonly storage: StorageType<C>;
  readonly mutable: boolean;
}
export interface StructType<C = number> {
  readonly kind: "struct";
  readonly fields: readonly FieldType<C>[];
}
export interface ArrayType<C = number> {
  readonly kind: "array";
  readonly field: FieldType<C>;
}
/** Stack switching: a continuation whose entry has the function type at `func`. */
export interface ContType<C = number> {
  readonly kind: "cont";
  readonly func: C;
}
export type CompType<C = number> = FuncType<C> | StructType<C> | ArrayType<C> | ContType<C>;

export interface SubType<C = number> {
  readonly final: boolean;
  readonly supers: readonly C[];
  readonly comp: CompType<C>;
  /** First type index of the recursion group this type belongs to, and the group's size. */
  readonly groupStart: number;
  readonly groupSize: number;
}

/** Limits in units (pages or elements). `max` is undefined where the type has none. */
export interface Limits {
  readonly min: bigint;
  readonly max?: bigint;
  /** The address type: `i64` for memory64 and table64. */
  readonly address: "i32" | "i64";
  readonly shared: boolean;
  /** log2 of the page size (memories only): 16 unless custom page sizes say otherwise. */
  readonly pageSizeLog2: number;
}
export interface MemoryType {
  readonly limits: Limits;
}
export interface TableType<C = number> {
  readonly limits: Limits;
  readonly element: RefType<C>;
}
export interface GlobalType<C = number> {
  readonly type: ValType<C>;
  readonly mutable: boolean;
}
/** Tags name the function type at `type` whose parameters are the payload. */
export interface TagType {
  readonly type: number;
}

export const refType = (heap: HeapType, nullable = true): RefType => ({
  kind: "ref",
  nullable,
  heap,
});
export const FUNCREF = refType("func");
export const EXTERNREF = refType("extern");

export const isRefType = <C>(t: ValType<C>): t is RefType<C> => typeof t === "object";

const shorthands: Partial<Record<AbsHeapType, string>> = {
  func: "funcref",
  extern: "externref",
  any: "anyref",
  eq: "eqref",
  i31: "i31ref",
  struct: "structref",
  array: "arrayref",
  exn: "exnref",
  cont: "contref",
  none: "nullref",
  nofunc: "nullfuncref",
  noextern: "nullexternref",
  noexn: "nullexnref",
  nocont: "nullcontref",
};

/** The type in text format: `i32`, `funcref`, `(ref null 3)`. */
export function formatValType<C>(t: ValType<C>): string {
  if (typeof t === "string") return t;
  const heap = t.heap as AbsHeapType | number | { readonly id: number };
  const short = t.nullable && typeof heap === "string" ? shorthands[heap] : undefined;
  return (
    short ?? `(ref ${t.nullable ? "null " : ""}${typeof heap === "object" ? `#${heap.id}` : heap})`
  );
}

/** `[i32 i64] -> [f32]`, the spec's notation for function types. */
export function formatFuncType<C>(t: {
  params: readonly ValType<C>[];
  results: readonly ValType<C>[];
}): string {
  const list = (ts: readonly ValType<C>[]) => `[${ts.map(formatValType).join(" ")}]`;
  return `${list(t.params)} -> ${list(t.results)}`;
}
