// Buffers: the pointers that start_unwind and start_rewind are given, and what records
// are written over.

import type { RecordEvent, RuntimeEvent } from "../events.js";
import { type Suspension, suspensionOf } from "./continuations.js";
import type { Monitor, Surroundings } from "./monitor.js";
import { hex } from "../../util/hex.js";

export class BufferMonitor implements Monitor {
  /** An overflow is told once for each unwind. */
  private overflowing = false;

  constructor(private readonly on: Surroundings) {}

  runtime({ name, data, pos, end, argument }: RuntimeEvent): void {
    const { report, context } = this.on;
    this.overflowing = false;
    if (argument === null) return;
    const call = `${name}(${hex(argument)})`;
    const words = `position ${hex(pos)}, end ${hex(end)}`;
    if (pos === null || end === null) {
      const size = hex(context.memorySize);
      return report.add("data-out-of-bounds", `${call}: memory has ${size} bytes`);
    }
    // Of a continuation that waits there, its unwind told.
    const known = name === "start_rewind" && this.on.shadow.continuations.has(data);
    if (data === 0 && !known && !(name === "start_rewind" && this.left(call)))
      report.add("data-null", `${call}: the data pointer is null (${words})`);
    if (data % 4 !== 0 && !known)
      report.add("data-misaligned", `${call}: the address is ${data % 4} past a multiple of 4`);
    if (pos > end) {
      report.addFirst("position-past-end", `${call} traps: ${words}`);
    } else if (name === "start_unwind") {
      if (end > context.memorySize)
        report.add(
          "end-out-of-bounds",
          `${call}: ${words}, memory has ${hex(context.memorySize)} bytes`,
        );
      if (pos < data + 2 * this.on.facts.room.pointer && data < end)
        report.add(
          "buffer-over-header",
          `${call}: ${words}, but the two words lie at ${hex(data)}`,
        );
    }
  }

  /** A host that has no pointer any more, though something waits: another suspension took its place. */
  private left(call: string): boolean {
    const { shadow, report } = this.on;
    const waiting = [...shadow.continuations.values()].filter((c) => c.status === "suspended");
    const first = waiting.sort((a, b) => a.event - b.event).find((c) => c.overtaken !== null);
    if (first === undefined) return false;
    const next = first.overtaken!;
    report.add(
      "several-suspended",
      `${call} resumes nothing, though ${waits(suspensionOf(first))} waits: ${waits(next)} took its place`,
      { other: { event: next.event, text: "start_unwind of the one that took its place" } },
    );
    return true;
  }

  push({ name, callIndex, address, size, end, data }: RecordEvent): void {
    if (end === null || address + size <= end || this.overflowing) return;
    this.overflowing = true;
    const { shadow } = this.on;
    this.on.report.addFirst(
      "record-past-end",
      `the record of ${name} (call ${callIndex}, ${size} bytes at ${hex(address)}) ends ` +
        `${address + size - end} bytes past the end ${hex(end)} of the buffer of ${hex(data)}` +
        this.deep(),
      { other: this.start(shadow.unwind?.event) },
    );
  }

  /** Native asyncify stops before the store. */
  trap(_fiber: unknown, { reason, detail }: { reason: string; detail: string }): void {
    const { shadow, report } = this.on;
    if (reason !== "asyncify stack overflow" || this.overflowing) return;
    this.overflowing = true;
    report.addFirst("record-past-end", `${detail}${this.deep()}`, {
      other: this.start(shadow.unwind?.event),
    });
  }

  /** How much was pushed, and how much is still to come. */
  private deep(): string {
    const { unwind } = this.on.shadow;
    const { facts, context } = this.on;
    const frames = context.fiber?.frames.slice(0, context.fiber.depth) ?? [];
    const left = frames.filter(({ func }) => facts.part(func.index) === "instrumented").length;
    const pushed = unwind?.records ?? [];
    const bytes = pushed.reduce((sum, { event }) => sum + event.size, 0);
    return `: ${pushed.length} frames took ${bytes} bytes, ${left} are still on the stack`;
  }

  private start(event: number | undefined) {
    return event === undefined ? null : { event, text: "start_unwind, which gave the buffer" };
  }
}

/** `main, suspended in env.sleep at event 3,` */
const waits = ({ root, leaf, event }: Suspension): string =>
  `${root}, suspended in ${leaf} at event ${event},`;
