// What somebody looks for in the past: any of the stops, that something was written, that a
// fiber ran, an event by its number. All say where something is about to happen.

import { addBreaks, removeBreaks } from "../exec/breaks.js";
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

/**
 * Any of some stops, which nobody else uses. Of what an instruction writes, the hit says only
 * what was there before.
 */
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
    look.begin(machine.fiber!);
    const behind = look.marks.writers.flatMap((writers) => [...writers.behind()]);
    for (const [func, pcs] of behind) addBreaks(func, pcs);
    // An instruction writes after it was asked about: what it left is looked at behind it.
    let writing = false;
    machine.stopsAt = (fiber) => {
      if (writing) look.marks.look(fiber);
      writing = false;
      if (!scene.isOurs(fiber)) return false;
      note(look.arrives(fiber));
      const about = look.about(fiber);
      if (about === null) return false;
      writing = true;
      note(look.after(about, fiber));
      return false;
    };
    scene.hear = (event) => {
      const happening = happeningOf(event);
      const fiber = machine.fiber!;
      if (happening !== null) note(look.happened(happening, fiber));
      else if (event.type === "switch")
        note(look.changed({ event: "switch", action: event.name }, fiber));
    };
    let func = machine.fiber?.hostCall?.func;
    replica.watch({
      ...look.observer((happening) => note(look.happened(happening, machine.fiber!))),
      stops(fiber, outcome) {
        if (outcome.kind !== "host") return;
        ({ func } = outcome.call);
        if (scene.isOurs(fiber)) note(look.hostCall(outcome.call, fiber));
      },
    });
    replica.onEntry = ({ deed, changes }) => {
      const { fiber } = machine;
      if (func === undefined || fiber === null || !scene.isOurs(fiber)) return;
      if (deed.kind === "answer") note(look.hostReturned(func, replica.answered, fiber));
      else if (changes !== null) note(look.hostChanged(func.name, fiber));
    };
    return () => {
      machine.stopsAt = null;
      scene.hear = null;
      replica.onEntry = null;
      replica.watch(null);
      for (const [marked, pcs] of behind) removeBreaks(marked, pcs);
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
