// The asyncify stack: the words at `__asyncify_data` in the memory that holds the records,
// and that memory. Pointers have the memory's address type; the call index is a word of
// 32 bits in either (Asyncify.cpp:378-388, 912-943, 1466).
// Addresses are numbers here. Beyond 2^53 they are not exact, but out of any bounds.

import { getGlobal } from "../../exec/instantiate.js";
import { GlobalInstance, type ModuleInstance } from "../../runtime/instances.js";
import { MemoryInstance } from "../../runtime/memory.js";
import { Trap } from "../../runtime/traps.js";
import type { AsyncifyStack } from "./events.js";
import type { RecordMemory } from "./roles.js";

/** `__asyncify_state` and `__asyncify_data`. */
export interface AsyncifyGlobals {
  readonly state: GlobalInstance;
  readonly data: GlobalInstance;
}

export const newGlobals = (pointer: "i32" | "i64"): AsyncifyGlobals => ({
  state: new GlobalInstance({ type: "i32", mutable: true }),
  data: new GlobalInstance({ type: pointer, mutable: true }),
});

export class RecordStack {
  /** Bytes of a pointer. */
  readonly pointerSize: 4 | 8;
  private instance: ModuleInstance | null = null;
  private stackPointer: GlobalInstance | null = null;
  /** The memory that is asyncify's own, where it has one. */
  readonly own: MemoryInstance | null;

  constructor(
    private readonly where: RecordMemory,
    private readonly globals: AsyncifyGlobals,
  ) {
    this.pointerSize = where.pointer === "i64" ? 8 : 4;
    this.own = where.kind === "own" ? ownMemory(where.pages) : null;
  }

  attach(instance: ModuleInstance): void {
    this.instance = instance;
    this.stackPointer = findStackPointer(instance);
  }

  get memory(): MemoryInstance {
    const { where } = this;
    const memory = where.kind === "own" ? this.own : this.instance?.memories[where.index];
    // Before there is an instance nobody can have a pointer.
    if (memory == null) throw new Trap("out of bounds memory access", "asyncify has no instance");
    return memory;
  }

  get data(): number {
    return unsigned(this.globals.data.words, this.pointerSize);
  }
  set data(value: number | bigint) {
    const { words } = this.globals.data;
    const bits = BigInt(value);
    words[0] = Number(BigInt.asIntN(32, bits));
    words[1] = this.pointerSize === 8 ? Number(BigInt.asIntN(32, bits >> 32n)) : 0;
  }

  /** The end of the records. @throws Trap out of bounds */
  get pos(): number {
    return this.read(this.data);
  }
  /** The bound of the buffer. @throws Trap out of bounds */
  get end(): number {
    return this.read(this.data + this.pointerSize);
  }

  /** Adds to the position, as the pointer type wraps. The position must be in bounds. */
  move(bytes: number): void {
    const { data, memory } = this;
    const { view } = memory;
    if (this.pointerSize === 4) view.setInt32(data, view.getInt32(data, true) + bytes, true);
    else view.setBigInt64(data, view.getBigInt64(data, true) + BigInt(bytes), true);
  }

  /** Whether the position is past the end. @throws Trap out of bounds */
  get past(): boolean {
    const { pos, end, data, memory, pointerSize } = this;
    if (pointerSize === 4) return pos > end;
    return memory.view.getBigUint64(data, true) > memory.view.getBigUint64(data + 8, true);
  }

  /** Where it stands, for events. */
  look(): AsyncifyStack {
    const { data, pointerSize, stackPointer } = this;
    const { view } = this.memory;
    const at = (address: number) =>
      address + pointerSize <= view.byteLength ? this.read(address) : null;
    const sp = stackPointer === null ? null : getGlobal(stackPointer);
    const isPointer = sp?.type === "i32" || sp?.type === "i64";
    return {
      data,
      pos: at(data),
      end: at(data + pointerSize),
      sp: isPointer ? unsigned(stackPointer!.words, sp.type === "i64" ? 8 : 4) : null,
    };
  }

  private read(address: number): number {
    const { memory, pointerSize } = this;
    memory.check(address, pointerSize);
    return pointerSize === 4
      ? memory.view.getUint32(address, true)
      : Number(memory.view.getBigUint64(address, true));
  }
}

const unsigned = (words: Int32Array, size: 4 | 8): number =>
  (words[0]! >>> 0) + (size === 8 ? (words[1]! >>> 0) * 2 ** 32 : 0);

function ownMemory(pages: number): MemoryInstance {
  const size = BigInt(pages);
  const limits = { min: size, max: size, address: "i32" as const, shared: false, pageSizeLog2: 16 };
  return new MemoryInstance({ limits });
}

/** The global that clang's and rustc's modules keep their shadow stack in, by name or by export. */
export function findStackPointer(instance: ModuleInstance): GlobalInstance | null {
  const { module } = instance;
  for (const [index, name] of module.names.globals) {
    if (name === "__stack_pointer") return instance.globals[index] ?? null;
  }
  const exported = instance.exports.get("__stack_pointer");
  return exported?.kind === "global" ? exported.global : null;
}
