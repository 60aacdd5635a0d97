// Exceptions: what `throw` makes, what an `exnref` refers to, and the error as which
// one leaves the machine. Identity matters: rethrowing throws the same instance.
// What a host function throws passes through wasm as an exception of `JS_TAG`, as in
// the JavaScript interface.
// Spec: https://webassembly.github.io/spec/core/exec/runtime.html#exception-instances

import { BobbinError } from "../util/errors.js";
import { closeTypes } from "../valid/deftypes.js";
import { EXTERNREF } from "../syntax/types.js";
import { TagInstance } from "./instances.js";
import { StoppedError } from "./traps.js";
import { HostRef, type Value } from "./values.js";

export class ExceptionInstance {
  constructor(
    readonly tag: TagInstance,
    readonly values: readonly Value[],
  ) {}
}

/** An exception that no handler caught. It may pass through host functions into wasm again. */
export class UncaughtException extends StoppedError {
  readonly kind = "exception";
  readonly reason = "uncaught exception";
  /** @param detail the exception's values as text */
  constructor(
    readonly exception: ExceptionInstance,
    readonly detail = "",
  ) {
    super(detail === "" ? "uncaught exception" : `uncaught exception: ${detail}`);
  }
}

/** The tag of errors of the host: its one value is the error, as an `externref`. */
export const JS_TAG = new TagInstance(
  closeTypes([
    {
      final: true,
      supers: [],
      comp: { kind: "func", params: [EXTERNREF], results: [] },
      groupStart: 0,
      groupSize: 1,
    },
  ])[0]!,
);

/**
 * The exception that wasm may catch when a host function throws `error`: the one that
 * the error carries, or a new one of `JS_TAG`. Null for what is no exception: traps,
 * exhaustion, and errors about the use of Bobbin.
 */
export function exceptionOf(error: unknown): ExceptionInstance | null {
  if (typeof error === "object" && error !== null && "exception" in error) {
    if (error.exception instanceof ExceptionInstance) return error.exception;
  }
  if (error instanceof BobbinError) return null;
  return new ExceptionInstance(JS_TAG, [{ type: "ref", ref: new HostRef(error) }]);
}

/** What the host sees thrown when `exception` leaves wasm. */
export function errorOf(exception: ExceptionInstance, detail?: string): unknown {
  const [first] = exception.values;
  const thrown = exception.tag === JS_TAG && first?.type === "ref" ? first.ref : null;
  return thrown instanceof HostRef ? thrown.value : new UncaughtException(exception, detail);
}
