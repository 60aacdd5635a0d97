// How instances are made through an object `WebAssembly`: with native asyncify where it was
// asked for, as if Binaryen's pass had gone over the module, and before the eyes of whoever is
// attached.

import { instantiate } from "../exec/instantiate.js";
import type { Machine } from "../exec/machine.js";
import { analyzeRoles } from "../fiber/asyncify/analyze.js";
import { Asyncify, type AsyncifySettings } from "../fiber/asyncify/asyncify.js";
import { AsyncifyInstances } from "../fiber/asyncify/instances.js";
import { type Attachment, Attachments, EventRelay } from "../observe/attachments.js";
import { isInstrumented } from "../observe/runtime-functions.js";
import type { ExternInstance, ModuleInstance } from "../runtime/instances.js";
import type { Import } from "../syntax/module.js";
import type { ValidModule } from "../valid/validate.js";
import type { Compiled } from "./slots.js";

/** Binaryen's options and Bobbin's own, for every module that is not instrumented. */
export type NativeAsyncify = Omit<AsyncifySettings, "listener" | "onState" | "roles" | "globals">;

/** What a module is compiled with: its part of the pass. @throws AsyncifyError */
export function compiledAsyncify(
  module: ValidModule,
  settings: NativeAsyncify | null,
): Compiled["asyncify"] {
  if (settings === null || isInstrumented(module)) return null;
  return { ...settings, roles: analyzeRoles(module, settings) };
}

/** The pass resolves these imports, whatever the host has: nobody sees them. */
export const isResolved = ({ asyncify }: Compiled, { module, description }: Import): boolean =>
  asyncify !== null && module === "asyncify" && description.kind === "func";

/** What the pass adds to the exports of a module. */
export const addedExports = ({
  module,
  asyncify,
}: Compiled): ReadonlyMap<string, ExternInstance> =>
  asyncify === null ? new Map() : new Asyncify(module, asyncify).exports;

/** An instance that is about to be made. */
export interface Begun {
  readonly compiled: Compiled;
  readonly asyncify: Asyncify | null;
  readonly relay: EventRelay;
}

export class Instantiation {
  private readonly attachments: Attachments;
  private readonly asyncified: AsyncifyInstances;

  constructor(
    private readonly machine: Machine,
    attachments: readonly Attachment[],
  ) {
    this.attachments = new Attachments(machine, attachments);
    this.asyncified = new AsyncifyInstances(machine);
  }

  begin(compiled: Compiled): Begun {
    const relay = new EventRelay();
    const { module, asyncify: settings } = compiled;
    if (settings === null) return { compiled, asyncify: null, relay };
    const asyncify = new Asyncify(module, {
      ...settings,
      ...(this.attachments.any ? { listener: relay.event } : {}),
      onState: this.asyncified.stateChanged,
    });
    return { compiled, asyncify, relay };
  }

  /** @param imports in the module's order */
  finish({ compiled, asyncify, relay }: Begun, imports: readonly ExternInstance[]): ModuleInstance {
    return instantiate(this.machine, compiled.module, imports, (instance) => {
      if (asyncify !== null) {
        asyncify.attach(instance);
        this.asyncified.add(asyncify, instance);
      }
      this.attachments.made(instance, asyncify, relay);
    });
  }
}
