// Closed types. A type index means something only within its module, so every
// recursion group is rolled up into a key in which references into the group are
// relative and all others are closed already. Equal keys are equal types (the
// spec's iso-recursive equality), so groups are interned by key for all modules
// together: two `DefType`s are equal exactly when they are the same object.
// Assumes that indices are in bounds and supertypes come first (`types.ts` checks).
// Spec: https://webassembly.github.io/spec/core/valid/conventions.html#defined-types

import type {
  CompType,
  FieldType,
  FuncType,
  GlobalType,
  HeapType,
  RefType,
  StorageType,
  SubType,
  TableType,
  ValType,
} from "../syntax/types.js";

/**
 * A closed defined type; compare with `===`.
 * Expand, Expand_use/deftype: `sub.comp` is closed as well.
 */
export interface DefType {
  /** Unique among all types of the process, in order of first appearance. */
  readonly id: number;
  readonly sub: {
    readonly final: boolean;
    readonly supers: readonly DefType[];
    readonly descriptor?: DefType;
    readonly describes?: DefType;
    readonly comp: CompType<DefType>;
  };
  /** Number of declared supertypes above this one. */
  readonly depth: number;
  /** The types of its recursion group, in order. */
  readonly group: readonly DefType[];
  /** The chain of declared supertypes, root first, this type last: `ancestors[depth] === this`. */
  readonly ancestors: readonly DefType[];
}

/** What groups are interned by; and their types. Types are few and small: they are never freed. */
const groups = new Map<string, readonly DefType[]>();
let nextId = 0;

/**
 * Closes all types of a module: the result has the same indices.
 * Deftype_ok, Heaptype_sub/rec-{struct,array,func,sub}: closed types know no references
 * into their group, only to its types.
 */
export function closeTypes(types: readonly SubType[]): DefType[] {
  const defs: DefType[] = [];
  while (defs.length < types.length) {
    const start = defs.length;
    const group = types.slice(start, start + Math.max(1, types[start]!.groupSize));
    const key = group.map((type) => subTypeKey(type, start, defs)).join(";");
    const known = groups.get(key);
    if (known === undefined) groups.set(key, unrollGroup(group, defs));
    else for (const def of known) defs.push(def);
  }
  return defs;
}

/** Makes the types of a new group and appends them to `defs`, the types of the module so far. */
function unrollGroup(group: readonly SubType[], defs: DefType[]): DefType[] {
  type Unfinished = { -readonly [K in keyof DefType]: DefType[K] };
  // The types of a group refer to each other, so all objects exist before any is filled.
  const made = group.map(() => ({ id: nextId++ }) as Unfinished);
  for (const def of made) defs.push(def);
  group.forEach(({ final, supers, descriptor, describes, comp }, i) => {
    const def = made[i]!;
    def.sub = {
      final,
      supers: supers.map((x) => defs[x]!),
      ...(descriptor === undefined ? {} : { descriptor: defs[descriptor]! }),
      ...(describes === undefined ? {} : { describes: defs[describes]! }),
      comp: closeCompType(defs, comp),
    };
    def.group = made;
    def.ancestors = [...(def.sub.supers[0]?.ancestors ?? []), def];
    def.depth = def.ancestors.length - 1;
  });
  return made;
}

function closeCompType(defs: readonly DefType[], comp: CompType): CompType<DefType> {
  switch (comp.kind) {
    case "func":
      return closeFuncType(defs, comp);
    case "struct":
      return { kind: "struct", fields: comp.fields.map((field) => closeField(defs, field)) };
    case "array":
      return { kind: "array", field: closeField(defs, comp.field) };
    case "cont":
      return { kind: "cont", func: defs[comp.func]! };
  }
}

const closeField = (defs: readonly DefType[], field: FieldType): FieldType<DefType> => ({
  storage: typeof field.storage === "object" ? closeRefType(defs, field.storage) : field.storage,
  mutable: field.mutable,
});

const closeFuncType = (defs: readonly DefType[], type: FuncType): FuncType<DefType> => ({
  kind: "func",
  params: type.params.map((t) => closeValType(defs, t)),
  results: type.results.map((t) => closeValType(defs, t)),
});

export function closeHeapType(defs: readonly DefType[], heap: HeapType): HeapType<DefType> {
  if (typeof heap === "number") return defs[heap]!;
  return typeof heap === "object" ? { exact: defs[heap.exact]! } : heap;
}

export const closeRefType = (defs: readonly DefType[], type: RefType): RefType<DefType> => ({
  kind: "ref",
  nullable: type.nullable,
  heap: closeHeapType(defs, type.heap),
});

export const closeValType = (defs: readonly DefType[], type: ValType): ValType<DefType> =>
  typeof type === "object" ? closeRefType(defs, type) : type;

export const closeGlobalType = (
  defs: readonly DefType[],
  type: GlobalType,
): GlobalType<DefType> => ({ type: closeValType(defs, type.type), mutable: type.mutable });

export const closeTableType = (defs: readonly DefType[], type: TableType): TableType<DefType> => ({
  limits: type.limits,
  element: closeRefType(defs, type.element),
});

// Keys: `.2` is the group's third type, `#7` the closed type with id 7, `=#7` that exactly.

function subTypeKey(type: SubType, start: number, defs: readonly DefType[]): string {
  const index = (x: number): string => (x >= start ? `.${x - start}` : `#${defs[x]!.id}`);
  const heap = (t: HeapType): string =>
    typeof t === "object" ? `=${index(t.exact)}` : typeof t === "number" ? index(t) : t;
  const storage = (t: StorageType): string =>
    typeof t === "string" ? t : `${t.nullable ? "?" : "!"}${heap(t.heap)}`;
  const field = (f: FieldType): string => `${f.mutable ? "var " : ""}${storage(f.storage)}`;
  const comp = (t: CompType): string => {
    switch (t.kind) {
      case "func":
        return `func ${t.params.map(storage).join()}->${t.results.map(storage).join()}`;
      case "struct":
        return `struct ${t.fields.map(field).join()}`;
      case "array":
        return `array ${field(t.field)}`;
      case "cont":
        return `cont ${index(t.func)}`;
    }
  };
  const clause = (name: string, x: number | undefined): string =>
    x === undefined ? "" : `${name} ${index(x)} `;
  const above = `${type.final ? "final" : "open"} ${type.supers.map(index).join()}`;
  const clauses = clause("describes", type.describes) + clause("descriptor", type.descriptor);
  return `${above}:${clauses}${comp(type.comp)}`;
}
