// The shadow state: what the asyncify state machine does, with what it has not: which
// records a continuation has, where they came from, whether it was resumed.
// Memory is the truth, and continuations may be copied: so they are known by their
// data pointer, and by the bytes of their records wherever these are put.

import type { AsyncifyState, RecordEvent, RuntimeEvent } from "../events.js";
import type { TracedEvent } from "../tracer.js";
import type { Caller, Context, Site } from "./context.js";

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

/** A continuation as its unwind left it. */
export interface Continuation extends Unwind {
  /** Position when it was stopped: its records lie in [base, top). */
  readonly top: number | null;
  readonly stopped: number;
  status: "suspended" | "running" | "finished";
  /** Number of the start_rewind that took it up last. */
  resumed: number | null;
  /** Its unwind went wrong: that its rewind does is no news. */
  damaged: boolean;
  /** Its bytes, in short. */
  readonly image: string | null;
  /** Another one of the same bytes had another `__stack_pointer`: of a copy nobody can tell whose it is. */
  readonly ambiguous: boolean;
}

export interface Rewind {
  readonly event: number;
  readonly data: number;
  readonly pos: number | null;
  /** Null where nobody knows what it rewinds. */
  readonly continuation: Continuation | null;
  /** What was suspended there, if it is not that which is rewound. */
  readonly stale: Continuation | null;
  /** Bytes that the continuation lies away from where it was. */
  readonly moved: number;
  popped: number;
}

/** Continuations that are known again by their bytes. */
const IMAGES = 1000;
/** Bytes for which the last push is remembered together. */
const BLOCK = 32;

export class Shadow {
  state: AsyncifyState = "normal";
  /** Whether start_unwind or start_rewind was ever called. */
  started = false;
  unwind: Unwind | null = null;
  rewind: Rewind | null = null;
  /** What the last runtime call put an end to: an unwind that it stopped or gave up, a rewind. */
  endedUnwind: Unwind | null = null;
  endedRewind: Rewind | null = null;
  /** The continuation that it made. */
  suspended: Continuation | null = null;
  readonly continuations = new Map<number, Continuation>();
  readonly counts = { unwinds: 0, rewinds: 0, pushes: 0, pops: 0 };
  private readonly images = new Map<string, Continuation>();
  private readonly lengths = new Map<number, number>();
  private readonly lastPush = new Map<number, PushedRecord>();

  constructor(private readonly context: Context) {}

  runtime(event: TracedEvent & RuntimeEvent): void {
    const { unwind, rewind } = this;
    this.endedUnwind = null;
    this.endedRewind = null;
    this.suspended = null;
    if (event.name === "get_state") return;
    this.unwind = null;
    this.rewind = null;
    this.endedRewind = rewind;
    this.endedUnwind = unwind;
    if (event.name === "start_unwind") {
      this.counts.unwinds++;
      this.unwind = this.begin(event);
    } else if (event.name === "start_rewind") {
      this.counts.rewinds++;
      this.rewind = this.resume(event);
    } else if (unwind !== null) this.suspended = this.suspend(unwind, event);
    this.started ||= event.name.startsWith("start_");
    this.state = event.after;
  }

  push(event: TracedEvent & RecordEvent, site: Site | null): void {
    this.counts.pushes++;
    const record = { event, bytes: this.context.bytes(event.address, event.size), site };
    this.unwind?.records.push(record);
    const { address, size } = event;
    for (let block = Math.floor(address / BLOCK); block * BLOCK < address + size; block++)
      this.lastPush.set(block, record);
  }

  pop(): void {
    this.counts.pops++;
    if (this.rewind !== null) this.rewind.popped++;
  }

  /** The record that a rewind must pop next. */
  expected({ continuation, popped }: Rewind): PushedRecord | null {
    const records = continuation?.records ?? [];
    return records[records.length - 1 - popped] ?? null;
  }

  /** A record that was pushed later over bytes of this one. */
  overwriter({ event: { address, size, seq } }: PushedRecord): PushedRecord | null {
    for (let block = Math.floor(address / BLOCK); block * BLOCK < address + size; block++) {
      const last = this.lastPush.get(block);
      if (last === undefined || last.event.seq <= seq) continue;
      const { address: from, size: length } = last.event;
      if (from < address + size && address < from + length) return last;
    }
    return null;
  }

  private begin(event: TracedEvent & RuntimeEvent): Unwind {
    const { seq, data, pos: base, end } = event;
    const there = this.continuations.get(data);
    // One generation is enough to tell.
    if (there !== undefined) there.replaces = null;
    return {
      event: seq,
      data,
      base,
      end,
      leaf: this.context.caller(),
      sp: this.context.sp,
      records: [],
      replaces: there?.status === "suspended" ? there : null,
    };
  }

  private suspend(
    unwind: Unwind,
    { pos: top, seq: stopped }: TracedEvent & RuntimeEvent,
  ): Continuation {
    const fresh = { status: "suspended" as const, resumed: null, damaged: false };
    const image = this.imageOf(unwind.base, top);
    const same = image === null ? undefined : this.images.get(image);
    const ambiguous = same !== undefined && (same.ambiguous || same.sp !== unwind.sp);
    const continuation = { ...unwind, top, stopped, ...fresh, image, ambiguous };
    this.continuations.set(unwind.data, continuation);
    if (image !== null) this.remember(image, top! - unwind.base!, continuation);
    return continuation;
  }

  private remember(image: string, length: number, continuation: Continuation): void {
    if (!this.images.delete(image)) this.lengths.set(length, (this.lengths.get(length) ?? 0) + 1);
    this.images.set(image, continuation);
    if (this.images.size <= IMAGES) return;
    const [oldest, { base, top }] = this.images.entries().next().value!;
    this.images.delete(oldest);
    const left = this.lengths.get(top! - base!)! - 1;
    if (left === 0) this.lengths.delete(top! - base!);
    else this.lengths.set(top! - base!, left);
  }

  /** Which continuation a rewind takes up: by its data pointer, or by its bytes where these were copied. */
  private resume({ seq, data, pos }: TracedEvent & RuntimeEvent): Rewind {
    const here = this.continuations.get(data) ?? null;
    const there = here !== null && here.top === pos;
    const found = there ? this.standing(here) : this.copyBelow(pos);
    if (found !== null) {
      found.status = "running";
      found.resumed = seq;
    }
    const moved = found === null || found === here ? 0 : pos! - found.top!;
    return {
      event: seq,
      data,
      pos,
      continuation: found,
      stale: found === here ? null : here,
      moved,
      popped: 0,
    };
  }

  /** What lies where `here` was left: itself, or a copy of another one over it. */
  private standing(here: Continuation): Continuation {
    const image = this.imageOf(here.base, here.top);
    if (image === null || image === here.image) return here;
    return this.images.get(image) ?? here;
  }

  private copyBelow(pos: number | null): Continuation | null {
    if (pos === null) return null;
    for (const length of this.lengths.keys()) {
      const found = this.lookUp(pos - length, pos);
      if (found !== null) return found;
    }
    return null;
  }

  private lookUp(base: number | null, top: number | null): Continuation | null {
    const image = this.imageOf(base, top);
    return image === null ? null : (this.images.get(image) ?? null);
  }

  private imageOf(base: number | null, top: number | null): string | null {
    if (base === null || top === null || top <= base) return null;
    const bytes = this.context.bytes(base, top - base);
    return bytes === null ? null : imageKey(bytes);
  }
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
