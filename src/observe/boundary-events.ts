// The calls between one instance and its host as events, told by the machine: for programs
// whose host is not Bobbin's to wrap. `compare/boundary.ts` tells the same of any engine.

import type { FiberView } from "../exec/fiber.js";
import type { Observer } from "../exec/hooks.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import { Exhaustion, Trap } from "../runtime/traps.js";
import type { Value } from "../runtime/values.js";
import { importsOf } from "../syntax/module.js";
import { stateName, type TraceEvent } from "./events.js";
import { runtimeFunctions } from "./runtime-functions.js";

interface ImportName {
  readonly module: string;
  readonly name: string;
}

export class BoundaryEvents {
  /** Names by which the host knows functions of the instance; none for the asyncify runtime. */
  private readonly exported = new Map<FuncInstance, string>();
  private readonly runtime = new Set<FuncInstance>();
  private readonly imported = new Map<FuncInstance, ImportName>();

  /** @param state `__asyncify_state` */
  constructor(
    instance: ModuleInstance,
    private readonly state: () => number,
    private readonly emit: (event: TraceEvent) => void,
  ) {
    const runtime = runtimeFunctions(instance.module);
    for (const [name, extern] of instance.exports) {
      if (extern.kind !== "func") continue;
      const { func } = extern;
      // Native asyncify's own are no functions of the module.
      const own = func.instance === instance && runtime.has(func.index);
      if (own || func.native !== null) this.runtime.add(func);
      else if (!this.exported.has(extern.func)) this.exported.set(extern.func, name);
    }
    importsOf(instance.module, "func").forEach(({ module, name }, i) => {
      const func = instance.funcs[i]!;
      if (!this.imported.has(func)) this.imported.set(func, { module, name });
    });
  }

  /** Sees what the program is about to receive, in front of others that watch the instance. */
  readonly before: Observer = {
    call: (func, args) => this.tell(func, (name) => ({ type: "call", name, args })),
    hostReturn: (fiber, func, results) =>
      this.tellHost(fiber, func, (names) => ({ type: "host return", ...names, results })),
  };

  /** Sees what the host is about to receive, behind the others. */
  readonly after: Observer = {
    return: (func, results) => {
      const state = stateName(this.state());
      this.tell(func, (name) => ({ type: "return", name, results, state }));
    },
    fail: (func, error) =>
      this.tell(func, (name) => ({ type: "trap", name, reason: reasonOf(error) })),
    hostCall: (fiber, func, args: readonly Value[]) =>
      this.tellHost(fiber, func, (names) => ({ type: "host", ...names, args })),
  };

  private tell(func: FuncInstance, event: (name: string) => TraceEvent): void {
    // The runtime tells of itself.
    if (func.native !== null || this.runtime.has(func)) return;
    this.emit(event(this.exported.get(func) ?? func.name));
  }

  private tellHost(
    fiber: FiberView | null,
    func: FuncInstance,
    event: (names: ImportName) => TraceEvent,
  ): void {
    const known = this.imported.get(func);
    // A function of the host that it calls itself, and this instance has nothing to do with it.
    if (known === undefined && fiber === null) return;
    this.emit(event(known ?? { module: "", name: func.name }));
  }
}

/** In the words of the trace. */
const reasonOf = (error: unknown): string =>
  error instanceof Trap || error instanceof Exhaustion ? error.reason : "host exception";
