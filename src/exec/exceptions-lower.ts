// The handler table of a function while it is lowered. A `try_table` names its clauses
// when it opens; a legacy `try` gets them one by one as its `catch` blocks come.

import type { Clause, Handler } from "./code.js";

export type Draft<T> = { -readonly [K in keyof T]: T[K] };

/** A block with handlers, from its start until it is in the table. */
export interface Guard {
  readonly start: number;
  readonly clauses: Draft<Clause>[];
  /** Whether what it guards has ended. */
  closed: boolean;
}

export class HandlerTable {
  /** Blocks end from the inside out: the order in which handlers are looked up. */
  readonly handlers: Handler[] = [];

  open(start: number): Guard {
    return { start, clauses: [], closed: false };
  }

  /** The guarded part ends before word `end`. Clauses may still come. */
  close(guard: Guard, end: number, delegate = -1): void {
    if (guard.closed) return;
    guard.closed = true;
    const { start, clauses } = guard;
    this.handlers.push({ start, end, clauses, delegate });
  }
}
