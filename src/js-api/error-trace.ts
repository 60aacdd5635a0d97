// What errors tell of the wasm that they left: `stack` and `wasm`, made when somebody looks.

import type { AsyncifyEnd } from "../observe/check/explain.js";
import type { StackTrace } from "../runtime/traps.js";
import { ErrorStack } from "./error-stack.js";
import type { WasmTrace } from "./types.js";
import { frameOf } from "./wasm-frames.js";

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
  asyncify,
});
