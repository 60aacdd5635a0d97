// Native asyncify for any number of instances on one machine, each with a state of its own:
// the machine's interposer, which asks the asyncify of the instance whose frame it is about.
// Instances come and go: those that nobody else holds are not held here.

import type { Fiber } from "../../exec/fiber.js";
import { type Course, type Interposer, interposers } from "../../exec/hooks.js";
import type { Machine } from "../../exec/machine.js";
import type { FuncInstance, ModuleInstance } from "../../runtime/instances.js";
import type { Asyncify } from "./asyncify.js";

export class AsyncifyInstances implements Interposer {
  private readonly found = new WeakMap<ModuleInstance, Asyncify>();
  /** Those that may be armed: nobody else is asked at each call. */
  private readonly awake = new Set<Asyncify>();
  private installed = false;

  /** Beside the interposer that the machine has already. */
  constructor(private readonly machine: Machine) {}

  /** After `asyncify.attach`. Its setting `onState` must be `stateChanged`. */
  add(asyncify: Asyncify, instance: ModuleInstance): void {
    // Whoever never asks for it does not pay for being asked.
    if (!this.installed) this.install();
    this.found.set(instance, asyncify);
    if (mayWakeUnheard(asyncify)) this.awake.add(asyncify);
    else this.stateChanged(asyncify);
  }

  private install(): void {
    const { machine } = this;
    const { interposer } = machine;
    machine.interposer = interposer === null ? this : interposers(interposer, this);
    this.installed = true;
  }

  readonly stateChanged = (asyncify: Asyncify): void => {
    if (asyncify.armed) this.awake.add(asyncify);
    else if (!mayWakeUnheard(asyncify)) this.awake.delete(asyncify);
  };

  get armed(): boolean {
    for (const asyncify of this.awake) if (asyncify.armed) return true;
    return false;
  }

  onEnter(fiber: Fiber): Course | FuncInstance {
    return this.armedOf(fiber.top.func)?.onEnter(fiber) ?? "go on";
  }

  onReturnInto(fiber: Fiber): Course {
    return this.armedOf(fiber.top.func)?.onReturnInto(fiber) ?? "go on";
  }

  keepsCaller(caller: FuncInstance, target: FuncInstance): boolean {
    return this.asyncifyOf(caller)?.keepsCaller(caller, target) === true;
  }

  private asyncifyOf({ instance }: FuncInstance): Asyncify | undefined {
    return instance === null ? undefined : this.found.get(instance);
  }

  /** One that is not armed must not be asked. */
  private armedOf(func: FuncInstance): Asyncify | null {
    const asyncify = this.asyncifyOf(func);
    return asyncify?.armed === true ? asyncify : null;
  }
}

/** JavaScript may set a state that is exported, and tells nobody. */
const mayWakeUnheard = ({ settings }: Asyncify): boolean => settings.exportGlobals === true;
