// What somebody looks for in the past: any of the stops, that something was written, that a
// fiber ran, an event by its number. All say where something is about to happen.

import type { Place } from "../exec/writers.js";
import { callOf } from "../history/calls.js";
import type { Changes } from "../history/changes.js";
import type { Probe } from "../history/timeline.js";
import { type Happening, happeningOf, type ProgramEvent } from "./happenings.js";
import type { PastScene } from "./past.js";
import { recordMemory } from "./records.js";
import { programOf } from "./runner.js";
import { type Hit, StopLook } from "./stop-look.js";
import type { Stops } from "./stops.js";

/** One that knows what it found last. */
export interface StopProbe extends Probe {
  readonly last: Hit | null;
}

/**
 * Any of some stops, which nobody else uses. Of what is written, the hit says only what was
 * there before: one that looks where it changes would have to stop behind each write.
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
    machine.stopsAt = (fiber) => {
      if (!scene.isOurs(fiber)) return false;
      note(look.arrives(fiber));
      const about = look.about(fiber);
      if (about !== null) note(look.after({ ...about, throws: false }, fiber));
      return false;
    };
    scene.hear = (event) => {
      const happening = happeningOf(event) ?? SWITCH;
      const fiber = machine.fiber!;
      if (event.type !== "switch") note(look.occurred(happening, fiber));
      const touches = writtenBy(event, scene);
      if (touches !== null) note(look.wrote(touches, fiber, { kind: "event", happening }));
    };
    let func = machine.fiber?.hostCall?.func;
    replica.watch({
      ...look.observer((happening) => note(look.occurred(happening, machine.fiber!))),
      stops(fiber, outcome) {
        if (outcome.kind !== "host") return;
        ({ func } = outcome.call);
        if (scene.isOurs(fiber)) note(look.hostCall(outcome.call, fiber));
      },
    });
    replica.onEntry = ({ deed, changes }) => {
      const { fiber } = machine;
      if (func === undefined || fiber === null || !scene.isOurs(fiber)) return;
      const { name } = func;
      const values = replica.answered;
      if (deed.kind === "answer")
        note(look.occurred({ event: "host-return", func: name, values }, fiber));
      const touches = changedBy(changes, scene);
      if (touches !== null) note(look.wrote(touches, fiber, { kind: "host", func: name }));
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

const SWITCH: Happening = { event: "switch" };

type Touches = ((place: Place) => boolean) | null;

const overlaps = (place: { address: number; size: number }, from: number, to: number): boolean =>
  from < place.address + place.size && place.address < to;

/** Where asyncify writes when it tells of something. */
function writtenBy(event: ProgramEvent, scene: PastScene): Touches {
  if (event.type !== "push" && event.type !== "pop") return null;
  const { memory, pointerSize } = recordMemory(scene);
  const { data, address, size, type } = event;
  return (place) =>
    place.kind === "memory" &&
    place.memory === memory &&
    (overlaps(place, data, data + pointerSize) ||
      (type === "push" && overlaps(place, address, address + size)));
}

/** What an entry of the log changes. */
function changedBy(changes: Changes | null, { replica: { store } }: PastScene): Touches {
  if (changes === null) return null;
  const { memories, tables, globals } = store;
  return (place) => {
    switch (place.kind) {
      case "memory":
        return changes.memories.some(
          ({ memory, runs }) =>
            memories.list[memory] === place.memory &&
            runs.some(({ at, bytes }) => overlaps(place, at, at + bytes.length)),
        );
      case "table":
        return changes.tables.some(
          ({ table, elements }) =>
            tables.list[table] === place.table &&
            elements.some(({ index }) => index >= place.index && index < place.index + place.size),
        );
      case "global":
        return changes.globals.some(({ global }) => globals.list[global] === place.global);
      case "local":
        return false;
    }
  };
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
