// A program as `trace`, `check` and `compare` run it: module, host script, the call,
// and Binaryen's options, ready for any of the engines that can tell its events.

import { resolve } from "node:path";
import { type Observer, observers } from "../exec/hooks.js";
import { isInstrumented } from "../observe/runtime-functions.js";
import { twinParts } from "../observe/twin-parts.js";
import { runNative } from "../compare/native.js";
import type { HostScript } from "../compare/host.js";
import type { Run, RunRequest } from "../compare/run.js";
import { runTwinOnBobbin } from "../compare/twin.js";
import { compactLayout, fullLayout, twinLayout } from "../fiber/asyncify/records.js";
import type { AsyncifyOptions } from "../fiber/asyncify/roles.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { UsageError } from "../util/errors.js";
import type { ValidModule } from "../valid/validate.js";
import { argumentsOf, exportedSignature } from "./call.js";
import type { Context } from "./context.js";
import { type Hearing, hostLogOf } from "./hearing.js";
import { loadHostScript } from "./host-file.js";
import { HostThrows } from "./host-throws.js";
import { readProgram } from "./input.js";
import { makeTwin } from "./make-twin.js";
import { machineOptions } from "./machine-options.js";
import { operandsFor, withWasi } from "./wasi/host.js";
import { Tape } from "./wasi/standard.js";
import { asyncifySettings, type ExecutionOptions, type LayoutName, verboseLines } from "./options.js"; // prettier-ignore

export interface ProgramOptions extends ExecutionOptions {
  readonly invoke?: string;
}

export interface Program {
  readonly module: ValidModule;
  /** The module went through Binaryen's pass: it runs as it is. */
  readonly instrumented: boolean;
  readonly request: RunRequest;
  /** Where the host script is: other engines load it themselves. */
  readonly hostFile?: string;
  /** The same as it was given. */
  readonly host?: string;
  readonly asyncify: AsyncifyOptions;
  /** The fiber assembly is executed natively. */
  readonly nativeFibers: boolean;
  readonly layout: LayoutName;
  readonly limits: ReturnType<typeof machineOptions>;
}

/** @throws InputError, MalformedError, InvalidError, UsageError */
export async function loadProgram(
  file: string,
  texts: readonly string[],
  options: ProgramOptions,
  hearing: Hearing,
  context: Context,
): Promise<Program> {
  return programOf(file, await readProgram(file, options), texts, options, hearing, context);
}

/** The same for a module that was read already. @throws UsageError */
export async function programOf(
  file: string,
  module: ValidModule,
  texts: readonly string[],
  options: ProgramOptions,
  hearing: Hearing,
  { io, note }: Context,
): Promise<Program> {
  if (options.asyncifyVerbose === true)
    for (const line of verboseLines(module, asyncifySettings(options))) note(line);
  const { name, signature } = exportedSignature(module, options.invoke);
  const operands = operandsFor(module, name, texts);
  const args = argumentsOf(name, signature, operands.func);
  const script = options.host === undefined ? undefined : await loadHostScript(options.host);
  // It may run more than once.
  const tape = new Tape(io.surroundings.stdin);
  const wasi = { ...options, file, args: operands.program, input: () => tape.reader() };
  const hostScript = withWasi(script, module, wasi, io.surroundings);
  return {
    module,
    instrumented: isInstrumented(module),
    request: {
      ...(hostScript === undefined ? {} : { hostScript }),
      context: hostLogOf(hearing),
      invoke: name,
      args,
      stub: options.stubImports ?? false,
    },
    ...(options.host === undefined ? {} : { host: options.host, hostFile: resolve(options.host) }),
    asyncify: asyncifySettings(options),
    nativeFibers: options.fiberAbi === "native",
    layout: options.asyncifyLayout ?? "full",
    limits: machineOptions(options, note),
  };
}

export interface Watching {
  readonly onEvent?: RunRequest["onEvent"];
  readonly observer?: Observer;
  readonly onInstance?: (instance: ModuleInstance) => void;
}

/** A request whose run tells whose exception it was that ended it. */
export function explained({ request, host: name }: Program): {
  readonly request: RunRequest;
  readonly observer: Observer;
  readonly explain: (run: Run) => Run;
} {
  const throws = new HostThrows();
  const { hostScript } = request;
  let script: string | undefined;
  const noting: HostScript = async (context) => {
    const host = await hostScript!(context);
    if (host.invoke !== undefined) script = `host script ${name}`;
    return host;
  };
  return {
    request: hostScript === undefined ? request : { ...request, hostScript: noting },
    observer: throws.observer,
    explain: (run) =>
      run.error === undefined
        ? run
        : { ...run, error: { ...run.error, thrown: throws.explain(run.error.thrown, script) } },
  };
}

/** Runs the program on Bobbin: with native asyncify, or as it is where it is instrumented. */
export async function runProgram(program: Program, watching: Watching): Promise<Run> {
  const { module, asyncify, nativeFibers, limits } = program;
  if (nativeFibers && program.instrumented)
    throw new UsageError("--fiber-abi native takes the module before it is instrumented");
  const told = explained(program);
  const watched = {
    ...told.request,
    ...(watching.onEvent === undefined ? {} : { onEvent: watching.onEvent }),
  };
  const { observer = {}, onInstance } = watching;
  const seen = {
    observer: observers(told.observer, observer),
    ...(onInstance === undefined ? {} : { onInstance }),
  };
  const run = program.instrumented
    ? await runTwinOnBobbin({
        ...watched,
        ...seen,
        limits,
        bytes: module.bytes,
        plain: module,
        mapping: identity(module),
      })
    : await runNative({
        ...watched,
        ...seen,
        limits,
        module,
        asyncify,
        nativeFibers,
        layout: await layoutFor(program),
        suspend: true,
      });
  return told.explain(run);
}

/** Sizes of a twin's records show when it runs: it is made, at level 0, and runs first. */
async function layoutFor({ module, request, asyncify, layout, limits }: Program) {
  if (layout !== "twin") return layout === "compact" ? compactLayout : fullLayout;
  const bytes = await makeTwin(module.bytes, asyncify, 0);
  const quiet = { ...request, context: { log: () => undefined } };
  return twinLayout((await runTwinOnBobbin({ ...quiet, bytes, plain: module, limits })).sizes);
}

/** An instrumented module is its own plain module, but for the runtime functions. */
function identity(module: ValidModule): Map<number, number> {
  const { runtime } = twinParts(module);
  return new Map(
    module.context.funcs.map((_, i) => [i, i] as const).filter(([i]) => !runtime.has(i)),
  );
}
