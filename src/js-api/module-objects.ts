// `WebAssembly.Module` and `WebAssembly.Instance`.
// Spec: https://webassembly.github.io/spec/js-api/#modules

import { decode } from "../binary/decode.js";
import type { ExternInstance } from "../runtime/instances.js";
import type { ExternKind } from "../syntax/module.js";
import type { SourceMapText } from "../source/source-map.js";
import { withSources } from "../source/with-sources.js";
import { validate } from "../valid/validate.js";
import { builtinOf, mistypedBuiltin } from "./builtins.js";
import { CompileError, compiling } from "./errors.js";
import { exportsOf } from "./exports.js";
import {
  finishInterface,
  toBytes,
  toDictionary,
  toOptionalObject,
  toScalarText,
  toSequence,
  toText,
} from "./idl.js";
import { readImports } from "./imports.js";
import {
  addedExports,
  type Begun,
  compiledAsyncify,
  type Instantiation,
  isResolved,
  type NativeAsyncify,
} from "./instantiation.js";
import { type Compiled, instances, modules } from "./slots.js";
import type { World } from "./world.js";

const KINDS: Readonly<Record<ExternKind, string>> = {
  func: "function",
  table: "table",
  memory: "memory",
  global: "global",
  tag: "tag",
};

export interface CompileOptions {
  readonly builtins: readonly string[];
  readonly strings: string | null;
}

/** WebAssemblyCompileOptions */
export function toCompileOptions(value: unknown): CompileOptions {
  const { builtins, importedStringConstants: strings } = toDictionary(value, "compile options");
  return {
    builtins:
      builtins === undefined
        ? []
        : toSequence(builtins, "builtins").map((name) => toScalarText(name)),
    strings: strings === undefined || strings === null ? null : toScalarText(strings),
  };
}

/** Compiles bytes as one object `WebAssembly` does. @throws CompileError */
export type Compile = (bytes: Uint8Array, options: CompileOptions) => Compiled;

/**
 * @param settings native asyncify for all modules that are not instrumented
 * @param sourceMap gives the text of the source map that a module names
 */
export const compiler =
  (settings: NativeAsyncify | null, sourceMap: SourceMapText | undefined): Compile =>
  (bytes, options) =>
    compile(bytes, options, settings, sourceMap);

function compile(
  bytes: Uint8Array,
  { builtins, strings }: CompileOptions,
  settings: NativeAsyncify | null,
  sourceMap: SourceMapText | undefined,
): Compiled {
  const module = withSources(
    compiling(() => validate(decode(bytes))),
    sourceMap,
  );
  const enabled = new Set(builtins);
  if (enabled.size < builtins.length) throw new CompileError("a set of builtins is named twice");
  const wrong = mistypedBuiltin(module, enabled, strings);
  if (wrong !== undefined)
    throw new CompileError(`import ${wrong.module}.${wrong.name} has not the type of the builtin`);
  const asyncify = compiling(() => compiledAsyncify(module, settings));
  return { module, builtins: enabled, strings, asyncify };
}

export const moduleInterface = (compileBytes: Compile) =>
  finishInterface(
    "Module",
    class Module {
      constructor(bytes: unknown, ...[options]: unknown[]) {
        const copy = toBytes(bytes);
        modules.set(this, compileBytes(copy, toCompileOptions(options)));
      }

      static exports(module: unknown): object[] {
        const compiled = modules.demand(module, "the argument");
        const added = [...addedExports(compiled)].map(([name, { kind }]) => ({ name, kind }));
        return [...compiled.module.exports, ...added].map(({ name, kind }) => ({
          name,
          kind: KINDS[kind],
        }));
      }

      static imports(module: unknown): object[] {
        const compiled = modules.demand(module, "the argument");
        const { builtins, strings } = compiled;
        return compiled.module.imports
          .filter((wanted) => wanted.module !== strings && !builtinOf(builtins, wanted))
          .filter((wanted) => !isResolved(compiled, wanted))
          .map(({ module: from, name, description }) => ({
            module: from,
            name,
            kind: KINDS[description.kind],
          }));
      }

      static customSections(module: unknown, sectionName: unknown): ArrayBufferLike[] {
        const { bytes, customs } = modules.demand(module, "the first argument").module;
        if (arguments.length < 2) throw new TypeError("customSections takes 2 arguments");
        const wanted = toText(sectionName);
        return customs
          .filter(({ name }) => name === wanted)
          .map(({ start, end }) => bytes.slice(start, end).buffer);
      }
    },
  );

export const instanceInterface = (world: World, making: Instantiation) =>
  finishInterface(
    "Instance",
    class Instance {
      constructor(module: unknown, ...[importObject]: unknown[]) {
        const compiled = modules.demand(module, "the first argument");
        const given = toOptionalObject(importObject, "the import object");
        const linked = linkInstance(world, making, compiled, given);
        initInstance(world, making, this, linked);
      }

      get exports(): Record<string, unknown> {
        return instances.demand(this).exports;
      }
    },
  );

/** An instance that is about to be made, and its imports in the module's order. */
export interface Linked {
  readonly begun: Begun;
  readonly imports: readonly ExternInstance[];
}

/** Reads the imports. */
export function linkInstance(
  world: World,
  making: Instantiation,
  compiled: Compiled,
  importObject: object | undefined,
): Linked {
  return world.guarded(() => {
    const begun = making.begin(compiled);
    return { begun, imports: readImports(world, begun, importObject) };
  });
}

/** Makes an instance, for which `object` stands. */
export function initInstance(
  world: World,
  making: Instantiation,
  object: object,
  { begun, imports }: Linked,
): void {
  const instance = world.guarded(() => making.finish(begun, imports));
  instances.set(object, { instance, exports: exportsOf(world, instance) });
}
