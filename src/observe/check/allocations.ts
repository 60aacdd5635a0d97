// Blocks of the program's allocator, which is known by the names of its functions: without
// names there is nothing to compare with.

import type { Departure } from "../../exec/hooks.js";
import type { FiberView } from "../../exec/fiber.js";
import type { RuntimeEvent } from "../events.js";
import { argument, unsigned } from "./context.js";
import type { Monitor, Surroundings } from "./monitor.js";
import { hex } from "../../util/hex.js";
import type { Continuation } from "./continuations.js";

/** Which parameters are the block and its size; -1: none. calloc multiplies two. */
interface Allocator {
  readonly frees: number;
  readonly size: readonly number[];
}
const ALLOCATORS: Readonly<Record<string, Allocator>> = {
  malloc: { frees: -1, size: [0] },
  calloc: { frees: -1, size: [0, 1] },
  aligned_alloc: { frees: -1, size: [1] },
  realloc: { frees: 0, size: [1] },
  free: { frees: 0, size: [] },
  __rust_alloc: { frees: -1, size: [0] },
  __rust_alloc_zeroed: { frees: -1, size: [0] },
  __rust_realloc: { frees: 0, size: [3] },
  __rust_dealloc: { frees: 0, size: [] },
};

interface Block {
  readonly start: number;
  readonly end: number;
  readonly event: number;
}
/** Blocks that were freed and are remembered. */
const FREED = 1000;

export class AllocationMonitor implements Monitor {
  private readonly live = new Map<number, Block>();
  private freed: Block[] = [];
  /** The outermost allocator call under way: what it calls itself is its own business. */
  private call: { fiber: FiberView; depth: number; frees: number; size: number } | null = null;
  /** Buffers known to be good while nothing is allocated or freed. */
  private readonly checked = new Set<string>();

  constructor(private readonly on: Surroundings) {}

  enter(fiber: FiberView): void {
    const { func } = fiber.top;
    const allocator = Object.hasOwn(ALLOCATORS, func.name) ? ALLOCATORS[func.name] : undefined;
    if (allocator === undefined || this.call !== null || this.on.shadow.state !== "normal") return;
    const { params } = func.signature;
    const used = [...allocator.size, allocator.frees].filter((i) => i >= 0);
    if (used.some((i) => params[i] !== "i32" && params[i] !== "i64")) return;
    this.call = {
      fiber,
      depth: fiber.depth,
      frees: allocator.frees < 0 ? 0 : argument(fiber, allocator.frees),
      size: allocator.size.reduce((product, i) => product * argument(fiber, i), 1),
    };
  }

  leave(fiber: FiberView, how: Departure): void {
    const { call } = this;
    if (call === null || fiber !== call.fiber || fiber.depth > call.depth) return;
    this.call = null;
    if (how !== "return") return;
    this.checked.clear();
    const { event } = this.on.report;
    const freed = this.live.get(call.frees);
    if (freed !== undefined) {
      this.live.delete(call.frees);
      this.freed.push({ ...freed, event });
      if (this.freed.length > 2 * FREED) this.freed = this.freed.slice(-FREED);
    }
    const [result] = fiber.top.func.signature.results;
    if (result !== "i32" && result !== "i64") return;
    const start = unsigned(fiber, fiber.top.sp - 2, result);
    if (start !== 0) this.live.set(start, { start, end: start + call.size, event });
  }

  runtime({ name, pos, end, data }: RuntimeEvent): void {
    const { shadow, report } = this.on;
    if (name === "start_rewind" && shadow.rewind?.continuation != null)
      this.resumed(shadow.rewind.continuation, shadow.rewind.moved);
    if (name !== "start_unwind" || pos === null || end === null || report.blamed) return;
    const key = `${pos}:${end}`;
    if (this.checked.has(key)) return;
    for (const { start, end: blockEnd, event } of this.live.values()) {
      if (end <= start || blockEnd <= pos || (start <= pos && end <= blockEnd)) continue;
      return report.add(
        "buffer-outside-allocation",
        `the buffer of ${hex(data)} (${hex(pos)} to ${hex(end)}) reaches out of the block ` +
          `${hex(start)} to ${hex(blockEnd)} of the program's allocator`,
        { other: { event, text: "the last event before the block was allocated" } },
      );
    }
    this.checked.add(key);
  }

  private resumed({ base, top, data, stopped }: Continuation, moved: number): void {
    if (base === null || top === null || moved !== 0) return;
    const over = ({ start, end, event }: Block) =>
      event >= stopped && ((base < end && start < top) || (data < end && start < data + 8));
    const freed = this.freed.find(over);
    if (freed === undefined) return;
    this.on.report.addFirst(
      "resume-after-free",
      `start_rewind(${hex(data)}): the block ${hex(freed.start)} to ${hex(freed.end)} was freed while the continuation lay in it`,
      { other: { event: freed.event, text: "the last event before it was freed" } },
    );
  }
}
