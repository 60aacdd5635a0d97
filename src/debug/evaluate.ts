// What expressions are worth where a frame stands: `$name`, `local0`, `operand0` (the bottom
// one), `top` (the topmost operand), `global0`, `i32[address]`, `fiber`, `null`. Integers are
// signed and exact; floats are as the type rounds them; vectors are their 128 bits.

import type { FiberView } from "../exec/fiber.js";
import { getGlobal } from "../exec/instantiate.js";
import type { ModuleInstance } from "../runtime/instances.js";
import type { MemoryInstance } from "../runtime/memory.js";
import { formatValue } from "../runtime/notation.js";
import type { Reference, Value } from "../runtime/values.js";
import { formatValType, type ValType } from "../syntax/types.js";
import { UsageError } from "../util/errors.js";
import { hex } from "../util/hex.js";
import { type Expression, MEMORY_TYPES, type MemoryType } from "./expression.js";
import { readTyped } from "./memory-values.js";
import { localsOf, operandsOf } from "./views.js";

/** What an expression is worth. */
export type Datum = bigint | number | { readonly ref: Reference };

/** Where names mean something. */
export interface Scope {
  readonly instance: ModuleInstance;
  /** The frame that is looked at; null where there is none. */
  readonly fiber: FiberView | null;
  readonly level: number;
  /** The program's fiber that is on. */
  readonly logical: number;
}

/** @throws UsageError for a name that means nothing there, memory out of bounds, division by zero */
export function evaluate(expression: Expression, scope: Scope): Datum {
  switch (expression.kind) {
    case "number":
      return expression.value;
    case "name":
      return named(expression.name, scope);
    case "load":
      return load(scope.instance, expression.type, number(evaluate(expression.address, scope)));
    case "cast":
      return cast(expression.type, number(evaluate(expression.of, scope)));
    case "unary":
      return unary(expression.op, evaluate(expression.of, scope));
    case "binary": {
      const { op } = expression;
      const left = evaluate(expression.left, scope);
      if (op === "&&" || op === "||") {
        if (isTrue(left) === (op === "||")) return truth(op === "||");
        return truth(isTrue(evaluate(expression.right, scope)));
      }
      return binary(op, left, evaluate(expression.right, scope));
    }
  }
}

export const isTrue = (datum: Datum): boolean =>
  typeof datum === "object" ? datum.ref !== null : Number(datum) !== 0;
const truth = (is: boolean): bigint => (is ? 1n : 0n);

export function datumOf(value: Value): Datum {
  switch (value.type) {
    case "i32":
      return BigInt(value.value);
    case "i64":
      return value.value;
    case "f32":
      scratch.setUint32(0, value.bits);
      return scratch.getFloat32(0);
    case "f64":
      scratch.setBigUint64(0, value.bits);
      return scratch.getFloat64(0);
    case "v128":
      return value.bits;
    case "ref":
      return { ref: value.ref };
  }
}
const scratch = new DataView(new ArrayBuffer(8));

function named(name: string, { instance, fiber, level, logical }: Scope): Datum {
  if (name === "null") return { ref: null };
  if (name === "fiber") return BigInt(logical);
  const framed = fiber !== null && fiber.depth > level;
  const [, kind, digits] = /^(local|operand|global)(\d+)$/.exec(name) ?? [];
  if (kind === "global") return globalAt(instance, Number(digits), name);
  if (kind !== undefined || name === "top") {
    if (!framed) throw new UsageError(`${name}: there is no frame`);
    const all = kind === "local" ? localsOf(fiber, level) : operandsOf(fiber, level);
    const found = name === "top" ? all.at(-1) : all[Number(digits)];
    if (found !== undefined) return datumOf(found.value);
    throw new UsageError(`${name}: the frame has ${all.length} ${kind ?? "operand"}s`);
  }
  const bare = name.replace(/^\$"?/, "").replace(/"$/, "");
  if (framed) {
    const func = fiber.frames[fiber.depth - 1 - level]!.func;
    const local = localsOf(fiber, level).find((l) => l.name === bare);
    if (local !== undefined) return datumOf(local.value);
    if (func.instance !== null) instance = func.instance;
  }
  const { names, exports } = instance.module;
  const index =
    [...names.globals].find(([, known]) => known === bare)?.[0] ??
    exports.find((e) => e.kind === "global" && e.name === bare)?.index;
  if (index !== undefined) return globalAt(instance, index, name);
  throw new UsageError(`${name} is no local of the frame, and no global`);
}

function globalAt({ globals }: ModuleInstance, index: number, name: string): Datum {
  const global = globals[index];
  if (global === undefined) throw new UsageError(`${name}: there are ${globals.length} globals`);
  return datumOf(getGlobal(global));
}

function load({ memories }: ModuleInstance, type: MemoryType, address: bigint | number): Datum {
  const memory = memories[0];
  if (memory === undefined) throw new UsageError("the module has no memory");
  // A pointer of 32 bits in a local is signed.
  const at = Number(address) < 0 ? Number(address) + 2 ** 32 : Number(address);
  return readMemory(memory, type, at);
}

/** @throws UsageError out of bounds */
export function readMemory(
  { view }: MemoryInstance,
  type: MemoryType,
  at: number,
): bigint | number {
  if (!Number.isSafeInteger(at) || at + MEMORY_TYPES[type] > view.byteLength)
    throw new UsageError(
      `${MEMORY_TYPES[type]} bytes at ${hex(at)} are out of bounds: memory has ${hex(view.byteLength)}`,
    );
  return readTyped(view, type, at);
}

function cast(type: MemoryType, of: bigint | number): Datum {
  if (type === "f64") return Number(of);
  if (type === "f32") return Math.fround(Number(of));
  if (typeof of === "number" && !Number.isFinite(of)) throw new UsageError(`${of} is no integer`);
  const whole = typeof of === "number" ? BigInt(Math.trunc(of)) : of;
  const bits = 8 * MEMORY_TYPES[type];
  return type.startsWith("u") ? BigInt.asUintN(bits, whole) : BigInt.asIntN(bits, whole);
}

function number(datum: Datum): bigint | number {
  if (typeof datum === "object") throw new UsageError("a reference is no number");
  return datum;
}

function unary(op: string, of: Datum): Datum {
  if (op === "!") return truth(!isTrue(of));
  const value = number(of);
  if (op === "-") return -value;
  return ~integer(value, op);
}

function integer(value: bigint | number, op: string): bigint {
  if (typeof value === "bigint") return value;
  throw new UsageError(`${op} needs integers`);
}

function binary(op: string, left: Datum, right: Datum): Datum {
  if (typeof left === "object" || typeof right === "object") {
    const same = typeof left === "object" && typeof right === "object" && left.ref === right.ref;
    if (op === "==" || op === "!=") return truth(same === (op === "=="));
    throw new UsageError(`${op} is not for references`);
  }
  switch (op) {
    case "==":
      return truth(equal(left, right));
    case "!=":
      return truth(!equal(left, right));
    case "<":
      return truth(left < right);
    case "<=":
      return truth(left <= right);
    case ">":
      return truth(left > right);
    case ">=":
      return truth(left >= right);
  }
  if (typeof left === "bigint" && typeof right === "bigint") return exact(op, left, right);
  const [a, b] = [Number(left), Number(right)];
  switch (op) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "%":
      return a % b;
    default:
      throw new UsageError(`${op} needs integers`);
  }
}

/** An integer and a float are compared as the numbers that they are. */
function equal(a: bigint | number, b: bigint | number): boolean {
  if (typeof a === "number" && typeof b === "bigint") return equal(b, a);
  if (typeof a === "bigint" && typeof b === "number") return Number.isInteger(b) && a === BigInt(b);
  return a === b;
}

/** Shifts beyond this make numbers that nobody wants to wait for. */
const MAX_SHIFT = 128n;

function exact(op: string, a: bigint, b: bigint): bigint {
  if ((op === "/" || op === "%") && b === 0n) throw new UsageError("division by zero");
  if ((op === "<<" || op === ">>") && (b < 0n || b > MAX_SHIFT))
    throw new UsageError(`a shift by ${b} is none of 0 to ${MAX_SHIFT}`);
  switch (op) {
    case "+":
      return a + b;
    case "-":
      return a - b;
    case "*":
      return a * b;
    case "/":
      return a / b;
    case "%":
      return a % b;
    case "&":
      return a & b;
    case "|":
      return a | b;
    case "^":
      return a ^ b;
    case "<<":
      return a << b;
    default:
      return a >> b;
  }
}

/** A datum as a value of a type. @throws UsageError where the type has no such value */
export function valueOf(datum: Datum, type: ValType<unknown>): Value {
  if (typeof type === "object") {
    if (typeof datum === "object") return { type: "ref", ref: datum.ref };
  } else if (typeof datum !== "object") {
    if (type === "f32") return { type, bits: bits32(datum) };
    if (type === "f64") return { type, bits: bits64(datum) };
    if (typeof datum === "bigint") {
      const bits = { i32: 32, i64: 64, v128: 128 }[type];
      if (datum >= -(2n ** BigInt(bits - 1)) && datum < 2n ** BigInt(bits)) {
        if (type === "i32") return { type, value: Number(BigInt.asIntN(32, datum)) };
        if (type === "i64") return { type, value: BigInt.asIntN(64, datum) };
        return { type, bits: BigInt.asUintN(128, datum) };
      }
    }
  }
  throw new UsageError(`${datumText(datum)} is no ${formatValType(type)}`);
}

function bits32(datum: bigint | number): number {
  scratch.setFloat32(0, Number(datum));
  return scratch.getUint32(0);
}
function bits64(datum: bigint | number): bigint {
  scratch.setFloat64(0, Number(datum));
  return scratch.getBigUint64(0);
}

/** As a number of its kind. */
export const datumText = (datum: Datum): string =>
  typeof datum === "object"
    ? formatValue({ type: "ref", ref: datum.ref })
    : Object.is(datum, -0)
      ? "-0"
      : String(datum);
