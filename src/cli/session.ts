// A program ready to run: the module of a file, its machine, its instance, and
// whoever answers its imports. All commands that run programs start here.

import { instantiate } from "../exec/instantiate.js";
import { type Observer, observers } from "../exec/hooks.js";
import { Machine } from "../exec/machine.js";
import { stackOf } from "../exec/stack.js";
import type { FiberView } from "../exec/fiber.js";
import { type Host, invokeAs, nativeWaiting } from "../compare/host.js";
import { FiberAbi } from "../fiber/abi/abi.js";
import { Asyncify } from "../fiber/asyncify/asyncify.js";
import { FiberTracker, type FiberState, namesFibers } from "../observe/fibers.js";
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
import type { StackEntry } from "../runtime/traps.js";
import type { Value } from "../runtime/values.js";
import { BobbinError, LinkError } from "../util/errors.js";
import type { ValidModule } from "../valid/validate.js";
import type { Context } from "./context.js";
import { about, HostException } from "./failure.js";
import { loadHostScript } from "./host-file.js";
import { readProgram } from "./input.js";
import { exportedFunction } from "./call.js";
import { asyncifySettings, type ExecutionOptions, layoutOf, verboseLines, wantsAsyncify } from "./options.js"; // prettier-ignore
import { stubImports } from "./stubs.js";

export interface OpenOptions extends ExecutionOptions {
  /** Follow the fibers of the program, where it has the fiber assembly. */
  readonly followFibers?: boolean;
  /** Where the host script's `log` goes. Default: stdout. */
  readonly log?: (line: string) => void;
}

export interface Session {
  readonly file: string;
  readonly module: ValidModule;
  readonly machine: Machine;
  readonly instance: ModuleInstance;
  readonly host: Host | null;
  /** Calls an export and runs it to its end, through the host script where it wants that. */
  invoke(name: string, args: readonly Value[]): Promise<readonly Value[]>;
  /** The fibers that the program made, if they are followed. */
  fibers(): readonly FiberState[];
  /** What an error of a host function is to be told as. */
  explain(error: unknown): unknown;
}

/** @throws InputError, MalformedError, InvalidError, LinkError; Trap and Exhaustion of the start function */
export async function open(file: string, options: OpenOptions, context: Context): Promise<Session> {
  const module = await readProgram(file, options);
  const log = options.log ?? context.out;
  const script = options.host === undefined ? null : await loadHostScript(options.host);
  const pending = new PendingCalls();
  const tracker =
    options.followFibers === true && (namesFibers(module) || options.fiberAbi === "native")
      ? new FiberTracker()
      : null;
  const machine = new Machine({
    ...(options.fuel === undefined ? {} : { fuel: options.fuel }),
    ...(options.maxFrames === undefined ? {} : { maxFrames: options.maxFrames }),
    observer: tracker === null ? pending.observer : observers(pending.observer, tracker.observer),
  });
  const host =
    script === null
      ? null
      : await script({
          ...nativeWaiting(machine),
          log: (...values) => log(values.map(String).join(" ")),
        });
  const asyncify = asyncifyFor(module, options, tracker);
  if (options.asyncifyVerbose === true)
    for (const line of verboseLines(module, asyncifySettings(options))) context.note(line);
  machine.interposer = asyncify;
  const fibers = fibersFor(module, options, tracker);
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
    };
    instance = instantiate(machine, module, imports, attach, fibers?.functions);
  } catch (error) {
    throw pending.explain(error);
  }
  return {
    file,
    module,
    machine,
    instance,
    host,
    fibers: () => tracker?.states() ?? [],
    explain: (error) => pending.explain(error),
    async invoke(name, args) {
      const func = exportedFunction(instance, name);
      try {
        return host?.invoke === undefined
          ? await machine.invokeAsync(func, args)
          : await invokeThrough(host, machine, instance, name, func, args);
      } catch (error) {
        throw pending.explain(error, host?.invoke && `host script ${options.host}`);
      }
    },
  };
}

/** Native asyncify for modules that import it, or whose user asks for it. */
function asyncifyFor(
  module: ValidModule,
  options: OpenOptions,
  tracker: FiberTracker | null,
): Asyncify | null {
  const imported = module.imports.some((i) => i.module === "asyncify");
  const layout = layoutOf(options);
  return imported || wantsAsyncify(options)
    ? new Asyncify(module, {
        ...asyncifySettings(options),
        ...(layout === undefined ? {} : { layout }),
        ...(tracker === null ? {} : { listener: (event) => tracker.event(event) }),
      })
    : null;
}

/** Native fibers, where the user asks for them. */
function fibersFor(
  module: ValidModule,
  { fiberAbi }: OpenOptions,
  tracker: FiberTracker | null,
): FiberAbi | null {
  if (fiberAbi !== "native") return null;
  return new FiberAbi(
    module,
    tracker === null ? {} : { listener: (event) => tracker.event(event) },
  );
}

async function hostImports(
  machine: Machine,
  module: ValidModule,
  host: Host | null,
  file = "",
): Promise<Imports> {
  if (host?.imports === undefined) return new Map();
  const { imports } = host;
  return about(file, () => {
    try {
      return jsImports(machine, module, imports);
    } catch (error) {
      throw error instanceof TypeError ? new LinkError(error.message) : error;
    }
  });
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

/** The host calls that have not returned: when one throws, they tell which. */
class PendingCalls {
  private readonly calls: { fiber: FiberView | null; func: FuncInstance }[] = [];

  readonly observer: Observer = {
    hostCall: (fiber, func) => {
      this.calls.push({ fiber, func });
    },
    hostReturn: (fiber, func) => {
      const at = this.calls.findLastIndex((call) => call.func === func && call.fiber === fiber);
      this.calls.splice(at, 1);
    },
  };

  /** @param script who else may have thrown */
  explain(error: unknown, script?: string): unknown {
    const call = this.calls.pop();
    this.calls.length = 0;
    if (error instanceof BobbinError) return error;
    if (call === undefined) return script === undefined ? error : new HostException(script, error);
    const stack: StackEntry[] = call.fiber === null ? [] : stackOf(call.fiber);
    return new HostException(`import ${call.func.name}`, error, stack);
  }
}
