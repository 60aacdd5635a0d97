// A program ready to run: the module of a file, its machine, its instance, and
// whoever answers its imports. All commands that run programs start here.

import { instantiate } from "../exec/instantiate.js";
import { observers, type Tier } from "../exec/hooks.js";
import { Machine } from "../exec/machine.js";
import type { Host } from "../compare/host.js";
import { FiberAbi } from "../fiber/abi/abi.js";
import { Asyncify } from "../fiber/asyncify/asyncify.js";
import { ProgramEvents } from "../debug/happenings.js";
import { namesFibers } from "../observe/fibers.js";
import { InstrumentedEvents } from "../observe/instrumented.js";
import { isInstrumented } from "../observe/runtime-functions.js";
import { TwinError } from "../observe/twin-parts.js";
import { type Imports, mergeImports, type ModuleInstance } from "../runtime/instances.js";
import { StoppedError } from "../runtime/traps.js";
import type { Value } from "../runtime/values.js";
import { UsageError } from "../util/errors.js";
import { printable } from "../util/printable.js";
import { hashOf } from "../snapshot/format.js";
import { loadSnapshot } from "../snapshot/load.js";
import type { SuspendedChain } from "../snapshot/load-fibers.js";
import type { ValidModule } from "../valid/validate.js";
import type { Context } from "./context.js";
import { about, noteAsyncify } from "./failure.js";
import { HostThrows } from "./host-throws.js";
import { readBytes, readProgram, readSaved } from "./input.js";
import { exportedFunction, usualExport } from "./call.js";
import { machineOptions } from "./machine-options.js";
import { asyncifySettings, type ExecutionOptions, type HostOptions, layoutOf, verboseLines, wantsAsyncify } from "./options.js"; // prettier-ignore
import type { Hearing } from "./hearing.js";
import { hostImports, importsFrom, invokeThrough, openHost, scriptName, scriptOf, tellHost } from "./session-host.js"; // prettier-ignore
import { stubImports } from "./stubs.js";
import { operandsFor, withWasi } from "./wasi/host.js";
import type { ByteSource } from "./wasi/standard.js";

export interface OpenOptions extends ExecutionOptions {
  /** Tell of asyncify, and follow the fibers of the program, where it has the fiber assembly. */
  readonly followFibers?: boolean;
  /** The export to call, if it is not the usual one. */
  readonly invoke?: string;
  /** The arguments of the command line. */
  readonly texts?: readonly string[];
  /** Who hears the program. Default: stdout. */
  readonly hearing?: Hearing;
  /** What a WASI program reads. Default: stdin. */
  readonly input?: () => ByteSource;
  /** What executes in place of the tier that is asked for. */
  readonly executing?: ((tier: Tier | null) => Tier) | undefined;
}

export interface Session {
  readonly file: string;
  readonly module: ValidModule;
  readonly machine: Machine;
  readonly instance: ModuleInstance;
  /** All instances, this one first. */
  readonly instances: readonly ModuleInstance[];
  /** Native asyncify and native fibers, where the program runs on them. */
  readonly asyncify: Asyncify | null;
  readonly native: FiberAbi | null;
  readonly host: Host | null;
  /** Those of the command line's arguments that are the function's. */
  readonly operands: readonly string[];
  /** Of a snapshot: fibers that nobody waits for. */
  readonly suspended: readonly SuspendedChain[];
  /** Calls an export and runs it to its end, through the host script where it wants that. */
  invoke(name: string, args: readonly Value[]): Promise<readonly Value[]>;
  /** Who tells of asyncify and of the fibers that the program made, if they are followed. */
  readonly events: ProgramEvents | null;
  /** What an error of a host function is to be told as. */
  explain(error: unknown): unknown;
}

/** @throws InputError, MalformedError, InvalidError, LinkError; Trap and Exhaustion of the start function */
export async function open(file: string, options: OpenOptions, context: Context): Promise<Session> {
  const module = await readProgram(file, options);
  const throws = new HostThrows();
  const events =
    options.followFibers === true
      ? new ProgramEvents(namesFibers(module) || options.fiberAbi === "native")
      : null;
  const instrumented = instrumentedEvents(module, events, context);
  const watching = [throws.observer, instrumented?.observer, events?.tracker?.observer];
  const { tier = null, ...limits } = machineOptions(options, context.note);
  const machine = new Machine({
    ...limits,
    tier: options.executing === undefined ? tier : options.executing(tier),
    observer: observers(...watching.filter((observer) => observer != null)),
  });
  const { texts = [], input = () => context.io.surroundings.stdin } = options;
  const { program, func: operands } = operandsFor(module, options.invoke ?? usualExport(module), texts); // prettier-ignore
  const wasi = { ...options, file, args: program, input };
  const script = withWasi(await scriptOf(options), module, wasi, context.io.surroundings);
  const host = await openHost(machine, script, options, context);
  const asyncify = asyncifyFor(module, options, events);
  if (options.asyncifyVerbose === true)
    for (const line of verboseLines(module, asyncifySettings(options))) context.note(line);
  machine.interposer = asyncify;
  const fibers = fibersFor(module, options, events);
  const supplied = mergeImports(
    asyncify === null ? new Map() : new Map([["asyncify", asyncify.imports]]),
    fibers?.imports ?? new Map(),
    await hostImports(machine, module, host, options.host),
  );
  const imports =
    options.stubImports === true
      ? mergeImports(supplied, stubImports(module, supplied, context.note))
      : supplied;
  let instance: ModuleInstance;
  try {
    const attach = (allocated: ModuleInstance) => {
      asyncify?.attach(allocated);
      fibers?.attach(allocated);
      instrumented?.attach(allocated);
    };
    instance = instantiate(machine, module, imports, attach, fibers?.functions);
  } catch (error) {
    throw throws.explain(error);
  }
  tellHost(host, machine, instance, (error) => throws.explain(error, scriptName(options)));
  const parts = { machine, instances: [instance], asyncify, native: fibers, operands, suspended: [] }; // prettier-ignore
  return sessionOf(file, parts, host, options, throws, events, context.note);
}

/** What a session is made of. */
type Parts = Pick<
  Session,
  "machine" | "instances" | "asyncify" | "native" | "operands" | "suspended"
>;

function sessionOf(
  file: string,
  parts: Parts,
  host: Host | null,
  options: HostOptions,
  throws: HostThrows,
  events: ProgramEvents | null,
  note: (line: string) => void,
): Session {
  const { machine } = parts;
  const instance = parts.instances[0]!;
  return {
    ...parts,
    file,
    module: instance.module,
    instance,
    host,
    events,
    explain: (error) => throws.explain(error),
    async invoke(name, args) {
      const func = exportedFunction(instance, name);
      try {
        return host?.invoke === undefined
          ? await machine.invokeAsync(func, args)
          : await invokeThrough(host, machine, instance, name, func, args);
      } catch (error) {
        if (error instanceof StoppedError) {
          noteAsyncify(error);
          noteDebugInfo(error, note);
        }
        throw throws.explain(error, host?.invoke && scriptName(options));
      }
    },
  };
}

/** Why lines may be missing below: what is wrong with the debug information that was needed. */
function noteDebugInfo(error: StoppedError, note: (line: string) => void): void {
  const lines = new Set(error.trace?.sites.map(({ func }) => func.instance?.module.lines));
  // What is wrong shows when the stack is told.
  if (error.wasmStack.length === 0) return;
  for (const source of lines) {
    const [first, ...more] = source?.problems() ?? [];
    if (first === undefined) continue;
    const others = more.length === 0 ? "" : `, and ${more.length} more`;
    note(`bobbin: note: lines may be missing: ${printable(first.message)}${others}`);
  }
}

/** A program as a snapshot has it. @throws InputError, SnapshotError, LinkError */
export async function openSnapshot(
  file: string,
  options: SnapshotOptions,
  context: Context,
): Promise<Session> {
  const bytes = await readSaved(file, "snapshot");
  let host: Host | null | undefined;
  const throws = new HostThrows();
  // Which fibers there were before, nobody knows.
  const events = options.followFibers === true ? new ProgramEvents(false) : null;
  const listener = events === null ? {} : { listener: events.emit };
  const { modules = [], input = () => context.io.surroundings.stdin } = options;
  // Arguments were for its beginning.
  const wasi = { ...options, file, args: [], input, resumed: true };
  const supplied = await modulesByHash(modules);
  const loaded = await loadSnapshot(bytes, {
    module: (hash) => supplied.get(hash),
    async supply(machine, module) {
      if (host === undefined) {
        const script = withWasi(await scriptOf(options), module, wasi, context.io.surroundings);
        host = await openHost(machine, script, options, context);
      }
      const given = host?.imports;
      const imports: Imports =
        given === undefined ? new Map() : importsFrom(machine, module, given);
      return options.stubImports === true
        ? mergeImports(imports, stubImports(module, imports, context.note))
        : imports;
    },
    allowMissing: options.allowMissing ?? false,
    asyncify: listener,
    fibers: listener,
    machine: { ...machineOptions(options, context.note), observer: throws.observer },
  });
  if (loaded.instances.length === 0) throw new UsageError("the snapshot holds no instance");
  const { fibers: native, ...parts } = loaded;
  const explain = (error: unknown) => throws.explain(error, scriptName(options));
  tellHost(host ?? null, loaded.machine, loaded.instances[0]!, explain);
  const saved = { ...parts, native, operands: [] };
  return sessionOf(file, saved, host ?? null, options, throws, events, context.note);
}

export interface SnapshotOptions extends HostOptions {
  /** Files of modules that the snapshot only names. */
  readonly modules?: readonly string[];
  readonly hearing?: Hearing;
  readonly input?: () => ByteSource;
  /** Tell of asyncify. */
  readonly followFibers?: boolean;
  /** Open it even if functions of the host are missing, to look at it. */
  readonly allowMissing?: boolean;
}

async function modulesByHash(files: readonly string[]): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const file of files) {
    const bytes = await about(file, () => readBytes(file));
    found.set(await hashOf(bytes), bytes);
  }
  return found;
}

/**
 * Where a script stands that drives the program is in its JavaScript: no file holds that, and
 * no other process could go on there. @throws UsageError
 */
export function refuseDriver({ host }: Session): void {
  if (host?.invoke !== undefined)
    throw new UsageError(
      "the host script runs the program itself (invoke), and what it is at cannot be saved: " +
        "use a script without invoke, whose imports answer with promises where it waits",
    );
}

/** @throws UsageError for a snapshot in which nothing runs that could go on */
export function requireCall(session: Session): void {
  if (session.machine.fiber === null)
    throw new UsageError("nothing runs in the snapshot: its machine is at rest");
  refuseDriver(session);
}

/** Starts the call of an export that is to be stopped on its way. */
export function startCall(
  { instance, machine, host }: Session,
  name: string,
  args: readonly Value[],
): void {
  if (host?.invoke !== undefined)
    throw new UsageError(
      "the host script runs the program itself (invoke): the debugger cannot stop there yet",
    );
  const func = exportedFunction(instance, name);
  if (func.instance === null && func.native === null)
    throw new UsageError(`${name} is an imported function`);
  machine.start(func, args);
}

/** What an instrumented module does, where it can be told. */
function instrumentedEvents(
  module: ValidModule,
  events: ProgramEvents | null,
  { note }: Context,
): InstrumentedEvents | null {
  if (events === null || !isInstrumented(module)) return null;
  try {
    return new InstrumentedEvents(module, events.emit);
  } catch (error) {
    if (!(error instanceof TwinError)) throw error;
    note(`asyncify cannot be followed: ${error.message}`);
    return null;
  }
}

/** Native asyncify for modules that import it, or whose user asks for it. */
function asyncifyFor(
  module: ValidModule,
  options: OpenOptions,
  events: ProgramEvents | null,
): Asyncify | null {
  const imported = module.imports.some((i) => i.module === "asyncify");
  const layout = layoutOf(options);
  return imported || wantsAsyncify(options)
    ? new Asyncify(module, {
        ...asyncifySettings(options),
        ...(layout === undefined ? {} : { layout }),
        ...(events === null ? {} : { listener: events.emit }),
      })
    : null;
}

/** Native fibers, where the user asks for them. */
function fibersFor(
  module: ValidModule,
  { fiberAbi }: OpenOptions,
  events: ProgramEvents | null,
): FiberAbi | null {
  if (fiberAbi !== "native") return null;
  return new FiberAbi(module, events === null ? {} : { listener: events.emit });
}
