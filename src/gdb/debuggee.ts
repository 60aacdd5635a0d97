// What a remote debugger sees of a program, over a debugging session: threads (one for each
// fiber), code addresses, breakpoints at them, and how runs end. Knows nothing of packets.

import type { DebugSession, End, Stop } from "../debug/session.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { UsageError } from "../util/errors.js";
import { hex } from "../util/hex.js";
import type { Address } from "./addresses.js";
import { AskedStops } from "./asked-stops.js";
import { firstInstruction, type Thread, threadsOf } from "./threads.js";

export interface DebuggeeOptions {
  /** What the program is called. */
  readonly name: string;
  /** One line for a trap or an exception. */
  readonly describe: (end: End & { kind: "trapped" | "threw" }) => string;
  /** Gives way to what else wants to run. */
  readonly breathe: () => Promise<void>;
}

/** Nothing is known of any fiber. */
const NOBODY: Thread = { id: 1, name: "main", frames: [] };

export class Debuggee {
  readonly name: string;
  readonly describe: DebuggeeOptions["describe"];
  /** How it came to stand where it does; null at the start. */
  stop: Stop | null = null;
  private readonly breathe: () => Promise<void>;
  private readonly breakpoints: AskedStops;
  /** By the address of their first byte. */
  private readonly watchpoints: AskedStops;
  /** A run that has not come to its end, perhaps one that was left while it waits for the host. */
  private underWay: Promise<Stop> | null = null;
  private leave: (stop: Stop) => void = () => undefined;
  private known: readonly Thread[] | null = null;

  constructor(
    readonly session: DebugSession,
    { name, describe, breathe }: DebuggeeOptions,
  ) {
    this.breakpoints = new AskedStops(session.stops);
    this.watchpoints = new AskedStops(session.stops);
    this.name = name;
    this.describe = describe;
    this.breathe = breathe;
  }

  /** A module's number is its place here. */
  get instances(): readonly ModuleInstance[] {
    return this.session.instances;
  }

  /** The thread that is on first. */
  get threads(): readonly Thread[] {
    return (this.known ??= threadsOf(this.session, this.breakpoints));
  }
  get current(): Thread {
    return this.threads[0] ?? NOBODY;
  }

  /** Whether a client waits for it to stop. */
  runs = false;

  get ended(): boolean {
    return this.session.end !== null;
  }

  continue(): Promise<Stop> {
    return this.run(() => this.session.continue());
  }
  step(): Promise<Stop> {
    // A call that the host has answered to meanwhile is the one instruction.
    return this.run(
      () => this.session.step(),
      () => Promise.resolve({ kind: "stepped" }),
    );
  }

  get canReverse(): boolean {
    return this.session.canReverse;
  }
  continueBack(): Promise<Stop> {
    return this.run(() => this.session.continueBack());
  }
  stepBack(): Promise<Stop> {
    return this.run(() => this.session.stepBack());
  }

  /** Stops a run. One that waits for a promise of the host goes on waiting while it is looked at. */
  async pause(): Promise<void> {
    const { leave } = this;
    this.session.pause();
    await this.breathe();
    leave({ kind: "paused" });
  }

  /** @throws UsageError where no instruction stands there */
  addBreakpoint({ space, module, offset }: Address): void {
    if (space !== "object" || module !== 0) throw new UsageError("no code stands there");
    const place = hex(firstInstruction(this.session.instance.module, offset));
    this.breakpoints.add(offset, { kind: "code", place });
  }
  removeBreakpoint({ offset }: Address): void {
    this.breakpoints.delete(offset);
  }

  /** @throws UsageError where no linear memory is */
  addWatchpoint({ space, module, offset }: Address, size: number): void {
    const memory = this.session.instance.memories[0];
    const length = space === "memory" && module === 0 ? (memory?.view.byteLength ?? 0) : 0;
    if (offset + size > length) throw new UsageError("no memory is there to be watched");
    this.watchpoints.add(offset, { kind: "watch", target: { kind: "memory", memory: 0, address: offset, size } }); // prettier-ignore
  }
  removeWatchpoint({ offset }: Address): void {
    this.watchpoints.delete(offset);
  }

  removeStops(): void {
    this.breakpoints.clear();
    this.watchpoints.clear();
  }

  /** @throws UsageError out of bounds */
  writeMemory({ module, offset }: Address, bytes: Uint8Array): void {
    if (module !== 0) throw new UsageError("only the first module's memory can be written");
    this.session.writeMemory(0, offset, bytes);
  }

  /** @param goOn does the rest where a run was left, and the host has answered to it */
  private async run(go: () => Promise<Stop>, goOn = go): Promise<Stop> {
    this.known = null;
    this.runs = true;
    const running = this.underWay?.then((stop) => (stop.kind === "paused" ? goOn() : stop)) ?? go();
    this.underWay = running;
    // What failed while nobody waited for it is told to whoever runs the program next.
    void running.then(
      () => (this.underWay = this.underWay === running ? null : this.underWay),
      () => undefined,
    );
    const left = new Promise<Stop>((resolve) => (this.leave = resolve));
    try {
      return (this.stop = await Promise.race([running, left]));
    } finally {
      this.runs = false;
      this.known = null;
    }
  }
}
