// A call that was started, driven on from where it stands: between two instructions, or
// waiting for the host. For whoever stops in the middle, unlike `invocation.ts`.

import type { HostCall } from "./fiber.js";
import { callHost } from "./invocation.js";
import type { Machine, Outcome } from "./machine.js";

export interface DriveOptions {
  /** Instructions to execute at most. */
  readonly fuel?: number;
  /** Whether to stop before the host answers a call; one that it waits for already is answered. */
  readonly stopBefore?: (call: HostCall) => boolean;
}

/**
 * Runs the current fiber, and has the host answer, at once or by promises, until the call
 * returns, the fuel is used, or the host is not to answer.
 * @throws what ends the call otherwise
 */
export async function drive(
  machine: Machine,
  { fuel = Infinity, stopBefore = () => false }: DriveOptions = {},
): Promise<Extract<Outcome, { kind: "returned" | "paused" | "host" }>> {
  const end = machine.executed + fuel;
  const { fiber } = machine;
  if (fiber?.status === "waiting" && fiber.hostCall !== null) await serve(machine, fiber.hostCall);
  for (;;) {
    const outcome = machine.run({ fuel: end - machine.executed });
    if (outcome.kind === "trapped" || outcome.kind === "threw") throw outcome.error;
    if (outcome.kind !== "host" || stopBefore(outcome.call)) return outcome;
    await serve(machine, outcome.call);
  }
}

/** Other calls may run while the host takes its time: the fiber is the current one again after. */
async function serve(machine: Machine, { func, args }: HostCall): Promise<void> {
  const { fiber } = machine;
  try {
    const results = await callHost(machine, func, args, (answer) => answer);
    machine.fiber = fiber;
    machine.answer(results);
  } catch (error) {
    machine.fiber = fiber;
    if (fiber?.status !== "waiting" || !machine.raise(error)) throw error;
  }
}
