// For tests: random valid modules, dead code included, in which every constant is
// another one, so that a call is recognised by its operands. Functions call each
// other, imports, the asyncify runtime and a table.

import { opcodes } from "../../syntax/opcodes.js";
import { I32, I64, code, functype, leb, section, vec, wasm } from "../../valid/testing.js";
import { Body, POINTER_TYPES, type Random, tags, type Type, types } from "./analyze-random-body.testing.js"; // prettier-ignore

export type { Random } from "./analyze-random-body.testing.js";

/** mulberry32 */
export function randomFrom(seed: number): Random {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 4294967296) * n);
  };
}

const imports = [
  { module: "env", name: "a", type: 0 },
  { module: "env", name: "b", type: 3 },
  { module: "asyncify", name: "start_unwind", type: 1 },
  { module: "other", name: "c", type: 2 },
  { module: "asyncify", name: "stop_unwind", type: 0 },
  { module: "asyncify", name: "start_rewind", type: 1 },
  { module: "asyncify", name: "stop_rewind", type: 0 },
];
export const importedNames = imports.map((i) => `${i.module}.${i.name}`);

export interface RandomModule {
  readonly bytes: Uint8Array;
  /** Names of the name section, in its order. */
  readonly names: readonly string[];
  /** Export names of the memories that have one. */
  readonly memories: readonly string[];
}

const text = (s: string): number[] => {
  const bytes = new TextEncoder().encode(s);
  return [...leb(bytes.length), ...bytes];
};

/** Address types: mostly of one memory, of all the same; sometimes there is none. */
function randomMemories(r: Random): Type[] {
  const type = r(3) === 0 ? I64 : I32;
  const other = r(6) === 0 ? I64 : type;
  const count = r(8) === 0 ? 0 : r(3) === 0 ? 2 + r(2) : 1;
  return Array.from({ length: count }, (_, i) => (i === 1 ? other : type));
}

/** A random module. */
export function randomModule(r: Random): RandomModule {
  const defined = Array.from({ length: 1 + r(7) }, () => r(types.length));
  const memories = randomMemories(r);
  const pointer = memories[0] ?? I32;
  const imported = imports.map((i) => ({
    ...i,
    type: i.name.startsWith("start_") ? POINTER_TYPES[pointer]! : i.type,
  }));
  const functions = [...imported.map((i) => i.type), ...defined];
  const runtime = new Set(imports.flatMap(({ module }, i) => (module === "asyncify" ? [i] : [])));
  let constants = 1000;
  const next = () => constants++;
  const bodies = defined.map((type) => {
    const { params, results } = types[type]!;
    const extra = 1 + r(3);
    // At least one of each type, and sometimes more than one word of a bit set.
    const own: [number, Type][] = [
      [extra, I32],
      [r(5) === 0 ? 40 : 1, I64],
    ];
    const locals = [...params, ...own.flatMap(([n, t]) => Array.from({ length: n }, () => t))];
    const body = new Body(r, locals, functions, runtime, next, memories, results, 4 + r(80));
    return code(
      own.map(([n, t]) => [...leb(n), t]),
      ...body.out,
    );
  });
  const names: string[] = [];
  const entries = functions.flatMap((_, i) => {
    if (r(4) === 0) return [];
    const name = ["f", "g", "fn:x", "h h", "0", "fimport$1"][r(6)]! + (r(3) === 0 ? "" : String(i));
    names.push(name);
    return [[...leb(i), ...text(name)]];
  });
  const nameMap = vec(...entries);
  const nameSection = [...text("name"), 1, ...leb(nameMap.length), ...nameMap];
  const exported = memories.flatMap((_, i): [string, number][] =>
    r(4) === 0 ? [] : [[i === memories.length - 1 && r(2) === 0 ? "memory" : `m${i}`, i]],
  );
  const bytes = wasm(
    section(1, ...types.map((t) => functype(t.params, t.results))),
    section(2, ...imported.map((i) => [...text(i.module), ...text(i.name), 0, i.type])),
    section(3, ...defined.map((t) => leb(t))),
    section(4, [0x70, 0, 8]),
    section(5, ...memories.map((type) => [type === I64 ? 4 : 0, 1])),
    section(13, ...tags.map((type) => [0, type])),
    section(
      7,
      ...defined.map((_, i) => [...text(`e${i}`), 0, ...leb(imports.length + i)]),
      ...exported.map(([name, memory]) => [...text(name), 2, memory]),
    ),
    section(9, [0, opcodes["i32.const"].code, 0, 0x0b, 1, ...leb(imports.length)]),
    section(10, ...bodies),
    [0, ...leb(nameSection.length), ...nameSection],
  );
  return { bytes, names, memories: exported.map(([name]) => name) };
}
