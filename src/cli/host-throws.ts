// Whose exception it is that ends a run: a function's of the host, the host script's, or
// Bobbin's own, which is a bug. The errors look alike; who threw them tells them apart.

import type { FiberView } from "../exec/fiber.js";
import type { Observer } from "../exec/hooks.js";
import { stackOf } from "../exec/stack.js";
import type { FuncInstance } from "../runtime/instances.js";
import { StoppedError } from "../runtime/traps.js";
import { BobbinError } from "../util/errors.js";
import { HostException } from "./failure.js";

/** What functions of the host threw last. */
export class HostThrows {
  private last: { error: unknown; fiber: FiberView | null; func: FuncInstance } | null = null;

  readonly observer: Observer = {
    hostThrow: (fiber, func, error) => {
      // On its way out an error may pass through other functions of the host: the first threw it.
      if (this.last === null || this.last.error !== error) this.last = { error, fiber, func };
    },
  };

  /** @param script who else may have thrown */
  explain(error: unknown, script?: string): unknown {
    const { last } = this;
    this.last = null;
    if (error instanceof BobbinError) {
      // A trap of a function of ours, which the machine takes for one that it told of already.
      if (error instanceof StoppedError && error.frames === 0 && last?.error === error) {
        const { fiber } = last;
        if (fiber !== null) error.at(stackOf(fiber), fiber.below + fiber.depth);
      }
      return error;
    }
    if (last === null || last.error !== error)
      return script === undefined ? error : new HostException(script, error);
    const { fiber, func } = last;
    const where = `import ${func.name}`;
    return fiber === null
      ? new HostException(where, error)
      : new HostException(where, error, stackOf(fiber), fiber.below + fiber.depth);
  }
}
