// Records: pushed and popped in their places, in order, whole and unchanged; and which
// continuation a rewind takes up.

import type { FiberView } from "../../exec/fiber.js";
import type { RecordEvent, RuntimeEvent } from "../events.js";
import type { ChangedWord } from "./finding.js";
import { describeRecord, type Monitor, type Surroundings } from "./monitor.js";
import { hex } from "../../util/hex.js";
import type { PushedRecord, Rewind } from "./continuations.js";

export class RecordMonitor implements Monitor {
  constructor(private readonly on: Surroundings) {}

  runtime(event: RuntimeEvent): void {
    const { shadow, report } = this.on;
    if (event.name === "start_rewind" && shadow.rewind !== null) this.takenUp(shadow.rewind);
    const ended = shadow.endedRewind;
    if (event.name !== "stop_rewind" || ended?.continuation == null || ended.popped === 0) return;
    const left = ended.continuation.records.length - ended.popped;
    if (left <= 0) return;
    report.addFirst(
      "rewind-incomplete",
      `stop_rewind after ${ended.popped} of ${ended.popped + left} records: ` +
        `${describeRecord(ended.expected!)} was not reached`,
      { other: { event: ended.event, text: `start_rewind(${hex(ended.data)})` } },
    );
  }

  private takenUp({ data, pos, continuation, there: stale }: Rewind): void {
    const { report } = this.on;
    if (continuation !== null || report.blamed) return;
    const call = `start_rewind(${hex(data)})`;
    if (stale === null)
      return report.add("rewind-unknown-data", `${call}: nothing was ever unwound to there`);
    const resumed = {
      event: stale.resumed ?? stale.stopped,
      text: stale.resumed === null ? "where it was suspended" : "where it was resumed before",
    };
    if (stale.status === "suspended" || pos !== stale.base) {
      const lies = `the position is ${hex(pos)}, the unwind left it at ${hex(stale.top)}`;
      report.add("rewind-position", `${call}: ${lies}`, { other: resumed });
    } else if (stale.replaces !== null) {
      report.add(
        "buffer-shared",
        `${call}: its continuation was resumed already; the one before it in the same buffer was overwritten and never resumed`,
        { other: { event: stale.event, text: "start_unwind to the buffer of the one before" } },
      );
    } else if (stale.status === "running")
      report.add("resume-running", `${call}: that continuation is running`, { other: resumed });
    else
      report.add("resumed-twice", `${call}: that continuation was resumed already`, {
        other: resumed,
      });
  }

  /** What will be popped must be there before it is: a damaged record may trap at once. */
  enter(fiber: FiberView): void {
    const { shadow, report, facts } = this.on;
    const { rewind } = shadow;
    if (rewind === null || report.blamed || facts.part(fiber.top.func.index) !== "instrumented")
      return;
    const record = rewind.expected;
    if (record === null || record.event.func !== fiber.top.func.index) return;
    this.unchanged(record, rewind.moved);
  }

  private unchanged(record: PushedRecord, moved: number): void {
    const { context, report, shadow, writers } = this.on;
    const { address, size, seq } = record.event;
    const now = context.bytes(address + moved, size);
    if (record.bytes === null || now === null) return;
    const at = now.findIndex((byte, i) => byte !== record.bytes![i]);
    if (at < 0) return;
    const word = at & ~3;
    const [before, after] = [record.bytes, now].map((b) => new DataView(b.buffer, b.byteOffset));
    const read = (view: DataView) =>
      word + 4 <= size ? hex(view.getUint32(word, true)) : hex(view.getUint8(at));
    const what =
      `the word at ${hex(address + moved + word)} of the record of ${describeRecord(record)} ` +
      `was ${read(before!)} and is ${read(after!)}`;
    const overwriter = shadow.overwriter(record);
    const changed: ChangedWord = {
      address: address + moved + word,
      size: Math.min(4, size - word),
      pushed: seq,
      found: report.event,
    };
    const details = {
      other: { event: seq, text: "where the record was pushed" },
      changed,
      writer: writers?.writerOf(changed) ?? null,
    };
    const index = after!.getInt32(0, true);
    const calls = this.on.facts.callCount(record.event.func);
    if (overwriter === null && word === 0 && calls !== null && (index < 0 || index >= calls)) {
      const all = `${record.event.name} has ${calls} instrumented call${calls === 1 ? "" : "s"}`;
      report.add("call-index-unknown", `${what}, its call index: ${all}`, details);
    } else if (overwriter === null) report.add("record-changed", what, details);
    else
      report.add("buffer-shared", `${what}: ${describeRecord(overwriter)} was pushed over it`, {
        other: { event: overwriter.event.seq, text: "the push of another continuation" },
      });
  }

  pop(event: RecordEvent): void {
    const { shadow, report } = this.on;
    const { name, callIndex, address, size } = event;
    const what = `${name} (call ${callIndex}, ${size} bytes at ${hex(address)})`;
    if (shadow.rewind?.continuation == null || report.blamed) return;
    this.inOrder(event, what, shadow.rewind);
  }

  private inOrder({ func, address, size }: RecordEvent, what: string, rewind: Rewind): void {
    const { report } = this.on;
    const { continuation, moved, expected } = rewind;
    const is = (r: PushedRecord) =>
      r.event.func === func && r.event.address + moved === address && r.event.size === size;
    if (expected !== null && is(expected)) return;
    const wanted = expected === null ? "nothing more" : describeRecord(expected);
    const start = { event: rewind.event, text: `start_rewind(${hex(rewind.data)})` };
    const code = continuation!.records.some(is) ? "pop-order" : "pop-not-pushed";
    report.add(code, `popped ${what}, expected ${wanted}`, { other: start });
  }
}
