// JavaScript promise integration: `WebAssembly.Suspending`, and why a program that waits
// for a promise cannot be suspended. What suspends is a fiber of the machine, so any host
// can, and many calls may wait at once.
// Spec: https://webassembly.github.io/js-promise-integration/js-api/#jspi

import type { CallUnderWay } from "../exec/invocation.js";
import type { Machine } from "../exec/machine.js";
import type { HostFunction } from "../runtime/instances.js";
import type { StackEntry } from "../runtime/traps.js";
import { hex } from "../util/hex.js";
import { suspendError } from "./errors.js";
import { finishInterface } from "./idl.js";
import { suspendings } from "./slots.js";

export const suspendingInterface = () =>
  finishInterface(
    "Suspending",
    class Suspending {
      constructor(func: unknown) {
        if (typeof func !== "function") throw new TypeError("Suspending takes a function");
        suspendings.set(this, func as (...args: unknown[]) => unknown);
      }
    },
  );

/** The function is not even called where its promise could not be waited for. */
export const suspending =
  (machine: Machine, name: string, host: HostFunction): HostFunction =>
  (args) => {
    const call = machine.underWay;
    if (call !== null && !call.awaits) throw suspendError(machine, whyNot(name, call));
    return host(args);
  };

const frame = ({ name, func, offset, source }: StackEntry): string =>
  `    ${name} (function ${func}) at byte ${hex(offset)}${source === undefined ? "" : `, ${source}`}`;

/** All frames, innermost first, the one in the way marked. */
function whyNot(name: string, innermost: CallUnderWay): string {
  const lines: string[] = [`    JavaScript: ${name}, which suspends`];
  let blocked = false;
  for (let call: CallUnderWay | null = innermost; call !== null; call = call.outer) {
    lines.push(...(call.trace?.entries ?? []).map(frame));
    if (call.awaits) {
      lines.push(`    called through WebAssembly.promising`);
      break;
    }
    const caller = call.outer?.asked?.name;
    const text = caller === undefined ? "JavaScript" : `JavaScript: ${caller}`;
    lines.push(
      `${blocked ? "   " : "-->"} ${text}, which called ${call.func.name} and waits for its result`,
    );
    blocked = true;
  }
  return [
    `${name} cannot suspend: a function of JavaScript's is in the way, whose calls do not go through WebAssembly.promising`,
    ...lines,
  ].join("\n");
}
