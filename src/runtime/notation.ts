// Values as text and back, in the one notation of the command line, of `--json`
// output and of the debugger: `i32:-5`, `f32:nan:0x200001`, `externref:7`. It is
// documented in docs/cli.md. What is printed reads back as the same bits.

import { ContinuationInstance } from "./continuations.js";
import { ExceptionInstance } from "./exceptions.js";
import { FuncInstance } from "./instances.js";
import { type ArrayInstance, StructInstance } from "./objects.js";
import { HostRef, type Reference, type Value } from "./values.js";
import { formatValType, inexact, type RefType, type ValType } from "../syntax/types.js";
import { UsageError } from "../util/errors.js";
import { hex } from "../util/hex.js";
import type { DefType } from "../valid/deftypes.js";
import { quote } from "../text/identifiers.js";
import {
  formatF32Bits,
  formatF64Bits,
  formatI32,
  formatI64,
  parseF32,
  parseF64,
  parseI32,
  parseI64,
} from "../text/numbers.js";

/** A type of any module, or a closed one. */
type AnyType = ValType<unknown>;

/** Types that may stand before a value, with what they are called in full. */
const prefixes: Record<string, string> = {
  i32: "i32",
  i64: "i64",
  f32: "f32",
  f64: "f64",
  v128: "v128",
  func: "funcref",
  funcref: "funcref",
  extern: "externref",
  externref: "externref",
  ref: "ref",
  ...Object.fromEntries(
    ["any", "eq", "i31", "struct", "array", "exn", "cont", "null"].map((n) => [
      `${n}ref`,
      `${n}ref`,
    ]),
  ),
};
const PREFIXED = new RegExp(`^(${Object.keys(prefixes).join("|")}):(.*)$`, "s");

const kinds = { func: "funcref", struct: "structref", array: "arrayref", cont: "contref" };

/**
 * What a type is called before a value: the shorthand of its hierarchy's nullable type,
 * and just `ref` for a type index, which means nothing outside of its module.
 */
function typePrefix(type: AnyType): string {
  if (typeof type === "string") return type;
  const heap = inexact(type.heap);
  if (typeof heap === "number") return "ref";
  if (heap === "noextern") return "externref";
  if (heap === "nofunc") return "funcref";
  if (typeof heap === "string") return formatValType({ kind: "ref", nullable: true, heap });
  return kinds[(heap as DefType).sub.comp.kind];
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
      return { type, bits: parseF32(floatText(body)) ?? wrong(text, type) };
    case "f64":
      return { type, bits: parseF64(floatText(body)) ?? wrong(text, type) };
    case "v128":
      return { type, bits: parseVector(body) ?? wrong(text, type) };
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

/** The 128 bits as one number, lane 0 lowest; leading zeros may be left out. */
const parseVector = (text: string): bigint | undefined =>
  /^0x[\da-f]{1,32}$/i.test(text) ? BigInt(text) : undefined;

/** What people write and the text format does not know: `.5`, and JavaScript's `Infinity`. */
const floatText = (text: string): string =>
  text.replace(/^([+-]?)\./, "$10.").replace(/^([+-]?)Infinity$/, "$1inf");

const INTEGER = /^[+-]?(?:0x[\da-f]+|\d+)$/i;

const forms = {
  i32: "a decimal or 0x hexadecimal integer",
  i64: "a decimal or 0x hexadecimal integer",
  f32: "a decimal or 0x hexadecimal number, inf, nan or nan:0xPAYLOAD",
  f64: "a decimal or 0x hexadecimal number, inf, nan or nan:0xPAYLOAD",
  v128: "0x and up to 32 hexadecimal digits",
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
  // A type index means nothing here: its value tells more.
  const prefix = typeof type === "object" ? typePrefix(type) : "ref";
  return `${prefix === "ref" ? prefixOf(value) : prefix}:${formatBody(value)}`;
}

function prefixOf(value: Value): string {
  if (value.type !== "ref") return value.type;
  if (value.ref === null) return "ref";
  if (value.ref instanceof HostRef) return "externref";
  if (value.ref instanceof FuncInstance) return "funcref";
  if (value.ref instanceof ExceptionInstance) return "exnref";
  if (value.ref instanceof ContinuationInstance) return "contref";
  return typeof value.ref === "number" ? "i31ref" : objectKind(value.ref);
}

const objectKind = (object: StructInstance | ArrayInstance): string =>
  object instanceof StructInstance ? "structref" : "arrayref";

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
    case "v128":
      return hex(value.bits, 32);
    case "ref":
      return formatReference(value.ref);
  }
}

function formatReference(ref: Reference): string {
  if (ref === null) return "null";
  if (ref instanceof FuncInstance) return ref.name;
  if (typeof ref === "number") return String(ref);
  if (ref instanceof ExceptionInstance) return "exception";
  if (ref instanceof ContinuationInstance) return "continuation";
  if (!(ref instanceof HostRef)) return `#${ref.type.id}`;
  const { value } = ref;
  switch (typeof value) {
    case "string":
      return quote(value);
    case "object":
    case "function":
      return value === null ? "null" : typeof value;
    default:
      return String(value);
  }
}

/** Several values, with their types where known: `i32:1 f64:2.0`. */
export const formatValues = (values: readonly Value[], types: readonly AnyType[] = []): string =>
  values.map((value, i) => formatValue(value, types[i])).join(" ");
