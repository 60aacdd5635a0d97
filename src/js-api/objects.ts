// Memory, Table, Global and Tag as JavaScript sees them: thin views of Bobbin's instances.
// `world.ts` makes them, one per instance.
// Spec: https://webassembly.github.io/spec/js-api/#memories

import { getGlobal, setGlobal } from "../exec/instantiate.js";
import type { GlobalInstance, TableInstance, TagInstance } from "../runtime/instances.js";
import type { MemoryInstance } from "../runtime/memory.js";
import { refuseHidden, type ReferenceDoor, toIndex, toJsValue, toWasmValue } from "./values.js";

/** Sizes and indices are bigints where the address type is i64. */
type Size = number | bigint;
const sizeOf = (size: number, address: "i32" | "i64"): Size =>
  address === "i64" ? BigInt(size) : size;

export class Memory {
  readonly #memory: MemoryInstance;
  constructor(memory: MemoryInstance) {
    this.#memory = memory;
    let old = memory.buffer;
    const before = memory.onGrow;
    memory.onGrow = () => {
      before?.();
      detach(old);
      old = memory.buffer;
    };
  }
  static instanceOf(memory: Memory): MemoryInstance {
    return memory.#memory;
  }

  /** The bytes themselves; another, and this one detached, after growth. */
  get buffer(): ArrayBuffer {
    return this.#memory.buffer;
  }

  /** Grows by `delta` pages and returns the old size. @throws RangeError */
  grow(delta: Size): Size {
    const { address } = this.#memory.type.limits;
    const old = this.#memory.grow(toIndex(delta, address));
    if (old < 0) throw new RangeError(`memory cannot grow by ${delta} pages`);
    return sizeOf(old, address);
  }
}

/** Nothing to be done where the host cannot: views of the old buffer then see stale bytes. */
function detach(buffer: ArrayBuffer): void {
  if (typeof structuredClone === "function") structuredClone(buffer, { transfer: [buffer] });
}

export class Table {
  readonly #table: TableInstance;
  readonly #door: ReferenceDoor;
  constructor(table: TableInstance, door: ReferenceDoor) {
    this.#table = table;
    this.#door = door;
  }
  static instanceOf(table: Table): TableInstance {
    return table.#table;
  }

  get length(): Size {
    return sizeOf(this.#table.elements.length, this.#table.type.limits.address);
  }

  get(index: Size): unknown {
    refuseHidden(this.#table.type.element);
    return this.#door.toJs(this.#table.elements[this.#at(index)]!);
  }

  set(index: Size, ...given: [value?: unknown]): void {
    const at = this.#at(index);
    this.#table.elements[at] = this.#reference(given);
  }

  /** Grows by `delta` elements and returns the old length. @throws RangeError */
  grow(delta: Size, ...given: [init?: unknown]): Size {
    const { address } = this.#table.type.limits;
    const old = this.#table.grow(toIndex(delta, address), this.#reference(given));
    if (old < 0) throw new RangeError(`table cannot grow by ${delta} elements`);
    return sizeOf(old, address);
  }

  #at(index: Size): number {
    const at = toIndex(index, this.#table.type.limits.address);
    const { length } = this.#table.elements;
    if (at >= length) throw new RangeError(`index ${at} in a table of ${length} elements`);
    return at;
  }

  /** A value that is left out is the type's default: undefined as an externref, else null. */
  #reference(given: readonly unknown[]) {
    const { element } = this.#table.type;
    refuseHidden(element);
    const missing = element.heap === "extern" ? undefined : null;
    return this.#door.toReference(given.length === 0 ? missing : given[0], element);
  }
}

export class Global {
  readonly #global: GlobalInstance;
  readonly #door: ReferenceDoor;
  constructor(global: GlobalInstance, door: ReferenceDoor) {
    this.#global = global;
    this.#door = door;
  }
  static instanceOf(global: Global): GlobalInstance {
    return global.#global;
  }

  get value(): unknown {
    refuseHidden(this.#global.type.type);
    return toJsValue(getGlobal(this.#global), this.#door);
  }
  /** @throws TypeError where the global is immutable, or the value none of its type */
  set value(value: unknown) {
    const { mutable, type } = this.#global.type;
    if (!mutable) throw new TypeError("the global is immutable");
    refuseHidden(type);
    setGlobal(this.#global, toWasmValue(value, type, this.#door));
  }
  valueOf(): unknown {
    return this.value;
  }
}

/** What exceptions are of: nothing of it can be seen, only given to another module. */
export class Tag {
  readonly #tag: TagInstance;
  constructor(tag: TagInstance) {
    this.#tag = tag;
  }
  static instanceOf(tag: Tag): TagInstance {
    return tag.#tag;
  }
}
