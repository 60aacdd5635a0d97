// On which machine the JavaScript that runs now was called: the classes of errors belong to
// no machine, but a program that gives up makes such an error, and wants its whole stack.

import type { Machine } from "../exec/machine.js";

let machines: WeakRef<Machine>[] = [];

/** From now on JavaScript may be called by this machine. */
export function noteMachine(machine: Machine): void {
  machines = machines.filter((ref) => ref.deref() !== undefined);
  machines.push(new WeakRef(machine));
}

/** Null where no machine has called JavaScript, or several have: their order is not known. */
export function machineUnderWay(): Machine | null {
  const calling = machines
    .map((ref) => ref.deref())
    .filter((machine) => machine !== undefined && machine.underWay !== null);
  return calling.length === 1 ? calling[0]! : null;
}
