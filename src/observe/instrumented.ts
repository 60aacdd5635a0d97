// What a machine that runs an instrumented module tells of its asyncify: the observer
// that feeds a projection, and all of it together for those who attach it themselves.

import type { FiberView } from "../exec/fiber.js";
import type { Observer } from "../exec/hooks.js";
import { getGlobal } from "../exec/instantiate.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { functionName } from "../syntax/module.js";
import type { ValidModule } from "../valid/validate.js";
import type { AsyncifyEvent } from "./events.js";
import {
  type ProjectedFunction,
  type SavedProjection,
  TwinProjection,
  type TwinView,
} from "./projection.js";
import { type RuntimeParts, type TwinParts, twinParts } from "./twin-parts.js";

/**
 * The asyncify events of an instrumented module that a machine runs: what `Asyncify`
 * tells of a plain one. Give `observer` to the machine, in front of observers that want
 * the events first, and `attach` the instance before any of its code runs.
 */
export class InstrumentedEvents {
  readonly observer: Observer;
  private readonly view: InstanceView;
  private readonly projection: TwinProjection;

  /** @throws TwinError where `module` is not instrumented */
  constructor(module: ValidModule, listener: (event: AsyncifyEvent) => void) {
    const parts = twinParts(module);
    this.view = new InstanceView(parts);
    const functions = new Map<number, ProjectedFunction>();
    module.functions.forEach((_, i) => {
      const index = module.imported.func + i;
      const instrumented = parts.instrumented.has(index);
      if (!parts.runtime.has(index))
        functions.set(index, { index, name: functionName(module, index), instrumented });
    });
    const projection = (this.projection = new TwinProjection({
      view: this.view,
      functions,
      runtime: parts.runtime,
      pointerSize: parts.pointer === "i64" ? 8 : 4,
      onEvent: (event) => listener(event as AsyncifyEvent),
    }));
    this.observer = projectionObserver(projection, this.view, parts);
  }

  attach(instance: ModuleInstance): void {
    this.view.instance = instance;
  }

  /** `__asyncify_state`. */
  get state(): number {
    return this.view.state;
  }

  save(): SavedProjection {
    return this.projection.save();
  }
  restore(saved: SavedProjection): void {
    this.projection.restore(saved);
  }
}

/** Must see the machine before whoever wants the events in order with it. */
export function projectionObserver(
  projection: TwinProjection,
  view: InstanceView,
  { runtime }: TwinParts,
): Observer {
  // Whatever the program does next, what is due comes first.
  const observe = () => projection.observe();
  return {
    call: observe,
    return: observe,
    fail: observe,
    hostCall: observe,
    hostReturn: observe,
    trap: observe,
    enter(fiber: FiberView) {
      const { func, fp } = fiber.top;
      if (func.instance !== view.instance) return;
      if (runtime.has(func.index)) {
        const [pointer] = func.signature.params;
        const high = pointer === "i64" ? (fiber.i32[fp + 1]! >>> 0) * 2 ** 32 : 0;
        const argument = pointer === undefined ? 0 : (fiber.i32[fp]! >>> 0) + high;
        projection.enterRuntime(func.index, argument);
      } else if (view.state !== 0) projection.enter(func.index);
    },
    leave(fiber: FiberView, how) {
      const { func } = fiber.top;
      if (how === "trap" || how === "exception" || func.instance !== view.instance) return;
      if (runtime.has(func.index)) projection.leaveRuntime();
      else if (view.state !== 0) projection.leave(func.index);
    },
  };
}

export class InstanceView implements TwinView {
  instance: ModuleInstance | null = null;
  constructor(private readonly parts: RuntimeParts) {}

  get state(): number {
    return this.global(this.parts.state);
  }
  get data(): number {
    return this.global(this.parts.data);
  }
  get sp(): number | null {
    const { stackPointer } = this.parts;
    return stackPointer === null ? null : this.global(stackPointer);
  }
  word(address: number): number | null {
    const memory = this.instance?.memories[this.parts.memory];
    return memory !== undefined && address + 4 <= memory.view.byteLength
      ? memory.view.getUint32(address, true)
      : null;
  }
  pointer(address: number): number | null {
    if (this.parts.pointer === "i32") return this.word(address);
    const memory = this.instance?.memories[this.parts.memory];
    return memory !== undefined && address + 8 <= memory.view.byteLength
      ? Number(memory.view.getBigUint64(address, true))
      : null;
  }
  bytes(): Uint8Array {
    return this.instance?.memories[0]?.bytes ?? new Uint8Array();
  }
  recordBytes(): Uint8Array | null {
    const { memory } = this.parts;
    return memory === 0 ? null : (this.instance?.memories[memory]?.bytes ?? new Uint8Array());
  }

  /** As an unsigned number. */
  private global(index: number): number {
    const global = this.instance?.globals[index];
    const value = global === undefined ? undefined : getGlobal(global);
    if (value?.type === "i64") return Number(BigInt.asUintN(64, value.value));
    return value?.type === "i32" ? value.value >>> 0 : 0;
  }
}
