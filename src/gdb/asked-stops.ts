// Stops that a client asked for, by the offset that it gave. Several offsets may mean the same
// stop, which goes with the last of them.

import type { StopSpec, Stops } from "../debug/stops.js";

export class AskedStops {
  private readonly ids = new Map<number, number>();

  constructor(private readonly stops: Stops) {}

  /** One that somebody else has deleted meanwhile is none. */
  has(offset: number): boolean {
    return this.stops.all.some(({ id }) => id === this.ids.get(offset));
  }

  /** @throws UsageError as `Stops.add` */
  add(offset: number, spec: StopSpec): void {
    if (!this.has(offset)) this.ids.set(offset, this.stops.add(spec).id);
  }

  delete(offset: number): void {
    const id = this.has(offset) ? this.ids.get(offset) : undefined;
    this.ids.delete(offset);
    if (id !== undefined && ![...this.ids.values()].includes(id)) this.stops.delete(id);
  }

  clear(): void {
    for (const offset of this.ids.keys()) this.delete(offset);
  }
}
