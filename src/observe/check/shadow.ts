// The shadow state: what the asyncify state machine does, with what it has not: which
// records a continuation has, where they came from, whether it was resumed.
// Memory is the truth, and continuations may be copied: so they are known by their
// data pointer, and by the bytes of their records wherever these are put.

import type { AsyncifyState, RecordEvent, RuntimeEvent } from "../events.js";
import type { TracedEvent } from "../tracer.js";
import type { Context, Site } from "./context.js";
import {
  type Continuation,
  Images,
  type PushedRecord,
  Rewind,
  suspensionOf,
  type Unwind,
} from "./continuations.js";

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
  private latest: Continuation | null = null;
  readonly counts = { unwinds: 0, rewinds: 0, pushes: 0, pops: 0 };
  private readonly images: Images;
  private readonly lastPush = new Map<number, PushedRecord>();

  constructor(private readonly context: Context) {
    this.images = new Images((address, length) => context.bytes(address, length));
  }

  runtime(event: TracedEvent & RuntimeEvent): void {
    const { unwind, rewind } = this;
    this.endedUnwind = null;
    this.endedRewind = null;
    this.suspended = null;
    if (event.name === "get_state") return;
    if (event.name === "stop_rewind") rewind?.stopped(this.context.caller());
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
    const fresh = {
      status: "suspended" as const,
      resumed: null,
      damaged: false,
      overtaken: null,
    };
    const image = this.images.of(unwind.base, top);
    const ambiguous = this.images.have(image).some((c) => c.ambiguous || c.sp !== unwind.sp);
    const continuation = { ...unwind, top, stopped, ...fresh, image, ambiguous };
    if (this.latest?.status === "suspended") this.latest.overtaken ??= suspensionOf(unwind);
    this.latest = continuation;
    this.continuations.set(unwind.data, continuation);
    this.images.add(continuation);
    return continuation;
  }

  private resume({ seq, data, pos }: TracedEvent & RuntimeEvent): Rewind {
    const there = this.continuations.get(data) ?? null;
    const standing = there !== null && there.top === pos;
    const candidates = standing ? this.standing(there) : this.images.below(pos, data);
    return new Rewind(seq, data, pos, there, candidates);
  }

  /** What lies where a continuation was left: itself, or a copy of another one over it. */
  private standing(there: Continuation): readonly Continuation[] {
    const { status, base, top, image } = there;
    const now = this.images.of(base, top);
    const same = this.images.have(now);
    // Nobody copies over what waits.
    if (now === image) return status === "suspended" ? [there] : [there, ...same];
    return same.length === 0 ? [there] : same;
  }
}
