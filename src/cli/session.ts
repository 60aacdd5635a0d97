// A program ready to run: the module of a file, its machine, its instance, and
// whoever answers its imports. All commands that run programs start here.

import { instantiate } from "../exec/instantiate.js";
import { observers } from "../exec/hooks.js";
import { Machine } from "../exec/machine.js";
import { type Host, invokeAs, nativeWaiting } from "../compare/host.js";
import { FiberAbi } from "../fiber/abi/abi.js";
import { Asyncify } from "../fiber/asyncify/asyncify.js";
import { ProgramEvents } from "../debug/happenings.js";
import { namesFibers } from "../observe/fibers.js";
import { InstrumentedEvents } from "../observe/instrumented.js";
import { isInstrumented, TwinError } from "../observe/twin-parts.js";
import { jsExports } from "../js-api/exports.js";
import { jsImports } from "../js-api/imports.js";
import { toJsValue, toWasmResults } from "../js-api/values.js";
import { worldOf } from "../js-api/world.js";
import {
  type FuncInstance,
  type Imports,
  mergeImports,
  type ModuleInstance,
} from "../runtime/instances.js";
import type { Value } from "../runtime/values.js";
import { LinkError, UsageError } from "../util/errors.js";
import { hashOf } from "../snapshot/format.js";
import { loadSnapshot } from "../snapshot/load.js";
import type { SuspendedChain } from "../snapshot/load-fibers.js";
import type { ValidModule } from "../valid/validate.js";
import type { Context } from "./context.js";
import { about } from "./failure.js";
import { loadHostScript } from "./host-file.js";
import { HostThrows } from "./host-throws.js";
import { readBytes, readProgram } from "./input.js";
import { exportedFunction } from "./call.js";
import { machineOptions } from "./machine-options.js";
import { asyncifySettings, type ExecutionOptions, type HostOptions, layoutOf, verboseLines, wantsAsyncify } from "./options.js"; // prettier-ignore
import { stubImports } from "./stubs.js";

export interface OpenOptions extends ExecutionOptions {
  /** Tell of asyncify, and follow the fibers of the program, where it has the fiber assembly. */
  readonly followFibers?: boolean;
  /** Where the host script's `log` goes. Default: stdout. */
  readonly log?: (line: string) => void;
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
  const machine = new Machine({
    ...machineOptions(options, context.note),
    observer: observers(...watching.filter((observer) => observer != null)),
  });
  const host = await openHost(machine, options, context);
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
  const parts = { machine, instances: [instance], asyncify, native: fibers, suspended: [] };
  return sessionOf(file, parts, host, options, throws, events);
}

/** What a session is made of. */
type Parts = Pick<Session, "machine" | "instances" | "asyncify" | "native" | "suspended">;

function sessionOf(
  file: string,
  parts: Parts,
  host: Host | null,
  options: HostOptions,
  throws: HostThrows,
  events: ProgramEvents | null,
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
        throw throws.explain(error, host?.invoke && `host script ${options.host}`);
      }
    },
  };
}

/** A program as a snapshot has it. @throws InputError, SnapshotError, LinkError */
export async function openSnapshot(
  file: string,
  options: SnapshotOptions,
  context: Context,
): Promise<Session> {
  const bytes = await readBytes(file);
  let host: Host | null | undefined;
  const throws = new HostThrows();
  // Which fibers there were before, nobody knows.
  const events = options.followFibers === true ? new ProgramEvents(false) : null;
  const listener = events === null ? {} : { listener: events.emit };
  const { modules = [] } = options;
  const supplied = await modulesByHash(modules);
  const loaded = await loadSnapshot(bytes, {
    module: (hash) => supplied.get(hash),
    async supply(machine, module) {
      if (host === undefined) host = await openHost(machine, options, context);
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
  return sessionOf(file, { ...parts, native }, host ?? null, options, throws, events);
}

export interface SnapshotOptions extends HostOptions {
  /** Files of modules that the snapshot only names. */
  readonly modules?: readonly string[];
  readonly log?: (line: string) => void;
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

async function openHost(
  machine: Machine,
  { host: file, log }: HostOptions & { readonly log?: (line: string) => void },
  context: Context,
): Promise<Host | null> {
  if (file === undefined) return null;
  const script = await loadHostScript(file);
  const write = log ?? context.out;
  return script({
    ...nativeWaiting(machine),
    log: (...values) => write(values.map(String).join(" ")),
  });
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

async function hostImports(
  machine: Machine,
  module: ValidModule,
  host: Host | null,
  file = "",
): Promise<Imports> {
  if (host?.imports === undefined) return new Map();
  const { imports } = host;
  return about(file, () => importsFrom(machine, module, imports));
}

function importsFrom(
  machine: Machine,
  module: ValidModule,
  imports: NonNullable<Host["imports"]>,
): Imports {
  try {
    return jsImports(machine, module, imports);
  } catch (error) {
    throw error instanceof TypeError ? new LinkError(error.message) : error;
  }
}

/** Lets the host script run an export, with the types of the JavaScript API. */
async function invokeThrough(
  host: Host,
  machine: Machine,
  instance: ModuleInstance,
  name: string,
  func: FuncInstance,
  args: readonly Value[],
): Promise<readonly Value[]> {
  const world = worldOf(machine);
  const jsArgs = args.map((value) => toJsValue(value, world));
  const returned = await invokeAs(host, { exports: jsExports(machine, instance) }, name, jsArgs);
  return toWasmResults(returned, func.signature.results, world);
}
