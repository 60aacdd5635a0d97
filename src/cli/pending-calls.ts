// Whose exception it is that ends a run: a function's of the host, the host script's, or
// Bobbin's own, which is a bug. All engines' objects look alike; the calls tell them apart.

import type { FiberView } from "../exec/fiber.js";
import type { Observer } from "../exec/hooks.js";
import { stackOf } from "../exec/stack.js";
import type { FuncInstance } from "../runtime/instances.js";
import type { StackEntry } from "../runtime/traps.js";
import { BobbinError } from "../util/errors.js";
import { HostException } from "./failure.js";

/** The host calls that have not returned: when one throws, they tell which. */
export class PendingCalls {
  private readonly calls: { fiber: FiberView | null; func: FuncInstance }[] = [];

  readonly observer: Observer = {
    hostCall: (fiber, func) => {
      this.calls.push({ fiber, func });
    },
    hostReturn: (fiber, func) => {
      const at = this.calls.findLastIndex((call) => call.func === func && call.fiber === fiber);
      this.calls.splice(at, 1);
    },
  };

  /** @param script who else may have thrown */
  explain(error: unknown, script?: string): unknown {
    const call = this.calls.pop();
    this.calls.length = 0;
    if (error instanceof BobbinError) return error;
    if (call === undefined) return script === undefined ? error : new HostException(script, error);
    const stack: StackEntry[] = call.fiber === null ? [] : stackOf(call.fiber);
    return new HostException(`import ${call.func.name}`, error, stack);
  }
}
