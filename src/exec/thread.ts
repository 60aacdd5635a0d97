// Threads as a scheduler runs them and as others see them: a machine, and a program that
// says what it does.

import type { FuncInstance } from "../runtime/instances.js";
import type { StackEntry } from "../runtime/traps.js";
import type { Value } from "../runtime/values.js";
import { BobbinError } from "../util/errors.js";
import type { Machine } from "./machine.js";
import type { Wait } from "./waits.js";

/** A call that a thread makes. */
export interface Call {
  readonly func: FuncInstance;
  readonly args: readonly Value[];
}

/**
 * What a thread does. It yields calls one after the other, and gets the results of each, or
 * has thrown into it what `Machine.invoke` throws; it yields another thread to wait for its
 * end. What it does in between happens at once, as far as other threads can see.
 */
export type Program<R = unknown> = Generator<Call | Thread, R, readonly Value[]>;

/** One that takes turns. Made by `Scheduler.spawn`. */
export class Thread<R = unknown> {
  status: "ready" | "waiting" | "joining" | "done" | "failed" = "ready";
  /** What its program returned, once it is done. */
  result: R | undefined;
  /** What its program threw, once it has failed. */
  error: unknown;
  /** While it waits: at which address of which memory. */
  wait: Wait | null = null;
  /** While it waits: its wasm frames, innermost first. */
  stack: readonly StackEntry[] = [];
  /** While it joins: the thread whose end it waits for. */
  joined: Thread | null = null;

  constructor(
    readonly name: string,
    readonly machine: Machine,
  ) {}

  get ended(): boolean {
    return this.status === "done" || this.status === "failed";
  }
}

/** No thread can go on: each waits, without a timeout, for what only another one could do. */
export class Deadlock extends BobbinError {
  readonly kind = "deadlock";
  constructor(readonly threads: readonly Thread[]) {
    super(`deadlock: ${threads.map(whyBlocked).join("; ")}`);
  }
}

function whyBlocked({ name, wait, joined, stack: [top] }: Thread): string {
  if (joined !== null) return `${name} waits for the end of ${joined.name}`;
  const where = top === undefined ? "" : ` in ${top.name} (function ${top.func})`;
  return `${name} waits at address ${wait!.address}${where}`;
}
