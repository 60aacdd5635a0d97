// Values through the JavaScript door: ToJSValue and ToWebAssemblyValue.
// Numbers convert here; references need to know which objects stand for what,
// so their conversion is a parameter.
// Spec: https://webassembly.github.io/spec/js-api/#tojsvalue

import {
  EXTERNREF,
  formatValType,
  FUNCREF,
  type FuncType,
  type HeapType,
  inexact,
  type NumType,
  type RefType,
  type ValType,
} from "../syntax/types.js";
import { f32, f64, floatOf, i32, i64, type Reference, type Value } from "../runtime/values.js";
import { closeRefType, type DefType } from "../valid/deftypes.js";
import { listOf, toEnum } from "./idl.js";

export interface ReferenceDoor {
  toJs(reference: Reference): unknown;
  /** @throws TypeError where the value is none of the type */
  toReference(value: unknown, type: RefType<DefType>): Reference;
}

export function toJsValue(value: Value, door: Pick<ReferenceDoor, "toJs">): unknown {
  switch (value.type) {
    case "v128":
      return refuseVector();
    case "ref":
      return door.toJs(value.ref);
    default:
      return toJsNumber(value);
  }
}

export const toJsNumber = (value: Value & { type: NumType }): number | bigint =>
  value.type === "i32" || value.type === "i64" ? value.value : floatOf(value);

/** @throws TypeError where JavaScript's own conversion does, and for vectors */
export function toWasmValue(value: unknown, type: ValType<DefType>, door: ReferenceDoor): Value {
  return typeof type === "object"
    ? { type: "ref", ref: door.toReference(value, type) }
    : toWasmNumber(value, type);
}

/** @throws TypeError as `toWasmValue` */
export function toWasmNumber(value: unknown, type: Exclude<ValType, RefType>): Value {
  switch (type) {
    case "i32":
      return i32((value as number) | 0);
    case "i64":
      return i64(BigInt.asIntN(64, value as bigint));
    case "f32":
      return f32(+(value as number));
    case "f64":
      return f64(+(value as number));
    case "v128":
      return refuseVector();
  }
}

function refuseVector(): never {
  throw new TypeError("vectors cannot pass between WebAssembly and JavaScript");
}

const HIDDEN: readonly unknown[] = ["exn", "noexn", "cont", "nocont"] satisfies HeapType[];

/**
 * Vectors, and references to exceptions and continuations: even a null does not pass.
 * @throws TypeError where the type is one that JavaScript does not see
 */
export function refuseHidden(type: ValType<DefType>): void {
  if (type === "v128") refuseVector();
  if (typeof type !== "object") return;
  const heap = inexact(type.heap);
  if (HIDDEN.includes(heap) || (typeof heap === "object" && heap.sub.comp.kind === "cont"))
    throw new TypeError(`a ${formatValType(type)} cannot pass between WebAssembly and JavaScript`);
}

/** @throws TypeError where a call would have to pass what is hidden: then the function does not run at all */
export function refuseSignature({ params, results }: FuncType<DefType>): void {
  params.forEach(refuseHidden);
  results.forEach(refuseHidden);
}

/** The results of a call as JavaScript has them: nothing, a value, or an array. */
export function toJsResults(results: readonly Value[], door: Pick<ReferenceDoor, "toJs">): unknown {
  if (results.length === 0) return undefined;
  if (results.length === 1) return toJsValue(results[0]!, door);
  return results.map((value) => toJsValue(value, door));
}

/** What a JavaScript function returned, as the results of a wasm call. */
export function toWasmResults(
  returned: unknown,
  types: readonly ValType<DefType>[],
  door: ReferenceDoor,
): Value[] {
  return resultList(returned, types.length).map((value, i) => toWasmValue(value, types[i]!, door));
}

/**
 * The values that a function of `count` results returned: several come in an iterable.
 * @throws TypeError where it holds another number of values
 */
export function resultList(returned: unknown, count: number): unknown[] {
  if (count === 0) return [];
  if (count === 1) return [returned];
  const method = (returned as Partial<Iterable<unknown>> | null | undefined)?.[Symbol.iterator];
  if (typeof method !== "function")
    throw new TypeError("a function of several results must return an iterable");
  const values = listOf(returned, method);
  if (values.length !== count)
    throw new TypeError(`a function of ${count} results returned ${values.length} values`);
  return values;
}

const VALUE_TYPES = {
  i32: "i32",
  i64: "i64",
  f32: "f32",
  f64: "f64",
  v128: "v128",
  externref: closeRefType([], EXTERNREF),
  anyfunc: closeRefType([], FUNCREF),
} satisfies Record<string, ValType<DefType>>;

/** ToValueType. @throws TypeError for what names no type */
export const toValueType = (name: unknown): ValType<DefType> =>
  VALUE_TYPES[toEnum(name, Object.keys(VALUE_TYPES) as (keyof typeof VALUE_TYPES)[], "the type")];
