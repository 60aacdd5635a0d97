// What happens in a program beside instructions, as far as somebody may want to stop there:
// one shape for all of it, in the words of `EVENTS`.

import type { AsyncifyEvent, SwitchEvent } from "../observe/events.js";
import { type FiberEvent, FiberTracker } from "../observe/fibers.js";
import type { Value } from "../runtime/values.js";
import { RecordLog } from "./records.js";
import type { EventName, EventStop } from "./stops.js";

/** What asyncify, native fibers and whoever follows fibers tell. */
export type ProgramEvent = AsyncifyEvent | SwitchEvent | FiberEvent;
/** Who passes such events on. */
export type EventSource = (listener: (event: ProgramEvent) => void) => void;

/** Passes events on to all who listen; who follows fibers comes last: others see who was on. */
export class ProgramEvents {
  readonly tracker: FiberTracker | null;
  readonly records = new RecordLog();
  private readonly listeners: ((event: ProgramEvent) => void)[] = [];

  /** @param follows whether the program switches fibers that somebody should follow */
  constructor(follows: boolean) {
    this.tracker = follows ? new FiberTracker((event) => this.pass(event)) : null;
  }

  readonly listen: EventSource = (listener) => {
    this.listeners.push(listener);
  };

  readonly emit = (event: AsyncifyEvent | SwitchEvent): void => {
    this.records.event(event);
    this.pass(event);
    this.tracker?.event(event);
  };

  private pass(event: ProgramEvent): void {
    for (const listener of this.listeners) listener(event);
  }
}

/** Something that happened, or is about to. */
export interface Happening {
  readonly event: EventName;
  /** The function concerned. */
  readonly func?: string;
  /** Of records: where it is. */
  readonly address?: number;
  readonly size?: number;
  readonly callIndex?: number;
  /** Of unwinds and rewinds, and of continuations that fibers are in. */
  readonly data?: number;
  /** Of switches: what happened to which of the program's fibers. */
  readonly action?: string;
  readonly fibers?: readonly number[];
  /** Of calls of the host: arguments or results. Of exceptions: what they carry. */
  readonly values?: readonly Value[];
}

const RUNTIME: Readonly<Record<string, EventName>> = {
  start_unwind: "unwind",
  stop_unwind: "unwound",
  start_rewind: "rewind",
  stop_rewind: "rewound",
};

/** Null for what nobody stops at. */
export function happeningOf(event: ProgramEvent): Happening | null {
  switch (event.type) {
    case "runtime": {
      const name = RUNTIME[event.name];
      return name === undefined ? null : { event: name, data: event.data };
    }
    case "push":
    case "pop": {
      const { type, name, address, size, callIndex, data } = event;
      return { event: type, func: name, address, size, callIndex, data };
    }
    case "fiber":
      if (event.action === "create") return null;
      return { event: "switch", action: event.action, fibers: event.fibers, data: event.at };
    case "switch":
      // Whoever follows fibers tells of it as one of `fiber`.
      return null;
  }
}

/** Whether a stop is for that; names of the host's functions may leave out the module. */
export function isFor({ event, of }: EventStop, happening: Happening): boolean {
  if (event !== happening.event) return false;
  const { func } = happening;
  return of === undefined || func === of || func?.endsWith(`.${of}`) === true;
}
