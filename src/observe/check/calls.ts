// Who is called while frames unwind and rewind: the root that comes first, the leaf that
// comes last, and what stands in between.

import type { Departure } from "../../exec/hooks.js";
import type { FiberView } from "../../exec/fiber.js";
import type { FuncInstance } from "../../runtime/instances.js";
import type { RuntimeEvent } from "../events.js";
import type { Part } from "./facts.js";
import type { Place } from "./finding.js";
import type { Monitor, Surroundings } from "./monitor.js";
import type { Details } from "./report.js";
import { hex } from "../../util/hex.js";
import type { Rewind } from "./continuations.js";

/** A frame into which a call returned while unwinding: now it must push its record and leave. */
interface Returned {
  readonly place: Place | null;
  readonly callee: FuncInstance;
}

export class CallMonitor implements Monitor {
  private returned: Returned | null = null;
  /** The outermost frames of continuations that run again. */
  private readonly roots: { fiber: FiberView; depth: number; rewind: Rewind }[] = [];

  constructor(private readonly on: Surroundings) {}

  runtime({ name }: RuntimeEvent): void {
    const { shadow, report, context } = this.on;
    if (shadow.state !== "unwinding") this.returned = null;
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

  push(): void {
    this.returned = null;
  }

  enter(fiber: FiberView): void {
    const { shadow, report, context } = this.on;
    const { func } = fiber.top;
    if (shadow.state === "normal" || context.isRuntime(func)) return;
    this.ranOn(fiber, fiber.depth - 1);
    if (this.partOf(func) !== "instrumented") return;
    if (shadow.state === "rewinding") this.rewound(fiber);
    else if (fiber.depth === 1)
      report.addFirst("entered-while-unwinding", `the host called ${func.name} while unwinding`, {
        other: this.unwind(),
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
    const { shadow } = this.on;
    const { func } = fiber.top;
    // What comes in its place is the same call of the host's.
    if (how !== "tail call") this.endRoot(fiber);
    if (shadow.state === "normal" || how === "trap" || how === "exception") return;
    this.ranOn(fiber, fiber.depth);
    const caller = fiber.frames[fiber.depth - 2];
    if (fiber.depth >= 2 && caller !== undefined) this.back(fiber, caller.func, func, 1);
  }

  hostCall(fiber: FiberView | null): void {
    if (this.on.shadow.state !== "normal" && fiber !== null) this.ranOn(fiber, fiber.depth);
  }

  hostReturn(fiber: FiberView | null, func: FuncInstance): void {
    if (this.on.shadow.state === "normal" || fiber === null || fiber.depth === 0) return;
    this.back(fiber, fiber.top.func, func, 0);
  }

  /** Behind calls that are not instrumented Binaryen's code runs into the `unreachable` at its end. */
  trap(fiber: FiberView, { reason }: { readonly reason: string }): void {
    if (this.on.shadow.state === "unwinding" && reason === "unreachable")
      this.ranOn(fiber, fiber.depth);
  }

  /** A call returned to `caller`, the `up`-th frame from the top, in a state that is not normal. */
  private back(fiber: FiberView, caller: FuncInstance, callee: FuncInstance, up: number): void {
    const { shadow, report, context } = this.on;
    context.site = { fiber, depth: fiber.depth - up, pc: fiber.frames[fiber.depth - 1 - up]!.pc };
    if (!context.own(caller)) return;
    const part = this.partOf(caller);
    const from = this.partOf(callee);
    if (shadow.state === "rewinding") {
      if (part !== "instrumented" || from === "instrumented" || from === "runtime") return;
      return report.addFirst(
        "rewind-not-stopped",
        `${callee.name} returned to ${caller.name} while rewinding, without a call of stop_rewind`,
        { where: context.place(up, fiber) },
      );
    }
    if (part === "instrumented") {
      this.returned = { place: context.place(up, fiber), callee };
    } else if (
      part === "plain" ||
      (part === "top" && (from === "instrumented" || from === "import"))
    ) {
      this.notInstrumented(caller, callee, context.place(up, fiber), part);
    }
  }

  private notInstrumented(
    caller: FuncInstance,
    callee: FuncInstance,
    where: Place | null,
    part: Part,
  ) {
    const { report, facts } = this.on;
    const what = `${callee.name} unwound into ${caller.name}, which is not instrumented`;
    const details = { where, other: this.unwind() };
    if (this.cameThrough(callee)) return this.throughImport(callee, caller.name, details);
    if (callee.instance === null && facts.mayUnwind(callee.index) !== true)
      return report.addFirst(
        "import-not-listed",
        `${what}: no caller of this import is${facts.instrumented ? ", so it is not listed, or its callers are not" : ""}`,
        details,
      );
    // An indirect call that is ignored makes no function one that may unwind.
    const instruction = where?.instruction ?? "call";
    const listed = facts.reason(caller.index)?.includes("list") === true;
    const indirect = part === "plain" && instruction !== "call" && !listed;
    // Of an instrumented module nobody knows the lists, only that call_ref is never instrumented.
    if (indirect && !(facts.instrumented && instruction === "call_indirect"))
      return report.addFirst(
        "call-not-instrumented",
        `${callee.name} unwound into ${caller.name}, which runs on: its ${instruction} is not instrumented`,
        details,
      );
    const reason =
      part === "top"
        ? "it calls start_unwind or stop_rewind itself"
        : indirect
          ? `a list left it out, or its ${instruction} is ignored`
          : facts.reason(caller.index);
    report.addFirst(
      "frame-not-instrumented",
      `${what}${reason === null ? "" : `: ${reason}`}`,
      details,
    );
  }

  /** The frame at `depth` does something, though it should have pushed its record and left. */
  private ranOn(fiber: FiberView, depth: number): void {
    const { returned } = this;
    const { report, context, facts } = this.on;
    if (returned === null || context.site?.fiber !== fiber || context.site.depth !== depth) return;
    this.returned = null;
    const { place, callee } = returned;
    const details = { where: place, other: this.unwind() };
    const direct = (place?.instruction ?? "call") === "call";
    // Of instrumented code only that the call is not instrumented tells that the import is not listed.
    const listed = facts.mayUnwind(callee.index) ?? !direct;
    const name = place?.name ?? "the caller";
    if (!listed && this.cameThrough(callee)) return this.throughImport(callee, name, details);
    if (callee.instance === null && !listed)
      return report.addFirst(
        "import-not-listed",
        `${callee.name} unwound into ${name}, which runs on: the import is not listed`,
        details,
      );
    report.addFirst(
      "call-not-instrumented",
      `${callee.name} unwound into ${name}, which runs on: its ${place?.instruction ?? "call"} is not instrumented`,
      details,
    );
  }

  /** Whether it is an import that did not begin the unwind: what it called did, and left frames already. */
  private cameThrough(callee: FuncInstance): boolean {
    return callee.instance === null && (this.on.shadow.unwind?.records.length ?? 0) > 0;
  }

  private throughImport({ name }: FuncInstance, caller: string, details: Details): void {
    const { shadow, report } = this.on;
    const { records, leaf } = shadow.unwind!;
    report.addFirst(
      "unwind-through-import",
      `${name}, an import, called ${records.at(-1)!.event.name}, which ${leaf.name} unwound, and returned into ${caller}, which runs on`,
      details,
    );
  }

  private endRoot(fiber: FiberView): void {
    const root = this.roots.at(-1);
    if (root === undefined || root.fiber !== fiber || root.depth < fiber.depth) return;
    this.roots.pop();
    const { continuation } = root.rewind;
    if (continuation?.status === "running") continuation.status = "finished";
  }

  private unwind() {
    const { unwind } = this.on.shadow;
    return unwind === null
      ? null
      : { event: unwind.event, text: `start_unwind(${hex(unwind.data)}) by ${unwind.leaf.name}` };
  }

  private partOf(func: FuncInstance): Part {
    if (func.instance === null) return "import";
    return this.on.context.own(func) ? this.on.facts.part(func.index) : "plain";
  }
}
