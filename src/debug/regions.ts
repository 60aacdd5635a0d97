// Who owns which part of a linear memory, as far as anybody knows: data segments, the shadow
// stacks of fibers, the records of continuations. The rest is the program's own, a heap mostly.

import { evaluate, evaluateAll } from "../exec/constants.js";
import { getGlobal } from "../exec/instantiate.js";
import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import { findStackPointer } from "../fiber/asyncify/stack.js";
import type { FiberState } from "../observe/fibers.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { hex } from "../util/hex.js";
import { byFiber, type RecordLog, recordMemory } from "./records.js";

export type RegionKind = "data" | "shadow stack" | "asyncify" | "record";

/** The bytes [start, end). */
export interface Region {
  readonly kind: RegionKind;
  readonly start: number;
  readonly end: number;
  readonly label: string;
  /** The program's fiber whose it is, where it is one's. */
  readonly fiber: number | null;
}

export interface RegionSource {
  readonly instance: ModuleInstance;
  readonly asyncify: Asyncify | null;
  readonly records: RecordLog;
  fibers(): readonly FiberState[];
}

/** Of the first memory. Those that tell more come first: a record lies in a buffer. */
export function regionsOf(source: RegionSource): Region[] {
  return [...recordRegions(source), ...stackRegions(source), ...dataRegions(source)];
}

/** The first region that has a byte. */
export const ownerOf = (regions: readonly Region[], address: number): Region | undefined =>
  regions.find(({ start, end }) => start <= address && address < end);

function recordRegions(source: RegionSource): Region[] {
  const { records, instance } = source;
  if (records.continuations.length === 0) return [];
  const states = source.fibers();
  const { memory, pointerSize } = recordMemory(source);
  if (memory === null || memory !== instance.memories[0]) return [];
  const pointer = (at: number) =>
    pointerSize === 4
      ? memory.view.getUint32(at, true)
      : Number(memory.view.getBigUint64(at, true));
  return records.continuations.flatMap((data) => {
    const holders = states.filter((state) => state.continuation === data);
    const fiber = holders.at(-1)?.id ?? null;
    const parts = byFiber(records.of(data));
    const kept = parts.flatMap((part, i) =>
      part.map(({ name, callIndex, address, size }): Region => {
        const label = `record of ${name} (call ${callIndex})`;
        const holder = holders.at(-1 - i)?.id ?? null;
        return { kind: "record", start: address, end: address + size, label, fiber: holder };
      }),
    );
    const label = `continuation ${hex(data)}`;
    const head: Region = {
      kind: "asyncify",
      start: data,
      end: data + 2 * pointerSize,
      label,
      fiber,
    };
    if (data + 2 * pointerSize > memory.view.byteLength) return kept;
    const [start, end] = [pointer(data), pointer(data + pointerSize)];
    const room: Region = { kind: "asyncify", start, end, label: `room of ${label}`, fiber };
    return end > start ? [...kept, head, room] : [...kept, head];
  });
}

/** From where the stack pointer stands, or stood when it was suspended, to where it began. */
function stackRegions(source: RegionSource): Region[] {
  const { instance } = source;
  const global = findStackPointer(instance);
  if (global === null) return [];
  const value = getGlobal(global);
  const sp = value.type === "i32" ? value.value >>> 0 : null;
  const states = source.fibers();
  const top = initialStackPointer(instance);
  const main = { id: 0, stack: top, status: "on", continuation: null } as const;
  return (states.length === 0 ? [main] : states).flatMap((state): Region[] => {
    const end = state.stack ?? top;
    const start = state.status === "on" ? sp : state.continuation;
    if (start === null || end === null || start >= end) return [];
    const label = `shadow stack of ${state.id === 0 ? "main" : `fiber ${state.id}`}`;
    return [{ kind: "shadow stack", start, end, label, fiber: state.id }];
  });
}

/** What `__stack_pointer` begins with, where the module says. */
function initialStackPointer(instance: ModuleInstance): number | null {
  const { module, globals } = instance;
  const index = globals.indexOf(findStackPointer(instance)!);
  const definition = module.globals[index - module.imported.global];
  if (definition === undefined || definition.type.type !== "i32") return null;
  const value = evaluate(instance, definition.init, "i32");
  return value.type === "i32" ? value.value >>> 0 : null;
}

/** By instance: its segments never change. */
const segments = new WeakMap<ModuleInstance, readonly Region[]>();

function dataRegions({ instance }: RegionSource): readonly Region[] {
  let regions = segments.get(instance);
  if (regions === undefined) segments.set(instance, (regions = readSegments(instance)));
  return regions;
}

function readSegments(instance: ModuleInstance): Region[] {
  const { module, memories } = instance;
  const active = module.datas.flatMap(({ mode, start, end }, index) =>
    mode.kind === "active" && mode.index === 0 && end > start
      ? [{ index, size: end - start, expression: mode.offset }]
      : [],
  );
  const type = memories[0]?.type.limits.address ?? "i32";
  const offsets = evaluateAll(instance, active.map(({ expression }) => ({ expression, type }))); // prettier-ignore
  return active.map(({ index, size }, i): Region => {
    const value = offsets[i]!;
    const at = value.type === "i32" ? value.value >>> 0 : value.type === "i64" ? Number(value.value) : 0; // prettier-ignore
    const name = module.names.datas.get(index);
    const label = name === undefined ? `data segment ${index}` : `data ${name}`;
    return { kind: "data", start: at, end: at + size, label, fiber: null };
  });
}
