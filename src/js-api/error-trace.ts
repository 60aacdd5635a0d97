// What errors tell of the wasm that they left: `stack` and `wasm`, made when somebody looks.

import type { Machine } from "../exec/machine.js";
import { type Explanation, explainEnd } from "../observe/check/explain.js";
import { type StateAtEnd, stateAtEnd } from "../observe/check/trap-state.js";
import type { StackTrace, StoppedError } from "../runtime/traps.js";
import { ErrorStack } from "./error-stack.js";
import type { WasmAsyncify, WasmTrace } from "./types.js";
import { frameOf } from "./wasm-frames.js";

/** Why Asyncify ended a call, and how it stood then. */
export interface AsyncifyEnd {
  readonly at: StateAtEnd;
  readonly explanation: Explanation;
}

/** To be asked when the error leaves wasm: later the program has gone on. Null where it was not Asyncify. */
export function asyncifyEnd(error: StoppedError, machine: Machine): AsyncifyEnd | null {
  const at = stateAtEnd(error, machine.interposer);
  const explanation = at === null ? null : explainEnd(error, at);
  return explanation === null ? null : { at: at!, explanation };
}

/** What `wasm` says of an error. */
export interface Told {
  readonly reason: string;
  /** Null where no wasm was left. */
  readonly trace: StackTrace | null;
  readonly asyncify: AsyncifyEnd | null;
}

/** The error's `stack` becomes that of wasm and JavaScript together. */
export function giveStack(object: Error, stack: ErrorStack): void {
  const header = object.message === "" ? object.name : `${object.name}: ${object.message}`;
  let text: unknown;
  let isMade = false;
  Object.defineProperty(object, "stack", {
    get() {
      if (!isMade) text = stack.text(header);
      isMade = true;
      return text;
    },
    set(value: unknown) {
      text = value;
      isMade = true;
    },
    configurable: true,
  });
}

/** The property `wasm`, which is not enumerable. */
export function giveTrace(object: object, told: Told): void {
  let made: WasmTrace | null = null;
  Object.defineProperty(object, "wasm", {
    get: () => (made ??= traceOf(told)),
    configurable: true,
  });
}

const traceOf = ({ reason, trace, asyncify }: Told): WasmTrace => ({
  reason,
  frames: (trace?.sites ?? []).map(frameOf),
  depth: trace?.frames ?? 0,
  fiber: trace?.fiber ?? null,
  asyncify: asyncify === null ? null : told(asyncify),
});

function told({ at, explanation: { code, text } }: AsyncifyEnd): WasmAsyncify {
  const { state, data, pos: position, end } = at;
  return { state, data, position, end, cause: code, text };
}
