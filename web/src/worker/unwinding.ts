// How a program unwinds, and who watches it: native asyncify, or what an instrumented module
// does by itself; and the checker, where there is something to check.

import {
  Asyncify,
  InstrumentedEvents,
  type ModuleInstance,
  type Observer,
  observers,
} from "../../../src/index.js";
import type { ProgramEvents } from "../../../src/debug/happenings.js";
import { checkerOf } from "../../../src/observe/check/instances.js";
import { isInstrumented } from "../../../src/observe/runtime-functions.js";
import { TwinError } from "../../../src/observe/twin-parts.js";
import type { ValidModule } from "../../../src/valid/validate.js";
import type { RunLog } from "./run-log.js";

export interface Unwinding {
  /** Null for an instrumented module. */
  readonly asyncify: Asyncify | null;
  /** Before all others. */
  readonly observer: Observer;
  attach(instance: ModuleInstance): void;
  finish(): void;
}

export function unwindingOf(module: ValidModule, events: ProgramEvents, log: RunLog): Unwinding {
  const instrumented = isInstrumented(module);
  const projection = instrumented ? projectionOf(module, events) : null;
  const asyncify = instrumented ? null : new Asyncify(module, { listener: events.emit });
  const imported = module.imports.some((wanted) => wanted.module === "asyncify");
  const checker =
    imported || projection !== null ? checkerOf(module, { onFinding: () => log.found() }) : null;
  if (checker !== null) {
    events.listen((event) => {
      if (event.type !== "fiber") checker.event(event);
    });
    log.checked(() => checker.findings);
  }
  return {
    asyncify,
    observer: observers(projection?.observer ?? {}, checker?.observer ?? {}),
    attach(instance) {
      asyncify?.attach(instance);
      projection?.attach(instance);
      checker?.attach(instance);
    },
    finish: () => checker?.finish(),
  };
}

/** Null where the module was instrumented in a way that cannot be followed. */
function projectionOf(module: ValidModule, events: ProgramEvents): InstrumentedEvents | null {
  try {
    return new InstrumentedEvents(module, events.emit);
  } catch (error) {
    if (error instanceof TwinError) return null;
    throw error;
  }
}
