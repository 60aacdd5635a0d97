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

/** Custom descriptors: of the concrete type itself, of none of its subtypes. */
export interface ExactType<C = number> {
  readonly exact: C;
}

/**
 * A heap type: an abstract one by name, or a concrete one, exactly or with its
 * subtypes. `C` is how concrete types are referred to: by type index within a
 * module (the default), or by `DefType` once closed (`valid/deftypes.ts`).
 */
export type HeapType<C = number> = AbsHeapType | C | ExactType<C>;

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
  /** Custom descriptors: the type whose objects are the descriptors of this one's. */
  readonly descriptor?: C;
  /** And the other way round: the type whose objects this one's describe. */
  readonly describes?: C;
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
/** The reference that is made of a type: not null, and exact. */
export const madeOf = (index: number): RefType => refType({ exact: index }, false);
export const FUNCREF = refType("func");
export const EXTERNREF = refType("extern");

export const isExact = <C>(heap: HeapType<C>): heap is ExactType<C> =>
  typeof heap === "object" && heap !== null && "exact" in heap;

/** The heap type with all its subtypes. */
export const inexact = <C>(heap: HeapType<C>): AbsHeapType | C =>
  isExact(heap) ? heap.exact : heap;

/** The type index in a heap type, exact or not; undefined in an abstract one. */
export function typeIndexOf(heap: HeapType): number | undefined {
  const type = inexact(heap);
  return typeof type === "number" ? type : undefined;
}

export const isRefType = <C>(t: ValType<C>): t is RefType<C> => typeof t === "object";

/** Types of nullable references, by what they refer to. */
export const shorthands: Partial<Record<AbsHeapType, string>> = {
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

/** The heap type in text format; a closed type is `#` and its id. */
export function formatHeapType<C>(heap: HeapType<C>): string {
  if (isExact(heap)) return `(exact ${formatHeapType(heap.exact)})`;
  const type = heap as AbsHeapType | number | { readonly id: number };
  return typeof type === "object" ? `#${type.id}` : String(type);
}

/** The type in text format: `i32`, `funcref`, `(ref null 3)`. */
export function formatValType<C>(t: ValType<C>): string {
  if (typeof t === "string") return t;
  const { nullable, heap } = t;
  const short = nullable && typeof heap === "string" ? shorthands[heap as AbsHeapType] : undefined;
  return short ?? `(ref ${nullable ? "null " : ""}${formatHeapType(heap)})`;
}

/** `[i32 i64] -> [f32]`, the spec's notation for function types. */
export function formatFuncType<C>(t: {
  params: readonly ValType<C>[];
  results: readonly ValType<C>[];
}): string {
  const list = (ts: readonly ValType<C>[]) => `[${ts.map(formatValType).join(" ")}]`;
  return `${list(t.params)} -> ${list(t.results)}`;
}
