// The store's sections: instances, what they are made of, and what is on the heap. Each
// thing is written as its section's next entry when nobody has written it yet.

import { encodeGlobalType, encodeLimits, encodeTableType } from "../binary/encode-types.js";
import type { Fiber } from "../exec/fiber.js";
import { getGlobal } from "../exec/instantiate.js";
import type { ContinuationInstance } from "../runtime/continuations.js";
import { type ExceptionInstance, JS_TAG } from "../runtime/exceptions.js";
import type {
  GlobalInstance,
  ModuleInstance,
  TableInstance,
  TagInstance,
} from "../runtime/instances.js";
import type { MemoryInstance } from "../runtime/memory.js";
import { type ArrayInstance, layoutOf, type StructInstance } from "../runtime/objects.js";
import type { HostRef } from "../runtime/values.js";
import type { RefType } from "../syntax/types.js";
import { ByteWriter } from "./bytes.js";
import type { Codec } from "./codec.js";
import { writeHostValue } from "./codec.js";
import type { Graph } from "./graph.js";
import { writeFunction, writeReference, writeValue } from "./references.js";

/** Bytes that are written or left out together. */
export const BLOCK = 4096;
/** Bytes of a memory in one section. */
export const PART = 2 ** 26;

export function writeInstance(w: ByteWriter, graph: Graph, instance: ModuleInstance): void {
  const { module, funcs, memories, tables, globals, tags, elems, datas } = instance;
  const id = graph.instances.idOf(instance);
  const imported = module.imported.func;
  w.uint(graph.modules.idOf(module));
  for (let index = 0; index < imported; index++) {
    const place = graph.placeOf(funcs[index]!);
    const here = place?.instance === id && place.index === index;
    w.flag(!here);
    if (!here) writeFunction(w, graph, funcs[index]!);
  }
  const natives = funcs.flatMap((func, i) => (i >= imported && func.instance === null ? [i] : []));
  w.list(natives, (index) => w.uint(index));
  for (const memory of memories) w.uint(graph.memories.idOf(memory));
  for (const table of tables) w.uint(graph.tables.idOf(table));
  for (const global of globals) w.uint(graph.globals.idOf(global));
  for (const tag of tags) w.uint(graph.tags.idOf(tag));
  for (const elements of elems) w.list(elements, (element) => writeReference(w, graph, element));
  for (const data of datas) w.flag(data.length > 0);
}

export function writeMemory(w: ByteWriter, { type, pages }: MemoryInstance): void {
  w.raw(Uint8Array.from(encodeLimits(type.limits)));
  w.uint(pages);
}

/** The bytes of a memory, in sections of their own: blocks of zeros are left out. */
export function memoryContents(memory: MemoryInstance, id: number): Uint8Array<ArrayBuffer>[] {
  const size = memory.view.byteLength;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let start = 0; start < size; start += PART) {
    const w = new ByteWriter();
    w.uint(id);
    const empty = w.length;
    let next = 0;
    for (let at = start; at < Math.min(start + PART, size); at += BLOCK) {
      const bytes = memory.part(at, Math.min(BLOCK, size - at));
      if (isZero(bytes)) continue;
      if (w.length === empty) next = 0;
      const block = at / BLOCK;
      w.uint(block - next);
      w.raw(bytes);
      next = block + 1;
    }
    if (w.length > empty) parts.push(w.bytes);
  }
  return parts;
}

/** Of a block, which is aligned. Words, because most of a large memory is zeros to be passed. */
function isZero({ buffer, byteOffset, length }: Uint8Array): boolean {
  const words = new BigInt64Array(buffer, byteOffset, length >> 3);
  for (let i = 0; i < words.length; i++) if (words[i] !== 0n) return false;
  const rest = length & 7;
  return new Uint8Array(buffer, byteOffset + length - rest, rest).every((byte) => byte === 0);
}

export function writeTable(w: ByteWriter, graph: Graph, { type, elements }: TableInstance): void {
  const element = graph.types.open(type.element) as RefType;
  w.raw(Uint8Array.from(encodeTableType({ element, limits: type.limits })));
  w.list(elements, (reference) => writeReference(w, graph, reference));
}

export function writeGlobal(w: ByteWriter, graph: Graph, global: GlobalInstance): void {
  const { type, mutable } = global.type;
  w.raw(Uint8Array.from(encodeGlobalType({ type: graph.types.open(type), mutable })));
  writeValue(w, graph, getGlobal(global));
}

export function writeTag(w: ByteWriter, graph: Graph, tag: TagInstance): void {
  w.flag(tag === JS_TAG);
  if (tag !== JS_TAG) w.uint(graph.types.indexOf(tag.type));
}

export function writeStruct(w: ByteWriter, graph: Graph, struct: StructInstance): void {
  const { type, slots, descriptor } = struct;
  w.uint(graph.types.indexOf(type));
  if (descriptor !== null) w.uint(graph.structs.idOf(descriptor));
  for (const { size, at } of layoutOf(type).fields) {
    if (size === 0) writeReference(w, graph, slots[at]!);
    else for (let k = 0; k < Math.max(size >> 2, 1); k++) w.word(slots[at + k] as number);
  }
}

export function writeArray(w: ByteWriter, graph: Graph, array: ArrayInstance): void {
  const { type, size, length, refs } = array;
  w.uint(graph.types.indexOf(type));
  w.uint(length);
  if (size === 0) for (const reference of refs) writeReference(w, graph, reference);
  else w.raw(array.bytes(0, length));
}

export function writeException(w: ByteWriter, graph: Graph, exception: ExceptionInstance): void {
  w.uint(graph.tags.idOf(exception.tag));
  for (const value of exception.values) writeValue(w, graph, value);
}

export function writeContinuation(
  w: ByteWriter,
  graph: Graph,
  { type, fiber, outer }: ContinuationInstance<Fiber>,
): void {
  w.uint(graph.types.indexOf(type));
  w.flag(fiber !== null);
  if (fiber === null) return;
  w.uint(graph.fibers.idOf(fiber));
  w.uint(graph.fibers.idOf(outer!));
}

export const writeHost = (w: ByteWriter, { value }: HostRef, codec: Codec | undefined): void =>
  writeHostValue(w, value, codec);
