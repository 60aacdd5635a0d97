// Structures and arrays on the heap, which is the host's: it collects them. Numbers
// are kept as bits, vectors and 64-bit numbers as several words with the low one
// first, packed fields without their sign.
// Spec: https://webassembly.github.io/spec/core/exec/runtime.html#aggregate-instances

import type { StorageType } from "../syntax/types.js";
import { CrashError } from "../util/errors.js";
import type { DefType } from "../valid/deftypes.js";
import { Trap } from "./traps.js";
import type { Reference } from "./values.js";

/** Bytes that a field or element takes; 0 for a reference. */
export type Size = 0 | 1 | 2 | 4 | 8 | 16;

export function sizeOf(storage: StorageType<unknown>): Size {
  switch (storage) {
    case "i8":
      return 1;
    case "i16":
      return 2;
    case "i32":
    case "f32":
      return 4;
    case "i64":
    case "f64":
      return 8;
    case "v128":
      return 16;
    default:
      return 0;
  }
}

/** Where a field is in `StructInstance.slots`: one slot for a reference, else one for each word. */
export interface FieldPlace {
  readonly size: Size;
  readonly at: number;
}
export interface StructLayout {
  readonly fields: readonly FieldPlace[];
  readonly slots: number;
}

/** By the id of the type. Types are never freed, so neither are these. */
const layouts: (StructLayout | undefined)[] = [];

/** Places go by the order of fields only: a subtype has its supertype's fields where that has them. */
export const layoutOf = (type: DefType): StructLayout => (layouts[type.id] ??= makeLayout(type));

function makeLayout({ sub: { comp } }: DefType): StructLayout {
  if (comp.kind !== "struct") throw new CrashError(`a structure of a ${comp.kind} type`);
  let slots = 0;
  const fields = comp.fields.map(({ storage }): FieldPlace => {
    const size = sizeOf(storage);
    const at = slots;
    slots += size > 4 ? size >> 2 : 1;
    return { size, at };
  });
  return { fields, slots };
}

// Exactly so many elements: pushing them would make room for many more.
// oxlint-disable-next-line unicorn/no-new-array -- the only form that allocates no more, and at once
const room = (length: number) => new Array<Reference>(length);

export class StructInstance {
  /** References, and signed words of the numeric fields; `layoutOf` tells which is where. */
  readonly slots: Reference[];

  /**
   * The fields are still to be written.
   * @param descriptor of exactly the type that `type` names as its descriptor; null where it names none
   */
  constructor(
    readonly type: DefType,
    readonly descriptor: StructInstance | null = null,
  ) {
    this.slots = room(layoutOf(type).slots);
  }

  /** All fields zero or null. */
  static zero(type: DefType, descriptor: StructInstance | null = null): StructInstance {
    const struct = new StructInstance(type, descriptor);
    for (const { size, at } of layoutOf(type).fields) {
      if (size === 0) struct.slots[at] = null;
      else for (let k = 0; k < Math.max(size >> 2, 1); k++) struct.slots[at + k] = 0;
    }
    return struct;
  }
}

/** Implementation limit on the elements of one array: 256 MiB, a reference counted as eight bytes. */
const MAX_ARRAY_BYTES = 2 ** 28;
const NO_VALUES = new Int32Array(0);
const NO_REFS: Reference[] = [];

export function elementSizeOf({ sub: { comp } }: DefType): Size {
  if (comp.kind !== "array") throw new CrashError(`an array of a ${comp.kind} type`);
  return sizeOf(comp.field.storage);
}

export class ArrayInstance {
  /** Numeric elements: one value each, or several words where they are longer than a word. */
  readonly values: Uint8Array | Uint16Array | Int32Array;
  readonly refs: Reference[];

  private constructor(
    readonly type: DefType,
    readonly length: number,
    readonly size: Size,
    init: Reference,
  ) {
    this.values = size === 0 ? NO_VALUES : makeValues(size, length);
    this.refs = size === 0 ? room(length).fill(init) : NO_REFS;
  }

  /**
   * Elements are zeros, or `init` where they are references.
   * @throws Trap where that is too much for this host
   */
  static make(type: DefType, length: number, init: Reference = null): ArrayInstance {
    const size = elementSizeOf(type);
    if (length * (size || 8) > MAX_ARRAY_BYTES) tooLarge(length);
    try {
      return new ArrayInstance(type, length, size, init);
    } catch (error) {
      if (error instanceof RangeError) tooLarge(length);
      throw error;
    }
  }

  /** The bytes of `count` numeric elements from `index`, for bulk operations. */
  bytes(index: number, count: number): Uint8Array {
    return new Uint8Array(this.values.buffer, index * this.size, count * this.size);
  }

  /** Traps unless the elements [index, index + count) exist. */
  check(index: number, count: number): void {
    if (index + count > this.length) {
      throw new Trap(
        "out of bounds array access",
        `${count} elements at index ${index}, array has ${this.length}`,
      );
    }
  }
}

function makeValues(size: Size, length: number): Uint8Array | Uint16Array | Int32Array {
  if (size === 1) return new Uint8Array(length);
  if (size === 2) return new Uint16Array(length);
  return new Int32Array(length * (size >> 2));
}

function tooLarge(length: number): never {
  throw new Trap("array too large", `${length} elements`);
}
