// What compiled code calls where there is no compiled code yet: it decides whether to
// compile, or lets go of the calling frames and leaves the call to the machine.

import type { FuncInstance } from "../runtime/instances.js";
import { Trap } from "../runtime/traps.js";
import type { ValType } from "../syntax/types.js";
import type { Code } from "../exec/code.js";
import type { CompiledFunction } from "./compiled.js";
import { kindOf, slotsOf } from "./nodes.js";
import { control, leave, reserveFrame, run, scratch } from "./scratch.js";

/** What `FuncInstance.forward` is. */
export interface Forward {
  (p: number, d: number, ...args: unknown[]): unknown;
  readonly about: About;
}
export interface About {
  /** Instructions that the interpreter executed for it, in the way the tier reckons. */
  heat: number;
  /** Null: it cannot be compiled. */
  compiled?: CompiledFunction | null;
}

export interface Policy {
  /** A function without compiled form is called; whether it has one now. */
  called(func: FuncInstance): boolean;
}

/** Sees to it that compiled code can call the function. */
export function prepared(func: FuncInstance): FuncInstance {
  if (func.forward !== null) return func;
  const call = (p: number, d: number, ...args: unknown[]): unknown => {
    if (run.policy!.called(func)) return (func.forward as Forward)(p, d, ...args);
    control[1] = control[0]!;
    control[0] = -1;
    if (func.instance === null || func.code === null) run.outside = func;
    else pushFrame(func, p, args);
    return 0;
  };
  func.forward = Object.assign(call, { about: { heat: 0 } satisfies About });
  return func;
}

/** Compiled code calls what stands in for the function again. */
export function forget(func: FuncInstance): void {
  if (func.forward === null) return;
  func.forward = null;
  prepared(func);
}

/** @throws Trap, which the interpreter will find as well */
export function present(func: FuncInstance | null): FuncInstance {
  if (func === null) throw new Trap("null function reference");
  return prepared(func);
}

/** A frame as the interpreter makes it: arguments, then zeros. */
function pushFrame(func: FuncInstance, p: number, args: readonly unknown[]): void {
  const fp = reserveFrame(func, p);
  const { fiber } = run;
  const { paramWords, localWords, hasRefs } = func.code as Code;
  fiber.i32.set(scratch.i32.subarray(2 * p, 2 * p + paramWords), fp);
  fiber.i32.fill(0, fp + paramWords, fp + localWords);
  if (hasRefs) fiber.clear(fp + paramWords, localWords - paramWords);
  let slot = 0;
  let next = 0;
  for (const type of func.signature.params as readonly ValType[]) {
    const kind = kindOf(type);
    if (kind === "i") fiber.i32[fp + 2 * slot] = args[next++] as number;
    else if (kind === "r") fiber.refs[(fp >> 1) + slot] = args[next++];
    slot += slotsOf(kind);
  }
  leave(func, 0, fp, fp + localWords);
}
