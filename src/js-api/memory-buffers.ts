// The buffers through which JavaScript sees a memory: one at a time, detached when the memory
// grows. Two buffers cannot have the same bytes, unless they are shared: so a memory moves
// where one of another kind is wanted.
// Spec: https://webassembly.github.io/spec/js-api/#memories

import type { MemoryInstance } from "../runtime/memory.js";

/** The buffers that JavaScript may hold now. */
const shown = new WeakMap<MemoryInstance, ArrayBufferLike>();

/** From now on JavaScript may hold the memory's buffer. */
export function watchBuffer(memory: MemoryInstance): void {
  if (shown.has(memory)) return;
  if (memory.type.limits.shared) becomeShared(memory);
  shown.set(memory, memory.buffer);
  const before = memory.onGrow;
  memory.onGrow = () => {
    before?.();
    refresh(memory);
  };
}

/** The memory has grown. */
function refresh(memory: MemoryInstance): void {
  if (memory.growsInPlace) return;
  // What is shared is never detached.
  if (memory.type.limits.shared) return becomeShared(memory);
  const old = shown.get(memory)!;
  // A memory that grows by nothing has another buffer all the same.
  if (memory.buffer === old) memory.moveTo(moved(old));
  else moved(old);
  shown.set(memory, memory.buffer);
}

/**
 * The bytes of a buffer in another one, and that detached. Nothing to be done where the host
 * cannot: views of the old buffer then see stale bytes.
 */
const moved = (buffer: ArrayBufferLike): ArrayBufferLike =>
  typeof structuredClone === "function"
    ? structuredClone(buffer, { transfer: [buffer as ArrayBuffer] })
    : buffer;

/** What JavaScript sees. */
export function bufferOf(memory: MemoryInstance): ArrayBufferLike {
  if (!memory.type.limits.shared) return memory.buffer;
  const known = clones.get(memory);
  return known !== undefined &&
    (known.follows || known.buffer.byteLength === memory.view.byteLength)
    ? known.buffer
    : cloneOf(memory, false);
}

export function fixedBufferOf(memory: MemoryInstance): ArrayBufferLike {
  if (memory.type.limits.shared) return sharedBufferOf(memory, false);
  if (memory.growsInPlace) become(memory, new ArrayBuffer(memory.view.byteLength), null);
  return memory.buffer;
}

/** @throws TypeError where the memory has no maximum, or the host no such buffers */
export function resizableBufferOf(memory: MemoryInstance): ArrayBufferLike {
  const { max, shared } = memory.type.limits;
  if (max === undefined) throw new TypeError("a memory without a maximum is not resizable");
  if (shared) return sharedBufferOf(memory, true);
  if (memory.growsInPlace) return memory.buffer;
  const buffer = new (ArrayBuffer as unknown as Extensible<Resizable>)(memory.view.byteLength, {
    maxByteLength: bytesOf(memory, max),
  });
  if (buffer.resizable !== true) throw new TypeError("this host has no resizable buffers");
  const resize = buffer.resize.bind(buffer);
  guard(buffer, "resize", memory);
  become(memory, buffer, resize);
  return buffer;
}

function become(
  memory: MemoryInstance,
  buffer: ArrayBuffer,
  extend: ((length: number) => void) | null,
): void {
  const old = memory.buffer;
  new Uint8Array(buffer).set(memory.bytes);
  memory.moveTo(buffer, extend);
  moved(old);
  shown.set(memory, buffer);
}

// What hosts newer than the types we compile with have.
type Resizable = ArrayBuffer & { resizable?: boolean; resize(length: number): void };
type Growable = SharedArrayBuffer & { growable?: boolean; grow(length: number): void };
type Extensible<B> = new (length: number, options: { maxByteLength: number }) => B;

/** More than a host may have: it says so. */
const MOST_BYTES = 2 ** 34;
const bytesOf = (memory: MemoryInstance, pages: bigint): number =>
  Math.min(Number(pages) * memory.pageSize, MOST_BYTES);

/** HostResizeArrayBuffer: what makes such a buffer longer makes its memory longer. */
function guard(buffer: object, name: "resize" | "grow", memory: MemoryInstance): void {
  Object.defineProperty(buffer, name, {
    value: (length: unknown) => {
      const delta = (+(length as number) - memory.view.byteLength) / memory.pageSize;
      if (!Number.isInteger(delta) || delta < 0 || memory.grow(delta) < 0)
        throw new RangeError("the buffer cannot have that length");
    },
    configurable: true,
    writable: true,
  });
}

/**
 * A shared memory's buffers are never detached, and see the same bytes. Where the host has
 * buffers that grow, it is one of them, and JavaScript gets clones, which share its bytes:
 * another one after each growth. Elsewhere an old one sees no more of the memory.
 */
function becomeShared(memory: MemoryInstance): void {
  if (typeof SharedArrayBuffer !== "function") return;
  const buffer = makeShared(memory);
  new Uint8Array(buffer).set(memory.bytes);
  memory.moveTo(buffer, buffer.growable === true ? buffer.grow.bind(buffer) : null);
}

function makeShared(memory: MemoryInstance): Growable {
  const { byteLength } = memory.view;
  const maxByteLength = bytesOf(memory, memory.type.limits.max!);
  try {
    return new (SharedArrayBuffer as unknown as Extensible<Growable>)(byteLength, {
      maxByteLength,
    });
  } catch (error) {
    if (error instanceof RangeError) return new SharedArrayBuffer(byteLength) as Growable;
    throw error;
  }
}

interface Clone {
  readonly buffer: ArrayBufferLike;
  /** Whether it is the memory's buffer as long as JavaScript wants none of another kind. */
  readonly follows: boolean;
}
const clones = new WeakMap<MemoryInstance, Clone>();

/** The buffer of a shared memory, of the kind that is wanted. @throws TypeError where the host has none such */
function sharedBufferOf(memory: MemoryInstance, follows: boolean): ArrayBufferLike {
  if (follows && !memory.growsInPlace) throw new TypeError("this host has no growable buffers");
  const known = clones.get(memory);
  return (known?.follows ?? false) === follows ? bufferOf(memory) : cloneOf(memory, follows);
}

function cloneOf(memory: MemoryInstance, follows: boolean): ArrayBufferLike {
  const { buffer, view, growsInPlace } = memory;
  const made =
    growsInPlace && typeof structuredClone === "function" ? structuredClone(buffer) : buffer;
  // What grows is the memory; this buffer stays as long as it is.
  if (!follows) Object.defineProperty(made, "byteLength", { value: view.byteLength });
  if (growsInPlace) guard(made, "grow", memory);
  clones.set(memory, { buffer: Object.freeze(made), follows });
  return made;
}
