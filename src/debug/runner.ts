// Runs a program forward, by steps, to stops (`stops.ts`), or until somebody says so. What
// stopped it is plain data.

import type { FiberView } from "../exec/fiber.js";
import type { Observer } from "../exec/hooks.js";
import type { Outcome } from "../exec/machine.js";
import { UsageError } from "../util/errors.js";
import {
  type Happening,
  happeningOf,
  type ProgramEvent,
  type ProgramEvents,
} from "./happenings.js";
import type { Deed, Scene } from "./scene.js";
import type { End, Stop } from "./session-types.js";
import { type About, StopLook } from "./stop-look.js";
import type { Stops } from "./stops.js";

/** How far to run. */
export interface Goal {
  /** Instructions, or frames of an unwind; a call of the host is one. */
  readonly steps?: number;
  /** Asked before each instruction of the program. */
  readonly until?: (fiber: FiberView) => Stop | null;
  readonly leave?: NonNullable<Observer["leave"]>;
}

/** Instructions between two breaths. */
const SLICE = 4_000_000;

export class Runner {
  private looking: StopLook | null = null;
  private readonly heard = new WeakSet<ProgramEvents>();
  private running = false;
  private pauseRequested = false;
  /** Why to stop. */
  private hit: Stop | null = null;
  /** What the instruction before which a run was stopped is about to do. */
  private about: About | null = null;
  /** The instruction at which it stands was asked about already. */
  private asked = false;

  /**
   * @param crossed asked wherever the program stops: whether it goes on in another scene, which
   * is the current one then
   */
  constructor(
    readonly stops: Stops,
    private scene: Scene,
    private readonly breathe: () => Promise<void>,
    private readonly crossed: () => Scene | null,
  ) {
    this.show(scene);
  }

  /** Another scene is the current one. */
  show(scene: Scene): void {
    this.looking?.marks.remove();
    this.looking = null;
    this.scene = scene;
    const { events } = scene;
    if (events === null || this.heard.has(events)) return;
    this.heard.add(events);
    events.listen((event) => {
      if (this.scene.events === events) this.tell(event);
    });
  }

  /** Takes what stops there are out of the program's code. */
  close(): void {
    this.looking?.marks.remove();
  }

  private get look(): StopLook {
    return (this.looking ??= new StopLook(this.stops, programOf(this.scene)));
  }

  /** Asks a running program to stop as soon as it can. */
  pause(): void {
    this.pauseRequested = true;
    this.scene.machine.requestPause();
  }
  /** Whether somebody asked for it since the program began to run. */
  get pauses(): boolean {
    return this.pauseRequested;
  }
  /** The program begins to run, in whatever direction. */
  reset(): void {
    this.pauseRequested = false;
    this.hit = null;
  }

  async advance(goal: Goal): Promise<Stop> {
    if (this.scene.end !== null) throw new UsageError("the program has ended");
    this.reset();
    this.begin(goal);
    try {
      return await this.run(goal);
    } finally {
      this.leave();
    }
  }

  private begin(goal: Goal): void {
    const { look, scene } = this;
    look.begin(scene.fiber);
    this.about = null;
    this.running = true;
    this.asked = false;
    const own = this.observer(goal);
    scene.watch(Object.keys(own).length > 0 ? own : null);
    if (goal.steps === undefined) scene.machine.stopsAt = (fiber) => this.stopsAt(fiber);
  }

  private leave(): void {
    this.running = false;
    this.scene.watch(null);
    this.scene.machine.stopsAt = null;
  }

  /** Whether to stop before an instruction that is marked. */
  private stopsAt(fiber: FiberView): boolean {
    if (!this.scene.isOurs(fiber)) return false;
    this.hit = this.look.arrives(fiber);
    if (this.hit === null) this.about = this.look.about(fiber);
    return this.hit !== null || this.about !== null;
  }

  private async run(goal: Goal): Promise<Stop> {
    const { steps = Infinity } = goal;
    const stepping = steps !== Infinity;
    // What it stands at has been told of.
    for (let done = 0; ; done++) {
      const end = await this.turn(stepping, done === 0);
      const crossed = this.cross(goal);
      if (end !== null) return end;
      if (crossed?.end != null) return crossed.end;
      const { fiber, stands } = this.scene;
      // A run stops before breakpoints; a step has just come there.
      if (stepping && fiber.due < 0 && !stands) this.hit ??= this.look.arrives(fiber);
      if (this.hit !== null) return this.hit;
      if (this.pauseRequested) return { kind: "paused" };
      if (done + 1 >= steps) return { kind: "stepped" };
      if (!stepping) await this.breathe();
    }
  }

  /** Where the past ends, the program itself goes on. */
  private cross(goal: Goal): Scene | null {
    const { hit } = this;
    const next = this.crossed();
    if (next === null) return null;
    this.leave();
    this.show(next);
    this.begin(goal);
    this.hit = hit;
    return next;
  }

  /** Goes on by a slice, or by a step, or has the host answer. Null, or why it can go on no more. */
  private async turn(stepping: boolean, told: boolean): Promise<Stop | null> {
    const { look, scene } = this;
    const { fiber } = scene;
    if (scene.stands) return this.serve(stepping);
    const between = fiber.due >= 0;
    // A run past a mark, or by steps, is not asked about it.
    this.about = !between && (stepping || told) ? look.about(fiber) : null;
    const standing = this.about !== null;
    let outcome: Outcome = { kind: "paused" };
    if (!standing) {
      const slice = { fuel: SLICE, past: told && !between };
      const step = { fuel: between ? 0 : 1, drops: 1, past: true };
      outcome = scene.go(stepping ? step : slice);
    }
    if (this.about !== null) outcome = this.execute(this.about, standing);
    if (outcome.kind === "paused") return null;
    if (outcome.kind !== "host") return this.ended(outcome);
    this.hit ??= look.hostCall(outcome.call, scene.fiber);
    return this.hit === null ? this.serve(stepping) : null;
  }

  private ended(end: End): End {
    this.scene.end = end;
    return end;
  }

  /** Executes the one instruction before which the machine stands, which does what a stop is about. */
  private execute(about: About, standing: boolean): Outcome {
    const { look, scene } = this;
    this.about = null;
    // That at which the run began was not asked about yet.
    this.asked = !standing;
    const outcome = scene.go({ fuel: 1, past: true });
    this.asked = false;
    if (outcome.kind === "paused") this.hit ??= look.after(about, scene.fiber);
    return outcome;
  }

  private async serve(stepping: boolean): Promise<Stop | null> {
    const { look, scene } = this;
    const call = scene.fiber.hostCall;
    const deed: Deed = await scene.serve(stepping ? 1 : Infinity);
    switch (deed.kind) {
      case "returned":
        this.hit ??= look.hostReturned(deed.func, deed.results, scene.fiber);
        return null;
      case "caught":
        this.hit ??= look.hostChanged(deed.func.name, scene.fiber);
        return null;
      case "threw":
        return this.ended(deed);
      case "other":
        return null;
      case "no answer":
        return { kind: "no answer", call };
    }
  }

  private observer({ until, leave }: Goal): Observer {
    return {
      ...(leave === undefined ? {} : { leave }),
      ...this.look.observer((happening) => this.happened(happening)),
      ...(until !== undefined && {
        instruction: (fiber: FiberView) => {
          if (!this.scene.isOurs(fiber) || this.asked) return undefined;
          const hit = until(fiber);
          if (hit === null) return undefined;
          // A breakpoint there says more.
          this.hit = this.look.arrives(fiber) ?? hit;
          return "pause";
        },
      }),
    };
  }

  private tell(event: ProgramEvent): void {
    if (!this.running) return;
    const happening = happeningOf(event);
    if (happening !== null) return this.happened(happening);
    if (event.type === "switch") this.happened({ event: "switch", action: event.name }, false);
  }

  /** @param isEvent whether it is one that stops are for; else it may have written to what is watched */
  private happened(happening: Happening, isEvent = true): void {
    const { machine, fiber: standing } = this.scene;
    const fiber = machine.fiber ?? standing;
    const hit = isEvent
      ? this.look.happened(happening, fiber)
      : this.look.changed(happening, fiber);
    if (hit === null) return;
    this.hit ??= hit;
    machine.requestPause();
  }
}

/** What stops are asked about. */
export const programOf = (scene: Scene) => ({
  get instance() {
    return scene.instance;
  },
  get instances() {
    return scene.instances;
  },
  get logical() {
    return logicalOf(scene);
  },
  isOurs: (fiber: FiberView) => scene.isOurs(fiber),
  get asyncify() {
    return scene.asyncify;
  },
  get tracker() {
    return scene.events?.tracker ?? null;
  },
});

/** The program's fiber that is on; without anybody who follows them, the machine's. */
export const logicalOf = ({ events, machine, fiber }: Scene): number =>
  events?.tracker?.current.id ?? (machine.fiber ?? fiber).id;
