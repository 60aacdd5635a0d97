// What the host does to a program behind the machine's back: bytes that it writes into a
// memory, elements of tables, globals. Nobody tells of that, so it is found by comparing.
// What cannot be reached from outside is not compared.

import { getGlobal, setGlobal } from "../exec/instantiate.js";
import type { GlobalInstance, TableInstance } from "../runtime/instances.js";
import type { MemoryInstance } from "../runtime/memory.js";
import { ArrayInstance } from "../runtime/objects.js";
import type { Reference, Value } from "../runtime/values.js";
import { RecordingError } from "./errors.js";
import type { Datum, Finder, Name, Namer } from "./names.js";
import type { Store } from "./store.js";
import { BLOCK, BLOCK_WORDS, differ, wordsOf } from "./words.js";

/** Bytes from an address on. */
export interface Run {
  readonly at: number;
  readonly bytes: Uint8Array;
}
export interface MemoryChange {
  readonly memory: number;
  /** Bytes that the memory has now. */
  readonly size: number;
  readonly runs: readonly Run[];
}
export interface TableChange {
  readonly table: number;
  readonly length: number;
  readonly elements: readonly { readonly index: number; readonly name: Name }[];
}
export interface GlobalChange {
  readonly global: number;
  readonly value: Datum;
}
/** Of an array that the host was given: builtin functions write into such. */
export interface ArrayChange {
  readonly array: Name;
  readonly runs: readonly Run[];
}
export interface Changes {
  readonly memories: readonly MemoryChange[];
  readonly tables: readonly TableChange[];
  readonly globals: readonly GlobalChange[];
  readonly arrays: readonly ArrayChange[];
}

/** Whether two arrays of the same length hold the same bytes. */
export type SameBytes = (a: Uint8Array, b: Uint8Array) => boolean;

/** Bytes that are given to such a function at once. */
const CHUNK = 2 ** 16;
const CHUNK_WORDS = CHUNK / 4;

/** How the outside found things when it was given control. */
export class Shadow {
  private readonly memories = new Map<MemoryInstance, ArrayBuffer>();
  private readonly tables = new Map<TableInstance, Reference[]>();
  private readonly globals = new Map<GlobalInstance, { words: Int32Array; ref: Reference }>();
  private readonly arrays = new Map<ArrayInstance, Uint8Array>();

  /** @param same whether so many bytes are the same, where somebody knows a faster way */
  constructor(
    private readonly store: Store,
    private readonly same?: SameBytes,
  ) {}

  /** The outside has control from now on. @param given what it is given */
  take(given: readonly Value[] = []): void {
    const { open, memories, tables, globals } = this.store;
    for (const memory of memories.list) if (open.has(memory)) this.takeMemory(memory);
    for (const table of tables.list)
      if (open.has(table)) this.tables.set(table, table.elements.slice());
    for (const global of globals.list)
      if (open.has(global))
        this.globals.set(global, { words: global.words.slice(), ref: global.ref });
    this.arrays.clear();
    for (const value of given)
      if (value.type === "ref" && value.ref instanceof ArrayInstance && value.ref.size > 0)
        this.arrays.set(value.ref, value.ref.bytes(0, value.ref.length).slice());
  }

  private takeMemory(memory: MemoryInstance): void {
    const { byteLength } = memory.view;
    let copy = this.memories.get(memory);
    if (copy?.byteLength !== byteLength)
      this.memories.set(memory, (copy = new ArrayBuffer(byteLength)));
    new Uint8Array(copy).set(memory.bytes);
  }

  /** Where an object is that the outside may have found by itself: in a table, or a global. */
  holder(object: Reference): Name {
    for (const [table, elements] of this.tables) {
      const index = elements.indexOf(object);
      if (index >= 0) return { kind: "element", table: this.store.tables.idOf(table), index };
    }
    for (const [global, { ref }] of this.globals)
      if (ref === object) return { kind: "global", global: this.store.globals.idOf(global) };
    return null;
  }

  /** What it has changed since; null for nothing. From here on that is how things are. */
  diff(namer: Namer): Changes | null {
    const memories: MemoryChange[] = [];
    for (const [memory, copy] of this.memories) {
      const runs = this.runsOf(memory, copy);
      if (runs.length > 0 || copy.byteLength !== memory.view.byteLength)
        memories.push({
          memory: this.store.memories.idOf(memory),
          size: memory.view.byteLength,
          runs,
        });
      if (copy.byteLength !== memory.view.byteLength) this.takeMemory(memory);
    }
    const tables = [...this.tables].flatMap(([table, was]) => this.tableChange(table, was, namer));
    const globals = [...this.globals].flatMap(([global, was]) =>
      this.globalChange(global, was, namer),
    );
    const arrays = [...this.arrays].flatMap(([array, was]) => arrayChange(array, was, namer));
    return memories.length + tables.length + globals.length + arrays.length === 0
      ? null
      : { memories, tables, globals, arrays };
  }

  private runsOf(memory: MemoryInstance, copy: ArrayBuffer): Run[] {
    const { byteLength: size } = memory.view;
    const common = Math.min(size, copy.byteLength);
    const now = wordsOf(memory.view.buffer, common);
    const was = wordsOf(copy, common);
    const runs: Run[] = [];
    const found = (at: number, end: number) => {
      const bytes = memory.part(at, end - at).slice();
      new Uint8Array(copy, at, end - at).set(bytes);
      runs.push({ at, bytes });
    };
    const { same } = this;
    for (let word = 0; word < now.length; word += BLOCK_WORDS) {
      const whole = word % CHUNK_WORDS === 0 && word + CHUNK_WORDS <= now.length;
      if (whole && same?.(memory.part(4 * word, CHUNK), new Uint8Array(copy, 4 * word, CHUNK))) {
        word += CHUNK_WORDS - BLOCK_WORDS;
        continue;
      }
      const count = Math.min(BLOCK_WORDS, now.length - word);
      if (!differ(now, word, was, word, count)) continue;
      let first = word;
      while (now[first] === was[first]) first++;
      let last = word + count - 1;
      while (now[last] === was[last]) last--;
      found(4 * first, 4 * last + 4);
    }
    // Bytes behind the last word, of a memory whose pages are smaller than one.
    const rest = 4 * now.length;
    const tail = memory.part(rest, common - rest);
    if (tail.some((byte, i) => byte !== new Uint8Array(copy)[rest + i])) found(rest, common);
    // Those that are new are zeros, unless somebody wrote there.
    return [...runs, ...nonZero(memory, common)];
  }

  private tableChange(table: TableInstance, was: Reference[], namer: Namer): TableChange[] {
    const { elements: now } = table;
    const elements: { index: number; name: Name }[] = [];
    for (let index = 0; index < now.length; index++) {
      if (index < was.length ? now[index] === was[index] : now[index] === null) continue;
      elements.push({ index, name: namer.name(now[index]!) });
    }
    if (elements.length === 0 && now.length === was.length) return [];
    this.tables.set(table, now.slice());
    return [{ table: this.store.tables.idOf(table), length: now.length, elements }];
  }

  private globalChange(
    global: GlobalInstance,
    was: { words: Int32Array; ref: Reference },
    namer: Namer,
  ): GlobalChange[] {
    if (global.ref === was.ref && !differ(global.words, 0, was.words, 0, 4)) return [];
    this.globals.set(global, { words: global.words.slice(), ref: global.ref });
    const value = namer.datum(getGlobal(global));
    return [{ global: this.store.globals.idOf(global), value }];
  }
}

/** What a memory holds from an address on, but for blocks of zeros. */
export function nonZero(memory: MemoryInstance, from: number): Run[] {
  const size = memory.view.byteLength;
  const runs: Run[] = [];
  for (let at = from; at < size; at += BLOCK) {
    const bytes = memory.part(at, Math.min(BLOCK, size - at));
    if (bytes.some((byte) => byte !== 0)) runs.push({ at, bytes: bytes.slice() });
  }
  return runs;
}

function arrayChange(array: ArrayInstance, was: Uint8Array, namer: Namer): ArrayChange[] {
  const now = array.bytes(0, array.length);
  const first = now.findIndex((byte, i) => byte !== was[i]);
  if (first < 0) return [];
  const last = now.findLastIndex((byte, i) => byte !== was[i]);
  was.set(now);
  return [{ array: namer.name(array), runs: [{ at: first, bytes: now.slice(first, last + 1) }] }];
}

/** Does to one machine what the host did to the other. @throws RecordingError where it cannot be */
export function applyChanges(changes: Changes, store: Store, finder: Finder): void {
  for (const { memory: id, size, runs } of changes.memories)
    changeMemory(store.memories.list[id] ?? impossible("memory"), size, runs);
  for (const { table, length, elements } of changes.tables)
    changeTable(store.tables.list[table] ?? impossible("table"), length, elements, finder);
  for (const { global: id, value } of changes.globals) {
    const global = store.globals.list[id] ?? impossible("global");
    setGlobal(global, finder.value(value, global.type.type));
  }
  for (const { array: name, runs } of changes.arrays) {
    const array = finder.find(name);
    if (!(array instanceof ArrayInstance)) return impossible("array");
    writeRuns(array.bytes(0, array.length), runs);
  }
}

function changeMemory(memory: MemoryInstance, size: number, runs: readonly Run[]): void {
  const delta = (size - memory.view.byteLength) / memory.pageSize;
  if (!Number.isInteger(delta) || delta < 0 || (delta > 0 && memory.grow(delta) < 0))
    impossible("size of a memory");
  for (const { at, bytes } of runs) {
    if (at + bytes.length > size) impossible("place in a memory");
    memory.part(at, bytes.length).set(bytes);
  }
}

function changeTable(
  table: TableInstance,
  length: number,
  elements: TableChange["elements"],
  finder: Finder,
): void {
  const delta = length - table.elements.length;
  if (delta < 0 || (delta > 0 && table.grow(delta, null) < 0)) impossible("length of a table");
  // Found before any is written: one may be named by where it was.
  const found = elements.map(({ index, name }) => {
    if (index >= length) impossible("element of a table");
    return [index, finder.value({ type: "ref", name }, table.type.element)] as const;
  });
  for (const [index, value] of found) if (value.type === "ref") table.elements[index] = value.ref;
}

function writeRuns(bytes: Uint8Array, runs: readonly Run[]): void {
  for (const run of runs) {
    if (run.at + run.bytes.length > bytes.length) impossible("place in an array");
    bytes.set(run.bytes, run.at);
  }
}

function impossible(what: string): never {
  throw new RecordingError(`an entry of the log changes a ${what} that is not there`);
}
