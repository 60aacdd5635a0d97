// The engine that Bobbin itself runs in, as far as runs need it; and a module run
// there just as it is, of which only calls to and from its host are seen.

import type { Module } from "../syntax/module.js";
import type { TraceEvent } from "../observe/events.js";
import { UsageError } from "../util/errors.js";
import { type Boundary, watchImports } from "./boundary.js";
import { digestOf, Intervals } from "../observe/digest.js";
import { engineWaiting, requireImports } from "./host.js";
import { drive, failedStart, globalsOf, makeHost, type Run, type RunRequest } from "./run.js";

/** As much of the WebAssembly JavaScript API as is used here. */
export interface Engine {
  instantiate(bytes: Uint8Array, imports?: object): Promise<{ instance: EngineInstance }>;
}
export interface EngineInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}
export interface EngineMemory {
  readonly buffer: ArrayBuffer;
}
export interface EngineGlobal {
  readonly value: number | bigint;
}
export interface EngineTable {
  set(index: number, value: unknown): void;
}

/** @throws UsageError where the host has no WebAssembly */
export function hostEngine(): Engine {
  const { WebAssembly: engine } = globalThis as { WebAssembly?: Engine };
  if (engine === undefined) throw new UsageError("this host has no WebAssembly engine");
  return engine;
}

export interface BareRequest extends RunRequest {
  /** Any module: a twin that cannot be looked into, or one without asyncify. */
  readonly module: Module;
  /** Default: the host's own `WebAssembly`. */
  readonly engine?: Engine;
}

/** The run's events compare at E0 only. Its memory is the first one exported. */
export async function runBare(request: BareRequest): Promise<Run> {
  const { module, engine = hostEngine(), digest = false } = request;
  const boundary = new BareBoundary(request.onEvent);
  const { host, imports } = await makeHost(module, request, engineWaiting(engine));
  requireImports(module, imports);
  const payloads = new Intervals();
  const unseen = { events: boundary.events, sizes: new Map<number, number>(), payloads };
  try {
    const watched = watchImports(module, imports, boundary);
    const { instance } = await engine.instantiate(module.bytes, watched);
    boundary.exports = instance.exports;
  } catch (error) {
    const failure = failedStart(error, boundary);
    return { ...unseen, error: failure, globals: new Map(), memory: new Uint8Array() };
  }
  const { exports } = boundary;
  const outcome = await drive({ module, exports, boundary }, host, request);
  const memory = memoryOf(module, exports);
  const end = digest ? { digest: digestOf(memory, payloads) } : {};
  return { ...unseen, ...outcome, globals: globalsOf(module, exports), memory, ...end };
}

function memoryOf(module: Module, exports: EngineInstance["exports"]): Uint8Array {
  const found = module.exports.find(({ kind }) => kind === "memory");
  return found === undefined
    ? new Uint8Array()
    : new Uint8Array((exports[found.name] as EngineMemory).buffer);
}

class BareBoundary implements Boundary {
  readonly events: TraceEvent[] = [];
  exports: EngineInstance["exports"] = {};
  constructor(private readonly onEvent: RunRequest["onEvent"]) {}

  get state(): number {
    const getState = this.exports["asyncify_get_state"];
    return typeof getState === "function" ? (getState as () => number)() : 0;
  }
  observe(): void {}
  emit(event: TraceEvent): void {
    this.events.push(event);
    this.onEvent?.(event);
  }
}
