// Runs the plain module on Bobbin with native asyncify, telling the same events as
// the runs of its twin.

import { instantiate } from "../exec/instantiate.js";
import type { Observer } from "../exec/hooks.js";
import { Machine, type MachineOptions } from "../exec/machine.js";
import { FiberAbi } from "../fiber/abi/abi.js";
import { Asyncify } from "../fiber/asyncify/asyncify.js";
import type { AsyncifyEvent } from "../fiber/asyncify/events.js";
import { type LayoutOf, twinLayout } from "../fiber/asyncify/records.js";
import type { AsyncifyOptions } from "../fiber/asyncify/roles.js";
import { jsExports } from "../js-api/exports.js";
import { jsImports } from "../js-api/imports.js";
import type { TraceEvent } from "../observe/events.js";
import { type Imports, mergeImports, type ModuleInstance } from "../runtime/instances.js";
import type { MemoryInstance } from "../runtime/memory.js";
import type { ValidModule } from "../valid/validate.js";
import { type Boundary, watchImports } from "./boundary.js";
import { digestOfRun, DigestSchedule, Intervals } from "../observe/digest.js";
import { nativeWaiting } from "./host.js";
import { drive, failedStart, globalsOf, makeHost, type Run, type RunRequest } from "./run.js";

export interface NativeRequest extends RunRequest {
  readonly module: ValidModule;
  readonly asyncify?: AsyncifyOptions;
  /** Execute the module's fiber assembly as native switches: nothing unwinds for it. */
  readonly nativeFibers?: boolean;
  /** How records are laid out. Default: self-contained. */
  readonly layout?: LayoutOf;
  /** S by function index, from the twin: records then have the twin's sizes. */
  readonly payloads?: ReadonlyMap<number, number>;
  /** Store past the end of a buffer, as Binaryen does, instead of trapping before. */
  readonly overflowLikeBinaryen?: boolean;
  /** Promises of imports suspend the caller instead of being handed to it, as on an engine without JSPI. */
  readonly suspend?: boolean;
  readonly limits?: Omit<MachineOptions, "interposer" | "observer">;
  readonly observer?: Observer;
  /** Given the instance before any of its code runs. */
  readonly onInstance?: (instance: ModuleInstance) => void;
}

export async function runNative(request: NativeRequest): Promise<Run> {
  const { module, digest = false, suspend = false } = request;
  const run = new NativeEvents(digest, request.onEvent);
  const layout = request.payloads === undefined ? request.layout : twinLayout(request.payloads);
  const asyncify = new Asyncify(module, {
    ...request.asyncify,
    ...(layout === undefined ? {} : { layout }),
    overflowLikeBinaryen: request.overflowLikeBinaryen ?? false,
    listener: run.asyncify,
  });
  const fibers =
    request.nativeFibers === true
      ? new FiberAbi(module, { listener: (event) => run.emit(event) })
      : null;
  run.stateOf = () => asyncify.state;
  const machine = new Machine({
    ...request.limits,
    interposer: asyncify,
    ...(request.observer === undefined ? {} : { observer: request.observer }),
  });
  const { host, imports } = await makeHost(module, request, nativeWaiting(machine));
  // The runtime functions are native: nobody stubs or watches them from outside.
  const { asyncify: own, ...others } = imports;
  const wanted = host.imports?.["asyncify"] === undefined ? others : { ...others, asyncify: own };
  const watched = watchImports(module, wanted, run, { suspend });
  const given = withRuntime(jsImports(machine, module, watched, { suspend }), asyncify);
  const onAllocated = (instance: ModuleInstance) => {
    run.instance = instance;
    asyncify.attach(instance);
    const { memory } = asyncify.records;
    run.records = memory === instance.memories[0] ? null : memory;
    fibers?.attach(instance);
    request.onInstance?.(instance);
  };
  try {
    run.instance =
      fibers === null
        ? instantiate(machine, module, given, onAllocated)
        : instantiate(
            machine,
            module,
            mergeImports(fibers.imports, given),
            onAllocated,
            fibers.functions,
          );
  } catch (error) {
    return {
      ...run.result(),
      error: failedStart(error, run.instance === null ? null : run),
      globals: new Map(),
    };
  }
  const exports = jsExports(machine, run.instance);
  const outcome = await drive({ module, exports, boundary: run }, host, request);
  return { ...run.result(), ...outcome, globals: globalsOf(module, exports) };
}

/** The runtime functions, for modules that import them. A host may supply its own. */
const withRuntime = (imports: Imports, asyncify: Asyncify): Imports =>
  mergeImports(imports, new Map([["asyncify", asyncify.imports]]));

/** Collects the events of a native run; is the boundary between program and host. */
class NativeEvents implements Boundary {
  instance: ModuleInstance | null = null;
  /** Where the records are, if not in the first memory. */
  records: MemoryInstance | null = null;
  stateOf: () => number = () => 0;
  private readonly events: TraceEvent[] = [];
  private readonly schedule = new DigestSchedule();
  private readonly sizes = new Map<number, number>();
  private readonly payloads = new Intervals();

  constructor(
    private readonly digests: boolean,
    private readonly onEvent: ((event: TraceEvent) => void) | undefined,
  ) {}

  get state(): number {
    return this.stateOf();
  }
  /** Nothing is ever due: asyncify tells at once. */
  observe(): void {}

  emit(event: TraceEvent): void {
    this.events.push(event);
    this.onEvent?.(event);
  }

  readonly asyncify = (event: AsyncifyEvent): void => {
    if (event.type === "push") {
      this.sizes.set(event.func, event.size - 4);
      this.payloads.add(event.address + 4, event.address + event.size);
    }
    this.emit(
      this.takesDigests && event.type === "runtime" && this.schedule.due()
        ? { ...event, digest: this.digest() }
        : event,
    );
  };

  result(): Omit<Run, "globals"> {
    const { events, sizes, payloads } = this;
    return {
      events,
      sizes,
      payloads,
      memory: this.bytes(),
      ...(this.takesDigests ? { digest: this.digest() } : {}),
    };
  }

  /** A module without memory has nothing to compare with the memory that Binaryen adds to its twin. */
  private get takesDigests(): boolean {
    return this.digests && this.instance?.memories[0] !== undefined;
  }

  private digest(): number {
    return digestOfRun(this.bytes(), this.records?.bytes ?? null, this.payloads);
  }
  private bytes(): Uint8Array {
    return this.instance?.memories[0]?.bytes ?? new Uint8Array();
  }
}
