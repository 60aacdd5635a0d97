// Values as the outside sees them. Floats are carried as bits, so that NaN
// payloads survive every door between Bobbin and its host.

import type { ContinuationInstance } from "./continuations.js";
import type { ExceptionInstance } from "./exceptions.js";
import type { FuncInstance } from "./instances.js";
import type { ArrayInstance, StructInstance } from "./objects.js";

/** A host value held by an `externref`. */
export class HostRef {
  constructor(readonly value: unknown) {}
}

/**
 * Null is the null of every reference type. A number is an `i31ref`: its 31 bits as
 * a signed integer, so that equal ones are the same. A reference is the same value
 * whether it is internal or external. Later proposals add members here.
 */
export type Reference =
  | null
  | FuncInstance
  | HostRef
  | StructInstance
  | ArrayInstance
  | ExceptionInstance
  | ContinuationInstance
  | number;

export type Value =
  /** Signed 32-bit integer. */
  | { readonly type: "i32"; readonly value: number }
  /** Signed 64-bit integer. */
  | { readonly type: "i64"; readonly value: bigint }
  /** Unsigned 32-bit pattern. */
  | { readonly type: "f32"; readonly bits: number }
  /** Unsigned 64-bit pattern. */
  | { readonly type: "f64"; readonly bits: bigint }
  /** Unsigned 128-bit pattern, lane 0 lowest. */
  | { readonly type: "v128"; readonly bits: bigint }
  | { readonly type: "ref"; readonly ref: Reference };

const scratch = new DataView(new ArrayBuffer(8));

export const i32 = (value: number): Value => ({ type: "i32", value: value | 0 });
export const i64 = (value: bigint): Value => ({ type: "i64", value: BigInt.asIntN(64, value) });
export const f32 = (value: number): Value => {
  scratch.setFloat32(0, value);
  return { type: "f32", bits: scratch.getUint32(0) };
};
export const f64 = (value: number): Value => {
  scratch.setFloat64(0, value);
  return { type: "f64", bits: scratch.getBigUint64(0) };
};
export const v128 = (bits: bigint): Value => ({ type: "v128", bits: BigInt.asUintN(128, bits) });
export const ref = (reference: Reference): Value => ({ type: "ref", ref: reference });

/** The number an f32 or f64 pattern stands for. */
export function floatOf(value: Value & { type: "f32" | "f64" }): number {
  if (value.type === "f32") {
    scratch.setUint32(0, value.bits);
    return scratch.getFloat32(0);
  }
  scratch.setBigUint64(0, value.bits);
  return scratch.getFloat64(0);
}
