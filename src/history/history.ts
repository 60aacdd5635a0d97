// The history of a run: of one that is being recorded, or of one in a file. The machine that
// runs again is made when somebody first looks back.

import type { Tier } from "../exec/hooks.js";
import type { Codec } from "../snapshot/codec.js";
import { readRecording } from "./file.js";
import type { Log } from "./log.js";
import { codecOf, type Recorder } from "./recorder.js";
import { Replica, type ReplicaOptions } from "./replica.js";
import { Timeline, type TimelineOptions } from "./timeline.js";

export interface HistoryOptions extends TimelineOptions {
  /** What executes instructions when the run goes again. Default: the interpreter. */
  readonly tier?: Tier | null;
}

export class History {
  private constructor(
    private readonly start: Promise<Uint8Array>,
    readonly log: Log,
    private readonly codec: Codec,
    /** Who records it still. */
    readonly recorder: Recorder | null,
    private readonly options: HistoryOptions,
  ) {}

  /** Of a run that is being recorded. */
  static of(recorder: Recorder, options: HistoryOptions = {}): History {
    const { start, values } = recorder;
    return new History(start, recorder, codecOf(values), recorder, options);
  }

  /** Of a file. @throws RecordingError */
  static async open(bytes: Uint8Array, options: HistoryOptions = {}): Promise<History> {
    const { start, log, codec } = await readRecording(bytes);
    return new History(Promise.resolve(start), log, codec, null, options);
  }

  /**
   * Makes a machine that runs again, at the start, and what goes to and fro with it.
   * @param follow who follows it
   * @throws SnapshotError where the start is none
   */
  async timeline(follow?: ReplicaOptions["follow"]): Promise<Timeline> {
    const { codec, log, options } = this;
    const { tier = null } = options;
    const modules = this.recorder?.store.instances.list.map(({ module }) => module);
    const known = modules && [...new Set(modules)];
    const given = { codec, machine: { tier }, ...(known && { known }), ...(follow && { follow }) };
    return new Timeline(await Replica.load(await this.start, log, given), options);
  }
}
