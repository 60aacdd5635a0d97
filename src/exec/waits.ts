// Waiting at an address of a shared memory, and notifying those who wait there: lines
// that connect all fibers and machines of one process, first come, first served.
// Proposal: https://github.com/WebAssembly/threads

import type { MemoryInstance } from "../runtime/memory.js";

type Wake = () => void;
const lines = new WeakMap<MemoryInstance, Map<number, Wake[]>>();

/** What `memory.atomic.wait32` and `wait64` answer. */
export const WaitResult = { woken: 0, notEqual: 1, timedOut: 2 } as const;

/** One who waits, or is about to. */
export class Wait {
  constructor(
    readonly memory: MemoryInstance,
    readonly address: number,
    /** Nanoseconds; a negative number is for ever. */
    readonly timeout: bigint,
  ) {}

  /**
   * Gets in line at the address. `wake` is called, once, by the notification that reaches
   * this wait. Returns a function that leaves the line.
   */
  begin(wake: Wake): () => void {
    const { memory, address } = this;
    if (!lines.has(memory)) lines.set(memory, new Map());
    const places = lines.get(memory)!;
    if (!places.has(address)) places.set(address, []);
    const line = places.get(address)!;
    line.push(wake);
    return () => {
      const at = line.indexOf(wake);
      if (at >= 0) line.splice(at, 1);
    };
  }

  /** Waits in the time of this host. */
  inRealTime(): Promise<number> {
    const timeout = Number(this.timeout) / 1e6;
    return new Promise((resolve) => {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const leave = this.begin(() => {
        clearTimeout(timer);
        resolve(WaitResult.woken);
      });
      if (timeout < 0 || timeout > LONGEST) return;
      timer = setTimeout(() => {
        leave();
        resolve(WaitResult.timedOut);
      }, timeout);
    });
  }
}

/** Longer ones than a timer can count (25 days) never end. */
const LONGEST = 2 ** 31 - 1;

/** Wakes up to `count` of those who wait at the address. Returns how many. */
export function notify(memory: MemoryInstance, address: number, count: number): number {
  const woken = lines.get(memory)?.get(address)?.splice(0, count) ?? [];
  for (const wake of woken) wake();
  return woken.length;
}
