// The object `WebAssembly`, on a machine of its own: every instance that is made through it
// runs there.
// Spec: https://webassembly.github.io/spec/js-api/#webassembly-namespace

import { Machine, type MachineOptions } from "../exec/machine.js";
import { tierOf } from "../forward/choose.js";
import type { Attachment } from "../observe/attachments.js";
import { JS_TAG } from "../runtime/exceptions.js";
import { CompileError, LinkError, RuntimeError, standardErrors, SuspendError } from "./errors.js";
import { tag, toBytes, toOptionalObject } from "./idl.js";
import { Instantiation, type NativeAsyncify } from "./instantiation.js";
import {
  type CompileOptions,
  compiler,
  initInstance,
  instanceInterface,
  type Linked,
  linkInstance,
  moduleInterface,
  toCompileOptions,
} from "./module-objects.js";
import { bytesOfResponse } from "./response.js";
import { type Compiled, functions, modules } from "./slots.js";
import { suspendingInterface } from "./suspending.js";
import type { SourceMapText } from "../source/source-map.js";
import type { WebAssemblyNamespace } from "./types.js";
import { worldOf } from "./world.js";

/** How the machine of such an object is made (its usual tier is `mixed`), and what is on it. */
export interface WebAssemblyOptions extends MachineOptions {
  /**
   * Native asyncify for every module that is not instrumented, under these options: `{}` for
   * Binaryen's defaults. Its instances have the exports `asyncify_start_unwind` and so on, each
   * a state of its own. Default: modules run as they are.
   */
  readonly asyncify?: NativeAsyncify;
  /** Who watches what runs: each is given the machine, and told of every new instance. */
  readonly attachments?: readonly Attachment[];
  /**
   * The text of the source map at a URL, as a module's section `sourceMappingURL` has it; undefined
   * where there is none. Asked when the first position is wanted, for modules without DWARF.
   */
  readonly sourceMap?: SourceMapText;
}

/** Calls in one another for which the usual stack of a host has room. */
const MAX_NESTING = 500;

export function makeWebAssembly({
  asyncify,
  sourceMap,
  attachments = [],
  ...options
}: WebAssemblyOptions = {}): WebAssemblyNamespace {
  const machine = new Machine({ tier: tierOf("mixed"), maxNesting: MAX_NESTING, ...options });
  const world = worldOf(machine);
  const making = new Instantiation(machine, attachments);
  const compile = compiler(asyncify ?? null, sourceMap);
  world.errors = standardErrors(world);
  const { Memory, Table, Global, Tag, Exception } = world;
  const Module = moduleInterface(compile);
  const Instance = instanceInterface(world, making);

  const moduleOf = (compiled: Compiled): object => {
    const object = Object.create(Module.prototype) as object;
    modules.set(object, compiled);
    return object;
  };
  const instanceOf = (linked: Linked): object => {
    const object = Object.create(Instance.prototype) as object;
    initInstance(world, making, object, linked);
    return object;
  };
  /** After `bytes` are there: what follows is never done at once. */
  const compileLater = async (
    bytes: Uint8Array | Promise<Uint8Array>,
    settings: CompileOptions,
  ): Promise<Compiled> => compile(await bytes, settings);
  const instantiateLater = async (
    compiled: Compiled,
    importObject: object | undefined,
  ): Promise<object> => {
    const linked = linkInstance(world, making, compiled, importObject);
    await Promise.resolve();
    return instanceOf(linked);
  };
  const instantiateSource = async (source: Promise<Compiled>, importObject: object | undefined) => {
    const compiled = await source;
    const instance = await instantiateLater(compiled, importObject);
    return { module: moduleOf(compiled), instance };
  };

  const operations = {
    validate(bytes: unknown, ...[settings]: unknown[]): boolean {
      const copy = toBytes(bytes);
      const chosen = toCompileOptions(settings);
      try {
        compile(copy, chosen);
        return true;
      } catch (error) {
        if (error instanceof CompileError) return false;
        throw error;
      }
    },
    async compile(bytes: unknown, ...[settings]: unknown[]): Promise<object> {
      return moduleOf(await compileLater(toBytes(bytes), toCompileOptions(settings)));
    },
    async instantiate(source: unknown, ...[imports, settings]: unknown[]): Promise<object> {
      const compiled = modules.of(source);
      const bytes = compiled === undefined ? toBytes(source) : null;
      const importObject = toOptionalObject(imports, "the import object");
      return compiled !== undefined
        ? instantiateLater(compiled, importObject)
        : instantiateSource(compileLater(bytes!, toCompileOptions(settings)), importObject);
    },
    async compileStreaming(source: unknown, ...[settings]: unknown[]): Promise<object> {
      const chosen = toCompileOptions(settings);
      return moduleOf(await compileLater(bytesOfResponse(source), chosen));
    },
    async instantiateStreaming(
      source: unknown,
      ...[imports, settings]: unknown[]
    ): Promise<object> {
      const importObject = toOptionalObject(imports, "the import object");
      const chosen = toCompileOptions(settings);
      return instantiateSource(compileLater(bytesOfResponse(source), chosen), importObject);
    },
    promising(func: unknown): (...args: unknown[]) => Promise<unknown> {
      const made = world.promisingOf(functions.demand(func, "what promising takes"));
      Object.defineProperty(made, "name", { value: "" });
      return Object.defineProperty(made, "length", { value: 1 });
    },
    get JSTag() {
      return world.objectOf({ kind: "tag", tag: JS_TAG });
    },
  };
  const interfaces = {
    Module,
    Instance,
    Memory,
    Table,
    Global,
    Tag,
    Exception,
    CompileError,
    LinkError,
    RuntimeError,
    SuspendError,
    Suspending: suspendingInterface(),
  };
  for (const [name, value] of Object.entries(interfaces))
    Object.defineProperty(operations, name, { value, writable: true, configurable: true });
  tag(operations, "WebAssembly");
  return operations as unknown as WebAssemblyNamespace;
}
