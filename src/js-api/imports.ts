// From a JavaScript import object to Bobbin's imports. What is missing is left out:
// instantiation finds and names it.
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
import type { Import } from "../syntax/module.js";
import type { FuncType } from "../syntax/types.js";
import { LinkError } from "../util/errors.js";
import { closeGlobalType, type DefType } from "../valid/deftypes.js";
import type { ValidModule } from "../valid/validate.js";
import { Global, Memory, Table, Tag } from "./objects.js";
import { refuseSignature, toJsValue, toWasmResults, toWasmValue } from "./values.js";
import { functionBehind, type JsFunction, type World, worldOf } from "./world.js";

export type ImportObject = Readonly<Record<string, unknown>>;

export interface ImportOptions {
  /**
   * A promise that a function returns suspends its caller until it is settled (the
   * default). Otherwise it converts like any object, as in every engine.
   */
  readonly suspend?: boolean;
}

/**
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
  let functions = 0;
  for (const wanted of module.imports) {
    const index = wanted.description.kind === "func" ? functions++ : -1;
    const group = importObject[wanted.module];
    if (group === undefined) continue;
    if ((typeof group !== "object" || group === null) && typeof group !== "function")
      throw new TypeError(`import module ${wanted.module} is not an object`);
    const value = (group as Record<string, unknown>)[wanted.name];
    if (value === undefined && !mayBeUndefined(wanted)) continue;
    const extern = externOf(worldOf(machine), module, { ...wanted, index }, value, suspend);
    if (!imports.has(wanted.module)) imports.set(wanted.module, new Map());
    imports.get(wanted.module)!.set(wanted.name, extern);
  }
  return imports;
}

/** As a host's value, undefined is as good as any other. */
const mayBeUndefined = ({ description }: Import): boolean =>
  description.kind === "global" &&
  typeof description.type.type === "object" &&
  (description.type.type.heap === "extern" || description.type.type.heap === "any");

function externOf(
  world: World,
  module: ValidModule,
  { module: group, name, description, index }: Import & { readonly index: number },
  value: unknown,
  suspend: boolean,
): ExternInstance {
  const label = `import ${group}.${name}`;
  const { defTypes } = module.context;
  switch (description.kind) {
    case "func": {
      if (typeof value !== "function") throw new LinkError(`${label} must be a function`);
      const type = defTypes[description.type]!;
      const func =
        functionBehind(value) ??
        FuncInstance.host(
          type,
          `${group}.${name}`,
          hostFunction(world, type, value as JsFunction, suspend),
          // The spec's "index of the host function": its exported function is named by it.
          index,
        );
      return { kind: "func", func };
    }
    case "memory":
      if (!(value instanceof Memory)) throw new LinkError(`${label} must be a Memory`);
      return { kind: "memory", memory: Memory.instanceOf(value) };
    case "table":
      if (!(value instanceof Table)) throw new LinkError(`${label} must be a Table`);
      return { kind: "table", table: Table.instanceOf(value) };
    case "global": {
      if (value instanceof Global) return { kind: "global", global: Global.instanceOf(value) };
      const { type } = closeGlobalType(defTypes, description.type);
      const wanted = typeof type === "object" ? "reference" : type === "i64" ? "bigint" : "number";
      if (wanted !== "reference" && typeof value !== wanted)
        throw new LinkError(`${label} must be a Global or a ${wanted}`);
      const global = new GlobalInstance({ type, mutable: false });
      try {
        setGlobal(global, toWasmValue(value, type, world));
      } catch (error) {
        throw new LinkError(`${label}: ${(error as Error).message}`);
      }
      return { kind: "global", global };
    }
    case "tag":
      if (!(value instanceof Tag)) throw new LinkError(`${label} must be a Tag`);
      return { kind: "tag", tag: Tag.instanceOf(value) };
  }
}

function hostFunction(
  world: World,
  type: DefType,
  call: JsFunction,
  suspend: boolean,
): HostFunction {
  const signature = type.sub.comp as FuncType<DefType>;
  const { results } = signature;
  // A promise given for an externref is a value like any other.
  const awaits = suspend && !results.some((t) => typeof t === "object");
  return (args) => {
    refuseSignature(signature);
    const returned = call(...args.map((value) => toJsValue(value, world)));
    return awaits && returned instanceof Promise
      ? returned.then((value) => toWasmResults(value, results, world))
      : toWasmResults(returned, results, world);
  };
}
