// For tests: recorded runs, and what a machine looks like, to the byte.

import { type Machine } from "../exec/machine.js";
import type { FiberAbi } from "../fiber/abi/abi.js";
import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { hashOf } from "../snapshot/format.js";
import { saveSnapshot } from "../snapshot/save.js";
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

/** Equal for equal machines only. */
export const imageOf = async ({ machine, instances, asyncify, abi }: Whole): Promise<string> =>
  hashOf(
    await saveSnapshot(machine, {
      instances,
      asyncify,
      fibers: abi,
      compress: false,
      embedModules: false,
      codec: { encode: () => new Uint8Array(), decode: () => null },
    }),
  );

/** A machine that is recorded, and what it looked like on its way. */
export class Recorded {
  readonly recorder: Recorder;
  readonly seen: { readonly position: Position; readonly image: string }[] = [];

  constructor(readonly whole: Whole) {
    const { machine, instances, asyncify, abi } = whole;
    this.recorder = new Recorder(machine, { instances, asyncify, fibers: abi });
  }

  async see(): Promise<void> {
    const { entries, executed, drops } = this.recorder.end;
    const position = { entries, executed, drops };
    this.seen.push({ position, image: await imageOf(this.whole) });
  }

  async timeline(options: TimelineOptions = {}): Promise<Timeline> {
    const { recorder } = this;
    const { tier } = this.whole.machine;
    const replica = await Replica.load(await recorder.start, recorder, {
      codec: { encode: () => null, decode: () => null },
      machine: { tier },
    });
    return new Timeline(replica, options);
  }
}
