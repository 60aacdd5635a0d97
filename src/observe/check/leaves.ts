// The leaf: what it does is done again when it is rewound, and where it returns,
// `__stack_pointer` must be what it was when it was called.

import type { FiberView } from "../../exec/fiber.js";
import type { FuncInstance } from "../../runtime/instances.js";
import type { RuntimeEvent } from "../events.js";
import type { Monitor, Surroundings } from "./monitor.js";
import { hex } from "../../util/hex.js";

export class LeafMonitor implements Monitor {
  /** Imports without a result that the leaf now on the stack called, for it is to be run again. */
  private effects: { readonly leaf: number; readonly funcs: Set<FuncInstance> } | null = null;
  /** The same of leaves that are suspended, by the records of their unwinds. */
  private readonly suspended = new WeakMap<readonly unknown[], Set<FuncInstance>>();

  constructor(private readonly on: Surroundings) {}

  runtime({ name }: RuntimeEvent): void {
    const { unwind } = this.on.shadow;
    if (name !== "start_unwind" || unwind === null || this.effects === null) return;
    if (unwind.leaf.func === this.effects.leaf && this.effects.funcs.size > 0)
      this.suspended.set(unwind.records, this.effects.funcs);
    this.effects = null;
  }

  enter(fiber: FiberView): void {
    const { func } = fiber.top;
    if (this.on.shadow.state === "normal" && this.on.facts.part(func.index) === "top")
      this.effects = { leaf: func.index, funcs: new Set() };
  }

  hostCall(fiber: FiberView | null, func: FuncInstance): void {
    const { shadow, report, facts, context } = this.on;
    if (fiber === null || fiber.depth === 0 || func.signature.results.length > 0) return;
    const leaf = fiber.top.func;
    if (shadow.state === "unwinding" || !context.own(leaf) || facts.part(leaf.index) !== "top")
      return;
    if (shadow.state === "normal") {
      if (this.effects?.leaf === leaf.index) this.effects.funcs.add(func);
      return;
    }
    const continuation = shadow.rewind?.continuation;
    if (continuation == null || this.suspended.get(continuation.records)?.has(func) !== true)
      return;
    report.addFirst(
      "leaf-side-effect",
      `${leaf.name} called ${func.name} again when it was rewound`,
      {
        other: {
          event: continuation.event,
          text: "start_unwind, before which it was called first",
        },
      },
    );
  }
}

interface HostCallSeen {
  readonly fiber: FiberView;
  readonly func: number;
  readonly sp: number | null;
}

/** A wrong stack pointer is told when somebody is called with it: until then the program may put it back. */
export class StackPointerMonitor implements Monitor {
  /** `__stack_pointer` at the last call of each function of the program that may be a leaf. */
  private readonly atCall = new Map<number, number | null>();
  /** And at the calls of imports that have not returned: hosts call programs again. */
  private readonly atHostCalls: HostCallSeen[] = [];
  private readonly atUnwind = new WeakMap<readonly unknown[], number | null>();
  private rewound: {
    readonly fiber: FiberView | null;
    readonly atCall: number | null;
    readonly sp: number | null;
    readonly event: number;
  } | null = null;
  private wrong: {
    readonly is: number | null;
    readonly was: number | null;
    readonly event: number;
  } | null = null;

  constructor(private readonly on: Surroundings) {}

  runtime({ name }: RuntimeEvent): void {
    const { shadow } = this.on;
    if (name === "start_unwind" && shadow.unwind !== null) {
      const { records, leaf, sp } = shadow.unwind;
      const atCall =
        leaf.kind === "import" ? this.hostCallOf(leaf.func)?.sp : this.atCall.get(leaf.func);
      this.atUnwind.set(records, atCall === undefined ? sp : atCall);
      this.wrong = null;
    }
    const ended = shadow.endedRewind;
    if (name !== "stop_rewind" || ended?.continuation == null) return;
    if (ended.popped === 0 || this.on.report.blamed) return;
    if (ended.continuation.ambiguous && ended.continuation.data !== ended.data) return;
    const { event, records, sp } = ended.continuation;
    const atCall = this.atUnwind.has(records) ? this.atUnwind.get(records)! : sp;
    this.rewound = { fiber: this.on.context.callerFiber, atCall, sp, event };
  }

  enter(fiber: FiberView): void {
    const { facts, context } = this.on;
    const { func } = fiber.top;
    if (this.on.shadow.state === "normal" && facts.part(func.index) === "top")
      this.atCall.set(func.index, context.sp);
    if (this.wrong !== null && fiber.depth > 1) this.called(fiber, fiber.depth - 2);
  }
  hostCall(fiber: FiberView | null, func: FuncInstance): void {
    if (fiber === null || this.on.shadow.state !== "normal") return;
    this.forget(fiber);
    this.atHostCalls.push({ fiber, func: func.index, sp: this.on.context.sp });
    if (this.wrong !== null) this.called(fiber, fiber.depth - 1);
  }

  leave(fiber: FiberView): void {
    if (this.rewound?.fiber === fiber) this.returned(fiber.frames[fiber.depth - 2]?.func);
  }
  hostReturn(fiber: FiberView | null): void {
    this.forget(fiber);
    // What else returns meanwhile was called by the leaf: a host may call the program again.
    if (this.rewound?.fiber === fiber) this.returned(fiber?.top.func);
  }

  /** The innermost call of that import whose fiber still waits for it. */
  private hostCallOf(func: number): HostCallSeen | undefined {
    return this.atHostCalls.findLast(
      (call) => call.func === func && call.fiber.status === "waiting",
    );
  }
  private forget(fiber: FiberView | null): void {
    const at = this.atHostCalls.findLastIndex((call) => call.fiber === fiber);
    // Calls above it have ended without returning.
    if (at >= 0) this.atHostCalls.length = at;
  }

  /** The leaf of a rewind returns to the frame that called it. */
  private returned(caller: FuncInstance | undefined): void {
    const { context, facts } = this.on;
    if (caller === undefined || !context.own(caller)) return;
    if (facts.part(caller.index) !== "instrumented") return;
    const { atCall, sp, event } = this.rewound!;
    this.rewound = null;
    const is = context.sp;
    // A leaf may have moved it before it unwound: then it would have returned with that.
    if (is !== atCall && is !== sp) this.wrong = { is, was: atCall, event };
  }

  private called(fiber: FiberView, caller: number): void {
    const { context, facts, report } = this.on;
    const { func } = fiber.frames[caller]!;
    const { is, was, event } = this.wrong!;
    if (context.sp !== is) this.wrong = null;
    else if (context.own(func) && facts.part(func.index) === "instrumented") {
      this.wrong = null;
      report.add(
        "stack-pointer-changed",
        `${func.name} was rewound with __stack_pointer ${hex(is)} and makes a call; it was unwound with ${hex(was)}`,
        {
          where: context.place(fiber.depth - 1 - caller, fiber),
          other: { event, text: "its start_unwind" },
        },
      );
    }
  }
}
