// Random modules that a host, or they themselves, can unwind and rewind at any of
// their calls; and random options of asyncify for them.

import { F32, F64, I32, I64, assemble, code, type Item, leb, section, vec, wasm } from "../src/valid/testing.js"; // prettier-ignore
import type { Random } from "../src/fiber/asyncify/analyze-random.testing.js";
import type { AsyncifyOptions } from "../src/fiber/asyncify/roles.js";
import { opcodes } from "../src/syntax/opcodes.js";
import { Body } from "./asyncify-random-body.js";
import { type ExtendedSurroundings, ExtendedBody, scratch } from "./asyncify-random-extended.js";
import { DATA, encodeType, EXTERN, isReference, moreEnv, moreTypes, nullOf, plainEnv, plainRuntime, plainTypes, REFERENCES, sleb, type Signature, type Type, TYPES } from "./asyncify-random-types.js"; // prettier-ignore

export const SLEEPERS = ["env.sleep", "env.nap", "env.trade"];
export const MORE_SLEEPERS = [...SLEEPERS, "env.swap"];

/** `COUNT` buffers start here, `STRIDE` apart. */
export const BUFFERS = 8192;
export const STRIDE = 5120;
export const COUNT = 9;
/** The stack that `__stack_pointer` points into ends here; a program's own buffer is behind it. */
export const STACK_TOP = 7168;
export const OWN_BUFFER = 60 * 1024;

/** `self`: programs that unwind and rewind themselves; `misuse`: that call the runtime anywhere. */
export type Kind = "plain" | "self" | "misuse";

/**
 * Where records go: to the only memory, of either address type; to the second of two, which the
 * program's own loads do not use; to a memory that asyncify adds.
 */
export type Memories = "one" | "wide" | "second" | "wide second" | "own";
/** Pointers to records. */
export const isWide = (memories: Memories): boolean => memories.startsWith("wide");
const RECORDS: Record<Memories, string> = {
  one: "memory",
  wide: "memory",
  second: "records",
  "wide second": "records",
  own: "asyncify_memory",
};

/** Whether a program has what Binaryen refuses or overlooks, or is the same without it. */
export interface Extended {
  readonly lowered: boolean;
  readonly tryTable: boolean;
}

export interface RunnableModule {
  readonly bytes: Uint8Array;
  readonly kind: Kind;
  readonly memories: Memories;
  /** Export name of the memory that holds the records. */
  readonly records: string;
  readonly options: AsyncifyOptions;
  /** The exports that run random functions, with their parameters. */
  readonly roots: readonly ({ readonly name: string } & Signature)[];
  /** Names of all functions. */
  readonly names: readonly string[];
  /** Its imports of `env`. */
  readonly imports: readonly { readonly name: string; readonly type: Signature }[];
  /** With extensions: whether the lowered program does the same. */
  readonly lowerable: boolean;
}

const I32_CONST = opcodes["i32.const"].code;
const text = (s: string): number[] => {
  const bytes = new TextEncoder().encode(s);
  return [...leb(bytes.length), ...bytes];
};

/** Globals: fuel, one of each type, the stack pointer, and whether a program sleeps. */
const FUEL = 0;
const STACK_POINTER = 5;
const ASLEEP = 6;
/** With extensions: whether a program that unwinds itself does not; and references. */
const QUIET = 7;
const FIRST_REFERENCE = 8;

export function runnableModule(
  r: Random,
  kind: Kind,
  memories: Memories = "one",
  exceptions = false,
  extended: Extended | null = null,
): RunnableModule {
  const wide = isWide(memories);
  const lowered = extended?.lowered === true;
  const types = extended === null ? plainTypes : [...plainTypes, ...moreTypes];
  const env = extended === null ? plainEnv : [...plainEnv, ...moreEnv];
  const runtime = plainRuntime.map(({ name, type }) => ({
    name,
    type: wide && type === 3 ? 4 : type,
  }));
  const imported = [
    ...env.map((e) => ({ module: "env", ...e })),
    ...(kind === "plain" ? [] : runtime.map((e) => ({ module: "asyncify", ...e }))),
  ];
  const getState = imported.length;
  // Without it functions have the same indices.
  if (extended !== null && kind !== "plain")
    imported.push({ module: lowered ? "env" : "asyncify", name: "get_state", type: 12 });
  // With extensions many return one i32: then they can tail call each other.
  const choices = extended === null ? [0, 1, 2, 7, 8, 9, 10, 11] : [0, 0, 1, 1, 1, 1, 7, 7, 7, 2, 8, 9, 10, 11, 13, 15, 15, 15, 15, 16, 18]; // prettier-ignore
  // The first one the host can call.
  const bodies = Array.from({ length: 2 + r(5) }, (_, i) => choices[r(i > 0 || extended === null ? choices.length : 15)]!); // prettier-ignore
  const first = imported.length;
  /** Everything that random code may call: in programs that drive themselves, `yield` too. */
  const open = new Map<number, number>(bodies.map((type, i) => [first + i, type]));
  env.forEach(({ type }, i) => open.set(i, type));
  const yielder = first + bodies.length;
  if (kind !== "plain") open.set(yielder, 0);
  if (kind === "misuse" && r(3) > 0) {
    const i = r(runtime.length);
    // A data pointer must be one: void functions without arguments can be called by anyone.
    if (runtime[i]!.type === 0) open.set(env.length + i, 0);
  }
  const calls = [...open].map(([index, type]) => [index, types[type]!] as const);
  const sleeps = (index: number) =>
    index < env.length && MORE_SLEEPERS.includes(`env.${env[index]!.name}`);
  const sleepers = calls.filter(([index]) => sleeps(index) || index === yielder);
  // With extensions it is `yield` that sleeps, if there is one.
  const yields = extended === null ? [] : sleepers.filter(([index]) => index === yielder);
  const callable = [...calls, ...sleepers, ...sleepers, ...Array.from({ length: 8 }, () => yields).flat()]; // prettier-ignore

  const slots = new Map<number, number>();
  const table: number[] = [];
  for (const type of new Set(open.values())) {
    const members = [...open].filter(([, t]) => t === type).map(([index]) => index);
    const allowed = members.filter((index) => imported[index]?.module !== "asyncify");
    if (allowed.length === 0 || r(4) === 0) continue;
    slots.set(type, table.length);
    table.push(allowed[r(allowed.length)]!, allowed[r(allowed.length)]!);
  }
  const callees = new Map<number, number>();
  for (const [index, type] of open)
    if (extended !== null && type === 1) callees.set(index, table.push(index) - 1);
  const around: ExtendedSurroundings = {
    types: extended === null ? types.slice(0, 12) : types,
    callable,
    slots,
    globals: new Map([
      ...TYPES.map((type, i) => [type, 1 + i] as const),
      ...REFERENCES.map((type, i) => [type, FIRST_REFERENCE + i] as const),
    ]),
    fuel: FUEL,
    wide: memories === "wide",
    exceptions,
    calm: calls.filter(([index]) => index < env.length && !sleeps(index)),
    stackPointer: r(2) === 0 ? STACK_POINTER : null,
    lowered,
    tryTable: extended?.tryTable === true,
    callees,
    firstBody: first,
  };
  let lowerable = extended !== null;

  const functions = [...bodies];
  const codes = bodies.map((index) => {
    const { params, results } = types[index]!;
    const all = extended === null ? TYPES : [...TYPES, ...REFERENCES];
    const own = all.map((type) => [1 + (r(6) === 0 ? r(6) : r(2)), type] as const);
    const locals = [...params, ...own.flatMap(([n, t]) => Array.from({ length: n }, () => t))];
    const runs = [...own, [1, I32] as const, ...(extended === null ? [] : scratch)];
    const declared = runs.map(([n, t]) => [...leb(n), ...encodeType(t, lowered)]);
    const size = (extended === null ? 4 : 12) + r(30);
    const frame = r(2) === 0;
    if (extended === null)
      return code(declared, ...new Body(r, locals, around, results, size, frame).write());
    // Handlers put the stack pointer back, as compilers have it.
    const body = new ExtendedBody(r, locals, around, results, size, frame || exceptions || extended.tryTable); // prettier-ignore
    const written = body.write();
    lowerable &&= body.lowerable;
    return code(declared, ...written);
  });
  const add = (type: number, ...items: Item[]): number => {
    functions.push(type);
    codes.push(code([[1, I32]], ...items, "end"));
    return first + functions.length - 1;
  };

  const exports: [name: string, index: number][] = [];
  const roots = bodies.map((type, i) => ({ name: `f${i}`, ...types[type]! }));
  if (kind !== "plain") addRuntime();
  const drivers = exports.map(([name]) => ({ name, params: [], results: [] }));
  const given = (type: Type) => !isReference(type) || type === EXTERN;
  const fromHost = ({ params, results }: Signature) => [...params, ...results].every(given);
  const direct = kind === "self" ? [] : roots.filter((_, i) => (i === 0 || r(2) === 0) && fromHost(types[bodies[i]!]!)); // prettier-ignore
  for (const root of direct) exports.push([root.name, first + Number(root.name.slice(1))]);
  exports.push(
    ["refuel", add(3, "local.get", 0, "global.set", FUEL)],
    ["sp_get", add(12, "global.get", STACK_POINTER)],
    ["sp_set", add(3, "local.get", 0, "global.set", STACK_POINTER)],
  );
  if (extended !== null) exports.push(["quiet", add(3, "local.get", 0, "global.set", QUIET)]);

  const names = [
    ...imported.map(({ name }) => name),
    ...functions.map((_, i) => exports.find(([, index]) => index === first + i)?.[0] ?? (first + i === yielder && kind !== "plain" ? "yield" : `f${i}`)), // prettier-ignore
  ];
  const nameMap = vec(...names.map((name, i) => [...leb(i), ...text(name)]));
  const spName = vec([STACK_POINTER, ...text("__stack_pointer")]);
  const names7 = around.stackPointer === null ? [] : [7, ...leb(spName.length), ...spName];
  const nameSection = [...text("name"), 1, ...leb(nameMap.length), ...nameMap, ...names7];
  const global = (type: Type, ...init: number[]) => [
    ...encodeType(type, lowered),
    1,
    ...init,
    0x0b,
  ];
  const encoded = (list: readonly Type[]) => vec(...list.map((type) => encodeType(type, lowered)));
  const bytes = wasm(
    section(1, ...types.map((t) => [0x60, ...encoded(t.params), ...encoded(t.results)])),
    section(2, ...imported.map((i) => [...text(i.module), ...text(i.name), 0, i.type])),
    section(3, ...functions.map((t) => leb(t))),
    section(4, [0x70, 0, ...leb(table.length)]),
    section(5, ...(memories.endsWith("second") ? [[1, 1, 1], [wide ? 5 : 1, 1, 1]] : [[wide ? 5 : 1, 1, 1]])), // prettier-ignore
    ...(extended !== null
      ? [section(13, [0, 3], [0, 3])]
      : exceptions
        ? [section(13, [0, 3])]
        : []),
    section(
      6,
      global(I32, I32_CONST, 0),
      global(I32, I32_CONST, 5),
      global(I64, opcodes["i64.const"].code, 6),
      global(F32, opcodes["f32.const"].code, 0, 0, 0x80, 0x3f),
      global(F64, opcodes["f64.const"].code, 0, 0, 0, 0, 0, 0, 0xf8, 0x3f),
      global(I32, I32_CONST, ...sleb(STACK_TOP)),
      global(I32, I32_CONST, 0),
      ...(extended === null ? [] : [global(I32, I32_CONST, 0), ...REFERENCES.map((type) => global(type, ...assemble(...nullOf(type, lowered))))]), // prettier-ignore
    ),
    section(
      7,
      ...exports.map(([name, index]) => [...text(name), 0, ...leb(index)]),
      [...text("memory"), 2, 0],
      ...(memories.endsWith("second") ? [[...text("records"), 2, 1]] : []),
      ...TYPES.map((_, i) => [...text(`g${i}`), 3, 1 + i]),
    ),
    section(9, ...(table.length > 0 ? [[0, I32_CONST, 0, 0x0b, ...vec(...table.map(leb))]] : [])),
    section(10, ...codes),
    section(11, [
      0,
      wide && memories === "wide" ? opcodes["i64.const"].code : I32_CONST,
      ...sleb(DATA),
      0x0b,
      ...text("what random programs read first"),
    ]),
    [0, ...leb(nameSection.length), ...nameSection],
  );
  const options: AsyncifyOptions =
    memories === "own"
      ? { inSecondaryMemory: true, secondaryMemorySize: 1 }
      : memories.endsWith("second")
        ? { memory: "records" }
        : {};
  const records = RECORDS[memories];
  const imports = env.map(({ name, type }) => ({ name, type: types[type]! }));
  return { bytes, kind, memories, records, options, roots: [...direct, ...drivers], names, imports, lowerable }; // prettier-ignore

  /**
   * `yield`, the top-most runtime: to sleep, and to wake up. And roots that drive another
   * function until it sleeps no more, the bottom-most: with the stack pointer put back.
   */
  function addRuntime(): void {
    const sp = STACK_POINTER;
    const [startUnwind, stopUnwind, startRewind, stopRewind] = runtime.map((_, i) => env.length + i) as [number, number, number, number]; // prettier-ignore
    const wrong = () => kind === "misuse" && r(4) === 0;
    const [own, end] = extended === null ? [OWN_BUFFER, OWN_BUFFER + 2500] : [BUFFERS, BUFFERS + COUNT * STRIDE]; // prettier-ignore
    const savedSp = leb(own - 8);
    const pointer = (n: number): Item[] => [wide ? "i64.const" : "i32.const", ...sleb(n)];
    const flags = memories.endsWith("second") ? [0x40, 1] : [0];
    /** Stores a pointer at an offset of the buffer's header. */
    const header = (offset: number, value: number): Item[] => [
      ...pointer(own),
      ...pointer(value),
      wide ? "i64.store" : "i32.store",
      ...flags,
      offset,
    ];
    const size = wide ? 8 : 4;
    const data = pointer(own);
    const nowhere: Item[] = [memories === "wide" ? "i64.const" : "i32.const", 0];
    const asleep: Item[] = extended !== null && !lowered ? ["call", getState] : ["global.get", ASLEEP]; // prettier-ignore
    const wake: Item[] = ["i32.const", 0, "global.set", ASLEEP];
    if (!wrong()) wake.push("call", stopRewind);
    if (wrong()) wake.push(...data, "call", startUnwind);
    const sleep: Item[] = ["i32.const", 1, "global.set", ASLEEP];
    if (!wrong()) sleep.push(...header(0, own + 2 * size));
    sleep.push(...header(size, end));
    sleep.push(...nowhere, "global.get", sp, "i32.store", 2, ...savedSp);
    if (wrong()) sleep.push("call", stopRewind);
    sleep.push(...data, "call", wrong() ? startRewind : startUnwind);
    if (wrong()) sleep.push(...data, "call", startUnwind);
    const fuelled: Item[] = ["global.get", FUEL, "i32.const", 0, "i32.gt_s", "if", 0x40];
    // With extensions sleep costs fuel, taken or not: awake the program has no less of it.
    const spend: Item[] = ["global.get", FUEL, "i32.const", 1, "i32.sub", "global.set", FUEL];
    const unlessQuiet: Item[] = [...spend, "global.get", QUIET, "i32.eqz", "if", 0x40];
    const sometimes = extended === null ? sleep : [...unlessQuiet, ...sleep, "end" as const];
    add(0, ...asleep, "if", 0x40, ...wake, "else", ...fuelled, ...sometimes, "end", "end");

    for (const root of roots) {
      const target = first + Number(root.name.slice(1));
      const drop = types[bodies[target - first]!]!.results.map((): Item => "drop");
      const call: Item[] = [
        ...root.params.flatMap((t) => zero(t, lowered)),
        "call",
        target,
        ...drop,
      ];
      const stop: Item[] = wrong() ? [] : ["call", wrong() ? stopRewind : stopUnwind];
      const again: Item[] = wrong() ? [] : [...nowhere, "i32.load", 2, ...savedSp, "global.set", sp]; // prettier-ignore
      if (!wrong()) again.push(...data, "call", startRewind);
      const index = add(
        0,
        ...(["global.get", sp, "local.set", 0, ...call] as Item[]),
        ...([
          "loop",
          0x40,
          ...asleep,
          "if",
          0x40,
          ...stop,
          "local.get",
          0,
          "global.set",
          sp,
        ] as Item[]),
        ...again,
        ...call,
        ...(extended === null
          ? ([...spend, "global.get", FUEL, "i32.const", ...sleb(-20), "i32.gt_s", "br_if", 1] as Item[]) // prettier-ignore
          : (["br", 1] as Item[])),
        "end",
        "end",
      );
      exports.push([`drive_${root.name}`, index]);
    }
  }
}

const zero = (type: Type, lowered: boolean): Item[] =>
  isReference(type)
    ? nullOf(type, lowered)
    : type === I32
      ? ["i32.const", 3]
      : type === I64
        ? ["i64.const", 4]
        : type === F32
          ? ["f32.const", 0, 0, 0, 0]
          : ["f64.const", 0, 0, 0, 0, 0, 0, 0, 0];

/** Random options; lists name functions, so that frames in between may know nothing of asyncify. */
export function randomOptions(
  r: Random,
  names: readonly string[],
  lists: boolean,
): AsyncifyOptions {
  const some = () => Array.from({ length: 1 + r(2) }, () => names[r(names.length)]!);
  return {
    ...(r(2) === 0 ? { imports: SLEEPERS } : {}),
    ...(lists && r(3) === 0 ? { ignoreIndirect: true } : {}),
    ...(lists && r(8) === 0 ? { ignoreImports: true } : {}),
    ...(!lists || r(4) > 0
      ? {}
      : r(5) === 0
        ? { onlyList: some() }
        : {
            ...(r(3) > 0 ? { removeList: some() } : {}),
            ...(r(2) === 0 ? { addList: some() } : {}),
            ...(r(2) === 0 ? { propagateAddList: true } : {}),
          }),
  };
}
