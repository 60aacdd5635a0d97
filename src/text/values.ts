// Values as text and back, in the one notation of the command line, of `--json`
// output and of the debugger: `i32:-5`, `f32:nan:0x200001`, `externref:7`. It is
// documented in docs/cli.md. What is printed reads back as the same bits.

import { FuncInstance } from "../runtime/instances.js";
import { HostRef, type Reference, type Value } from "../runtime/values.js";
import { formatValType, type HeapType, type RefType, type ValType } from "../syntax/types.js";
import { UsageError } from "../util/errors.js";
import { quote } from "./identifiers.js";
import {
  formatF32Bits,
  formatF64Bits,
  formatI32,
  formatI64,
  parseF32,
  parseF64,
  parseI32,
  parseI64,
} from "./numbers.js";

/** A type of any module, or a closed one. */
type AnyType = ValType<unknown>;

/** Types that may stand before a value, with what they are called in full. */
const prefixes: Record<string, string> = {
  i32: "i32",
  i64: "i64",
  f32: "f32",
  f64: "f64",
  func: "funcref",
  funcref: "funcref",
  extern: "externref",
  externref: "externref",
  ref: "ref",
};
const PREFIXED = new RegExp(`^(${Object.keys(prefixes).join("|")}):(.*)$`, "s");

/** What a type is called before a value: all function references are `funcref`. */
export function typePrefix(type: AnyType): string {
  if (typeof type === "string") return type;
  const { heap } = type;
  if (heap === "extern" || heap === "noextern") return "externref";
  if (heap === "func" || heap === "nofunc" || isFunctionType(heap)) return "funcref";
  return formatValType(type);
}

/** Concrete types: type indices (of functions, until there are structs) or closed types. */
function isFunctionType(heap: HeapType<unknown>): boolean {
  if (typeof heap === "number") return true;
  const closed = heap as { readonly sub?: { readonly comp: { readonly kind: string } } } | null;
  return typeof closed === "object" && closed?.sub?.comp.kind === "func";
}

/**
 * Reads a value of a given type.
 * @throws UsageError that says what was expected
 */
export function parseValue(text: string, type: AnyType): Value {
  const expected = typePrefix(type);
  const [, prefix, rest] = PREFIXED.exec(text) ?? [];
  if (prefix !== undefined && prefix !== "ref" && prefixes[prefix] !== expected)
    throw new UsageError(`${text} has type ${prefixes[prefix]}, expected ${expected}`);
  if (prefix === "ref" && typeof type === "string")
    throw new UsageError(`${text} is a reference, expected ${expected}`);
  const body = rest ?? text;
  switch (type) {
    case "i32":
      return { type, value: parseI32(body) ?? wrong(text, type) };
    case "i64":
      return { type, value: parseI64(body) ?? wrong(text, type) };
    case "f32":
      return { type, bits: parseF32(body) ?? wrong(text, type) };
    case "f64":
      return { type, bits: parseF64(body) ?? wrong(text, type) };
    case "v128":
      throw new UsageError("vectors cannot be given on the command line yet");
    default:
      return { type: "ref", ref: parseReference(body, text, type) };
  }
}

function parseReference(body: string, text: string, type: RefType<unknown>): Reference {
  if (body === "null") {
    if (type.nullable) return null;
    throw new UsageError(`null is no ${formatValType(type)}`);
  }
  const number = Number(body);
  if (typePrefix(type) === "externref" && /^-?\d+$/.test(body) && Number.isSafeInteger(number))
    return new HostRef(number);
  return wrong(text, type);
}

const INTEGER = /^[+-]?(?:0x[\da-f]+|\d+)$/i;

const forms = {
  i32: "a decimal or 0x hexadecimal integer",
  i64: "a decimal or 0x hexadecimal integer",
  f32: "a decimal or 0x hexadecimal number, inf, nan or nan:0xPAYLOAD",
  f64: "a decimal or 0x hexadecimal number, inf, nan or nan:0xPAYLOAD",
};
const ranges = {
  i32: `${-(2 ** 31)} to ${2 ** 32 - 1}`,
  i64: `${-(2n ** 63n)} to ${2n ** 64n - 1n}`,
};

function wrong(text: string, type: AnyType): never {
  const name = typePrefix(type);
  const body = PREFIXED.exec(text)?.[2] ?? text;
  if ((type === "i32" || type === "i64") && INTEGER.test(body))
    throw new UsageError(`${text} is out of range for an ${type} (${ranges[type]})`);
  const form =
    typeof type === "string"
      ? forms[type as keyof typeof forms]
      : name === "externref"
        ? "null or extern:N with a whole number"
        : "null, the only reference of this type that can be written";
  throw new UsageError(`${text || "an empty text"} is no ${name}: expected ${form}`);
}

/**
 * Prints a value with its type before it. The type tells null references apart;
 * without it they print as `ref:null`.
 */
export function formatValue(value: Value, type?: AnyType): string {
  const prefix =
    type !== undefined && typeof type === "object" ? typePrefix(type) : prefixOf(value);
  return `${prefix}:${formatBody(value)}`;
}

function prefixOf(value: Value): string {
  if (value.type !== "ref") return value.type;
  if (value.ref === null) return "ref";
  return value.ref instanceof FuncInstance ? "funcref" : "externref";
}

function formatBody(value: Value): string {
  switch (value.type) {
    case "i32":
      return formatI32(value.value);
    case "i64":
      return formatI64(value.value);
    // Bits matter more than brevity here: every NaN shows its payload.
    case "f32":
      return formatF32Bits(value.bits).replace(/nan$/, "nan:0x400000");
    case "f64":
      return formatF64Bits(value.bits).replace(/nan$/, "nan:0x8000000000000");
    case "ref":
      return formatReference(value.ref);
  }
}

function formatReference(ref: Reference): string {
  if (ref === null) return "null";
  if (ref instanceof FuncInstance) return ref.name;
  const { value } = ref;
  if (typeof value === "string") return quote(value);
  return typeof value === "object" || typeof value === "function" ? typeof value : String(value);
}

/** Several values, with their types where known: `i32:1 f64:2.0`. */
export const formatValues = (values: readonly Value[], types: readonly AnyType[] = []): string =>
  values.map((value, i) => formatValue(value, types[i])).join(" ");
