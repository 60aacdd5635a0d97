// References and values in a section: a reference is a kind and a number in its section.

import type { Fiber } from "../exec/fiber.js";
import { ContinuationInstance } from "../runtime/continuations.js";
import { ExceptionInstance } from "../runtime/exceptions.js";
import { FuncInstance, type ModuleInstance } from "../runtime/instances.js";
import { ArrayInstance, StructInstance } from "../runtime/objects.js";
import { isOfType } from "../runtime/typing.js";
import type { HostRef, Reference, Value } from "../runtime/values.js";
import { formatValType, type ValType } from "../syntax/types.js";
import type { DefType } from "../valid/deftypes.js";
import type { ByteWriter, SectionReader } from "./bytes.js";
import { SnapshotError } from "./errors.js";
import type { Graph } from "./graph.js";

export const Kind = {
  null: 0,
  i31: 1,
  func: 2,
  struct: 3,
  array: 4,
  exception: 5,
  continuation: 6,
  host: 7,
} as const;

export function writeReference(w: ByteWriter, graph: Graph, reference: Reference): void {
  if (reference === null) return w.byte(Kind.null);
  const write = (kind: number, id: number) => {
    w.byte(kind);
    w.uint(id);
  };
  if (typeof reference === "number") {
    w.byte(Kind.i31);
    return w.word(reference);
  }
  if (reference instanceof FuncInstance) {
    w.byte(Kind.func);
    return writeFunction(w, graph, reference);
  }
  if (reference instanceof StructInstance) return write(Kind.struct, graph.structs.idOf(reference));
  if (reference instanceof ArrayInstance) return write(Kind.array, graph.arrays.idOf(reference));
  if (reference instanceof ExceptionInstance)
    return write(Kind.exception, graph.exceptions.idOf(reference));
  if (reference instanceof ContinuationInstance)
    return write(
      Kind.continuation,
      graph.continuations.idOf(reference as ContinuationInstance<Fiber>),
    );
  write(Kind.host, graph.hosts.idOf(reference));
}

export function writeFunction(w: ByteWriter, graph: Graph, func: FuncInstance): void {
  const place = graph.placeOf(func);
  if (place === undefined)
    throw new SnapshotError(
      `${func.name} is a function of the host that no instance imports: nobody could supply it again`,
    );
  w.uint(place.instance);
  w.uint(place.index);
}

export function writeValue(w: ByteWriter, graph: Graph, value: Value): void {
  switch (value.type) {
    case "i32":
      return w.word(value.value);
    case "f32":
      return w.word(value.bits);
    case "i64":
      return w.long(value.value);
    case "f64":
      return w.long(value.bits);
    case "v128":
      w.long(value.bits);
      return w.long(value.bits >> 64n);
    case "ref":
      return writeReference(w, graph, value.ref);
  }
}

/** What a file's references refer to: complete but for the contents of objects. */
export interface Things {
  readonly instances: readonly ModuleInstance[];
  readonly structs: readonly StructInstance[];
  readonly arrays: readonly ArrayInstance[];
  readonly exceptions: readonly ExceptionInstance[];
  readonly continuations: readonly ContinuationInstance<Fiber>[];
  readonly hosts: readonly HostRef[];
}

const KINDS = ["", "", "", "structs", "arrays", "exceptions", "continuations", "hosts"] as const;

export function readReference(r: SectionReader, things: Things): Reference {
  const start = r.pos;
  const kind = r.byte("a kind of reference");
  switch (kind) {
    case Kind.null:
      return null;
    case Kind.i31: {
      const value = r.word("an i31 reference");
      r.ensure((value << 1) >> 1 === value, `${value} has more than 31 bits`, start);
      return value;
    }
    case Kind.func:
      return readFunction(r, things);
    default: {
      r.ensure(kind < KINDS.length, `expected a kind of reference, found ${kind}`, start);
      const all = things[KINDS[kind] as Exclude<(typeof KINDS)[number], "">];
      return all[r.below(all.length, `an index in section ${KINDS[kind]}`)]!;
    }
  }
}

export function readFunction(r: SectionReader, { instances }: Things): FuncInstance {
  const instance = instances[r.below(instances.length, "an instance")]!;
  return instance.funcs[r.below(instance.funcs.length, "a function")]!;
}

/** A reference that is a value of the type; `orNull` allows null where the type does not. */
export function readTyped(
  r: SectionReader,
  things: Things,
  type: Extract<ValType<DefType>, object>,
  orNull = false,
): Reference {
  const start = r.pos;
  const reference = readReference(r, things);
  r.ensure(
    isOfType(reference, type) || (orNull && reference === null),
    `expected a reference of type ${formatValType(type)}`,
    start,
  );
  return reference;
}

export function readValue(
  r: SectionReader,
  things: Things,
  type: ValType<DefType>,
  orNull = false,
): Value {
  const what = `a value of type ${formatValType(type)}`;
  switch (type) {
    case "i32":
      return { type, value: r.word(what) };
    case "f32":
      return { type, bits: r.word(what) >>> 0 };
    case "i64":
      return { type, value: r.long(what) };
    case "f64":
      return { type, bits: BigInt.asUintN(64, r.long(what)) };
    case "v128": {
      const low = BigInt.asUintN(64, r.long(what));
      return { type, bits: (BigInt.asUintN(64, r.long(what)) << 64n) | low };
    }
    default:
      return { type: "ref", ref: readTyped(r, things, type, orNull) };
  }
}
