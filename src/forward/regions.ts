// How a large function is split. V8 leaves functions of more than 61,440 bytes of bytecode
// to its slow tiers, so stretches of a large function become functions of their own: a
// stretch begins and ends in one block, with no operand on the stack, and may branch to
// whatever is around it. All locals then live in slots.

import { type Node, opensBlock } from "./nodes.js";

/** Instructions from `start` to before `end`. */
export interface Region {
  readonly start: number;
  readonly end: number;
  /** Stretches of it that are functions of their own in turn. */
  readonly inner: readonly Region[];
}

/** In instructions. */
export interface Limits {
  /** What a function may cost that stays whole, and what may stay of one that does not. */
  readonly whole: number;
  readonly rest: number;
  /** What a stretch costs at most: one without others in it, and one with. */
  readonly most: readonly [number, number];
}
export const LIMITS: Limits = { whole: 1600, rest: 3500, most: [500, 1500] };
/** For tests: functions come in many parts. */
export const TINY_LIMITS: Limits = { whole: 60, rest: 40, most: [20, 40] };

/** What a stretch costs at least, and what the call of one does. */
const LEAST = 16;
const CALL = 8;

/** @param ends index of the `end` (and of the `else`), by that of what opens the block */
export function regionsOf(
  nodes: readonly Node[],
  ends: ReadonlyMap<number, number>,
  elses: ReadonlyMap<number, number>,
  { whole, rest, most }: Limits,
): readonly Region[] {
  let regions: readonly Region[] = [];
  for (let level = 0; level < 4; level++) {
    const costs = new Costs(nodes.length, regions);
    if (costs.of(0, nodes.length) <= (level === 0 ? whole : rest)) break;
    const found = stretches(nodes, ends, elses, costs, most[level === 0 ? 0 : 1]);
    if (found.length === 0) break;
    const inside = ({ start, end }: Region, r: Region): boolean => start <= r.start && r.end <= end;
    const outer = found.map((f) => ({ ...f, inner: regions.filter((r) => inside(f, r)) }));
    const others = regions.filter((r) => !found.some((f) => inside(f, r)));
    regions = [...outer, ...others].sort((a, b) => a.start - b.start);
  }
  return regions;
}

/** Numbers of regions and of those in them, from 1. */
export function numbersOf(
  regions: readonly Region[],
  numbers = new Map<Region, number>(),
): Map<Region, number> {
  for (const region of regions) {
    numbers.set(region, numbers.size + 1);
    numbersOf(region.inner, numbers);
  }
  return numbers;
}

/** What instructions cost: one each, but for those that are split off. */
class Costs {
  private readonly sums: Int32Array;
  readonly endOf = new Map<number, number>();

  constructor(length: number, regions: readonly Region[]) {
    this.sums = new Int32Array(length + 1);
    const each = new Int32Array(length).fill(1);
    for (const { start, end } of regions) {
      each.fill(0, start, end);
      each[start] = CALL;
      this.endOf.set(start, end);
    }
    for (let i = 0; i < length; i++) this.sums[i + 1] = this.sums[i]! + each[i]!;
  }

  of(from: number, to: number): number {
    return this.sums[to]! - this.sums[from]!;
  }
}

function stretches(
  nodes: readonly Node[],
  ends: ReadonlyMap<number, number>,
  elses: ReadonlyMap<number, number>,
  costs: Costs,
  most: number,
): Region[] {
  const found: Region[] = [];
  const split = (from: number, to: number): void => {
    let start = -1;
    /** Where the stretch may end. */
    let end = -1;
    const close = (): void => {
      if (start >= 0 && end > start && costs.of(start, end) >= LEAST)
        found.push({ start, end, inner: [] });
      start = end = -1;
    };
    for (let i = from, next: number; i < to; i = next) {
      const opener = opensBlock(nodes[i]!.mnemonic);
      next = costs.endOf.get(i) ?? (opener ? ends.get(i)! + 1 : i + 1);
      if (costs.of(i, next) > most) {
        close();
        const arm = elses.get(i);
        split(i + 1, arm ?? next - 1);
        if (arm !== undefined) split(arm + 1, next - 1);
        continue;
      }
      if (start >= 0 && costs.of(start, next) > most) close();
      if (start < 0 && nodes[i]!.stack === "") start = i;
      if (start >= 0 && nodes[next]?.stack === "") end = next;
    }
    close();
  };
  split(0, nodes.length - 1);
  return found;
}
