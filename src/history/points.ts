// Checkpoints of a run, in its order, within a bound of memory: when they are too many, those
// go that are missed least. So they lie close where somebody looks, and wide far away.

import { type Page, sizeOfPage } from "./pages.js";
import { compare, type Position } from "./position.js";
import type { SavedReplica } from "./replica.js";

export class Points {
  /** The first is the start, which stays. */
  private readonly list: SavedReplica[] = [];
  private readonly uses = new Map<Page, number>();
  /** Bytes that they take, roughly. */
  bytes = 0;

  constructor(
    private readonly maxBytes: number,
    start: SavedReplica,
  ) {
    this.insert(start, 0);
  }

  get start(): Position {
    return this.list[0]!.position;
  }

  get count(): number {
    return this.list.length;
  }

  /** The latest at or before a position. */
  before(position: Position): SavedReplica {
    return this.list[this.indexBefore(position)]!;
  }

  /** Where the one after a position stands, if there is one. */
  after(position: Position): Position | undefined {
    return this.list[this.indexBefore(position) + 1]?.position;
  }

  private indexBefore(position: Position): number {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compare(this.list[middle]!.position, position) <= 0) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }

  /** @param present where somebody is about to look */
  add(point: SavedReplica, present: Position): void {
    const index = this.indexBefore(point.position);
    if (compare(this.list[index]!.position, point.position) === 0) return;
    this.insert(point, index + 1);
    while (this.bytes > this.maxBytes && this.list.length > 2) this.thin(point, present);
  }

  /** Forgets all that are behind a position: it will be another run from there. */
  cut(position: Position): void {
    while (compare(this.list[this.list.length - 1]!.position, position) > 0)
      this.remove(this.list.length - 1);
  }

  private insert(point: SavedReplica, index: number): void {
    this.list.splice(index, 0, point);
    this.bytes += point.checkpoint.bytes;
    for (const page of point.checkpoint.pages) {
      const uses = this.uses.get(page) ?? 0;
      if (uses === 0) this.bytes += sizeOfPage(page);
      this.uses.set(page, uses + 1);
    }
  }

  private remove(index: number): void {
    const [point] = this.list.splice(index, 1) as [SavedReplica];
    this.bytes -= point.checkpoint.bytes;
    for (const page of point.checkpoint.pages) {
      const uses = this.uses.get(page)! - 1;
      if (uses > 0) this.uses.set(page, uses);
      else {
        this.uses.delete(page);
        this.bytes -= sizeOfPage(page);
      }
    }
  }

  /** Takes away the one without which the way is not much longer, as seen from where one looks. */
  private thin(kept: SavedReplica, { executed: present }: Position): void {
    const { list } = this;
    const at = (index: number) => list[index]?.position.executed ?? Infinity;
    let worst = -1;
    let least = Infinity;
    for (let i = 1; i < list.length; i++) {
      if (list[i] === kept) continue;
      const gap = Math.min(at(i + 1), Math.max(present, at(i))) - at(i - 1);
      const loss = gap / (Math.abs(present - at(i)) + 1);
      if (loss < least) [worst, least] = [i, loss];
    }
    this.remove(worst);
  }
}
