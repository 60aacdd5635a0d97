// What an unwind passes on its way out: each frame into which a call returns meanwhile must
// push its record and leave, or let it pass.

import type { Departure } from "../../exec/hooks.js";
import type { FiberView } from "../../exec/fiber.js";
import type { FuncInstance } from "../../runtime/instances.js";
import type { Part } from "./facts.js";
import type { Place } from "./finding.js";
import { type Monitor, partOf, type Surroundings, unwindOf } from "./monitor.js";
import type { Details } from "./report.js";

/** A frame into which a call returned while unwinding: now it must push its record and leave. */
interface Returned {
  readonly place: Place | null;
  readonly callee: FuncInstance;
}

/**
 * A frame of a function that calls start_unwind or stop_rewind, through which the unwind of
 * another one passes. It may let it pass, and make its call again when it is called again.
 */
interface Passed extends Returned {
  readonly fiber: FiberView;
  readonly depth: number;
  readonly caller: FuncInstance;
}

export class PassageMonitor implements Monitor {
  private returned: Returned | null = null;
  private passed: Passed | null = null;

  constructor(private readonly on: Surroundings) {}

  runtime(): void {
    if (this.on.shadow.state !== "unwinding") this.returned = this.passed = null;
  }

  push(): void {
    this.returned = null;
  }

  enter(fiber: FiberView): void {
    const { shadow, context } = this.on;
    if (shadow.state === "normal" || context.isRuntime(fiber.top.func)) return;
    this.ranOn(fiber, fiber.depth - 1);
    this.wentOn(fiber, fiber.depth - 1);
  }

  leave(fiber: FiberView, how: Departure): void {
    if (this.on.shadow.state === "normal" || how === "trap" || how === "exception") return;
    this.ranOn(fiber, fiber.depth);
    if (this.isPassed(fiber, fiber.depth)) this.passed = null;
    const caller = fiber.frames[fiber.depth - 2];
    if (fiber.depth >= 2 && caller !== undefined) this.back(fiber, caller.func, fiber.top.func, 1);
  }

  hostCall(fiber: FiberView | null): void {
    if (this.on.shadow.state === "normal" || fiber === null) return;
    this.ranOn(fiber, fiber.depth);
    this.wentOn(fiber, fiber.depth);
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
    const part = partOf(this.on, caller);
    const from = partOf(this.on, callee);
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
    } else if (part === "plain") {
      this.notInstrumented(caller, callee, context.place(up, fiber), part);
    } else if (part === "top" && (from === "instrumented" || from === "import")) {
      const place = context.place(up, fiber);
      this.passed = { fiber, depth: fiber.depth - up, caller, callee, place };
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
    const details = { where, other: unwindOf(this.on) };
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
    const details = { where: place, other: unwindOf(this.on) };
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

  /** The frame at `depth` calls a function, though it should have let the unwind pass. */
  private wentOn(fiber: FiberView, depth: number): void {
    if (!this.isPassed(fiber, depth)) return;
    const { caller, callee, place } = this.passed!;
    this.passed = null;
    this.notInstrumented(caller, callee, place, "top");
  }

  private isPassed(fiber: FiberView, depth: number): boolean {
    return this.passed?.fiber === fiber && this.passed.depth === depth;
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
}
