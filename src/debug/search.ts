// What somebody looks for in the past: any of the stops, that something was written, that a
// fiber ran, an event by its number. All say where something is about to happen.

import type { FiberView } from "../exec/fiber.js";
import { callOf } from "../history/calls.js";
import type { Probe } from "../history/timeline.js";
import { happeningOf, type ProgramEvent } from "./happenings.js";
import type { PastScene } from "./past.js";
import { programOf } from "./runner.js";
import { type Hit, StopLook } from "./stop-look.js";
import type { Stops } from "./stops.js";

/** One that knows what it found last. */
export interface StopProbe extends Probe {
  readonly last: Hit | null;
}

/** Any of some stops, which nobody else uses. Of what is written, the hit says only what was there before. */
export class StopSearch implements StopProbe {
  last: Hit | null = null;

  constructor(
    private readonly scene: PastScene,
    private readonly stops: Stops,
  ) {}

  attach(_replica: unknown, hit: () => void): () => void {
    const { scene, stops } = this;
    const { machine, replica } = scene;
    const look = new StopLook(stops, programOf(scene));
    const note = (found: Hit | null): void => {
      if (found === null) return;
      this.last = found;
      hit();
    };
    const current = (): FiberView => machine.fiber!;
    look.begin(current());
    machine.stopsAt = (fiber) => {
      if (!scene.isOurs(fiber)) return false;
      note(look.arrives(fiber));
      const about = look.about(fiber);
      if (about !== null) note(look.after({ ...about, throws: false }, fiber));
      return false;
    };
    scene.hear = (event) => {
      const happening = happeningOf(event);
      if (happening !== null) note(look.happened(happening, current()));
      else if (event.type === "switch")
        note(look.changed({ event: "switch", action: event.name }, current()));
    };
    let func = replica.machine.fiber?.hostCall?.func;
    replica.watch({
      ...look.observer((happening) => note(look.happened(happening, current()))),
      stops(fiber, outcome) {
        if (outcome.kind !== "host") return;
        ({ func } = outcome.call);
        if (scene.isOurs(fiber)) note(look.hostCall(outcome.call, fiber));
      },
    });
    replica.onEntry = ({ deed, changes }) => {
      if (deed.kind !== "answer" && changes === null) return;
      const results = deed.kind === "answer" ? replica.answered : [];
      if (func !== undefined && machine.fiber !== null && scene.isOurs(machine.fiber))
        note(look.hostReturned(func, results, current()));
    };
    return () => {
      machine.stopsAt = null;
      scene.hear = null;
      replica.onEntry = null;
      replica.watch(null);
      look.marks.remove();
    };
  }
}

/** One of the program's fibers is about to leave off. */
export const leavesOff = (scene: PastScene, id: number): Probe => ({
  attach(_replica, hit) {
    scene.hear = (event) => {
      if (leaves(event, scene, id)) hit();
    };
    return () => {
      scene.hear = null;
    };
  },
});

function leaves(event: ProgramEvent, { events, native }: PastScene, id: number): boolean {
  const on = events.tracker?.current.id === id;
  if (event.type === "runtime") return event.name === "start_unwind" && on;
  if (event.type !== "fiber") return false;
  // By unwinding it has left off before.
  if (event.action === "suspend") return native !== null && event.fibers.at(-1) === id;
  return on;
}

/** The events of a run as `bobbin trace` numbers them. */
export const anyEvent = (scene: PastScene): Probe => ({
  attach(replica, hit) {
    scene.hear = hit;
    replica.onEntry = ({ deed }) => {
      const runtime = deed.kind === "call" && deed.func.kind === "runtime";
      if ((deed.kind === "call" && !runtime) || deed.kind === "answer") hit();
    };
    replica.watch({
      stops(fiber, { kind }) {
        // One of asyncify's functions was called, which tells of itself.
        const own = replica.log.entries[replica.position.entries - 1]?.deed;
        const runtime = own?.kind === "call" && own.func.kind === "runtime";
        if (kind !== "paused" && !(runtime && callOf(fiber) === fiber.id)) hit();
      },
    });
    return () => {
      scene.hear = null;
      replica.onEntry = null;
      replica.watch(null);
    };
  },
});
