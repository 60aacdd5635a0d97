// Constructors. They run in the order of their priorities before anything else does:
// from the start function, unless some code calls `__wasm_call_ctors` itself.

import { join, leb } from "../binary/encode.js";
import type { Linker } from "./link.js";
import type { Func } from "./spaces.js";

export class InitCode {
  static readonly symbol = "__wasm_call_ctors";
  private func: Func | null = null;
  private called = false;
  private readonly order: Func[] = [];

  constructor(private readonly linker: Linker) {}

  /** For code that calls it. */
  entity(): Func {
    this.called = true;
    return this.made();
  }

  private made(): Func {
    const { funcs, types } = this.linker;
    this.func ??= funcs.add({
      name: InitCode.symbol,
      type: types.indexOf({ params: [], results: [] }),
      body: () => this.body(),
    });
    return this.func;
  }

  private body(): Uint8Array {
    const { funcs, program } = this.linker;
    const start = program?.module.start;
    const first = this.called || start === undefined ? [] : [program!.funcs[start]!];
    const calls = [...first, ...this.order].map((func) => [0x10, ...leb(funcs.index(func))]);
    return join([0], ...calls, [0x0b]);
  }

  make(): void {
    const { objects } = this.linker;
    const inits = objects.flatMap((object) =>
      object.inits.map(({ priority, symbol }) => ({
        priority,
        func: this.linker.entityOf(object, symbol) as Func,
      })),
    );
    inits.sort((a, b) => a.priority - b.priority);
    this.order.push(...inits.map(({ func }) => func));
    if (this.order.length > 0) this.made();
  }

  /** The program's start function. */
  get start(): Func | undefined {
    const { program } = this.linker;
    if (this.func !== null && !this.called) return this.func;
    const start = program?.module.start;
    return start === undefined ? undefined : program!.funcs[start];
  }
}
