// Runs a twin in the engine that Bobbin itself runs in (V8, or another one that has
// the WebAssembly JavaScript API), instrumented so that its events can be derived.

import { privateName, instrument, probeNames, trampoline, type ProbeName } from "./instrument.js";
import { watchImports } from "./boundary.js";
import {
  type Engine,
  type EngineGlobal,
  type EngineInstance,
  type EngineMemory,
  type EngineTable,
  hostEngine,
} from "./engine.js";
import type { TwinView } from "../observe/projection.js";
import { engineWaiting, requireImports } from "./host.js";
import { drive, failedStart, makeHost, type Run } from "./run.js";
import type { TwinParts } from "../observe/twin-parts.js";
import { prepareTwin, projectionOf, runOf, type TwinRequest } from "./twin-run.js";

export interface EngineRequest extends TwinRequest {
  /** Default: the host's own `WebAssembly`. */
  readonly engine?: Engine;
}

export async function runOnEngine(request: EngineRequest): Promise<Run> {
  const engine = request.engine ?? hostEngine();
  const prepared = prepareTwin(request);
  const { twin, parts } = prepared;
  const view = new EngineView(parts);
  const projection = projectionOf(prepared, view, request);
  const { host, imports } = await makeHost(twin, request, engineWaiting(engine));
  requireImports(twin, imports);
  const watched = watchImports(twin, imports, projection);

  let instance: EngineInstance;
  try {
    ({ instance } = await engine.instantiate(instrument(twin, parts), watched));
    view.bind(instance);
    await fillProbes(engine, instance, parts.pointer, {
      enter: (func) => projection.enter(func),
      leave: (func) => projection.leave(func),
      enterRuntime: (func, argument) => projection.enterRuntime(func, unsigned(argument)),
      leaveRuntime: () => projection.leaveRuntime(),
    });
    (instance.exports[privateName.start] as (() => void) | undefined)?.();
  } catch (error) {
    const failure = failedStart(error, view.bound ? projection : null);
    return runOf(projection, twin, null, view.bytes(), { error: failure }, request);
  }
  const exports = Object.fromEntries(
    twin.exports.map(({ name }) => [name, instance.exports[name]] as const),
  );
  const outcome = await drive({ module: twin, exports, boundary: projection }, host, request);
  return runOf(projection, twin, exports, view.bytes(), outcome, request);
}

/** A pointer is a bigint where addresses have 64 bits. */
type Pointer = number | bigint;
type Probe = (func: number, argument: Pointer) => void;
const unsigned = (value: Pointer): number =>
  typeof value === "bigint" ? Number(BigInt.asUintN(64, value)) : value >>> 0;

async function fillProbes(
  engine: Engine,
  { exports }: EngineInstance,
  pointer: "i32" | "i64",
  probes: Record<ProbeName, Probe>,
): Promise<void> {
  const table = exports[privateName.probes] as EngineTable;
  const { instance } = await engine.instantiate(trampoline(pointer), { probes });
  probeNames.forEach((name, slot) => table.set(slot, instance.exports[name]));
}

const NO_MEMORY = new ArrayBuffer(0);

/** Views on memory are kept until it grows: probes are frequent. */
class EngineView implements TwinView {
  private exports: Readonly<Record<string, unknown>> | null = null;
  private stateGlobal: EngineGlobal = { value: 0 };
  private dataGlobal: EngineGlobal = { value: 0 };
  private spGlobal: EngineGlobal | undefined;
  private recordView = new DataView(NO_MEMORY);

  constructor(private readonly parts: TwinParts) {}

  bind({ exports }: EngineInstance): void {
    this.exports = exports;
    this.stateGlobal = exports[privateName.state] as EngineGlobal;
    this.dataGlobal = exports[privateName.data] as EngineGlobal;
    this.spGlobal = exports[privateName.stackPointer] as EngineGlobal | undefined;
  }
  get bound(): boolean {
    return this.exports !== null;
  }

  get state(): number {
    return Number(this.stateGlobal.value);
  }
  get data(): number {
    return unsigned(this.dataGlobal.value);
  }
  get sp(): number | null {
    return this.spGlobal === undefined ? null : unsigned(this.spGlobal.value);
  }

  word(address: number): number | null {
    const { records } = this;
    return address + 4 <= records.byteLength ? records.getUint32(address, true) : null;
  }

  pointer(address: number): number | null {
    if (this.parts.pointer === "i32") return this.word(address);
    const { records } = this;
    return address + 8 <= records.byteLength ? Number(records.getBigUint64(address, true)) : null;
  }

  bytes(): Uint8Array {
    return new Uint8Array(this.buffer(privateName.memory));
  }
  recordBytes(): Uint8Array | null {
    return this.parts.memory === 0 ? null : new Uint8Array(this.buffer(privateName.records));
  }

  private get records(): DataView {
    const { memory, records } = privateName;
    const buffer = this.buffer(this.parts.memory === 0 ? memory : records);
    if (this.recordView.buffer !== buffer) this.recordView = new DataView(buffer);
    return this.recordView;
  }

  private buffer(name: string): ArrayBuffer {
    return (this.exports?.[name] as EngineMemory | undefined)?.buffer ?? NO_MEMORY;
  }
}
