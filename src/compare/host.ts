// The contract of host scripts: what drives a program, and what it imports. A script
// uses only the standard JavaScript API, so it drives every engine alike.

import type { Module } from "../syntax/module.js";
import type { FuncType } from "../syntax/types.js";
import type { ImportObject } from "../js-api/imports.js";
import type { Machine } from "../exec/machine.js";
import { promising } from "../js-api/exports.js";
import { toJsResults } from "../js-api/values.js";
import { missingFunctions, zerosOf } from "../runtime/stubs.js";
import { LinkError, UsageError } from "../util/errors.js";

/** What a host script gets whatever runs its program. */
export interface HostLog {
  /** What the program says to its user. */
  log(...values: unknown[]): void;
  /** What it writes, where it has such streams. Default: nobody reads it. */
  output?(stream: "stdout" | "stderr", bytes: Uint8Array): void;
}

type Fn = (...args: never[]) => unknown;

/**
 * How calls wait for promises on the engine that runs the program: `new WebAssembly.Suspending`
 * and `WebAssembly.promising` where that engine has them. Bobbin needs neither: imports may
 * answer with promises, and exports then do.
 */
export interface Waiting {
  /** An import whose promises suspend the program. */
  suspending(func: Fn): unknown;
  /** An export that may be suspended: it answers with a promise. */
  promising(func: Fn): (...args: unknown[]) => Promise<unknown>;
}

export interface HostContext extends HostLog, Waiting {}

/** On a machine of Bobbin's. */
export const nativeWaiting = (machine: Machine): Waiting => ({
  suspending: (func) => func,
  promising: (func) => promising(machine, func),
});

/** An import that an engine must be told may suspend: but first it is watched. */
export class SuspendingImport {
  constructor(
    readonly func: Fn,
    readonly make: (watched: Fn) => unknown,
  ) {}
}

/** On the engine whose `WebAssembly` this is. */
export const engineWaiting = (engine: object): Waiting => {
  const { Suspending, promising: promisingThere } = engine as Partial<EngineWaiting>;
  return {
    suspending: (func) => new SuspendingImport(func, (watched) => new (has(Suspending))(watched)),
    promising: (func) => has(promisingThere)(func),
  };
};
interface EngineWaiting {
  Suspending: new (func: Fn) => unknown;
  promising: Waiting["promising"];
}
function has<T>(feature: T | undefined): T {
  if (feature === undefined)
    throw new UsageError("this engine has no JavaScript promise integration");
  return feature;
}

/** As `WebAssembly.Instance`, but of any engine. */
export interface HostInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

export interface Host {
  readonly imports?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Given the instance before an export is called; its start function has run by then. */
  onInstance?(instance: HostInstance): void;
  /** Why no snapshot can hold what it has now, if so. */
  unsaved?(): string | undefined;
  /** Calls an export to its end. Without it the export is just called. */
  invoke?(instance: HostInstance, name: string, args: readonly unknown[]): unknown;
}

/** The default export of a host script. */
export type HostScript = (context: HostContext) => Host | Promise<Host>;

/** Calls an export as the host wants it to be called; what it returns may be a promise. */
export function invokeAs(
  host: Host,
  instance: HostInstance,
  name: string,
  args: readonly unknown[],
): unknown {
  if (host.invoke !== undefined) return host.invoke(instance, name, args);
  const call = instance.exports[name];
  if (typeof call !== "function") throw new TypeError(`no exported function ${name}`);
  return (call as (...args: unknown[]) => unknown)(...args);
}

/** `given`, with a function that returns zeros for every function that `module` misses in it. */
export function stubImports(
  module: Module,
  given: ImportObject = {},
): Record<string, Record<string, unknown>> {
  const imports: Record<string, Record<string, unknown>> = {};
  for (const [group, members] of Object.entries(given))
    imports[group] = { ...(members as Record<string, unknown>) };
  const isSupplied = (group: string, name: string) => imports[group]?.[name] !== undefined;
  for (const { module: group, name, type } of missingFunctions(module, isSupplied)) {
    const zeros = zerosOf(module.types[type]!.comp as FuncType, `${group}.${name}`);
    (imports[group] ??= {})[name] = () => toJsResults(zeros, { toJs: (zero) => zero });
  }
  return imports;
}

/**
 * Engines say it each in their own way, so it is said before they are asked.
 * @throws LinkError where `given` misses something that `module` imports
 */
export function requireImports(module: Module, given: ImportObject): void {
  for (const { module: group, name, description } of module.imports) {
    const members = given[group] as Record<string, unknown> | undefined;
    if (members?.[name] === undefined)
      throw new LinkError(
        `unknown import: import ${group}.${name} (${description.kind}) is not supplied`,
      );
  }
}
