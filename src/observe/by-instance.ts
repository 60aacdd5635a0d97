// The observer of a machine on which many instances run and some are watched, each by an
// observer of its own, which hears of that instance alone. What none of them wants to hear
// of is not there, so that the machine does not stop for it.

import type { FiberView } from "../exec/fiber.js";
import { type Observer, observers } from "../exec/hooks.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";

type Key = Exclude<keyof Observer, "instruction">;

/** Of calls by the host it is the function that tells the instance, of what wasm does the frame. */
const CALLS: readonly Key[] = ["call", "return", "fail"];
const FRAMES: readonly Key[] = ["enter", "leave"];
const ASKED: readonly Key[] = ["hostCall", "hostReturn", "hostThrow"];

export class InstanceObservers {
  /** For the machine; it gets more members as instances come. */
  readonly observer: Observer;
  private readonly observers = new Map<ModuleInstance, Observer>();
  /** Whose runtime functions these are. */
  private readonly natives = new Map<FuncInstance, ModuleInstance>();
  private readonly offered = new Set<keyof Observer>();

  /** @param everywhere hears of all that the machine does, and first */
  constructor(private readonly everywhere: Observer = {}) {
    this.observer = observers(everywhere);
  }

  /**
   * Before any code of the instance runs.
   * @param natives functions that are no wasm, but the instance's all the same
   */
  add(instance: ModuleInstance, observer: Observer, natives: Iterable<FuncInstance> = []): void {
    this.observers.set(instance, observer);
    for (const native of natives) this.natives.set(native, instance);
    for (const key of CALLS)
      this.offer(key, observer, (func) => this.ownersOf(func as FuncInstance));
    for (const key of FRAMES)
      this.offer(key, observer, (fiber) => one((fiber as FiberView).top.func.instance));
    for (const key of ASKED)
      this.offer(key, observer, (fiber) => this.askers(fiber as FiberView | null));
    this.offer("trap", observer, (fiber) => this.trapped(fiber as FiberView));
    this.offer("fiberSwitch", observer, () => this.observers.keys());
    if ("instruction" in observer) this.offerInstructions();
  }

  private offer(
    key: Key,
    observer: Observer,
    concerned: (first: unknown) => Iterable<ModuleInstance>,
  ): void {
    if (observer[key] === undefined || this.offered.has(key)) return;
    this.offered.add(key);
    const of = ({ [key]: told }: Observer) => told as ((...args: unknown[]) => void) | undefined;
    const everywhere = of(this.everywhere);
    const pass = (...args: unknown[]): void => {
      everywhere?.(...args);
      for (const instance of concerned(args[0])) of(this.observers.get(instance) ?? {})?.(...args);
    };
    Object.assign(this.observer, { [key]: pass });
  }

  private offerInstructions(): void {
    if (this.offered.has("instruction")) return;
    this.offered.add("instruction");
    const { everywhere } = this;
    const instruction = (fiber: FiberView): "pause" | undefined => {
      const { instance } = fiber.top.func;
      const answer = everywhere.instruction?.(fiber);
      const observer = instance === null ? undefined : this.observers.get(instance);
      return observer?.instruction?.(fiber) ?? answer;
    };
    const wanted = (): boolean => {
      for (const observer of this.observers.values())
        if (observer.instruction !== undefined) return true;
      return everywhere.instruction !== undefined;
    };
    // It may come and go.
    const get = () => (wanted() ? instruction : undefined);
    Object.defineProperty(this.observer, "instruction", { get, enumerable: true });
  }

  private ownersOf(func: FuncInstance): Iterable<ModuleInstance> {
    const owner = func.instance ?? this.natives.get(func);
    return owner === undefined ? this.observers.keys() : [owner];
  }

  /** The host itself may have called the function, through any instance that exports it again. */
  private askers(fiber: FiberView | null): Iterable<ModuleInstance> {
    return fiber === null || fiber.depth === 0
      ? this.observers.keys()
      : one(fiber.top.func.instance);
  }

  /** All whose frames stand on the fiber, or on those that resumed it. */
  private trapped(innermost: FiberView): Iterable<ModuleInstance> {
    const found = new Set<ModuleInstance>();
    for (let fiber: FiberView | null = innermost; fiber !== null; fiber = fiber.parent)
      for (let i = 0; i < fiber.depth; i++) {
        const { instance } = fiber.frames[i]!.func;
        if (instance !== null) found.add(instance);
      }
    // A runtime function that the host calls runs on a fiber without frames.
    return found.size > 0 ? found : this.observers.keys();
  }
}

const one = (instance: ModuleInstance | null): readonly ModuleInstance[] =>
  instance === null ? [] : [instance];
