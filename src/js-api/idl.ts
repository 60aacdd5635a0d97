// What Web IDL demands of every interface: how arguments convert, and how the objects
// that hold operations and attributes look.
// Spec: https://webidl.spec.whatwg.org/#js-type-mapping

import type { Limits } from "../syntax/types.js";

export type AddressType = "i32" | "i64";
/** Sizes and indices are bigints where the address type is i64. */
export type Size = number | bigint;

/** U64ToAddressValue */
export const sizeOf = (size: number, address: AddressType): Size =>
  address === "i64" ? BigInt(size) : size;

/** AddressValueToU64. @throws TypeError where that is no number of the address type */
export function toAddress(value: unknown, address: AddressType): bigint {
  if (address === "i32") return BigInt(toU32(value));
  // As many bits as there may be: only the conversion itself is wanted.
  const index = BigInt.asIntN(Number.MAX_SAFE_INTEGER, value as bigint);
  if (index < 0n || index >= 2n ** 64n) throw new TypeError(`${index} is no 64-bit address`);
  return index;
}

/** The same, to count with: what is beyond exact numbers is beyond every size as well. */
export const toIndex = (value: unknown, address: AddressType): number =>
  Number(toAddress(value, address));

/** [EnforceRange] unsigned long */
export function toU32(value: unknown): number {
  const index = Math.trunc(+(value as number));
  if (!(index >= 0 && index < 2 ** 32)) throw new TypeError(`${index} is no 32-bit address`);
  return index + 0;
}

export const isObject = (value: unknown): value is object =>
  (typeof value === "object" && value !== null) || typeof value === "function";

type Members = Readonly<Record<string, unknown>>;

/** A dictionary's members are read in the order of their names. @throws TypeError */
export function toDictionary(value: unknown, what: string): Members {
  if (value === undefined || value === null) return {};
  if (!isObject(value)) throw new TypeError(`${what} must be an object`);
  return value as Members;
}

/** @throws TypeError where the member is left out */
export function required(value: unknown, name: string): unknown {
  if (value === undefined) throw new TypeError(`property ${name} is required`);
  return value;
}

export function toEnum<T extends string>(value: unknown, values: readonly T[], name: string): T {
  const text = toText(value);
  const found = values.find((one) => one === text);
  if (found === undefined)
    throw new TypeError(`${name} must be one of ${values.join(", ")}, not ${text}`);
  return found;
}

/** ToString, which a template is: also of objects. @throws TypeError for symbols */
export const toText = (value: unknown): string => `${value as string}`;

/** USVString: surrogates that stand alone are replaced. */
export const toScalarText = (value: unknown): string =>
  toText(value).replace(/\p{Surrogate}/gu, "\ufffd");

/** @throws TypeError where the value cannot be iterated */
export function toSequence(value: unknown, what: string): unknown[] {
  const method = isObject(value) ? (value as Partial<Iterable<unknown>>)[Symbol.iterator] : null;
  if (typeof method !== "function") throw new TypeError(`${what} must be a sequence`);
  return listOf(value, method);
}

/** All values of an iterable, whose method has been asked for already. */
export const listOf = (value: unknown, method: () => Iterator<unknown>): unknown[] =>
  Array.from({ [Symbol.iterator]: () => Reflect.apply(method, value, []) });

/** `optional object`: left out is undefined. @throws TypeError for what is no object */
export function toOptionalObject(value: unknown, what: string): object | undefined {
  if (value === undefined || isObject(value)) return value;
  throw new TypeError(`${what} must be an object`);
}

const hasLength = (value: unknown, prototype: object): boolean => {
  try {
    return isObject(value) && typeof Reflect.get(prototype, "byteLength", value) === "number";
  } catch {
    return false;
  }
};
const hasShared = typeof SharedArrayBuffer === "function";
/** By their slots, not their class: buffers come from other realms too. */
export const isBuffer = (value: unknown): value is ArrayBuffer =>
  hasLength(value, ArrayBuffer.prototype) ||
  (hasShared && hasLength(value, SharedArrayBuffer.prototype));

/** A copy of what a buffer or a view of one holds. @throws TypeError for everything else */
export function toBytes(value: unknown): Uint8Array {
  if (ArrayBuffer.isView(value))
    return value.byteLength === 0
      ? new Uint8Array()
      : Uint8Array.from(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  if (!isBuffer(value)) throw new TypeError("bytes must be a buffer or a view of one");
  return value.byteLength === 0 ? new Uint8Array() : Uint8Array.from(new Uint8Array(value));
}

/** A size's type, if the descriptor says it. */
export const toAddressType = (named: unknown): AddressType =>
  named === undefined ? "i32" : toEnum(named, ["i32", "i64"], "address");

/**
 * The limits that a descriptor says: each is read and converted before the next, as in
 * every engine.
 * @throws TypeError; RangeError where they are none
 */
export function toLimits(members: Members, address: AddressType, largest: bigint): Limits {
  const min = toAddress(required(members["initial"], "initial"), address);
  const { maximum } = members;
  const max = maximum === undefined ? undefined : toAddress(maximum, address);
  if (min > largest || (max ?? 0n) > largest)
    throw new RangeError(`sizes above ${largest} are not possible`);
  if (max !== undefined && min > max)
    throw new RangeError(`the initial size ${min} is above the maximum ${max}`);
  return { min, ...(max !== undefined && { max }), shared: false, address, pageSizeLog2: 16 };
}

type Constructor = abstract new (...args: never[]) => object;

/** Operations and attributes of a class are enumerable, and it names its objects. */
export function finishInterface<C extends Constructor>(name: string, made: C): C {
  showMembers(made.prototype as object);
  showMembers(made);
  tag(made.prototype as object, `WebAssembly.${name}`);
  return made;
}

export function tag(object: object, name: string): void {
  Object.defineProperty(object, Symbol.toStringTag, { value: name, configurable: true });
}

const OWN = new Set(["constructor", "prototype", "name", "length"]);

function showMembers(object: object): void {
  for (const [name, member] of Object.entries(Object.getOwnPropertyDescriptors(object))) {
    // An attribute may be called as a class's own property is.
    if (OWN.has(name) && member.get === undefined) continue;
    Object.defineProperty(object, name, { enumerable: true });
  }
}
