// Runs a twin on Bobbin as the ordinary module that it is: no instrumentation, and
// none of Bobbin's own asyncify. The machine's observer sees what the probes see.

import { getGlobal, instantiate } from "../exec/instantiate.js";
import type { FiberView } from "../exec/fiber.js";
import { type Observer, observers } from "../exec/hooks.js";
import { Machine, type MachineOptions } from "../exec/machine.js";
import { decode } from "../binary/decode.js";
import { jsExports } from "../js-api/exports.js";
import { jsImports } from "../js-api/imports.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { validate } from "../valid/validate.js";
import { watchImports } from "./boundary.js";
import type { TwinProjection, TwinView } from "./projection.js";
import { nativeWaiting } from "./host.js";
import { drive, failedStart, makeHost, type Run } from "./run.js";
import type { TwinParts } from "./twin-parts.js";
import { prepareTwin, projectionOf, runOf, type TwinRequest } from "./twin-run.js";

export interface BobbinTwinRequest extends TwinRequest {
  /** Fuel, frames, nesting. */
  readonly limits?: Omit<MachineOptions, "observer" | "interposer">;
  /** Watches the machine as well. */
  readonly observer?: Observer;
  /** Given the instance before any of its code runs. */
  readonly onInstance?: (instance: ModuleInstance) => void;
}

export async function runTwinOnBobbin(request: BobbinTwinRequest): Promise<Run> {
  const prepared = prepareTwin(request);
  const { parts } = prepared;
  const twin = validate(decode(request.bytes));
  const view = new InstanceView(parts);
  const projection = projectionOf(prepared, view, request);
  const machine = new Machine({
    ...request.limits,
    observer: observers(observerOf(projection, view, parts), request.observer ?? {}),
  });
  const { host, imports } = await makeHost(twin, request, nativeWaiting(machine));
  const watched = watchImports(twin, imports, projection);

  let instance: ModuleInstance;
  try {
    const given = jsImports(machine, twin, watched, { suspend: false });
    instance = instantiate(machine, twin, given, (allocated) => {
      view.instance = allocated;
      request.onInstance?.(allocated);
    });
  } catch (error) {
    const failure = failedStart(error, view.instance === null ? null : projection);
    return runOf(projection, twin, null, view.bytes(), { error: failure }, request);
  }
  const exports = jsExports(machine, instance);
  const outcome = await drive({ module: twin, exports, boundary: projection }, host, request);
  return runOf(projection, twin, exports, view.bytes(), outcome, request);
}

function observerOf(
  projection: TwinProjection,
  view: InstanceView,
  { runtime }: TwinParts,
): Observer {
  return {
    enter(fiber: FiberView) {
      const { func, fp } = fiber.top;
      if (runtime.has(func.index)) {
        const [pointer] = func.signature.params;
        const high = pointer === "i64" ? (fiber.i32[fp + 1]! >>> 0) * 2 ** 32 : 0;
        const argument = pointer === undefined ? 0 : (fiber.i32[fp]! >>> 0) + high;
        projection.enterRuntime(func.index, argument);
      } else if (view.state !== 0) projection.enter(func.index);
    },
    leave(fiber: FiberView, how) {
      if (how === "trap" || how === "exception") return;
      const { index } = fiber.top.func;
      if (runtime.has(index)) projection.leaveRuntime();
      else if (view.state !== 0) projection.leave(index);
    },
  };
}

class InstanceView implements TwinView {
  instance: ModuleInstance | null = null;
  constructor(private readonly parts: TwinParts) {}

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
