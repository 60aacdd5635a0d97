// Going to and fro in a recorded run. What lies behind is reached from the checkpoint before
// it, by running again; so a search backwards runs forwards, from one checkpoint to the next,
// the latest first.
//
// All that may take long is a generator that yields what it is at, every few milliseconds:
// who drives it may show that, do something else in between, or leave. Then the replica stands
// somewhere, and what comes next goes where it wants.

import { compare, isBefore, type Position, START } from "./position.js";
import { Points } from "./points.js";
import type { Arrival, Replica, SavedReplica } from "./replica.js";

export interface TimelineOptions {
  /** Bytes that checkpoints may take. Default 256 MiB. */
  readonly maxBytes?: number;
  /** Instructions between two checkpoints at least; by default they take a tenth of the time. */
  readonly spacing?: number;
  /** Milliseconds, by any clock. */
  readonly now?: () => number;
}

/** What something that takes long is at: instructions executed, of so many at most. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}
export type Task<R> = Generator<Progress, R, void>;

/** Something that may happen. It counts itself while it watches. */
export interface Probe {
  /** Watches a machine. Returns what ends that. */
  attach(replica: Replica, hit: () => void): () => void;
}

/** Milliseconds between two looks at the world. */
const PATIENCE = 10;
/** Time between two checkpoints, in times of what one takes: on the way, and near the goal. */
const APART = 10;
const NEAR = 1.5;
/** A search goes on in so many pieces of where it found something. */
const PIECES = 16;

export class Timeline {
  readonly points: Points;
  private readonly spacing: number | null;
  private readonly now: () => number;
  /** Instructions for which `PATIENCE` is enough. */
  private slice = 100_000;
  /** What the last checkpoint took, and how long has been run since the one on this way. */
  private cost = 0;
  private since = 0;
  private sinceExecuted = 0;
  /** Whether the replica stands where a run of the log brought it. */
  private lost = false;

  constructor(
    readonly replica: Replica,
    { maxBytes = 2 ** 28, spacing, now = () => performance.now() }: TimelineOptions = {},
  ) {
    this.spacing = spacing ?? null;
    this.now = now;
    this.points = new Points(maxBytes, replica.save(null));
  }

  get position(): Position {
    return this.replica.position;
  }

  /**
   * Goes to a position, or to the end where that is before it.
   * @throws RecordingError where the run does not go as it was recorded
   */
  *goTo(to: Position): Task<Arrival> {
    const point = this.points.before(to);
    const { position } = this;
    // From here, if no checkpoint is nearer.
    const near = !this.lost && compare(position, to) <= 0 && !isBefore(position, point.position);
    if (!near) this.restore(point);
    return yield* this.run(to);
  }

  /**
   * The latest position before another at which something is about to happen; null for none.
   * The replica stands anywhere then.
   */
  *lastBefore(before: Position, probe: Probe): Task<Position | null> {
    for (let end = before; ;) {
      const point = this.points.before(justBefore(end));
      const hits = yield* this.count(point, end, probe);
      if (hits > 0) return yield* this.locate(point, end, probe, hits);
      if (!isBefore(this.points.start, point.position)) return null;
      end = point.position;
    }
  }

  /** Where, from the start on, something is about to happen for the n-th time; null for less often. */
  *nth(n: number, probe: Probe): Task<Position | null> {
    return yield* this.locate(this.points.before(START), FAR, probe, n);
  }

  private restore(point: SavedReplica): void {
    this.replica.restore(point);
    this.lost = false;
    this.since = 0;
    this.sinceExecuted = point.position.executed;
  }

  /** How often something happens from a checkpoint to a position. */
  private *count(point: SavedReplica, to: Position, probe: Probe): Task<number> {
    let hits = 0;
    this.restore(point);
    const detach = probe.attach(this.replica, () => hits++);
    try {
      yield* this.run(to);
    } finally {
      detach();
    }
    return hits;
  }

  /** Where it happens for the n-th time from a checkpoint on; null where it does not before `to`. */
  private *locate(
    from: SavedReplica,
    to: Position,
    probe: Probe,
    n: number,
  ): Task<Position | null> {
    let start = from;
    let left = n;
    let end = to;
    for (;;) {
      const found = yield* this.piece(start, end, probe, left);
      if (found === null || found.exact) return found?.start ?? null;
      this.restore(start);
      yield* this.run(found.start);
      start = this.replica.save(start);
      left -= found.before;
      ({ end } = found);
    }
  }

  /** The piece of a stretch in which it happens for the n-th time. */
  private *piece(
    from: SavedReplica,
    to: Position,
    probe: Probe,
    n: number,
  ): Task<{ start: Position; end: Position; before: number; exact: boolean } | null> {
    let hits = 0;
    this.restore(from);
    const { replica } = this;
    const distance = Math.min(to.executed, 1e15) - from.position.executed;
    const exact = distance < 4 * PIECES;
    const length = exact ? 1 : Math.ceil(Math.min(distance / PIECES, 16 * this.slice));
    const detach = probe.attach(replica, () => hits++);
    this.lost = true;
    try {
      for (let steps = 0; ;) {
        const start = replica.position;
        const before = hits;
        const arrival = exact ? replica.tick() : yield* this.stride(to, length);
        const end = replica.position;
        if (hits >= n) return { start, end, before, exact };
        if (arrival === "end" || compare(end, to) >= 0) return null;
        if (++steps % 1000 === 0) yield progress(from.position, end, to);
      }
    } finally {
      detach();
    }
  }

  /** So many instructions, in pieces. */
  private *stride(to: Position, instructions: number): Task<Arrival> {
    const { machine } = this.replica;
    const start = this.position;
    const end = machine.executed + instructions;
    for (;;) {
      const arrival = this.replica.advance(to, Math.min(this.slice, end - machine.executed));
      if (arrival !== "used up" || machine.executed >= end) return arrival;
      yield progress(start, this.position, to);
    }
  }

  /** Runs on to a position, and leaves checkpoints on the way. */
  private *run(to: Position): Task<Arrival> {
    const { replica } = this;
    const { machine } = replica;
    const start = this.position;
    this.lost = true;
    for (;;) {
      const before = machine.executed;
      const begun = this.now();
      // Ever shorter strides towards the goal: the next step back will be from near there.
      const rest = Math.max(1000, Math.ceil((to.executed - before) / 2));
      const arrival = replica.advance(to, Math.min(this.slice, rest, this.spacing ?? Infinity));
      const took = this.now() - begun;
      this.since += took;
      this.learn(machine.executed - before, took);
      if (arrival !== "used up") {
        this.lost = false;
        return arrival;
      }
      this.leavePoint(to);
      yield progress(start, this.position, to);
    }
  }

  /** How many instructions are few enough. */
  private learn(executed: number, took: number): void {
    if (took > PATIENCE) this.slice = Math.max(1000, Math.ceil(this.slice / 2));
    else if (took < PATIENCE / 3 && executed >= this.slice)
      this.slice = Math.min(2 * this.slice, 2 ** 26);
  }

  private leavePoint(to: Position): void {
    const { executed } = this.position;
    const run = executed - this.sinceExecuted;
    const near = to.executed - executed <= run;
    const due =
      this.spacing === null ? this.since >= (near ? NEAR : APART) * this.cost : run >= this.spacing;
    if (!due) return;
    const begun = this.now();
    const { position } = this;
    this.points.add(this.replica.save(this.points.before(position)), to);
    this.cost = this.now() - begun;
    this.since = 0;
    this.sinceExecuted = executed;
  }
}

const FAR: Position = { entries: Infinity, executed: Infinity, drops: Infinity };

/** A position that nothing lies between and this one, nor is it any. */
const justBefore = ({ entries, executed, drops }: Position): Position => ({
  entries,
  executed,
  drops: drops - 0.5,
});

const progress = (start: Position, now: Position, to: Position): Progress => ({
  done: now.executed - start.executed,
  total: to.executed - start.executed,
});

export interface Drive {
  /** Gives way to what else wants to run. */
  readonly breathe?: () => Promise<void>;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Asked between two pieces: whether to leave it. */
  readonly cancelled?: () => boolean;
}

/** Does a task to its end; null where it was left before. */
export async function finish<R>(
  task: Task<R>,
  { breathe = () => Promise.resolve(), onProgress, cancelled }: Drive = {},
): Promise<R | null> {
  for (;;) {
    const { done, value } = task.next();
    if (done === true) return value;
    onProgress?.(value);
    await breathe();
    if (cancelled?.() !== true) continue;
    task.return(undefined as R);
    return null;
  }
}
