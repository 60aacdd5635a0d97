// Things of a machine as they were, to be put back into the same objects.

import type { ContinuationInstance } from "../runtime/continuations.js";
import type { Fiber } from "../exec/fiber.js";
import type { GlobalInstance, ModuleInstance, TableInstance } from "../runtime/instances.js";
import type { ArrayInstance, StructInstance } from "../runtime/objects.js";
import type { Reference } from "../runtime/values.js";

/** Something as it was. */
export interface Saved {
  /** Puts it back. */
  restore(): void;
  /** Bytes that it takes, roughly. */
  readonly bytes: number;
}

/** Equal to what was saved before: then that serves again. */
export type Keep = <S extends Saved>(object: object, make: (before: S | undefined) => S) => void;

export function same<T>(a: ArrayLike<T>, b: ArrayLike<T>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

export class SavedSegments implements Saved {
  readonly bytes: number;
  constructor(
    private readonly instance: ModuleInstance,
    readonly elems: readonly Reference[][],
    readonly datas: readonly Uint8Array[],
  ) {
    this.bytes = 8 * (elems.length + datas.length) + 50;
  }
  restore(): void {
    this.elems.forEach((elements, i) => (this.instance.elems[i] = elements));
    this.datas.forEach((data, i) => (this.instance.datas[i] = data));
  }
}

export class SavedTable implements Saved {
  readonly bytes: number;
  constructor(
    private readonly table: TableInstance,
    readonly elements: readonly Reference[],
  ) {
    this.bytes = 8 * elements.length + 50;
  }
  restore(): void {
    const { elements } = this.table;
    elements.length = this.elements.length;
    for (let i = 0; i < elements.length; i++) elements[i] = this.elements[i]!;
  }
}

export class SavedGlobal implements Saved {
  readonly bytes = 100;
  constructor(
    private readonly global: GlobalInstance,
    readonly words: Int32Array,
    readonly ref: Reference,
  ) {}
  restore(): void {
    this.global.words.set(this.words);
    this.global.ref = this.ref;
  }
}

export class SavedStruct implements Saved {
  readonly bytes: number;
  constructor(
    private readonly struct: StructInstance,
    readonly slots: readonly Reference[],
  ) {
    this.bytes = 8 * slots.length + 50;
  }
  restore(): void {
    for (let i = 0; i < this.slots.length; i++) this.struct.slots[i] = this.slots[i]!;
  }
}

export class SavedArray implements Saved {
  readonly bytes: number;
  constructor(
    private readonly array: ArrayInstance,
    readonly values: ArrayInstance["values"],
    readonly refs: readonly Reference[],
  ) {
    this.bytes = values.byteLength + 8 * refs.length + 50;
  }
  restore(): void {
    const { values, refs } = this.array;
    values.set(this.values);
    for (let i = 0; i < this.refs.length; i++) refs[i] = this.refs[i]!;
  }
}

export class SavedContinuation implements Saved {
  readonly bytes = 50;
  constructor(
    private readonly continuation: ContinuationInstance,
    readonly fiber: Fiber | null,
    readonly outer: Fiber | null,
  ) {}
  restore(): void {
    this.continuation.fiber = this.fiber;
    this.continuation.outer = this.outer;
  }
}
