// Who is attached to a machine on which instances are made: the checker, a tracer, a debugger.
// Each is given the machine once and is told of every new instance; where it wants to watch
// one, it gets the instance's events and what the machine does with that instance.

import { type Observer, observers } from "../exec/hooks.js";
import type { Machine } from "../exec/machine.js";
import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import type { ModuleInstance } from "../runtime/instances.js";
import type { ValidModule } from "../valid/validate.js";
import { BoundaryEvents } from "./boundary-events.js";
import { InstanceObservers } from "./by-instance.js";
import type { AsyncifyEvent, TraceEvent } from "./events.js";
import { InstrumentedEvents } from "./instrumented.js";
import { isInstrumented } from "./runtime-functions.js";
import { TwinError } from "./twin-parts.js";

/** An instance none of whose code has run yet. */
export interface NewInstance {
  readonly instance: ModuleInstance;
  /**
   * For messages: what the module's name section calls it, or `module #2` for the second one
   * that is instantiated on this machine; with `(2)` behind it for a second instance.
   */
  readonly name: string;
  /** Native asyncify, where the instance has it. */
  readonly asyncify: Asyncify | null;
  /** Whether any of its code may unwind: natively, or because Binaryen instrumented it. */
  readonly unwinds: boolean;
  /** Why nothing can be told of its unwinds, though it was instrumented. */
  readonly unreadable: TwinError | null;
}

/** Watches one instance. */
export interface InstanceWatcher {
  /** What the machine does with the instance. */
  readonly observer?: Observer;
  /** Its events, in order with what the observer sees. */
  event?(event: TraceEvent): void;
}

export interface Attachment {
  /** Given the machine before any instance is made on it. */
  machine?(machine: Machine): void;
  /** Told of a new instance: who watches it, or null. A watched instance is never given up. */
  instance?(made: NewInstance): InstanceWatcher | null;
}

/** Takes the events of native asyncify: it is made before the instance is. */
export class EventRelay {
  private readonly takers: ((event: TraceEvent) => void)[] = [];
  add(taker: (event: TraceEvent) => void): void {
    this.takers.push(taker);
  }
  readonly event = (event: TraceEvent): void => {
    for (const take of this.takers) take(event);
  };
}

export class Attachments {
  private readonly watched: InstanceObservers;
  private readonly names = new InstanceNames();

  constructor(
    machine: Machine,
    private readonly all: readonly Attachment[],
  ) {
    // Who observes the whole machine comes first, and hears of everything.
    for (const attachment of all) attachment.machine?.(machine);
    this.watched = new InstanceObservers(machine.observer ?? {});
    if (all.length > 0) machine.observer = this.watched.observer;
  }

  /** Whether anybody will want events. */
  get any(): boolean {
    return this.all.length > 0;
  }

  /**
   * Tells everybody of an instance, before any of its code runs.
   * @param relay takes the events of its native asyncify
   */
  made(instance: ModuleInstance, asyncify: Asyncify | null, relay: EventRelay): void {
    if (!this.any) return;
    const name = this.names.of(instance.module);
    const { events, unreadable } = asyncify === null ? instrumentedEvents(instance, relay) : NONE;
    const unwinds = asyncify === null ? isInstrumented(instance.module) : mayUnwind(asyncify);
    const made = { instance, name, asyncify, unwinds, unreadable };
    const watchers = this.all.flatMap((attachment) => attachment.instance?.(made) ?? []);
    if (watchers.length === 0) return;
    const state = () => asyncify?.state ?? events?.state ?? 0;
    const boundary = new BoundaryEvents(instance, state, relay.event);
    for (const watcher of watchers) relay.add((event) => watcher.event?.(event));
    const observing = watchers.flatMap(({ observer }) => observer ?? []);
    const seen = [events?.observer ?? {}, boundary.before, ...observing, boundary.after];
    this.watched.add(instance, observers(...seen), asyncify?.functions.values());
  }
}

interface TwinEvents {
  readonly events: InstrumentedEvents | null;
  readonly unreadable: TwinError | null;
}
const NONE: TwinEvents = { events: null, unreadable: null };

function instrumentedEvents(instance: ModuleInstance, relay: EventRelay): TwinEvents {
  const { module } = instance;
  if (!isInstrumented(module)) return NONE;
  try {
    const events = new InstrumentedEvents(module, (event: AsyncifyEvent) => relay.event(event));
    events.attach(instance);
    return { events, unreadable: null };
  } catch (error) {
    if (error instanceof TwinError) return { events: null, unreadable: error };
    throw error;
  }
}

/** The pass would change a module in which a function may unwind, or works the runtime. */
const mayUnwind = ({ roles }: Asyncify): boolean =>
  roles.functions.some(
    ({ kind }) =>
      kind === "instrumented" || kind === "top-most runtime" || kind === "bottom-most runtime",
  );

/** Bytes have no file name. */
class InstanceNames {
  private modules = 0;
  private readonly labels = new WeakMap<ValidModule, string>();
  private readonly counts = new Map<string, number>();

  of(module: ValidModule): string {
    let label = this.labels.get(module);
    if (label === undefined) {
      const number = ++this.modules;
      label = module.names.module ?? `module #${number}`;
      this.labels.set(module, label);
    }
    const count = (this.counts.get(label) ?? 0) + 1;
    this.counts.set(label, count);
    return count === 1 ? label : `${label} (${count})`;
  }
}
