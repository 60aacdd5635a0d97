// What JavaScript objects of the interface stand for: their internal slots. An object has
// one if an interface of any world made it, whatever its prototype has become.
// Spec: https://webassembly.github.io/spec/js-api/#object-caches

import type { AsyncifySettings } from "../fiber/asyncify/asyncify.js";
import type { Roles } from "../fiber/asyncify/roles.js";
import type { ExceptionInstance } from "../runtime/exceptions.js";
import type {
  FuncInstance,
  GlobalInstance,
  ModuleInstance,
  TableInstance,
  TagInstance,
} from "../runtime/instances.js";
import type { MemoryInstance } from "../runtime/memory.js";
import type { ValidModule } from "../valid/validate.js";

export class Slot<T> {
  private readonly held = new WeakMap<object, T>();
  constructor(private readonly name: string) {}

  set(object: object, value: T): void {
    this.held.set(object, value);
  }
  /** Undefined for every value that has no such slot. */
  of(value: unknown): T | undefined {
    return this.held.get(value as object);
  }
  /** @throws TypeError where the value has no such slot */
  demand(value: unknown, what = "this"): T {
    const found = this.held.get(value as object);
    if (found === undefined) throw new TypeError(`${what} is not a ${this.name}`);
    return found;
  }
}

/** A compiled module, and what was asked for when it was compiled. */
export interface Compiled {
  readonly module: ValidModule;
  readonly builtins: ReadonlySet<string>;
  /** From this module's name come strings, which are the names of what is imported. */
  readonly strings: string | null;
  /** Its instances run with native asyncify, under these options. */
  readonly asyncify: (AsyncifySettings & { readonly roles: Roles }) | null;
}
export interface Instantiated {
  readonly instance: ModuleInstance;
  readonly exports: Record<string, unknown>;
}
export interface Thrown {
  readonly exception: ExceptionInstance;
  readonly stack: string | undefined;
}

export const functions = new Slot<FuncInstance>("WebAssembly exported function");
export const modules = new Slot<Compiled>("WebAssembly.Module");
export const instances = new Slot<Instantiated>("WebAssembly.Instance");
export const memories = new Slot<MemoryInstance>("WebAssembly.Memory");
export const tables = new Slot<TableInstance>("WebAssembly.Table");
export const globals = new Slot<GlobalInstance>("WebAssembly.Global");
export const tags = new Slot<TagInstance>("WebAssembly.Tag");
export const exceptions = new Slot<Thrown>("WebAssembly.Exception");
/** The function whose promises suspend. */
export const suspendings = new Slot<(...args: unknown[]) => unknown>("WebAssembly.Suspending");
