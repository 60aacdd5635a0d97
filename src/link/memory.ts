// Memory, stack and data of the program: see `placement.ts` for where data goes.

import { join, leb, sleb64, type Bytes } from "../binary/encode.js";
import { LinkError } from "../util/errors.js";
import type { Linker } from "./link.js";
import { isUndefined, isWeak, type ObjectFile, type ObjectSymbol } from "./object.js";
import { relocated, type Relocate } from "./parts.js";
import { alignUp, isZero, type Placement, placeSegments, STACK_ALIGNMENT } from "./placement.js";
import { STACK_POINTER } from "./relocations.js";
import type { Global } from "./spaces.js";

export interface MemoryOptions {
  /** Bytes of the stack of a program of its own. */
  readonly stackSize?: number;
}

const PAGE = 65536;
const STACK_SIZE = 65536;

export class Memory {
  private placement: Placement = { segments: [], end: 0, alignment: 1 };
  private pointer: Global | null = null;
  private readonly stackSize: number;

  constructor(
    private readonly linker: Linker,
    { stackSize = STACK_SIZE }: MemoryOptions,
  ) {
    this.stackSize = alignUp(stackSize, STACK_ALIGNMENT);
  }

  /** The stack pointer of a program of its own; a finished one has to have its own. */
  stackPointer(): Global {
    const { program } = this.linker;
    if (program !== null)
      throw new LinkError(
        `${program.name} has no global ${STACK_POINTER}: expected one of that name in its name section or its exports`,
      );
    this.pointer ??= this.linker.globals.add({
      name: STACK_POINTER,
      type: { type: "i32", mutable: true },
      init: () => constant(this.stackSize),
    });
    return this.pointer;
  }

  /** Gives all data its address. */
  place(): void {
    const { objects, program } = this.linker;
    if (program !== null) return this.placeInto();
    this.placement = placeSegments(objects, this.stackSize);
  }

  private placeInto(): void {
    const { objects } = this.linker;
    const program = this.linker.program!;
    const free = placeSegments(objects, 0);
    if (free.end === 0) return;
    const { module, name, globals } = program;
    const memory = module.memories[0] ?? importedMemory(module);
    if (memory === undefined)
      throw new LinkError(`${name} has no memory, and the data of ${objects[0]!.name} needs one`);
    if (memory.limits.address === "i64" || memory.limits.shared)
      throw new LinkError(
        `${name} has a ${memory.limits.shared ? "shared" : "64-bit"} memory: data cannot be linked into it yet`,
      );
    const index = program.find("global", STACK_POINTER);
    const top = index === undefined ? undefined : program.constantOf(index);
    if (index === undefined || top === undefined)
      throw new LinkError(
        `there is no place for data in ${name}: expected a global ${STACK_POINTER} that starts as a constant, in its name section or its exports`,
      );
    const start = top - alignUp(free.end, Math.max(free.alignment, STACK_ALIGNMENT));
    const bottom = start - (start % Math.max(free.alignment, STACK_ALIGNMENT));
    if (bottom <= top / 2)
      throw new LinkError(
        `the stack of ${name}, which ends at ${top}, has no room for ${free.end} bytes of data`,
      );
    this.placement = placeSegments(objects, bottom);
    globals[index]!.init = () => constant(bottom);
  }

  addressOf(object: ObjectFile, symbol: ObjectSymbol): number {
    const definition = this.linker.dataOf(object, symbol);
    if (definition !== undefined) {
      const { data } = definition.symbol;
      const segment = this.placement.segments.find(
        (s) => s.object === definition.object && s.index === data?.segment,
      );
      if (segment === undefined || data === undefined)
        throw new LinkError(`${definition.object.name}: ${symbol.name} lies in no segment`);
      return segment.address + data.offset;
    }
    const known = this.linker.program === null ? this.own(symbol.name) : this.exported(symbol.name);
    if (known !== undefined) return known;
    if (isUndefined(symbol) && isWeak(symbol)) return 0;
    throw new LinkError(`undefined data: ${symbol.name}, which ${object.name} uses`);
  }

  /** The names that a linker gives to places. */
  private own(name: string): number | undefined {
    const { end } = this.placement;
    const heap = alignUp(end, STACK_ALIGNMENT);
    const places: Readonly<Record<string, number>> = {
      __stack_low: 0,
      __stack_high: this.stackSize,
      __global_base: this.stackSize,
      __data_end: end,
      __heap_base: heap,
      __heap_end: this.pages * PAGE,
      __dso_handle: this.stackSize,
    };
    return Object.hasOwn(places, name) ? places[name] : undefined;
  }

  /** Programs export the addresses of data as globals. */
  private exported(name: string): number | undefined {
    const program = this.linker.program!;
    const found = program.module.exports.find((e) => e.kind === "global" && e.name === name);
    return found === undefined ? undefined : program.constantOf(found.index);
  }

  /** Pages of a program of its own. */
  get pages(): number {
    return Math.max(1, Math.ceil(this.placement.end / PAGE));
  }

  /** Data segments; what is zero in a fresh memory needs none. */
  datas(relocate: Relocate): Bytes[] {
    const { program } = this.linker;
    const fresh = program === null || program.module.memories.length > 0;
    return this.placement.segments.flatMap(({ object, index, address }) => {
      const { start, end } = object.module.datas[index]!;
      const untouched = !object.relocations.some(({ offset }) => offset >= start && offset < end);
      if (start === end || (fresh && untouched && isZero(object, index))) return [];
      const bytes = relocated(object, start, end, relocate);
      return [join([0], constant(address), leb(bytes.length), bytes)];
    });
  }
}

const constant = (value: number): Bytes => [0x41, ...sleb64(BigInt(value | 0)), 0x0b];

const importedMemory = ({ imports }: ObjectFile["module"]) => {
  const found = imports.find(({ description }) => description.kind === "memory");
  return found?.description.kind === "memory" ? found.description.type : undefined;
};
