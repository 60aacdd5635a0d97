// Where vector instructions work: three operands and a result, 16 bytes each, seen
// as lanes of every type. `simd.ts` copies operands from the slots to A, B and C (a
// number takes the first words) and the result R back, so a handler need not know
// where they stand, and nothing has changed if it traps. Lane 0 comes first, which
// takes a little-endian host, as the slots of fibers do.

import type { SimdMnemonic } from "../syntax/opcodes-simd.js";

export interface Register {
  readonly i8: Int8Array;
  readonly u8: Uint8Array;
  readonly i16: Int16Array;
  readonly u16: Uint16Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly i64: BigInt64Array;
  readonly u64: BigUint64Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}
export type View = keyof Register;
type BigView = "i64" | "u64";
export type Lane<V extends View> = V extends BigView ? bigint : number;
interface Lanes<V extends View> {
  readonly length: number;
  [lane: number]: Lane<V>;
}

const buffer = new ArrayBuffer(64);
const register = (at: number): Register => ({
  i8: new Int8Array(buffer, at, 16),
  u8: new Uint8Array(buffer, at, 16),
  i16: new Int16Array(buffer, at, 8),
  u16: new Uint16Array(buffer, at, 8),
  i32: new Int32Array(buffer, at, 4),
  u32: new Uint32Array(buffer, at, 4),
  i64: new BigInt64Array(buffer, at, 2),
  u64: new BigUint64Array(buffer, at, 2),
  f32: new Float32Array(buffer, at, 4),
  f64: new Float64Array(buffer, at, 2),
});
export const A = register(0);
export const B = register(16);
export const C = register(32);
export const R = register(48);
/** The operands one after the other, and the result. */
export const OPERANDS = new Int32Array(buffer, 0, 12);
export const RESULT = R.i32;

/** Works out R; the immediates, if there are any, are words of the code from `at`. */
export type Handler = (code: Int32Array, at: number) => void;
/** Reads R from memory, or writes B to it: the access is in bounds. */
export type MemoryHandler = (view: DataView, address: number, lane: number) => void;

export type Handlers<H = Handler> = { readonly [M in SimdMnemonic]?: H };

const as = <V extends View>(r: Register, view: V) => r[view] as unknown as Lanes<V>;

// One loop for each type of lane: in a shared one, V8 would have to find out the kind
// of array at every access, which takes longer than all the rest.

type Unary<V extends View> = (a: Lane<V>) => Lane<V>;
type Binary<V extends View> = (a: Lane<V>, b: Lane<V>) => Lane<V>;
type Relation<V extends View> = (a: Lane<V>, b: Lane<V>) => boolean;

// prettier-ignore
const unaryLoops: { readonly [V in "i8" | "u8" | "i16" | "i32" | "i64"]: (f: Unary<V>) => Handler } = {
  i8: (f) => () => { for (let i = 0; i < 16; i++) R.i8[i] = f(A.i8[i]!); },
  u8: (f) => () => { for (let i = 0; i < 16; i++) R.u8[i] = f(A.u8[i]!); },
  i16: (f) => () => { for (let i = 0; i < 8; i++) R.i16[i] = f(A.i16[i]!); },
  i32: (f) => () => { for (let i = 0; i < 4; i++) R.i32[i] = f(A.i32[i]!); },
  i64: (f) => () => { for (let i = 0; i < 2; i++) R.i64[i] = f(A.i64[i]!); },
};
/** Each lane of R from the lane of A. */
export const unary = <V extends keyof typeof unaryLoops>(view: V, f: Unary<V>): Handler =>
  unaryLoops[view](f);

// prettier-ignore
const binaryLoops: { readonly [V in "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64"]: (f: Binary<V>) => Handler } = {
  i8: (f) => () => { for (let i = 0; i < 16; i++) R.i8[i] = f(A.i8[i]!, B.i8[i]!); },
  u8: (f) => () => { for (let i = 0; i < 16; i++) R.u8[i] = f(A.u8[i]!, B.u8[i]!); },
  i16: (f) => () => { for (let i = 0; i < 8; i++) R.i16[i] = f(A.i16[i]!, B.i16[i]!); },
  u16: (f) => () => { for (let i = 0; i < 8; i++) R.u16[i] = f(A.u16[i]!, B.u16[i]!); },
  i32: (f) => () => { for (let i = 0; i < 4; i++) R.i32[i] = f(A.i32[i]!, B.i32[i]!); },
  u32: (f) => () => { for (let i = 0; i < 4; i++) R.u32[i] = f(A.u32[i]!, B.u32[i]!); },
  i64: (f) => () => { for (let i = 0; i < 2; i++) R.i64[i] = f(A.i64[i]!, B.i64[i]!); },
};
/** Each lane of R from the lanes of A and B. */
export const binary = <V extends keyof typeof binaryLoops>(view: V, f: Binary<V>): Handler =>
  binaryLoops[view](f);

// prettier-ignore
const compareLoops: { readonly [V in "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "i64" | "f32" | "f64"]: (f: Relation<V>) => Handler } = {
  i8: (f) => () => { for (let i = 0; i < 16; i++) R.i8[i] = f(A.i8[i]!, B.i8[i]!) ? -1 : 0; },
  u8: (f) => () => { for (let i = 0; i < 16; i++) R.i8[i] = f(A.u8[i]!, B.u8[i]!) ? -1 : 0; },
  i16: (f) => () => { for (let i = 0; i < 8; i++) R.i16[i] = f(A.i16[i]!, B.i16[i]!) ? -1 : 0; },
  u16: (f) => () => { for (let i = 0; i < 8; i++) R.i16[i] = f(A.u16[i]!, B.u16[i]!) ? -1 : 0; },
  i32: (f) => () => { for (let i = 0; i < 4; i++) R.i32[i] = f(A.i32[i]!, B.i32[i]!) ? -1 : 0; },
  u32: (f) => () => { for (let i = 0; i < 4; i++) R.i32[i] = f(A.u32[i]!, B.u32[i]!) ? -1 : 0; },
  i64: (f) => () => { for (let i = 0; i < 2; i++) R.i64[i] = f(A.i64[i]!, B.i64[i]!) ? -1n : 0n; },
  f32: (f) => () => { for (let i = 0; i < 4; i++) R.i32[i] = f(A.f32[i]!, B.f32[i]!) ? -1 : 0; },
  f64: (f) => () => { for (let i = 0; i < 2; i++) R.i64[i] = f(A.f64[i]!, B.f64[i]!) ? -1n : 0n; },
};
/** All bits of a lane of R, or none. */
export const compare = <V extends keyof typeof compareLoops>(view: V, f: Relation<V>): Handler =>
  compareLoops[view](f);

/** The `n` lanes from `from` on of A, each to a lane of R of another type. */
export function convert<V extends View, W extends View>(
  view: V,
  to: W,
  f: (a: Lane<V>) => Lane<W>,
  from = 0,
): Handler {
  const [a, r] = [as(A, view), as(R, to)];
  const n = Math.min(a.length, r.length);
  return () => {
    R.i32.fill(0);
    for (let i = 0; i < n; i++) r[i] = f(a[from + i]!);
  };
}

/** An i32 to R. */
export function setI32(value: number): void {
  R.i32[0] = value;
  R.i32[1] = 0;
}
