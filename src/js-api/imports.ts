// From a JavaScript import object to Bobbin's imports.
// Spec: https://webassembly.github.io/spec/js-api/#read-the-imports

import type { Machine } from "../exec/machine.js";
import { setGlobal } from "../exec/instantiate.js";
import {
  type ExternInstance,
  FuncInstance,
  GlobalInstance,
  type HostFunction,
  type Imports,
} from "../runtime/instances.js";
import { HostRef } from "../runtime/values.js";
import type { Import } from "../syntax/module.js";
import type { FuncType } from "../syntax/types.js";
import { LinkError } from "../util/errors.js";
import { closeGlobalType, type DefType } from "../valid/deftypes.js";
import type { ValidModule } from "../valid/validate.js";
import { builtinOf, STRING } from "./builtins.js";
import { isObject } from "./idl.js";
import { type Begun, isResolved } from "./instantiation.js";
import { functions, globals, memories, suspendings, tables, tags } from "./slots.js";
import { suspending } from "./suspending.js";
import { refuseSignature, toJsValue, toWasmResults, toWasmValue } from "./values.js";
import { type JsFunction, type World, worldOf } from "./world.js";

export type ImportObject = Readonly<Record<string, unknown>>;

export interface ImportOptions {
  /**
   * A promise that a function returns suspends its caller until it is settled (the
   * default). Otherwise it converts like any object, as in every engine.
   */
  readonly suspend?: boolean;
}

/** An import, and which one of the imported functions it is. */
type Wanted = Import & { readonly index: number };

function* numbered(module: ValidModule): Generator<Wanted> {
  let count = 0;
  for (const wanted of module.imports)
    yield { ...wanted, index: wanted.description.kind === "func" ? count++ : -1 };
}

/**
 * Imports by name, for a program that gets others from elsewhere: what is missing is left
 * out, and instantiation finds and names it.
 * @throws TypeError where a module's name stands for something else than an object
 * @throws LinkError where a value cannot be what the module wants
 */
export function jsImports(
  machine: Machine,
  module: ValidModule,
  importObject: ImportObject,
  { suspend = true }: ImportOptions = {},
): Imports {
  const imports = new Map<string, Map<string, ExternInstance>>();
  for (const wanted of numbered(module)) {
    const group = importObject[wanted.module];
    if (group === undefined) continue;
    const value = valueIn(group, wanted);
    if (value === undefined && !mayBeUndefined(wanted)) continue;
    if (!imports.has(wanted.module)) imports.set(wanted.module, new Map());
    const extern = externOf(worldOf(machine), module, wanted, value, suspend);
    imports.get(wanted.module)!.set(wanted.name, extern);
  }
  return imports;
}

/**
 * Imports in the module's order, read as the interface says.
 * @throws as `jsImports`, and for what is missing
 */
export function readImports(
  world: World,
  { compiled, asyncify }: Begun,
  importObject: object | undefined,
): ExternInstance[] {
  const { module, strings } = compiled;
  const isRead = (wanted: Import): boolean => !isResolved(compiled, wanted);
  if (importObject === undefined && module.imports.some(isRead))
    throw new TypeError("the module has imports, but there is no import object");
  return [...numbered(module)].map((wanted) => {
    if (wanted.module === strings) return stringNamed(wanted.name);
    const builtin = builtinOf(compiled.builtins, wanted);
    if (builtin !== undefined) return { kind: "func", func: builtin };
    if (!isRead(wanted)) return asyncify!.imports.get(wanted.name)!;
    const group = (importObject as ImportObject)[wanted.module];
    return externOf(world, module, wanted, valueIn(group, wanted), false);
  });
}

function valueIn(group: unknown, { module, name }: Import): unknown {
  if (!isObject(group)) throw new TypeError(`import module ${module} is not an object`);
  return (group as ImportObject)[name];
}

function stringNamed(text: string): ExternInstance {
  const global = new GlobalInstance({ type: STRING, mutable: false });
  global.ref = new HostRef(text);
  return { kind: "global", global };
}

/** As a host's value, undefined is as good as any other. */
const mayBeUndefined = ({ description }: Import): boolean =>
  description.kind === "global" &&
  typeof description.type.type === "object" &&
  (description.type.type.heap === "extern" || description.type.type.heap === "any");

function externOf(
  world: World,
  module: ValidModule,
  { module: group, name, description, index }: Wanted,
  value: unknown,
  suspend: boolean,
): ExternInstance {
  const label = `import ${group}.${name}`;
  const { defTypes } = module.context;
  switch (description.kind) {
    case "func": {
      const type = defTypes[description.type]!;
      const func =
        functions.of(value) ?? functionOf(world, type, `${group}.${name}`, value, suspend, index);
      if (func === undefined) throw new LinkError(`${label} must be a function`);
      return { kind: "func", func };
    }
    case "memory": {
      const memory = memories.of(value);
      if (memory === undefined) throw new LinkError(`${label} must be a Memory`);
      return { kind: "memory", memory };
    }
    case "table": {
      const table = tables.of(value);
      if (table === undefined) throw new LinkError(`${label} must be a Table`);
      return { kind: "table", table };
    }
    case "global": {
      const given = globals.of(value);
      if (given !== undefined) return { kind: "global", global: given };
      const { type } = closeGlobalType(defTypes, description.type);
      const wanted = typeof type === "object" ? "reference" : type === "i64" ? "bigint" : "number";
      if (wanted !== "reference" && typeof value !== wanted)
        throw new LinkError(`${label} must be a Global or a ${wanted}`);
      const global = new GlobalInstance({ type, mutable: false });
      try {
        setGlobal(global, toWasmValue(value, type, world));
      } catch (error) {
        throw error instanceof TypeError ? new LinkError(`${label}: ${error.message}`) : error;
      }
      return { kind: "global", global };
    }
    case "tag": {
      const tag = tags.of(value);
      if (tag === undefined) throw new LinkError(`${label} must be a Tag`);
      return { kind: "tag", tag };
    }
  }
}

/** `index` is the spec's "index of the host function": its exported function is named by it. */
function functionOf(
  world: World,
  type: DefType,
  name: string,
  value: unknown,
  suspend: boolean,
  index: number,
): FuncInstance | undefined {
  const suspended = suspendings.of(value);
  if (suspended !== undefined) {
    const host = hostFunction(world, type, suspended, "always");
    return FuncInstance.host(type, name, suspending(world.machine, name, host), index);
  }
  if (typeof value !== "function") return undefined;
  const host = hostFunction(
    world,
    type,
    value as JsFunction,
    suspend && mayWait(type) ? "for promises" : "never",
  );
  return FuncInstance.host(type, name, host, index);
}

/** A promise given for an externref is a value like any other. */
const mayWait = (type: DefType): boolean =>
  !(type.sub.comp as FuncType<DefType>).results.some((result) => typeof result === "object");

function hostFunction(
  world: World,
  type: DefType,
  call: JsFunction,
  waits: "never" | "for promises" | "always",
): HostFunction {
  const signature = type.sub.comp as FuncType<DefType>;
  const { results } = signature;
  const thrown = (error: unknown): never => {
    throw world.errors.inward(error);
  };
  return (args) => {
    try {
      refuseSignature(signature);
      const returned = call(...args.map((value) => toJsValue(value, world)));
      if (waits === "never" || (waits === "for promises" && !(returned instanceof Promise)))
        return toWasmResults(returned, results, world);
      return Promise.resolve(returned)
        .then((value) => toWasmResults(value, results, world))
        .catch(thrown);
    } catch (error) {
      return thrown(error);
    }
  };
}
