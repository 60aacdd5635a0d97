// For tests: recorded runs, and what a machine looks like, to the byte.

import type { FiberView } from "../exec/fiber.js";
import { type Observer, observers } from "../exec/hooks.js";
import { type Machine } from "../exec/machine.js";
import type { FiberAbi } from "../fiber/abi/abi.js";
import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import type { GlobalInstance, ModuleInstance } from "../runtime/instances.js";
import { SnapshotError } from "../snapshot/errors.js";
import { hashOf } from "../snapshot/format.js";
import { isOver } from "../snapshot/save-fibers.js";
import { takeSnapshot } from "../snapshot/save.js";
import type { Position } from "./position.js";
import { Recorder } from "./recorder.js";
import { Replica } from "./replica.js";
import { Timeline, type TimelineOptions } from "./timeline.js";

/** A machine with what belongs to it. */
export interface Whole {
  readonly machine: Machine;
  readonly instances: readonly ModuleInstance[];
  readonly asyncify: Asyncify | null;
  readonly abi: FiberAbi | null;
}

/** The bytes of a snapshot. @throws SnapshotError where none can be taken */
const snapshotOf = ({ machine, instances, asyncify, abi }: Whole): Promise<Uint8Array> =>
  takeSnapshot(machine, {
    instances,
    asyncify,
    fibers: abi,
    compress: false,
    embedModules: false,
    codec: { encode: () => new Uint8Array(), decode: () => null },
  }).bytes;

/** What can be seen anywhere, also where JavaScript stands between two calls: less than all. */
function outlineOf({ machine, instances }: Whole): Promise<string> {
  const fibers: unknown[] = [];
  for (let at: FiberView | null = machine.fiber; at !== null && !isOver(at); at = at.resumer) {
    const frames = at.frames.slice(0, at.depth);
    const lines = frames.map(({ func, pc, fp, sp }) => [func.index, pc, fp, sp]);
    fibers.push([at.id, at.status, at.due, lines]);
  }
  const { executed, drops, nextFiber } = machine.counters;
  const globals = instances.flatMap((one) => one.globals.map(wordsOf));
  const text = JSON.stringify([executed, drops, nextFiber, fibers, globals]);
  const memories = instances.flatMap((one) => one.memories.map(({ bytes }) => bytes.slice()));
  return Promise.all(memories.map(hashOf)).then((hashes) => [text, ...hashes].join("\n"));
}

/** Those that its type has: others may hold anything. */
function wordsOf({ type: { type }, words }: GlobalInstance): number[] {
  const count = type === "v128" ? 4 : type === "i64" || type === "f64" ? 2 : 1;
  return [...words.subarray(0, typeof type === "string" ? count : 0)];
}

/** How a machine looks, read at once. */
export interface Image {
  /** Of a snapshot; null where none can be taken. */
  readonly exact: Promise<string> | null;
  readonly outline: Promise<string>;
}

export function imageOf(whole: Whole): Image {
  const outline = outlineOf(whole);
  try {
    return { exact: snapshotOf(whole).then(hashOf), outline };
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    return { exact: null, outline };
  }
}

interface Seen {
  readonly position: Position;
  readonly image: Image;
  /** Whether it stands between two frames that an unwind drops. */
  readonly due: boolean;
}

/** A machine that is recorded, and what it looked like on its way. */
export class Recorded {
  readonly recorder: Recorder;
  readonly seen: Seen[] = [];

  constructor(readonly whole: Whole) {
    const { machine, instances, asyncify, abi } = whole;
    this.recorder = new Recorder(machine, { instances, asyncify, fibers: abi });
  }

  /** Pauses the machine now and then, and looks wherever it stops. */
  lookAtStops(pause: () => boolean, look: () => boolean): void {
    const { machine } = this.whole;
    const maybe = (): void => {
      if (pause()) machine.requestPause();
    };
    const looking: Observer = {
      enter: maybe,
      leave: maybe,
      stops: () => {
        if (look()) this.see();
      },
    };
    machine.observer = observers(machine.observer!, looking);
  }

  see(): void {
    const { entries, executed, drops } = this.recorder.end;
    const due = (this.whole.machine.fiber?.due ?? -1) >= 0;
    this.seen.push({ position: { entries, executed, drops }, image: imageOf(this.whole), due });
  }

  async timeline(options: TimelineOptions = {}): Promise<Timeline> {
    const { recorder } = this;
    const { tier } = this.whole.machine;
    const codec = { encode: () => null, decode: () => null };
    const start = await recorder.start;
    const replica = await Replica.load(start, recorder, { codec, machine: { tier } });
    return new Timeline(replica, options);
  }
}
