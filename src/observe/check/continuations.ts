// Continuations, and rewinds that take them up. Programs copy continuations, and different
// ones may have the same bytes: which of them a rewind takes up shows later, when it has
// entered functions and popped records that only one of them has.

import type { RecordEvent } from "../events.js";
import type { TracedEvent } from "../tracer.js";
import type { Caller, Site } from "./context.js";

export interface PushedRecord {
  readonly event: TracedEvent & RecordEvent;
  readonly bytes: Uint8Array | null;
  /** The call that the frame stands at; null where nobody saw it. */
  readonly site: Site | null;
}

/** An unwind under way. */
export interface Unwind {
  /** Number of its start_unwind. */
  readonly event: number;
  readonly data: number;
  /** Position and end at its start. */
  readonly base: number | null;
  readonly end: number | null;
  readonly leaf: Caller;
  /** `__stack_pointer` at its start. */
  readonly sp: number | null;
  readonly records: PushedRecord[];
  /** The continuation that waited at the same data pointer, if it was never resumed. */
  replaces: Continuation | null;
}

/** What is remembered of a continuation that may be gone. */
export interface Suspension {
  /** Number of its start_unwind. */
  readonly event: number;
  /** Its outermost function. */
  readonly root: string;
  readonly leaf: string;
}

export const suspensionOf = ({ event, records, leaf }: Unwind): Suspension => ({
  event,
  root: records.at(-1)?.event.name ?? "a call",
  leaf: leaf.name,
});

/** A continuation as its unwind left it. */
export interface Continuation extends Unwind {
  /** Position when it was stopped: its records lie in [base, top). */
  readonly top: number | null;
  readonly stopped: number;
  status: "suspended" | "running" | "finished";
  /** The first one that was suspended while this one was. */
  overtaken: Suspension | null;
  /** Number of the start_rewind that took it up last. */
  resumed: number | null;
  /** Its unwind went wrong: that its rewind does is no news. */
  damaged: boolean;
  /** Its bytes, in short. */
  readonly image: string | null;
  /** Another one of the same bytes had another `__stack_pointer`: of a copy nobody can tell whose it is. */
  readonly ambiguous: boolean;
}

export class Rewind {
  popped = 0;
  private before: Pick<Continuation, "status" | "resumed"> | null = null;

  constructor(
    readonly event: number,
    readonly data: number,
    readonly pos: number | null,
    /** What was left at the data pointer last. */
    readonly there: Continuation | null,
    /** What may lie below the position: the most likely one first. */
    private candidates: readonly Continuation[],
  ) {
    this.take();
  }

  /** Null where nobody knows what it rewinds. */
  get continuation(): Continuation | null {
    return this.candidates[0] ?? null;
  }
  /** Bytes that the continuation lies away from where it was. */
  get moved(): number {
    const { continuation, pos } = this;
    return continuation === null ? 0 : (pos ?? 0) - (continuation.top ?? 0);
  }
  /** The record that it popped last. */
  get last(): PushedRecord | null {
    const records = this.continuation?.records ?? [];
    return records[records.length - this.popped] ?? null;
  }
  /** The record that it must pop next. */
  get expected(): PushedRecord | null {
    return this.nextOf(this.continuation);
  }

  /** That function is entered: its record comes next. */
  entered(func: number): void {
    this.keep((candidate) => this.nextOf(candidate)?.event.func === func);
  }
  popping({ func, address, size }: RecordEvent): void {
    this.keep((candidate) => {
      const next = this.nextOf(candidate)?.event;
      if (next === undefined || next.func !== func || next.size !== size) return false;
      return this.pos! - address === candidate.top! - next.address;
    });
  }
  /** `leaf` ends it: nothing is left to pop. */
  stopped(leaf: Caller): void {
    this.keep(({ records }) => records.length === this.popped);
    this.keep((c) => c.leaf.kind === leaf.kind && c.leaf.func === leaf.func);
  }

  private nextOf(continuation: Continuation | null): PushedRecord | null {
    const records = continuation?.records ?? [];
    return records[records.length - 1 - this.popped] ?? null;
  }

  /** Where none is such, the fault is the first one's. */
  private keep(such: (candidate: Continuation) => boolean): void {
    const { candidates } = this;
    if (candidates.length < 2) return;
    const left = candidates.filter(such);
    if (left.length === 0) return;
    if (left[0] !== candidates[0]) Object.assign(candidates[0]!, this.before);
    this.candidates = left;
    if (left[0] !== candidates[0]) this.take();
  }

  private take(): void {
    const { continuation } = this;
    if (continuation === null) return;
    const { status, resumed } = continuation;
    this.before = { status, resumed };
    continuation.status = "running";
    continuation.resumed = this.event;
  }
}

/** Continuations that are known again by their bytes. */
const IMAGES = 1000;
/** Of those that have the same. */
const SAME = 16;

export class Images {
  private readonly known = new Map<string, readonly Continuation[]>();
  private readonly lengths = new Map<number, number>();

  constructor(private readonly bytes: (address: number, length: number) => Uint8Array | null) {}

  /** Of what lies in [base, top). */
  of(base: number | null, top: number | null): string | null {
    if (base === null || top === null || top <= base) return null;
    const bytes = this.bytes(base, top - base);
    return bytes === null ? null : imageKey(bytes);
  }

  /** All that had these bytes, the last one first. */
  have(image: string | null): readonly Continuation[] {
    return image === null ? [] : (this.known.get(image) ?? []);
  }

  add(continuation: Continuation): void {
    const { image, base, top } = continuation;
    if (image === null) return;
    const others = this.have(image);
    const length = top! - base!;
    if (others.length === 0) this.lengths.set(length, (this.lengths.get(length) ?? 0) + 1);
    const differ = others.filter((other) => !sameCourse(other, continuation));
    this.known.delete(image);
    this.known.set(image, [continuation, ...differ].slice(0, SAME));
    if (this.known.size > IMAGES) this.forget();
  }

  /** What has the bytes below a position: how far it lies from its data pointer counts most, then its length. */
  below(pos: number | null, data: number): Continuation[] {
    if (pos === null) return [];
    const found = [...this.lengths.keys()]
      .sort((a, b) => b - a)
      .flatMap((length) => this.have(this.of(pos - length, pos)));
    const asFar = (c: Continuation) => c.top! - c.data === pos - data;
    return [...found.filter(asFar), ...found.filter((c) => !asFar(c))];
  }

  private forget(): void {
    const [oldest, [continuation]] = this.known.entries().next().value!;
    this.known.delete(oldest);
    const length = continuation!.top! - continuation!.base!;
    const left = this.lengths.get(length)! - 1;
    if (left === 0) this.lengths.delete(length);
    else this.lengths.set(length, left);
  }
}

/** Whether their rewinds enter the same functions: then the later one stands for both. */
function sameCourse(a: Continuation, b: Continuation): boolean {
  return (
    a.leaf.func === b.leaf.func &&
    a.leaf.kind === b.leaf.kind &&
    a.records.length === b.records.length &&
    a.records.every(({ event }, i) => event.func === b.records[i]!.event.func)
  );
}

/** Of unequal bytes hardly ever the same: then a copy that is none is not told. */
function imageKey(bytes: Uint8Array): string {
  let a = 0x811c9dc5;
  let b = bytes.length;
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b + byte, 0x5bd1e995) ^ (b >>> 15);
  }
  return `${bytes.length}:${a}:${b}`;
}
