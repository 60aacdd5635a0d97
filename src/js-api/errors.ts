// The error classes of the interface, and errors on their way through it: what leaves wasm
// becomes an object of JavaScript's, which becomes the same error again where a host
// function throws it on into wasm.
// Spec: https://webassembly.github.io/spec/js-api/#error-objects

import { AsyncifyError } from "../fiber/asyncify/roles.js";
import { ExceptionInstance, JS_TAG, UncaughtException } from "../runtime/exceptions.js";
import { Exhaustion, StoppedError, Trap } from "../runtime/traps.js";
import { InvalidError, LinkError as Unlinkable, MalformedError } from "../util/errors.js";
import type { Machine } from "../exec/machine.js";
import { explainEnd } from "../observe/check/explain.js";
import { ErrorStack, withoutStack } from "./error-stack.js";
import { giveStack, giveTrace } from "./error-trace.js";
import { isObject } from "./idl.js";
import { machineUnderWay } from "./machines.js";
import { inward } from "./references.js";
import { exceptions } from "./slots.js";
import type { World } from "./world.js";

type ErrorClass = ErrorConstructor;

const bare = (made: ErrorClass, message?: string, options?: ErrorOptions): Error =>
  Reflect.construct(Error, [message, options], made) as Error;

/** As the classes of ECMAScript's own errors are made: they need no `new`. */
function errorClass(name: string): ErrorClass {
  function made(message?: string, ...[options]: [ErrorOptions?]): Error {
    const target = (new.target ?? made) as unknown as ErrorClass;
    const object = bare(target, message, options);
    const machine = machineUnderWay();
    if (machine !== null) giveStack(object, new ErrorStack(machine, null));
    return object;
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
  /** What JavaScript sees thrown. @param below the function that it called: the stack begins there */
  outward(error: unknown, below?: (...args: never[]) => unknown): unknown;
  /** What wasm sees when a host function throws `value`. */
  inward(value: unknown): unknown;
}

/** Bobbin's own errors, as they are. */
export const BARE: ErrorDoor = { outward: (error) => error, inward: (value) => value };

const shown = new WeakMap<StoppedError, Error>();
const behind = new WeakMap<object, StoppedError>();

/** Errors of the interface's classes. Their `cause` is Bobbin's own. */
export const standardErrors = (world: World): ErrorDoor => ({
  outward(error, below) {
    if (error instanceof UncaughtException) return thrownOf(world, error);
    if (error instanceof Trap) return stopped(world, error, RuntimeError, below);
    // As where JavaScript itself has no more room.
    if (error instanceof Exhaustion) {
      const made = error.reason === "call stack exhausted" ? RangeError : RuntimeError;
      return stopped(world, error, made, below);
    }
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
function thrownOf(world: World, error: UncaughtException): unknown {
  const { exception, reason, trace } = error;
  const [first] = exception.values;
  if (exception.tag === JS_TAG && first?.type === "ref") return world.toJs(first.ref);
  const object = world.objectOf({ kind: "exception", exception }) as object;
  // The last call that it left. The program may have frozen it.
  if (trace !== null && Object.isExtensible(object))
    giveTrace(object, { reason, trace, asyncify: explainEnd(error) });
  return object;
}

function stopped(
  { machine }: World,
  error: Trap | Exhaustion,
  made: ErrorClass,
  below?: (...args: never[]) => unknown,
): Error {
  let object = shown.get(error);
  if (object === undefined) {
    const { reason, trace } = error;
    const asyncify = explainEnd(error);
    const why = asyncify === null ? "" : `: ${asyncify.text}`;
    const prefix = made === RangeError ? "Maximum call stack size exceeded: " : "";
    const message = `${prefix}${error.message}${why}`;
    object = withoutStack(() => bare(made, message, { cause: error }));
    giveStack(object, new ErrorStack(machine, trace, { below }));
    giveTrace(object, { reason, trace, asyncify });
    shown.set(error, object);
    behind.set(object, error);
  }
  return object;
}

/** A function suspends where it cannot. */
export function suspendError(machine: Machine, message: string): Error {
  const object = bare(SuspendError, message);
  giveStack(object, new ErrorStack(machine, null, { inside: true }));
  const trace = machine.underWay?.trace ?? null;
  giveTrace(object, { reason: "cannot suspend", trace, asyncify: null });
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
