// Runs a twin on Bobbin as the ordinary module that it is: no instrumentation, and
// none of Bobbin's own asyncify. The machine's observer sees what the probes see.

import { instantiate } from "../exec/instantiate.js";
import { type Observer, observers } from "../exec/hooks.js";
import { Machine, type MachineOptions } from "../exec/machine.js";
import { decode } from "../binary/decode.js";
import { jsExports } from "../js-api/exports.js";
import { jsImports } from "../js-api/imports.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { validate } from "../valid/validate.js";
import { watchImports } from "./boundary.js";
import { InstanceView, projectionObserver } from "../observe/instrumented.js";
import { nativeWaiting } from "./host.js";
import { drive, failedStart, makeHost, type Run } from "./run.js";
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
    observer: observers(projectionObserver(projection, view, parts), request.observer ?? {}),
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
