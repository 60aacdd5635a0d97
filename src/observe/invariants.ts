// The invariants of unwinding and rewinding, checked on the event sequence of a run.
// Each finding has a stable code. What real programs do on purpose is not a finding:
// stop_unwind in the normal state, continuations abandoned, copied or resumed twice.

import type { AsyncifyState, RecordEvent, RuntimeEvent, TraceEvent } from "./events.js";

export const INVARIANTS = {
  "unwind-not-normal": "start_unwind is called in the normal state",
  "rewind-not-normal": "start_rewind is called in the normal state",
  "stop-while-other": "stop_unwind is not called while rewinding, nor stop_rewind while unwinding",
  "record-outside-state": "records are pushed while unwinding and popped while rewinding only",
  "position-not-moved": "a push moves the position to its record's end, a pop to its start",
  "record-past-end": "no record reaches past the end of its buffer",
  "pop-not-pushed": "a rewind pops only records that an unwind pushed, whole",
  "pop-order": "a rewind pops the records of its continuation outermost frame first",
  "record-changed": "the bytes of a record are at its pop what they were at its push",
  "rewind-incomplete":
    "when stop_rewind is called, the rewind has popped all records of the continuation",
  "stack-pointer-changed": "__stack_pointer is at stop_rewind what it was at start_unwind",
  "rewind-not-stopped": "a call from the host does not return while rewinding",
} as const;
export type InvariantCode = keyof typeof INVARIANTS;

export interface Finding {
  readonly code: InvariantCode;
  /** What happened, in one sentence with names and numbers. */
  readonly message: string;
  /** Index of the event in the sequence, from 0. */
  readonly event: number;
}

interface PushedRecord {
  readonly event: RecordEvent;
  readonly bytes: string;
}

/** A continuation as its unwind left it. */
interface Continuation {
  readonly records: readonly PushedRecord[];
  readonly sp: number | null;
  /** All bytes of its stack lie in [base, end). */
  readonly base: number | null;
  readonly end: number | null;
}

/** A rewind under way. Its continuation may have been copied: then it lies `moved` bytes away. */
interface Rewind {
  readonly continuation: Continuation;
  readonly moved: number;
  readonly popped: RecordEvent[];
}

/** Continuations that are known again by their bytes, wherever these were copied to. */
const IMAGES = 1000;

const hex = (n: number | null): string => (n === null ? "?" : `0x${n.toString(16)}`);
const describe = (r: RecordEvent): string =>
  `${r.name} (call ${r.callIndex}, ${r.size} bytes at ${hex(r.address)})`;

/** Feed it the events of a run in order. `bytesAt` reads linear memory now, to notice records that change. */
export class InvariantChecker {
  readonly findings: Finding[] = [];
  /** How often each invariant was put to the test. */
  readonly checked: Record<InvariantCode, number>;
  private index = -1;
  private state: AsyncifyState = "normal";
  private unwinding: {
    readonly data: number;
    readonly base: number | null;
    readonly records: PushedRecord[];
    readonly sp: number | null;
  } | null = null;
  private rewinding: Rewind | null = null;
  private readonly continuations = new Map<number, Continuation>();
  /** The same by the bytes of their stacks, the latest last. */
  private readonly images = new Map<string, Continuation>();

  constructor(private readonly bytesAt?: (address: number, length: number) => Uint8Array | null) {
    this.checked = Object.fromEntries(Object.keys(INVARIANTS).map((code) => [code, 0])) as Record<
      InvariantCode,
      number
    >;
  }

  event(event: TraceEvent): void {
    this.index++;
    switch (event.type) {
      case "runtime":
        this.runtime(event);
        break;
      case "push":
        this.push(event);
        break;
      case "pop":
        this.pop(event);
        break;
      case "return":
        this.expect(
          "rewind-not-stopped",
          event.state !== "rewinding",
          () => `${event.name} returned while rewinding: no leaf called stop_rewind`,
        );
        break;
      default:
    }
  }

  private runtime(event: RuntimeEvent): void {
    const { name, before } = event;
    switch (name) {
      case "start_unwind":
        this.expect(
          "unwind-not-normal",
          before === "normal",
          () => `start_unwind(${hex(event.argument)}) while ${before}`,
        );
        this.unwinding = { data: event.data, base: event.pos, records: [], sp: event.sp };
        break;
      case "stop_unwind":
        this.expect(
          "stop-while-other",
          before !== "rewinding",
          () => "stop_unwind while rewinding",
        );
        if (this.unwinding !== null) this.suspend(this.unwinding, event.pos);
        this.unwinding = null;
        break;
      case "start_rewind": {
        this.expect(
          "rewind-not-normal",
          before === "normal",
          () => `start_rewind(${hex(event.argument)}) while ${before}`,
        );
        this.rewinding = this.resume(event);
        break;
      }
      case "stop_rewind":
        this.expect(
          "stop-while-other",
          before !== "unwinding",
          () => "stop_rewind while unwinding",
        );
        if (this.rewinding !== null)
          this.endRewind(event, this.rewinding.continuation, this.rewinding.popped);
        this.rewinding = null;
        break;
      default:
    }
    this.state = event.after;
  }

  private suspend(
    { data, ...unwound }: NonNullable<typeof this.unwinding>,
    end: number | null,
  ): void {
    const continuation = { ...unwound, end };
    this.continuations.set(data, continuation);
    const image = this.imageOf(continuation.base, end);
    if (image === null) return;
    this.images.delete(image);
    this.images.set(image, continuation);
    if (this.images.size > IMAGES) this.images.delete(this.images.keys().next().value!);
  }

  /** Which continuation a rewind takes up: by its data pointer, or by its bytes where these were copied. */
  private resume({ data, pos }: RuntimeEvent): Rewind | null {
    const here = this.continuations.get(data);
    if (pos !== null) {
      const lengths = new Set([...this.images.values()].map(({ base, end }) => end! - base!));
      if (here?.base != null && here.end === pos) lengths.delete(pos - here.base);
      const own =
        here?.end === pos ? this.images.get(this.imageOf(here.base, pos) ?? "") : undefined;
      const copied =
        own ??
        [...lengths]
          .map((length) => this.images.get(this.imageOf(pos - length, pos) ?? ""))
          .find((found) => found !== undefined);
      if (copied !== undefined)
        return { continuation: copied, moved: pos - copied.end!, popped: [] };
    }
    return here === undefined ? null : { continuation: here, moved: 0, popped: [] };
  }

  private imageOf(base: number | null, end: number | null): string | null {
    if (base === null || end === null || end <= base || base < 0) return null;
    const bytes = this.bytesAt?.(base, end - base);
    return bytes == null ? null : `${end - base}:${bytes.join()}`;
  }

  private endRewind(
    event: RuntimeEvent,
    { records, sp }: Continuation,
    popped: readonly RecordEvent[],
  ): void {
    this.expect(
      "rewind-incomplete",
      popped.length === records.length,
      () =>
        `stop_rewind after ${popped.length} of ${records.length} records of the continuation at ${hex(event.data)}`,
    );
    this.expect(
      "stack-pointer-changed",
      event.sp === sp,
      () => `__stack_pointer is ${hex(event.sp)} at stop_rewind, was ${hex(sp)} at start_unwind`,
    );
  }

  private push(event: RecordEvent): void {
    this.expect(
      "record-outside-state",
      this.state === "unwinding",
      () => `${describe(event)} pushed while ${this.state}`,
    );
    this.moved(event, event.address + event.size);
    this.expect(
      "record-past-end",
      event.end !== null && event.address + event.size <= event.end,
      () => `${describe(event)} reaches past the end ${hex(event.end)} of the buffer`,
    );
    this.unwinding?.records.push({ event, bytes: this.read(event) });
  }

  private pop(event: RecordEvent): void {
    this.expect(
      "record-outside-state",
      this.state === "rewinding",
      () => `${describe(event)} popped while ${this.state}`,
    );
    this.moved(event, event.address);
    if (this.rewinding === null) return;
    const { continuation, moved, popped } = this.rewinding;
    popped.push(event);
    const { records } = continuation;
    const isIt = (pushed: RecordEvent) =>
      sameRecord({ ...pushed, address: pushed.address + moved }, event);
    const expected = records[records.length - popped.length];
    this.expect(
      "pop-order",
      expected !== undefined && isIt(expected.event),
      () =>
        `popped ${describe(event)}, expected ${expected === undefined ? "nothing more" : describe(expected.event)}`,
    );
    const pushed = records.find((record) => isIt(record.event));
    this.expect(
      "pop-not-pushed",
      pushed !== undefined,
      () => `${describe(event)} was never pushed there`,
    );
    if (pushed === undefined || this.bytesAt === undefined) return;
    this.expect(
      "record-changed",
      pushed.bytes === this.read(event),
      () => `the bytes of ${describe(event)} changed while it was suspended`,
    );
  }

  private moved(event: RecordEvent, pos: number): void {
    this.expect(
      "position-not-moved",
      event.pos === pos,
      () => `after ${describe(event)} the position is ${hex(event.pos)}, not ${hex(pos)}`,
    );
  }

  private read({ address, size }: RecordEvent): string {
    return this.bytesAt?.(address, size)?.join() ?? "";
  }

  private expect(code: InvariantCode, holds: boolean, message: () => string): void {
    this.checked[code]++;
    if (!holds) this.findings.push({ code, message: message(), event: this.index });
  }
}

const sameRecord = (a: RecordEvent, b: RecordEvent): boolean =>
  a.func === b.func && a.callIndex === b.callIndex && a.address === b.address && a.size === b.size;
