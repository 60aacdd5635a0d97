// Where Asyncify stood when a run ended, without a checker: read from the instance at once,
// because the program may go on and change it.

import { type Asyncify, asyncifyOf } from "../../fiber/asyncify/asyncify.js";
import { stateName } from "../../fiber/asyncify/events.js";
import type { ModuleInstance } from "../../runtime/instances.js";
import type { StoppedError } from "../../runtime/traps.js";
import type { Module } from "../../syntax/module.js";
import { MalformedError } from "../../util/errors.js";
import type { AsyncifyStack, AsyncifyState } from "../events.js";
import { InstanceView } from "../instrumented.js";
import { isInstrumented } from "../runtime-functions.js";
import { type RuntimeParts, runtimeParts, TwinError } from "../twin-parts.js";

/** Asyncify's state, and its two words in memory, at the end of a run. */
export interface StateAtEnd extends AsyncifyStack {
  readonly state: AsyncifyState;
  /** The instance that is instrumented; null where Asyncify is native. */
  readonly instance: ModuleInstance | null;
  /** The call index that a rewind popped last: the word at the position. */
  readonly callIndex: number | null;
}

/** Null for a run that has nothing to do with Asyncify. Of several instances the innermost counts. */
export function stateAtEnd({ trace }: StoppedError): StateAtEnd | null {
  // A native runtime function that the host called has no frame.
  const direct = trace?.entry == null ? undefined : asyncifyOf(trace.entry);
  if (direct !== undefined) return stateOf(direct);
  const sites = trace?.sites ?? [];
  // A frame may have gone, or not come, because of what the error is about.
  for (const func of [...sites.map((site) => site.func), trace?.entry]) {
    const instance = func?.instance ?? null;
    if (instance === null) continue;
    const native = asyncifyOf(instance);
    if (native !== undefined) return stateOf(native);
    const parts = partsOf(instance.module);
    if (parts !== null) return lookAt(instance, parts);
  }
  return null;
}

/** Null before there is an instance, whose memory holds the buffer. */
const stateOf = (asyncify: Asyncify): StateAtEnd | null =>
  asyncify.instance === null
    ? null
    : {
        state: stateName(asyncify.state),
        instance: null,
        callIndex: null,
        ...asyncify.stack(),
      };

function lookAt(instance: ModuleInstance, parts: RuntimeParts): StateAtEnd {
  const view = new InstanceView(parts);
  view.instance = instance;
  const { state, data, sp } = view;
  const pos = view.pointer(data);
  const end = view.pointer(data + (parts.pointer === "i64" ? 8 : 4));
  const callIndex = state === 2 && pos !== null ? view.word(pos) : null;
  return { state: stateName(state), instance, data, pos, end, sp, callIndex };
}

const known = new WeakMap<Module, RuntimeParts | null>();

/** Null for modules that are not instrumented, or otherwise than by Binaryen's pass alone. */
export function partsOf(module: Module): RuntimeParts | null {
  let parts = known.get(module);
  if (parts === undefined) {
    parts = isInstrumented(module) ? unlessTwinError(() => runtimeParts(module)) : null;
    known.set(module, parts);
  }
  return parts;
}

export function unlessTwinError<T>(look: () => T): T | null {
  try {
    return look();
  } catch (error) {
    // Lazily validated bodies may be malformed.
    if (error instanceof TwinError || error instanceof MalformedError) return null;
    throw error;
  }
}
