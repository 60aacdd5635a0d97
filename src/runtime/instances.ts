// Runtime structure: the instances of the spec, as objects that refer to each
// other directly. Addresses of the spec's store are object identities here.
// Spec: https://webassembly.github.io/spec/core/exec/runtime.html

import type { FuncType, GlobalType, TableType } from "../syntax/types.js";
import type { DefType } from "../valid/deftypes.js";
import type { ValidModule } from "../valid/validate.js";
import { UsageError } from "../util/errors.js";
import type { MemoryInstance } from "./memory.js";
import type { Reference, Value } from "./values.js";

/**
 * What an imported function does. It may answer at once or with a promise; a
 * promise suspends the fiber that called.
 */
export type HostFunction = (args: readonly Value[]) => readonly Value[] | Promise<readonly Value[]>;

/**
 * A function that is part of the machine (the asyncify runtime functions, a fiber
 * switch): it runs between two instructions, without a request to the host, while its
 * caller stands at the call. It answers with the results of the call at which the current
 * fiber stands: its own, unless it made the machine go on in another fiber; or with null
 * where that fiber stands at no call, but begins.
 */
export type NativeFunction<Machine = never> = (
  args: readonly Value[],
  machine: Machine,
) => readonly Value[] | null;

export class FuncInstance {
  /** The lowered body: `exec/lower.ts` puts it here before the first call. */
  code: unknown = null;
  /** The same, where the interpreter may enter it without asking what else could execute it. */
  direct: unknown = null;
  /** What compiled code calls in its place: `forward/` puts it here. */
  forward: unknown = null;

  private constructor(
    readonly type: DefType,
    readonly signature: FuncType<DefType>,
    /** The name to show: the module's own name for it. */
    readonly name: string,
    /** Wasm functions: where they are defined. */
    readonly instance: ModuleInstance | null,
    /**
     * Function index in `instance`, imports included. Host functions that JavaScript gave:
     * which imported function they were; native functions: what they stand in for, or -1.
     */
    readonly index: number,
    readonly host: HostFunction | null,
    readonly native: NativeFunction | null,
  ) {}

  static wasm(type: DefType, name: string, instance: ModuleInstance, index: number): FuncInstance {
    return new FuncInstance(type, functionType(type), name, instance, index, null, null);
  }
  /** A constant expression, as a function of no name or index. `type` only fills the field. */
  static expression(
    type: DefType,
    signature: FuncType<DefType>,
    instance: ModuleInstance,
  ): FuncInstance {
    return new FuncInstance(type, signature, "constant expression", instance, -1, null, null);
  }
  static host(type: DefType, name: string, host: HostFunction, index = -1): FuncInstance {
    return new FuncInstance(type, functionType(type), name, null, index, host, null);
  }
  static native(type: DefType, name: string, native: NativeFunction, index = -1): FuncInstance {
    return new FuncInstance(type, functionType(type), name, null, index, null, native);
  }
}

function functionType(type: DefType): FuncType<DefType> {
  if (type.sub.comp.kind !== "func") throw new TypeError("a function needs a function type");
  return type.sub.comp;
}

export class GlobalInstance {
  /** Numbers and vectors: the bits, low word first. */
  readonly words = new Int32Array(4);
  ref: Reference = null;
  constructor(readonly type: GlobalType<DefType>) {}
}

export class TableInstance {
  readonly elements: Reference[] = [];

  /** @throws RangeError where the table is larger than Bobbin allows */
  constructor(
    readonly type: TableType<DefType>,
    init: Reference,
  ) {
    const { min } = type.limits;
    if (min > MAX_TABLE_SIZE) {
      throw new RangeError(
        `a table of ${min} elements is larger than the ${MAX_TABLE_SIZE} allowed`,
      );
    }
    for (let i = 0; i < Number(min); i++) this.elements.push(init);
  }

  /** Grows by `delta` elements. Returns the old size, or -1 where that is not possible. */
  grow(delta: number, init: Reference): number {
    const old = this.elements.length;
    const { max } = this.type.limits;
    if (old + delta > Math.min(MAX_TABLE_SIZE, max === undefined ? Infinity : Number(max)))
      return -1;
    for (let i = 0; i < delta; i++) this.elements.push(init);
    return old;
  }
}

/** Implementation limit, the JavaScript API's: ten million elements. */
export const MAX_TABLE_SIZE = 10_000_000;

export class TagInstance {
  constructor(readonly type: DefType) {}
}

export type ExternInstance =
  | { readonly kind: "func"; readonly func: FuncInstance }
  | { readonly kind: "table"; readonly table: TableInstance }
  | { readonly kind: "memory"; readonly memory: MemoryInstance }
  | { readonly kind: "global"; readonly global: GlobalInstance }
  | { readonly kind: "tag"; readonly tag: TagInstance };

/** Imports by module name, then name. */
export type Imports = ReadonlyMap<string, ReadonlyMap<string, ExternInstance>>;

/** Imports of several suppliers; the first that has one wins. */
export function mergeImports(...suppliers: readonly Imports[]): Imports {
  const merged = new Map<string, Map<string, ExternInstance>>();
  for (const supplier of suppliers) {
    for (const [module, names] of supplier) {
      const into = merged.get(module) ?? new Map<string, ExternInstance>();
      merged.set(module, into);
      for (const [name, given] of names) if (!into.has(name)) into.set(name, given);
    }
  }
  return merged;
}

export class ModuleInstance {
  readonly funcs: FuncInstance[] = [];
  readonly tables: TableInstance[] = [];
  readonly memories: MemoryInstance[] = [];
  readonly globals: GlobalInstance[] = [];
  readonly tags: TagInstance[] = [];
  /** Element segments; a dropped one is empty. */
  readonly elems: Reference[][] = [];
  /** Data segments; a dropped one is empty. */
  readonly datas: Uint8Array[] = [];
  readonly exports = new Map<string, ExternInstance>();

  constructor(
    readonly module: ValidModule,
    readonly types: readonly DefType[],
  ) {}

  /** The exported function of that name. @throws UsageError where there is none */
  func(name: string): FuncInstance {
    const found = this.exports.get(name);
    if (found?.kind !== "func")
      throw new UsageError(`there is no exported function ${JSON.stringify(name)}`);
    return found.func;
  }
}
