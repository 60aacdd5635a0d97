// The calls between a program and its host, told as events at the JavaScript door,
// alike for every engine: what a host script imports and what it calls is wrapped.

import type { ImportObject } from "../js-api/imports.js";
import { resultList, toWasmNumber } from "../js-api/values.js";
import { stateName, type TraceEvent } from "../observe/events.js";
import { HostRef, type Value } from "../runtime/values.js";
import { functionTypeIndex, importsOf, type Module } from "../syntax/module.js";
import type { FuncType, ValType } from "../syntax/types.js";
import { SuspendingImport, type Waiting } from "./host.js";
import { endEvent } from "./reasons.js";
import { runtimeFunctions } from "../observe/runtime-functions.js";

/** Who is told. */
export interface Boundary {
  /** `__asyncify_state`. */
  readonly state: number;
  /** The program's side of a call is reached or left: events that are due come first. */
  observe(): void;
  emit(event: TraceEvent): void;
}

type JsFunction = (...args: unknown[]) => unknown;

export interface WatchOptions {
  /** Promises that imports return are awaited by the engine: their call ends when they do. */
  readonly suspend?: boolean;
}

/** The import object with all functions that `module` wants from it wrapped. */
export function watchImports(
  module: Module,
  imports: ImportObject,
  boundary: Boundary,
  { suspend = false }: WatchOptions = {},
): Record<string, Record<string, unknown>> {
  const watched: Record<string, Record<string, unknown>> = {};
  for (const [group, members] of Object.entries(imports))
    watched[group] = { ...(members as Record<string, unknown>) };
  for (const { module: group, name, description } of importsOf(module, "func")) {
    const given = watched[group]?.[name];
    const waits = given instanceof SuspendingImport;
    const call = waits ? given.func : given;
    if (typeof call !== "function") continue;
    const type = module.types[description.type]!.comp as FuncType;
    const wanted = { module: group, name, type, suspend: suspend || waits };
    const watching = watchImport(wanted, call as JsFunction, boundary);
    watched[group]![name] = waits ? given.make(watching) : watching;
  }
  return watched;
}

interface WatchedImport {
  readonly module: string;
  readonly name: string;
  readonly type: FuncType;
  readonly suspend: boolean;
}

function watchImport(
  { module, name, type: { params, results }, suspend }: WatchedImport,
  call: JsFunction,
  boundary: Boundary,
): JsFunction {
  return (...given) => {
    boundary.observe();
    const args = given.map((value, i) => valueOf(value, params[i]!));
    boundary.emit({ type: "host", module, name, args });
    const settle = (returned: unknown): unknown => {
      const list = resultList(returned, results.length);
      const values = list.map((value, i) => valueOf(value, results[i]!));
      boundary.observe();
      boundary.emit({ type: "host return", module, name, results: values });
      const converted = list.map((value, i) => converter(value, values[i]!));
      return converted.length > 1 ? converted : converted[0];
    };
    const returned = call(...given);
    return suspend && returned instanceof Promise ? returned.then(settle) : settle(returned);
  };
}

/** What an engine is given on: conversions must not run the host's code a second time. */
const converter = (original: unknown, value: Value): unknown =>
  value.type === "i32" || value.type === "i64" ? value.value : original;

/** The functions among `exports` wrapped; asyncify's own tell of themselves. */
export function watchExports(
  module: Module,
  exports: Readonly<Record<string, unknown>>,
  boundary: Boundary,
): Record<string, unknown> {
  const watched: Record<string, unknown> = { ...exports };
  const runtime = runtimeFunctions(module);
  for (const { name, kind, index } of module.exports) {
    if (kind !== "func") continue;
    if (runtime.has(index)) {
      watched[name] = watchRuntime(exports[name] as JsFunction, boundary);
      continue;
    }
    const type = module.types[functionTypeIndex(module, index)]!.comp as FuncType;
    watched[name] = watchExport({ name, type, call: exports[name] as JsFunction, boundary });
  }
  return watched;
}

/** Where a runtime function trapped, nothing but its caller can tell that it is over. */
function watchRuntime(call: JsFunction, boundary: Boundary): JsFunction {
  return (...given) => {
    try {
      return call(...given);
    } finally {
      boundary.observe();
    }
  };
}

interface WatchedExport {
  readonly name: string;
  readonly type: FuncType;
  readonly call: JsFunction;
  readonly boundary: Boundary;
}

/** What is behind the functions that hosts get: engines know their own only. */
const watchedExports = new WeakMap<object, WatchedExport>();

/** Of exports that wait for promises, the call is told when it is made, and its end when it comes. */
export const watchWaiting = (waiting: Waiting): Waiting => ({
  ...waiting,
  promising(func) {
    const watched = watchedExports.get(func);
    if (watched === undefined) return waiting.promising(func);
    const call = waiting.promising(watched.call as never);
    return watchCall({ ...watched, call }, true) as ReturnType<Waiting["promising"]>;
  },
});

function watchExport(watched: WatchedExport): JsFunction {
  const call = watchCall(watched, false);
  watchedExports.set(call, watched);
  return call;
}

/** @param waits the call answers with a promise of its results */
function watchCall(
  { name, type: { params, results }, call, boundary }: WatchedExport,
  waits: boolean,
): JsFunction {
  const failed = (error: unknown): never => {
    boundary.observe();
    boundary.emit(endEvent(name, error));
    throw error;
  };
  const settle = (returned: unknown): unknown => {
    boundary.observe();
    const list = results.length > 1 ? (returned as unknown[]) : [returned].slice(0, results.length);
    boundary.emit({
      type: "return",
      name,
      results: list.map((value, i) => valueOf(value, results[i]!)),
      state: stateName(boundary.state),
    });
    return returned;
  };
  return (...given) => {
    const values = params.map((type, i) => valueOf(given[i], type));
    const args = values.map((value, i) => converter(given[i], value));
    boundary.observe();
    boundary.emit({ type: "call", name, args: values });
    let returned: unknown;
    try {
      returned = call(...args);
    } catch (error) {
      return failed(error);
    }
    return waits ? (returned as Promise<unknown>).then(settle, failed) : settle(returned);
  };
}

/** A value as events hold it: of references, only what JavaScript has. */
export function valueOf(value: unknown, type: ValType): Value {
  if (typeof type !== "object") return toWasmNumber(value, type);
  return { type: "ref", ref: value === null ? null : new HostRef(value) };
}
