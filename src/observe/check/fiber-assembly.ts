// The fiber assembly of the crate stackful, known by the names of its functions: which
// fibers are on the stack, where each may be left to, and which memory is whose stack.

import type { Departure } from "../../exec/hooks.js";
import type { FiberView } from "../../exec/fiber.js";
import type { FuncInstance } from "../../runtime/instances.js";
import type { RecordEvent, RuntimeEvent } from "../events.js";
import { argument } from "./context.js";
import type { Monitor, Surroundings } from "./monitor.js";
import { hex } from "../../util/hex.js";

const ENTER = "fiber_enter";
const SWITCH_ENTER = "fiber_switch_enter";
const LEAVE = "fiber_switch_leave";
const IMPLEMENTATION = "fiber_enter_impl";

/** A fiber that is on the stack, or suspended. */
interface Entered {
  /** The stack pointer of who entered it: where it may be left to. */
  target: number;
  /** Where its own stack begins. It grows down. */
  readonly top: number;
  readonly machine: FiberView;
}

export class FiberMonitor implements Monitor {
  private active: Entered[] = [];
  /** Fibers that were suspended together, by data pointer, with the stack pointer of the innermost. */
  private readonly suspended = new Map<
    number,
    { readonly fibers: Entered[]; readonly sp: number }
  >();
  private target: number | null = null;
  /** The function into which a leave returned after a rewind, until it calls anything. */
  private resumed: FiberView | null = null;
  private stacks: { readonly low: number; readonly top: number; readonly whose: string }[] = [];

  constructor(private readonly on: Surroundings) {}

  enter(fiber: FiberView): void {
    const { func } = fiber.top;
    this.resumed = null;
    if (!func.name.startsWith("fiber_") || this.on.shadow.state !== "normal") return;
    if (func.name === LEAVE) this.target = argument(fiber, 1);
    else if (func.name === ENTER || func.name === SWITCH_ENTER)
      this.active.push({
        target: this.on.context.sp ?? 0,
        top: argument(fiber, 1),
        machine: fiber,
      });
  }

  hostCall(): void {
    this.resumed = null;
  }

  leave(fiber: FiberView, how: Departure): void {
    const { shadow, report } = this.on;
    if (how !== "return" || shadow.state !== "normal") return;
    const { func } = fiber.top;
    if (func.name === LEAVE && shadow.endedRewind !== null) this.resumed = fiber;
    const caller = fiber.frames[fiber.depth - 2]?.func.name;
    if (caller !== IMPLEMENTATION && caller !== ENTER && caller !== SWITCH_ENTER) return;
    if (fiber.depth < 2 || func.name === IMPLEMENTATION || this.on.context.isRuntime(func)) return;
    report.add("fiber-entry-returned", `${func.name}, the entry function of a fiber, returned`);
  }

  runtime({ name, before, data }: RuntimeEvent): void {
    const { shadow } = this.on;
    if (name === "start_unwind" && shadow.unwind?.leaf.name === LEAVE) this.leaving();
    else if (name === "stop_unwind" && before === "unwinding") this.stopped();
    else if (name === "start_rewind") this.entered(data);
  }

  private leaving(): void {
    const { report } = this.on;
    const { target, active } = this;
    this.stacks = this.liveStacks();
    if (target === null || active.some((fiber) => fiber.target === target)) return;
    const what = `fiber_switch_leave to the stack ${hex(target)}`;
    if (active.length === 0)
      return report.add("fiber-leave-outside", `${what}, though no fiber was entered`);
    const stacks = active.map((fiber) => hex(fiber.target)).join(", ");
    report.add("fiber-target-not-active", `${what}: the stacks that entered fibers are ${stacks}`);
  }

  private stopped(): void {
    const { endedUnwind } = this.on.shadow;
    if (endedUnwind?.leaf.name !== LEAVE) return;
    const first = this.active.findLastIndex((fiber) => fiber.target === this.target);
    if (first < 0) return;
    const fibers = this.active.splice(first);
    this.suspended.set(endedUnwind.data, { fibers, sp: endedUnwind.sp ?? 0 });
  }

  /** A switch into fibers that were suspended together: the outermost has a new target. */
  private entered(data: number): void {
    const found = this.suspended.get(data);
    const by = this.active.pop();
    if (found === undefined || by === undefined) {
      if (by !== undefined) this.active.push(by);
      return;
    }
    this.suspended.delete(data);
    const [outermost, ...inner] = found.fibers;
    this.active.push({ ...outermost!, target: by.target }, ...inner);
  }

  /** Records go below the stack pointer of the fiber that leaves: nobody else's stack may be there. */
  push({ name, address, size, end }: RecordEvent): void {
    const { report, shadow } = this.on;
    if (shadow.unwind?.leaf.name !== LEAVE || report.blamed) return;
    const over = this.stacks.find(({ low, top }) => address < top && low < address + size);
    if (over === undefined) return;
    report.add(
      "record-over-stack",
      `the record of ${name} (${size} bytes at ${hex(address)}, buffer to ${hex(end)}) lies in the stack of ` +
        `${over.whose}, ${hex(over.low)} to ${hex(over.top)}`,
      { other: { event: shadow.unwind.event, text: "start_unwind, which gave the buffer" } },
    );
  }

  /** Stacks in use when a fiber leaves, but its own. */
  private liveStacks() {
    const stacks: { low: number; top: number; whose: string }[] = [];
    const { active, suspended } = this;
    active.slice(0, -1).forEach((fiber, i) => {
      stacks.push({ low: active[i + 1]!.target, top: fiber.top, whose: "a fiber that entered it" });
    });
    for (const { fibers, sp } of suspended.values())
      fibers.forEach(({ top }, i) => {
        stacks.push({ low: fibers[i + 1]?.target ?? sp, top, whose: "a fiber that is suspended" });
      });
    return stacks;
  }

  ended(func: FuncInstance): void {
    if (this.on.context.isRuntime(func) || this.active.length === 0) return;
    if (this.on.context.calls <= 1) this.active = [];
  }

  trap(fiber: FiberView, { reason }: { readonly reason: string }): void {
    const { shadow, report, context } = this.on;
    if (reason !== "unreachable" || this.resumed !== fiber || shadow.state !== "normal") return;
    if (context.place()?.instruction !== "unreachable") return;
    const ended = shadow.endedRewind;
    report.add(
      "fiber-finished",
      `${fiber.top.func.name} went on behind its last fiber_switch_leave: the fiber was finished`,
      ended === null
        ? {}
        : {
            other: {
              event: ended.event,
              text: `start_rewind(${hex(ended.data)}), which resumed it`,
            },
          },
    );
  }
}
