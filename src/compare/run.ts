// A run of a program, whoever ran it: what is asked for, and what it comes to.

import type { ImportObject } from "../js-api/imports.js";
import { toJsNumber } from "../js-api/values.js";
import { endEvent, HOST_EXCEPTION, reasonOf, type RunError } from "./reasons.js";
import { type Boundary, valueOf, watchExports, watchWaiting } from "./boundary.js";
import { Intervals } from "../observe/digest.js";
import {
  type Host,
  type HostLog,
  type HostScript,
  invokeAs,
  type Waiting,
  stubImports,
} from "./host.js";
import type { TraceEvent } from "../observe/events.js";
import type { Value } from "../runtime/values.js";
import { UsageError } from "../util/errors.js";
import { functionTypeIndex, type Module } from "../syntax/module.js";
import type { FuncType, GlobalType } from "../syntax/types.js";

export interface RunRequest {
  /** Default: a host without imports. */
  readonly hostScript?: HostScript;
  /** What the script is given; default: a log that nobody reads. */
  readonly context?: HostLog;
  /** The export to call. */
  readonly invoke: string;
  readonly args: readonly Value[];
  /** Answer with zeros for functions that the script does not supply. */
  readonly stub?: boolean;
  /** Take digests of memory, at each runtime event and at the end. */
  readonly digest?: boolean;
  /** Told every event as it happens. */
  readonly onEvent?: (event: TraceEvent) => void;
}

export interface Run {
  readonly events: readonly TraceEvent[];
  /** Of the export that was asked for, where it returned values of its types. */
  readonly results?: readonly Value[];
  /** Why it did not. */
  readonly error?: RunError;
  /** Final values of exported globals of number types. */
  readonly globals: ReadonlyMap<string, Value>;
  /** Final memory 0; of no bytes where there is none. */
  readonly memory: Uint8Array;
  readonly digest?: number;
  /** Payload bytes of a record (all but its index word) by plain function index, as far as seen. */
  readonly sizes: ReadonlyMap<number, number>;
  /** Addresses of all payloads: no digest covers them. */
  readonly payloads: Intervals;
}

/** Why it failed. A program that ended itself did not, whatever its exit code. */
export const failureOf = ({ error }: Pick<Run, "error">): RunError | undefined =>
  error?.kind === "exit" ? undefined : error;

/** The host of a run, made anew for it. */
export async function makeHost(
  module: Module,
  { hostScript, context = { log: () => undefined }, stub = false }: RunRequest,
  waiting: Waiting,
): Promise<{ readonly host: Host; readonly imports: ImportObject }> {
  const host = (await hostScript?.({ ...watchWaiting(waiting), ...context })) ?? {};
  const imports: ImportObject = stub ? stubImports(module, host.imports) : (host.imports ?? {});
  return { host, imports };
}

/** An instance of any engine, ready to be driven. */
export interface Driven {
  readonly module: Module;
  readonly exports: Readonly<Record<string, unknown>>;
  /** Tells the boundary of each call of an export. */
  readonly boundary: Boundary;
}

/** Calls the export as the host does, and tells what came of it. */
export async function drive(
  { module, exports, boundary }: Driven,
  host: Host,
  { invoke, args }: RunRequest,
): Promise<{ results?: readonly Value[]; error?: RunError }> {
  try {
    const instance = { exports: watchExports(module, exports, boundary) };
    host.onInstance?.(instance);
    const returned = await invokeAs(host, instance, invoke, args.map(numberOf));
    const results = resultsOf(module, invoke, returned);
    return results === undefined ? {} : { results };
  } catch (error) {
    return { error: reasonOf(error) };
  }
}

/** Arguments of a run are numbers: references have no text to be given in but null. */
function numberOf(value: Value): unknown {
  if (value.type === "v128")
    throw new UsageError("a run that is compared cannot take vectors: JavaScript has none");
  return value.type === "ref" ? null : toJsNumber(value);
}

/** Undefined where the script returned something else than the export does. */
function resultsOf(module: Module, name: string, returned: unknown): Value[] | undefined {
  const found = module.exports.find((e) => e.kind === "func" && e.name === name);
  if (found === undefined) return undefined;
  const { results } = module.types[functionTypeIndex(module, found.index)]!.comp as FuncType;
  const list = results.length > 1 ? returned : [returned].slice(0, results.length);
  if (!Array.isArray(list) || list.length !== results.length) return undefined;
  try {
    return results.map((type, i) => valueOf(list[i], type));
  } catch {
    return undefined;
  }
}

/** Final values of the globals that the module exports, asyncify's own excepted. */
export function globalsOf(
  module: Module,
  exports: Readonly<Record<string, unknown>>,
): Map<string, Value> {
  const globals = new Map<string, Value>();
  for (const { name, kind, index } of module.exports) {
    if (kind !== "global" || name.startsWith("__asyncify_")) continue;
    const { type } = globalType(module, index);
    if (typeof type === "object" || type === "v128") continue;
    globals.set(name, valueOf((exports[name] as { value: unknown }).value, type));
  }
  return globals;
}

function globalType(module: Module, index: number): GlobalType {
  const imported = module.imports.flatMap(({ description }) =>
    description.kind === "global" ? [description.type] : [],
  );
  return imported[index] ?? module.globals[index - imported.length]!.type;
}

/** Tells a trap of instantiation (a segment, the start function), and passes everything else on. */
export function failedStart(error: unknown, boundary: Boundary | null): RunError {
  const found = reasonOf(error);
  if (found.reason === HOST_EXCEPTION) throw error;
  boundary?.observe();
  boundary?.emit(endEvent("start", error));
  return found;
}
