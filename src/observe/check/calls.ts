// Who is called while frames rewind: the root that comes first, the leaf that comes last, and
// those in between.

import type { Departure } from "../../exec/hooks.js";
import type { FiberView } from "../../exec/fiber.js";
import type { RuntimeEvent } from "../events.js";
import { type Monitor, partOf, type Surroundings, unwindOf } from "./monitor.js";
import { hex } from "../../util/hex.js";
import type { Rewind } from "./continuations.js";

export class CallMonitor implements Monitor {
  /** The outermost frames of continuations that run again. */
  private readonly roots: { fiber: FiberView; depth: number; rewind: Rewind }[] = [];

  constructor(private readonly on: Surroundings) {}

  runtime({ name }: RuntimeEvent): void {
    const { shadow, report, context } = this.on;
    const ended = shadow.endedRewind;
    if (name !== "stop_rewind" || ended?.continuation == null || report.blamed) return;
    if (ended.expected !== null) return;
    const { leaf, event } = ended.continuation;
    const caller = context.caller();
    if (
      leaf.kind === "host" ||
      (leaf.kind === caller.kind && leaf.func === caller.func && leaf.name === caller.name)
    )
      return;
    report.add(
      "leaf-differs",
      `${caller.name} called stop_rewind, ${leaf.name} had called start_unwind`,
      {
        other: { event, text: `start_unwind by ${leaf.name}` },
      },
    );
  }

  enter(fiber: FiberView): void {
    const { shadow, report, context } = this.on;
    const { func } = fiber.top;
    if (shadow.state === "normal" || context.isRuntime(func)) return;
    if (partOf(this.on, func) !== "instrumented") return;
    if (shadow.state === "rewinding") this.rewound(fiber);
    else if (fiber.depth === 1)
      report.addFirst("entered-while-unwinding", `the host called ${func.name} while unwinding`, {
        other: unwindOf(this.on),
      });
  }

  private rewound(fiber: FiberView): void {
    const { shadow, report } = this.on;
    const { rewind } = shadow;
    const { func } = fiber.top;
    if (rewind?.continuation == null) return;
    const { continuation, popped } = rewind;
    const root = this.roots.at(-1);
    const known = root?.fiber === fiber && root.depth === fiber.depth;
    if (popped === 0 && !known) this.roots.push({ fiber, depth: fiber.depth, rewind });
    if (report.blamed) return;
    const { expected } = rewind;
    if (expected === null) {
      if (continuation.records.length === 0) return;
      const what = `${func.name} was called while rewinding, when all ${popped} records were popped`;
      report.add(
        "rewind-not-stopped",
        `${what}: ${continuation.leaf.name} did not call stop_rewind`,
      );
      return;
    }
    const { event } = expected;
    // Rule asyncify/enter-tail: whoever is called, the rewind goes to the function that the record names.
    if (event.func === func.index || event.tail === true) return;
    const other = { event: event.seq, text: `the push of the record of ${event.name}` };
    const what = `${func.name} was called`;
    if (popped > 0)
      report.add("rewind-other-callee", `${what} again, the next record is of ${event.name}`, {
        other,
      });
    else if (continuation.replaces?.records.at(-1)?.event.func === func.index)
      report.add(
        "buffer-shared",
        `${what} to be rewound from ${hex(rewind.data)}, but ${event.name} was unwound over its records`,
        { other },
      );
    else
      report.add(
        "rewind-wrong-root",
        `${what} to be rewound from ${hex(rewind.data)}, where ${event.name} was suspended`,
        { other },
      );
  }

  leave(fiber: FiberView, how: Departure): void {
    // What comes in the place of a tail call is the same call of the host's.
    if (how !== "tail call") this.endRoot(fiber);
  }

  private endRoot(fiber: FiberView): void {
    const root = this.roots.at(-1);
    if (root === undefined || root.fiber !== fiber || root.depth < fiber.depth) return;
    this.roots.pop();
    const { continuation } = root.rewind;
    if (continuation?.status === "running") continuation.status = "finished";
  }
}
