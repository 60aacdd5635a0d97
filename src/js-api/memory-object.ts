// `WebAssembly.Memory`, and the buffers through which JavaScript sees a memory: one at a
// time, detached when the memory grows. The data of two buffers cannot be the same, so a
// memory moves where a buffer of another kind is wanted.
// Spec: https://webassembly.github.io/spec/js-api/#memories

import type { Limits } from "../syntax/types.js";
import { MemoryInstance } from "../runtime/memory.js";
import {
  finishInterface,
  type Size,
  sizeOf,
  toDictionary,
  toAddressType,
  toIndex,
  toLimits,
} from "./idl.js";
import { memories } from "./slots.js";
import type { World } from "./world.js";

/** The spec's bounds on types: 4 GiB, and 2^48 pages. */
const LARGEST = { i32: 2n ** 16n, i64: 2n ** 48n } as const;
/** More can be said, but not be had. Hosts may have less. */
const MOST_BYTES = 2 ** 34;

export const memoryInterface = (world: World) =>
  finishInterface(
    "Memory",
    class Memory {
      constructor(descriptor: unknown) {
        initMemory(world, this, new MemoryInstance({ limits: toMemoryLimits(descriptor) }));
      }

      grow(delta: unknown): Size {
        const memory = memories.demand(this);
        const { address } = memory.type.limits;
        const old = memory.grow(toIndex(delta, address));
        if (old < 0) throw new RangeError(`memory cannot grow by ${String(delta)} pages`);
        return sizeOf(old, address);
      }

      get buffer(): ArrayBufferLike {
        return visible(memories.demand(this));
      }

      toFixedLengthBuffer(): ArrayBufferLike {
        const memory = memories.demand(this);
        if (memory.type.limits.shared) return toShared(memory, false);
        if (memory.growsInPlace) renew(memory);
        return memory.buffer;
      }

      toResizableBuffer(): ArrayBufferLike {
        const memory = memories.demand(this);
        const { max } = memory.type.limits;
        if (max === undefined) throw new TypeError("a memory without a maximum is not resizable");
        if (memory.type.limits.shared) return toShared(memory, true);
        if (!memory.growsInPlace) becomeResizable(memory, max);
        return memory.buffer;
      }
    },
  );

function toMemoryLimits(descriptor: unknown): Limits {
  const members = toDictionary(descriptor, "the descriptor of a memory");
  const address = toAddressType(members["address"]);
  const limits = toLimits(members, address, LARGEST[address]);
  if (!members["shared"]) return limits;
  if (limits.max === undefined) throw new TypeError("a shared memory needs a maximum");
  return { ...limits, shared: true };
}

/** `object` becomes the memory's one object in this world. */
export function initMemory(world: World, object: object, memory: MemoryInstance): void {
  memories.set(object, memory);
  world.adopt(memory, object);
  watchBuffer(memory);
}

const watched = new WeakSet<MemoryInstance>();

/** From now on JavaScript may hold the memory's buffer. */
function watchBuffer(memory: MemoryInstance): void {
  if (watched.has(memory)) return;
  watched.add(memory);
  if (memory.type.limits.shared) becomeShared(memory);
  let seen = memory.buffer;
  const before = memory.onGrow;
  memory.onGrow = () => {
    before?.();
    // What is shared is never detached.
    if (memory.growsInPlace || memory.type.limits.shared) return;
    // A memory that grows by nothing has another buffer all the same.
    if (memory.buffer === seen) renew(memory);
    else detach(seen);
    seen = memory.buffer;
  };
}

function renew(memory: MemoryInstance): void {
  const old = memory.buffer;
  const copy = memory.bytes.slice().buffer;
  memory.moveTo(copy);
  detach(old);
}

/** Nothing to be done where the host cannot: views of the old buffer then see stale bytes. */
function detach(buffer: ArrayBufferLike): void {
  if (typeof structuredClone === "function")
    structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
}

/** What hosts newer than the types we compile with have. */
interface Resizable {
  resize(length: number): void;
}
interface Growable {
  grow(length: number): void;
}
type With<T, B> = new (length: number, options: { maxByteLength: number }) => B & T;

const bytesOf = (memory: MemoryInstance, pages: bigint): number =>
  Math.min(Number(pages) * memory.pageSize, MOST_BYTES);

function becomeResizable(memory: MemoryInstance, max: bigint): void {
  const old = memory.buffer;
  const buffer = new (ArrayBuffer as unknown as With<Resizable, ArrayBuffer>)(old.byteLength, {
    maxByteLength: bytesOf(memory, max),
  });
  if (typeof buffer.resize !== "function")
    throw new TypeError("this host has no resizable buffers");
  const resize = buffer.resize.bind(buffer);
  new Uint8Array(buffer).set(memory.bytes);
  hide(buffer, "resize", memory);
  memory.moveTo(buffer, resize);
  detach(old);
}

/**
 * A shared memory's buffers are never detached, and see the same bytes. Where the host has
 * buffers that grow, it is one of them, and JavaScript gets clones, which share its bytes:
 * another one after each growth. Elsewhere an old one sees no more of the memory.
 */
function becomeShared(memory: MemoryInstance): void {
  const { byteLength } = memory.buffer;
  const buffer = new (SharedArrayBuffer as unknown as With<Partial<Growable>, SharedArrayBuffer>)(
    byteLength,
    { maxByteLength: bytesOf(memory, memory.type.limits.max!) },
  );
  new Uint8Array(buffer).set(memory.bytes);
  memory.moveTo(buffer, buffer.grow?.bind(buffer) ?? null);
}

interface Clone {
  readonly buffer: ArrayBufferLike;
  /** Whether it is the memory's buffer as long as JavaScript wants none of another kind. */
  readonly follows: boolean;
}
const clones = new WeakMap<MemoryInstance, Clone>();

/** The buffer as JavaScript sees it. */
function visible(memory: MemoryInstance): ArrayBufferLike {
  if (!memory.type.limits.shared) return memory.buffer;
  const known = clones.get(memory);
  return known !== undefined &&
    (known.follows || known.buffer.byteLength === memory.view.byteLength)
    ? known.buffer
    : clone(memory, false);
}

/** The buffer, of the kind that is wanted. @throws TypeError where the host has none such */
function toShared(memory: MemoryInstance, follows: boolean): ArrayBufferLike {
  if (follows && !memory.growsInPlace) throw new TypeError("this host has no growable buffers");
  const known = clones.get(memory);
  return (known?.follows ?? false) === follows ? visible(memory) : clone(memory, follows);
}

function clone(memory: MemoryInstance, follows: boolean): ArrayBufferLike {
  const { buffer, view } = memory;
  const made =
    memory.growsInPlace && typeof structuredClone === "function" ? structuredClone(buffer) : buffer;
  // What grows is the memory; this buffer stays as long as it is.
  if (!follows) Object.defineProperty(made, "byteLength", { value: view.byteLength });
  if (memory.growsInPlace) hide(made, "grow", memory);
  clones.set(memory, { buffer: Object.freeze(made), follows });
  return made;
}

/** HostResizeArrayBuffer: what grows such a buffer grows its memory. */
function hide(buffer: object, name: "resize" | "grow", memory: MemoryInstance): void {
  Object.defineProperty(buffer, name, {
    value: (length: unknown) => {
      const delta = (+(length as number) - memory.buffer.byteLength) / memory.pageSize;
      if (!Number.isInteger(delta) || delta < 0 || memory.grow(delta) < 0)
        throw new RangeError("the buffer cannot have that length");
    },
    configurable: true,
    writable: true,
  });
}
