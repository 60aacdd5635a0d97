// The fast-forward tier: executes hot functions as JavaScript made from them, on the
// interpreter's frames. A frame goes into compiled code where it stands at an entry, and
// comes out wherever something is to be done that compiled code does not do: an answer of
// the host, a trap, a switch of fibers, a pause. Only the innermost frame goes in again;
// the others follow when they are returned to.
//
// Where the host forbids to make code (content security policy), the interpreter executes
// everything.

import type { FuncInstance } from "../runtime/instances.js";
import type { ValType } from "../syntax/types.js";
import { hasBreaks, onBreak } from "../exec/breaks.js";
import type { Code } from "../exec/code.js";
import type { Frame } from "../exec/fiber.js";
import type { Tier } from "../exec/hooks.js";
import { interpret } from "../exec/interpreter.js";
import { codeOf } from "../exec/lower.js";
import type { Machine } from "../exec/machine.js";
import { CompiledFunction, type Entry } from "./compiled.js";
import { kindOf, slotsOf } from "./nodes.js";
import { forget, type Forward, type Policy, prepared } from "./prepare.js";
import { LIMITS, TINY_LIMITS } from "./regions.js";
import { control, forsaken, run, scratch, stackUp, UNITS } from "./scratch.js";

export interface ForwardOptions {
  /** Compile every function at its first call, not only those that take time. */
  readonly eager?: boolean;
  /** For tests: let go at every chance, have the interpreter execute what follows, and split functions. */
  readonly alternate?: boolean;
}

/** Instructions between two looks at which function is being interpreted. */
const SAMPLE = 10_000;
/** Instructions that compiled code executes in one go: V8 replaces code best at a new entry. */
const CHUNK = 1 << 23;
/** What a look, and a call that had to be let go of, count for a function's heat. */
const LOOK = SAMPLE;
const DETOUR = 1_000;
/** Heat from which a function is compiled: so much for each of its instructions. */
const WORTH = 600;
const LEAST = 20_000;

export class ForwardTier implements Tier, Policy {
  private readonly eager: boolean;
  private readonly alternate: boolean;
  /** Alternating: whether compiled code executed last. */
  private turn = false;
  /** Why nothing is compiled, if the host forbids it. */
  readonly unavailable: string | null;

  constructor({ eager = false, alternate = false }: ForwardOptions = {}) {
    this.eager = eager || alternate;
    this.alternate = alternate;
    this.unavailable = whyForbidden();
    onBreak(forget);
  }

  execute(machine: Machine, fuel: number): void {
    if (this.unavailable !== null || machine.watched) return interpret(machine, fuel);
    const fiber = machine.fiber!;
    const frame = fiber.top;
    const compiled = this.compiledFor(frame.func);
    if (compiled === null) return this.interpret(machine, fuel);
    const entry = compiled.entryAt(frame.pc);
    if (entry !== undefined && !this.worth(compiled, entry)) return this.interpret(machine, fuel);
    const units = Math.min(UNITS, machine.maxFrames - fiber.below - fiber.depth);
    if (entry === undefined || (this.alternate && this.turn)) {
      this.turn = false;
      return this.step(machine, fuel);
    }
    if (fuel < compiled.reserve || units < compiled.weight) return this.interpret(machine, fuel);
    this.turn = true;
    const given = this.alternate ? compiled.reserve : Math.min(fuel, CHUNK);
    try {
      this.enter(machine, frame, compiled, entry, units, given);
    } finally {
      machine.unused += fuel - given;
    }
  }

  /** Some instructions by the interpreter; whose they are is noted. */
  private interpret(machine: Machine, fuel: number): void {
    const slice = Math.min(fuel, SAMPLE);
    const { fiber } = machine;
    try {
      interpret(machine, slice);
      if (machine.unused === 0 && machine.fiber === fiber && fiber!.depth > 0)
        this.warm(fiber!.top.func, LOOK);
    } finally {
      machine.unused += fuel - slice;
    }
  }

  /** Whether the form that has the entry is made, or is to be made now. */
  private worth({ size }: CompiledFunction, { form }: Entry): boolean {
    if (form === null || form.resume !== null || this.eager) return true;
    form.heat += DETOUR;
    return form.heat >= LEAST + WORTH * size;
  }

  /** One instruction by the interpreter. */
  private step(machine: Machine, fuel: number): void {
    try {
      interpret(machine, 1);
    } finally {
      machine.unused += fuel - 1;
    }
  }

  private enter(
    machine: Machine,
    frame: Frame,
    compiled: CompiledFunction,
    entry: Entry,
    units: number,
    fuel: number,
  ): void {
    const { fp, sp } = frame;
    const fiber = machine.fiber!;
    run.fiber = fiber;
    run.policy = this;
    run.base = fp;
    run.outside = null;
    run.stuck = false;
    control[0] = fuel;
    // Who calls compiled code all the time should be compiled as well.
    if (entry.form === null && fiber.depth > 1)
      this.warm(fiber.frames[fiber.depth - 2]!.func, DETOUR);
    scratch.i32.set(fiber.i32.subarray(fp, sp));
    let result: unknown;
    try {
      result = this.start(frame, compiled, entry, units);
    } catch (error) {
      // Not to go on: what was executed of the last stretch is not known.
      machine.unused = forsaken();
      throw error;
    }
    if (control[0] !== -1) {
      machine.unused = control[0]!;
      this.returned(machine, frame, compiled, result);
      return;
    }
    machine.unused = control[1]!;
    stackUp();
    if (run.outside !== null) return machine.call(run.outside);
    if (run.stuck && machine.unused > 0) this.step(machine, machine.unused);
  }

  /** Executes compiled code from an entry; answers with what it returns. */
  private start(
    { func, fp, sp }: Frame,
    compiled: CompiledFunction,
    entry: Entry,
    units: number,
  ): unknown {
    const { fiber } = run;
    if (entry.form === null) {
      const args: unknown[] = [];
      let slot = 0;
      for (const type of func.signature.params as readonly ValType[]) {
        const kind = kindOf(type);
        if (kind === "i") args.push(fiber.i32[fp + 2 * slot]);
        else if (kind === "r") args.push(fiber.refs[(fp >> 1) + slot]);
        slot += slotsOf(kind);
      }
      return compiled.call(0, units, ...args);
    }
    if (compiled.hasRefs)
      for (let k = 0; k < sp - fp; k += 2) scratch.refs[k >> 1] = fiber.refs[(fp + k) >> 1];
    return compiled.resume(entry, units);
  }

  private returned(
    machine: Machine,
    frame: Frame,
    compiled: CompiledFunction,
    result: unknown,
  ): void {
    const { fp } = frame;
    const fiber = machine.fiber!;
    const { resultWords, starts } = frame.func.code as Code;
    const { results } = compiled;
    if (results === "i") fiber.i32[fp] = result as number;
    else if (results === "r") fiber.refs[fp >> 1] = result;
    else {
      fiber.i32.set(scratch.i32.subarray(0, resultWords), fp);
      let slot = 0;
      for (const kind of results) {
        if (kind === "r") fiber.refs[(fp >> 1) + slot] = scratch.refs[slot];
        slot += slotsOf(kind);
      }
    }
    frame.pc = starts[starts.length - 1]!;
    frame.sp = fp + resultWords;
    machine.returnFrame();
  }

  /** The compiled form of a function that executes, if it is to have one. */
  private compiledFor(func: FuncInstance): CompiledFunction | null {
    if (hasBreaks(func.code as Code)) return null;
    const about = (func.forward as Forward | null)?.about;
    if (about?.compiled !== undefined) return about.compiled;
    if (!this.eager) return null;
    prepared(func);
    return this.compile(func);
  }

  /** Notes that a function takes time; compiles it when that is worth it. */
  private warm(func: FuncInstance, heat: number): CompiledFunction | null {
    if (func.instance === null || func.code === null) return null;
    if (hasBreaks(func.code as Code)) return null;
    const { about } = prepared(func).forward as Forward;
    const { compiled } = about;
    if (compiled === null) return null;
    if (compiled !== undefined) {
      // It was entered where only the interpreter goes on, so far.
      compiled.warm(heat);
      return compiled;
    }
    about.heat += heat;
    const { starts } = func.code as Code;
    return this.eager || about.heat >= LEAST + WORTH * starts.length ? this.compile(func) : null;
  }

  /** Compiled code calls a function that has no compiled form. */
  called(func: FuncInstance): boolean {
    if (this.eager && func.instance !== null && func.code === null) {
      try {
        codeOf(func);
      } catch {
        // The interpreter will come upon it too, with all frames where they belong.
        return false;
      }
    }
    try {
      return this.warm(func, DETOUR) !== null;
    } catch (error) {
      // Deep down the host may have no stack to compile it; the machine has when it calls it.
      if (error instanceof RangeError) return false;
      throw error;
    }
  }

  private compile(func: FuncInstance): CompiledFunction | null {
    const { about } = func.forward as Forward;
    if (about.compiled !== undefined) return about.compiled;
    // Of alternating functions every other is split, so that parts are tested as well.
    const tiny = this.alternate && func.index % 2 === 1;
    const compiled = CompiledFunction.of(func, tiny ? TINY_LIMITS : LIMITS);
    about.compiled = compiled;
    if (compiled === null) return null;
    func.direct = null;
    const { call } = compiled;
    func.forward = Object.assign(call, { about });
    return compiled;
  }
}

function whyForbidden(): string | null {
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- asks whether that is allowed
    new Function("");
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
