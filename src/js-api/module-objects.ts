// `WebAssembly.Module` and `WebAssembly.Instance`.
// Spec: https://webassembly.github.io/spec/js-api/#modules

import { decode } from "../binary/decode.js";
import { instantiate } from "../exec/instantiate.js";
import type { ExternInstance } from "../runtime/instances.js";
import type { ExternKind } from "../syntax/module.js";
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

/** @throws CompileError */
export function compile(bytes: Uint8Array, { builtins, strings }: CompileOptions): Compiled {
  const module = compiling(() => validate(decode(bytes)));
  const enabled = new Set(builtins);
  if (enabled.size < builtins.length) throw new CompileError("a set of builtins is named twice");
  const wrong = mistypedBuiltin(module, enabled, strings);
  if (wrong !== undefined)
    throw new CompileError(`import ${wrong.module}.${wrong.name} has not the type of the builtin`);
  return { module, builtins: enabled, strings };
}

export const moduleInterface = () =>
  finishInterface(
    "Module",
    class Module {
      constructor(bytes: unknown, ...[options]: unknown[]) {
        const copy = toBytes(bytes);
        modules.set(this, compile(copy, toCompileOptions(options)));
      }

      static exports(module: unknown): object[] {
        const { module: decoded } = modules.demand(module, "the argument");
        return decoded.exports.map(({ name, kind }) => ({ name, kind: KINDS[kind] }));
      }

      static imports(module: unknown): object[] {
        const { module: decoded, builtins, strings } = modules.demand(module, "the argument");
        return decoded.imports
          .filter((wanted) => wanted.module !== strings && !builtinOf(builtins, wanted))
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

export const instanceInterface = (world: World) =>
  finishInterface(
    "Instance",
    class Instance {
      constructor(module: unknown, ...[importObject]: unknown[]) {
        const compiled = modules.demand(module, "the first argument");
        const given = toOptionalObject(importObject, "the import object");
        const imports = world.guarded(() => readImports(world, compiled, given));
        initInstance(world, this, compiled, imports);
      }

      get exports(): Record<string, unknown> {
        return instances.demand(this).exports;
      }
    },
  );

/** Makes an instance, for which `object` stands. */
export function initInstance(
  world: World,
  object: object,
  { module }: Compiled,
  imports: readonly ExternInstance[],
): void {
  const instance = world.guarded(() => instantiate(world.machine, module, imports));
  instances.set(object, { instance, exports: exportsOf(world, instance) });
}
