// What all runs of a twin have in common: which of its functions is which, and how
// a projection becomes a run.

import { decode } from "../binary/decode.js";
import { functionName } from "../syntax/module.js";
import type { ValidModule } from "../valid/validate.js";
import { type ProjectedFunction, TwinProjection, type TwinView } from "../observe/projection.js";
import type { RunError } from "./reasons.js";
import { globalsOf, type Run, type RunRequest } from "./run.js";
import { twinParts } from "../observe/twin-parts.js";
import { checkImports, mapFunctions } from "./twin-mapping.js";
import type { Value } from "../runtime/values.js";
import type { Module } from "../syntax/module.js";

export interface TwinRequest extends RunRequest {
  /** The instrumented module. */
  readonly bytes: Uint8Array;
  /** The module that it was made from. */
  readonly plain: ValidModule;
  /** Plain indices of the instrumented functions. Default: what the twin's own code says. */
  readonly instrumented?: ReadonlySet<number>;
  /** Twin index of `__stack_pointer`, where no name tells it. */
  readonly stackPointer?: number;
  /** Plain index by twin index, for all functions but the runtime. Default: found by order and name. */
  readonly mapping?: ReadonlyMap<number, number>;
}

/** @throws TwinError; MalformedError for instructions that Bobbin does not know */
export function prepareTwin({ bytes, plain, instrumented, stackPointer, mapping }: TwinRequest) {
  const twin = decode(bytes, { lazyBodies: true });
  const parts = twinParts(twin, stackPointer);
  checkImports(plain, twin);
  const map = mapping ?? mapFunctions(plain, twin, parts.runtime);
  const functions = new Map<number, ProjectedFunction>();
  for (const [twinIndex, index] of map) {
    functions.set(twinIndex, {
      index,
      name: functionName(plain, index),
      instrumented: instrumented?.has(index) ?? parts.instrumented.has(twinIndex),
    });
  }
  return { twin, parts, functions };
}
export type PreparedTwin = ReturnType<typeof prepareTwin>;

export const projectionOf = (
  { parts, functions }: PreparedTwin,
  view: TwinView,
  { digest = false, onEvent }: RunRequest,
) =>
  new TwinProjection({
    view,
    functions,
    runtime: parts.runtime,
    pointerSize: parts.pointer === "i64" ? 8 : 4,
    digest,
    onEvent,
  });

export interface Outcome {
  readonly results?: readonly Value[];
  readonly error?: RunError;
}

/** `exports` is null where there is no instance, because instantiation trapped. */
export function runOf(
  projection: TwinProjection,
  twin: Module,
  exports: Readonly<Record<string, unknown>> | null,
  memory: Uint8Array,
  outcome: Outcome,
  { digest = false }: RunRequest,
): Run {
  const { events, sizes, payloads } = projection;
  const globals = exports === null ? new Map<string, Value>() : globalsOf(twin, exports);
  return {
    events,
    ...outcome,
    globals,
    memory,
    ...(digest && exports !== null ? { digest: projection.digest() } : {}),
    sizes,
    payloads,
  };
}
