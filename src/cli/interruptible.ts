// Ctrl-C while something is recorded: what was recorded must not be lost, and yet it must end at
// once. Node tells of signals when the event loop turns, which it does not while wasm runs; so
// where it has not turned for a while, instructions are executed under the watchdog that Node has
// for scripts. That breaks JavaScript off anywhere: the machine is not to be used any more.
// A program that takes SIGINT itself is left alone.

import process from "node:process";
import { type Context, createContext, Script } from "node:vm";
import type { Tier } from "../exec/hooks.js";
import { interpret } from "../exec/interpreter.js";

/** Milliseconds without a turn of the event loop until the watchdog is asked for. */
const PATIENCE = 50;
/** Instructions that take less than that. */
const SHORT = 2 ** 18;

export interface Interruptible {
  /** Executes as `tier` does, the interpreter for null. */
  readonly tier: (tier: Tier | null) => Tier;
  /** Ctrl-C is Node's own again. */
  end(): void;
}

/** @param act what Ctrl-C does, and ends the process; whether wasm was running then */
export function interruptible(act: (running: boolean) => never): Interruptible {
  let turned = performance.now();
  const clock = setInterval(() => (turned = performance.now()), PATIENCE / 2).unref();
  /** Whether nobody else takes the signal. */
  const ours = (): boolean => process.listenerCount("SIGINT") === 1;
  const asked = (): void => {
    if (ours()) act(false);
  };
  process.on("SIGINT", asked);
  const watched = (action: () => void): void => {
    if (underWatchdog(action) === "interrupted") act(true);
  };
  return {
    tier: (inner) => ({
      execute(machine, fuel) {
        const execute = (most: number): void =>
          inner === null ? interpret(machine, most) : inner.execute(machine, most);
        if (performance.now() - turned > PATIENCE && ours()) return watched(() => execute(fuel));
        const most = Math.min(fuel, SHORT);
        try {
          return execute(most);
        } finally {
          machine.unused += fuel - most;
        }
      },
    }),
    end() {
      clearInterval(clock);
      process.off("SIGINT", asked);
    },
  };
}

/** Made when it is first needed: that takes a while. */
let watchdog: { readonly surroundings: Context; readonly script: Script } | null = null;

/** Does something, until Ctrl-C breaks it off. */
function underWatchdog(action: () => void): "done" | "interrupted" {
  watchdog ??= { surroundings: createContext(), script: new Script("run()") };
  const { surroundings, script } = watchdog;
  const failures: unknown[] = [];
  surroundings["run"] = (): void => {
    try {
      action();
    } catch (error) {
      failures.push(error);
    }
  };
  try {
    script.runInContext(surroundings, { breakOnSigint: true, displayErrors: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_SCRIPT_EXECUTION_INTERRUPTED")
      return "interrupted";
    throw error;
  }
  if (failures.length > 0) throw failures[0];
  return "done";
}
