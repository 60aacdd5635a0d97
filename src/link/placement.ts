// Where the data of object files goes.
//
// In a program of its own: the stack first, so that overflowing it traps instead of
// overwriting data, then what has contents, then what starts as zeros, then the heap.
//
// In a finished program: at the top of its stack. The stack pointer starts lower by as
// much, and the program, whose frames all lie below where its stack pointer starts,
// never knew more of those bytes. Behind the memory's end would be no place: an
// allocator that asks for the memory's size takes all up to there.

import { LinkError } from "../util/errors.js";
import type { ObjectFile } from "./object.js";

export interface PlacedSegment {
  readonly object: ObjectFile;
  readonly index: number;
  readonly address: number;
}

export interface Placement {
  readonly segments: readonly PlacedSegment[];
  /** One past the last byte. */
  readonly end: number;
  /** The strictest alignment, in bytes. */
  readonly alignment: number;
}

/** Stack pointers are multiples of this. */
export const STACK_ALIGNMENT = 16;

export const alignUp = (address: number, alignment: number): number =>
  Math.ceil(address / alignment) * alignment;

/** Whether all bytes of a segment are zeros, so that it needs none in the file. */
export function isZero({ module }: ObjectFile, index: number): boolean {
  const { start, end } = module.datas[index]!;
  return module.bytes.subarray(start, end).every((byte) => byte === 0);
}

/** Sections of one kind lie together: constants, then variables, then zeros. */
function rankOf(object: ObjectFile, index: number): number {
  const { name } = object.segments[index]!;
  if (name.startsWith(".rodata")) return 0;
  return name.startsWith(".bss") ? 2 : 1;
}

export function placeSegments(objects: readonly ObjectFile[], start: number): Placement {
  const all = objects.flatMap((object) =>
    object.module.datas.map((_, index) => ({ object, index, rank: rankOf(object, index) })),
  );
  for (const { name, module } of objects)
    if (module.datas.some(({ mode }) => mode.kind !== "active"))
      throw new LinkError(`${name} has passive data, which cannot be linked yet`);
  let at = start;
  let alignment = 1;
  const segments = all
    .toSorted((a, b) => a.rank - b.rank)
    .map(({ object, index }) => {
      const align = 2 ** object.segments[index]!.alignment;
      alignment = Math.max(alignment, align);
      const address = alignUp(at, align);
      const { start: from, end } = object.module.datas[index]!;
      at = address + end - from;
      return { object, index, address };
    });
  return { segments, end: at, alignment };
}
