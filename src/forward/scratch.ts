// Where compiled code runs: slots like those of a fiber, but always the same ones, so
// that V8 can build their address into the code. Frames go there when compiled code takes
// them over and back into their fiber when it lets go of them; one fiber runs at a time,
// so one such place is enough for all machines.

import type { FuncInstance } from "../runtime/instances.js";
import { reserve } from "../exec/slots.js";
import type { Code } from "../exec/code.js";
import { Fiber, Frame } from "../exec/fiber.js";
import type { Policy } from "./prepare.js";

/** Slots of eight bytes. */
const SLOTS = 1 << 16;
/** How many slots a frame may have for each unit of depth it is counted as. */
export const SLOTS_PER_UNIT = 32;
/** Units of depth that compiled code may go down: bounds the JavaScript stack as well. */
export const UNITS = 1400;

export const scratch = new Fiber(0, null);
scratch.reserve(2 * SLOTS);
// An array that is first written far from its start would be a dictionary.
scratch.refs = Array.from({ length: SLOTS }, () => null);

/** Fuel left, or -1 while frames are being let go; then the fuel left is in the second. */
export const control = new Int32Array(2);

/** What compiled code was entered for, and how it ended if not by returning. */
export const run = {
  fiber: scratch,
  /** Word of the fiber's slots that the first scratch word stands for. */
  base: 0,
  /** The function outside compiled code that the innermost frame, at its call, wants called. */
  outside: null as FuncInstance | null,
  /** Whether the interpreter must execute an instruction before anything is tried again. */
  stuck: false,
  /** Who decides what is compiled. */
  policy: null as Policy | null,
};

/** Frames let go of, innermost first. */
interface Left {
  func: FuncInstance;
  pc: number;
  fp: number;
  sp: number;
}
const left: Left[] = [];

/** Lets go of a frame whose slots are written back. */
export function leave(func: FuncInstance, pc: number, fp: number, sp: number): void {
  left.push({ func, pc, fp, sp });
}

/** Makes room in the fiber for a frame of `func` whose slots start at scratch slot `p`. */
export function reserveFrame(func: FuncInstance, p: number): number {
  const fp = run.base + 2 * p;
  reserve(run.fiber, fp + (func.code as Code).maxWords);
  return fp;
}

/** Puts the frames let go of on the fiber's stack; the outermost is its top already. */
export function stackUp(): void {
  const { fiber } = run;
  for (let i = left.length - 1; i >= 0; i--) {
    const { func, pc, fp, sp } = left[i]!;
    if (i < left.length - 1) {
      fiber.frames[fiber.depth] ??= new Frame();
      fiber.depth++;
    }
    const frame = fiber.top;
    frame.func = func;
    frame.pc = pc;
    frame.fp = fp;
    frame.sp = sp;
  }
  left.length = 0;
}

/** After an error that is not the program's: nothing is let go of. The fuel left, as far as it is known. */
export function forsaken(): number {
  left.length = 0;
  return control[control[0] === -1 ? 1 : 0]!;
}
