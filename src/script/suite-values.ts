// Values in the suite's JSON: decimal bit patterns, NaN classes, and references
// by kind or by a host number.

import { ContinuationInstance } from "../runtime/continuations.js";
import { ExceptionInstance } from "../runtime/exceptions.js";
import { FuncInstance } from "../runtime/instances.js";
import { ArrayInstance, StructInstance } from "../runtime/objects.js";
import { HostRef, type Reference, type Value } from "../runtime/values.js";
import { UsageError } from "../util/errors.js";
import { hex } from "../util/hex.js";
import type { SuiteValue } from "./commands.js";

/** One object per host number, so that equal numbers are the same reference. */
const hostRefs = new Map<string, HostRef>();
function hostRef(number: string): HostRef {
  let found = hostRefs.get(number);
  if (found === undefined) hostRefs.set(number, (found = new HostRef(Number(number))));
  return found;
}

/** Bits of a lane, by the suite's lane types. */
const laneBits = (type: string): number => Number(type.slice(1));

const vectorBits = (type: string, lanes: readonly string[]): bigint =>
  lanes.reduceRight(
    (bits, lane) => (bits << BigInt(laneBits(type))) | BigInt.asUintN(laneBits(type), BigInt(lane)),
    0n,
  );

export function parseValue({ type, value, lane_type }: SuiteValue): Value {
  switch (type) {
    case "i32":
      return { type, value: Number(value) | 0 };
    case "i64":
      return { type, value: BigInt.asIntN(64, BigInt(value as string)) };
    case "f32":
      return { type, bits: Number(value) };
    case "f64":
      return { type, bits: BigInt(value as string) };
    case "v128":
      return { type, bits: vectorBits(lane_type!, value as readonly string[]) };
    case "externref":
    case "anyref":
      return {
        type: "ref",
        ref: value === "null" || value === undefined ? null : hostRef(value as string),
      };
    default:
      if (value === "null" || type.startsWith("null")) return { type: "ref", ref: null };
      throw new UsageError(`the suite's value type ${type} is not supported`);
  }
}

export function matchesValue(found: Value, expected: SuiteValue): boolean {
  const { type, value } = expected;
  if (type === "either")
    return expected.values!.some((alternative) => matchesValue(found, alternative));
  switch (found.type) {
    case "i32":
    case "i64": {
      const parsed = type === found.type ? parseValue(expected) : null;
      return parsed !== null && "value" in parsed && parsed.value === found.value;
    }
    case "f32":
      if (type !== "f32") return false;
      if (value === "nan:canonical") return (found.bits & 0x7fffffff) === 0x7fc00000;
      if (value === "nan:arithmetic") return (found.bits & 0x7fc00000) === 0x7fc00000;
      return found.bits === Number(value);
    case "f64":
      if (type !== "f64") return false;
      if (value === "nan:canonical")
        return (found.bits & 0x7fffffffffffffffn) === 0x7ff8000000000000n;
      if (value === "nan:arithmetic")
        return (found.bits & 0x7ff8000000000000n) === 0x7ff8000000000000n;
      return found.bits === BigInt(value as string);
    case "v128":
      return type === "v128" && matchesLanes(found.bits, expected);
    case "ref":
      return matchesReference(found, expected);
  }
}

/** Each lane as a value of its own: a lane of floats may be a class of NaNs. */
function matchesLanes(bits: bigint, { lane_type, value }: SuiteValue): boolean {
  const width = laneBits(lane_type!);
  return (value as readonly string[]).every((lane, i) => {
    const found = BigInt.asUintN(width, bits >> BigInt(width * i));
    if (lane_type === "f32")
      return matchesValue({ type: "f32", bits: Number(found) }, { type: "f32", value: lane });
    if (lane_type === "f64")
      return matchesValue({ type: "f64", bits: found }, { type: "f64", value: lane });
    return found === BigInt.asUintN(width, BigInt(lane));
  });
}

function matchesReference({ ref }: Value & { type: "ref" }, { type, value }: SuiteValue): boolean {
  if (value === "null" || type.endsWith("null") || type.startsWith("null")) return ref === null;
  if (value !== undefined) return ref instanceof HostRef && String(ref.value) === value;
  switch (type) {
    case "funcref":
      return ref instanceof FuncInstance;
    case "i31ref":
      return typeof ref === "number";
    case "structref":
      return ref instanceof StructInstance;
    case "arrayref":
      return ref instanceof ArrayInstance;
    case "contref":
      return ref instanceof ContinuationInstance;
    case "exnref":
      return ref instanceof ExceptionInstance;
    case "eqref":
      return (
        typeof ref === "number" || ref instanceof StructInstance || ref instanceof ArrayInstance
      );
    case "anyref":
    case "externref":
      return ref !== null;
    default:
      return false;
  }
}

export function printValue(value: Value): string {
  switch (value.type) {
    case "i32":
    case "i64":
      return `${value.type}:${value.value}`;
    case "f32":
    case "f64":
    case "v128":
      return `${value.type}:${hex(value.bits)}`;
    case "ref":
      return `ref:${printReference(value.ref)}`;
  }
}

function printReference(ref: Reference): string {
  if (ref === null) return "null";
  if (typeof ref === "number") return `i31 ${ref}`;
  if (ref instanceof HostRef) return `host ${String(ref.value)}`;
  if (ref instanceof FuncInstance) return "func";
  if (ref instanceof ExceptionInstance) return "exception";
  if (ref instanceof ContinuationInstance) return "continuation";
  return ref instanceof StructInstance ? "struct" : "array";
}
