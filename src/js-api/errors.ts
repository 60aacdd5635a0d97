// The error classes of the interface, and errors on their way through it: what leaves wasm
// becomes an object of JavaScript's, which becomes the same error again where a host
// function throws it on into wasm.
// Spec: https://webassembly.github.io/spec/js-api/#error-objects

import { AsyncifyError } from "../fiber/asyncify/roles.js";
import { ExceptionInstance, JS_TAG, UncaughtException } from "../runtime/exceptions.js";
import { Exhaustion, StoppedError, Trap } from "../runtime/traps.js";
import { InvalidError, LinkError as Unlinkable, MalformedError } from "../util/errors.js";
import { isObject } from "./idl.js";
import { inward } from "./references.js";
import { exceptions } from "./slots.js";
import type { World } from "./world.js";

type ErrorClass = ErrorConstructor;

/** As the classes of ECMAScript's own errors are made: they need no `new`. */
function errorClass(name: string): ErrorClass {
  function made(message?: string, ...[options]: [ErrorOptions?]): Error {
    const target = new.target ?? (made as unknown as ErrorClass);
    return Reflect.construct(Error, [message, options], target) as Error;
  }
  Object.setPrototypeOf(made, Error);
  const prototype = Object.create(Error.prototype) as object;
  const hidden = (value: unknown) => ({ value, writable: true, configurable: true });
  Object.defineProperties(prototype, {
    constructor: hidden(made),
    name: hidden(name),
    message: hidden(""),
  });
  Object.defineProperty(made, "prototype", { value: prototype, writable: false });
  Object.defineProperty(made, "name", { value: name });
  return made as unknown as ErrorClass;
}

export const CompileError = errorClass("CompileError");
export const LinkError = errorClass("LinkError");
export const RuntimeError = errorClass("RuntimeError");
export const SuspendError = errorClass("SuspendError");

/** How errors pass between wasm and JavaScript. */
export interface ErrorDoor {
  /** What JavaScript sees thrown. */
  outward(error: unknown): unknown;
  /** What wasm sees when a host function throws `value`. */
  inward(value: unknown): unknown;
}

/** Bobbin's own errors, as they are. */
export const BARE: ErrorDoor = { outward: (error) => error, inward: (value) => value };

const shown = new WeakMap<StoppedError, Error>();
const behind = new WeakMap<object, StoppedError>();

/** Errors of the interface's classes. Their `cause` is Bobbin's own. */
export const standardErrors = (world: World): ErrorDoor => ({
  outward(error) {
    if (error instanceof UncaughtException) return thrownOf(world, error.exception);
    if (error instanceof Trap) return stopped(error, RuntimeError);
    // As where JavaScript itself has no more room.
    if (error instanceof Exhaustion)
      return stopped(error, error.reason === "call stack exhausted" ? RangeError : RuntimeError);
    if (error instanceof Unlinkable)
      // What there is no room for is out of memory, not of the wrong type.
      return error.cause instanceof RangeError
        ? error.cause
        : new LinkError(error.message, { cause: error });
    return error;
  },
  inward(value) {
    const held = exceptions.of(value);
    if (held !== undefined) return new UncaughtException(held.exception);
    if (isObject(value)) return behind.get(value) ?? value;
    const ref = value === null ? null : inward(value);
    return new UncaughtException(new ExceptionInstance(JS_TAG, [{ type: "ref", ref }]));
  },
});

/** What is thrown with JSTag is thrown itself. */
function thrownOf(world: World, exception: ExceptionInstance): unknown {
  const [first] = exception.values;
  return exception.tag === JS_TAG && first?.type === "ref"
    ? world.toJs(first.ref)
    : world.objectOf({ kind: "exception", exception });
}

function stopped(error: StoppedError, made: ErrorClass): Error {
  let object = shown.get(error);
  if (object === undefined) {
    const message =
      made === RangeError ? `Maximum call stack size exceeded: ${error.message}` : error.message;
    object = new made(message, { cause: error });
    shown.set(error, object);
    behind.set(object, error);
  }
  return object;
}

/** Compiles, with what is wrong with the bytes as a CompileError. */
export function compiling<T>(compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    if (
      error instanceof MalformedError ||
      error instanceof InvalidError ||
      error instanceof AsyncifyError
    )
      throw new CompileError(error.message, { cause: error });
    throw error;
  }
}
