// A fiber as it was: frames and slots as far as they mean something.

import { wordsOfAll } from "../exec/code.js";
import { type Fiber, Frame } from "../exec/fiber.js";
import type { ExceptionInstance } from "../runtime/exceptions.js";
import type { FuncInstance } from "../runtime/instances.js";
import type { ValType } from "../syntax/types.js";
import type { Saved } from "./saved.js";

/** Words of a fiber's slots that mean something. */
export function extentOf({ depth, frames, bound, due, entry, i32 }: Fiber): number {
  const height = depth === 0 ? 0 : frames[depth - 1]!.sp;
  const { params, results } = entry!.signature;
  const ends = wordsOfAll(params as readonly ValType[]) + wordsOfAll(results as readonly ValType[]);
  return Math.min(i32.length, height + bound + Math.max(due, 0) + (depth === 0 ? ends : 0));
}

type FiberFields = Pick<
  Fiber,
  | "status"
  | "depth"
  | "resumer"
  | "below"
  | "entry"
  | "begun"
  | "sequel"
  | "hostCall"
  | "bound"
  | "due"
>;

const fieldsOf = (fiber: Fiber): FiberFields => {
  const { status, depth, resumer, below, entry, begun, sequel, hostCall, bound, due } = fiber;
  return { status, depth, resumer, below, entry, begun, sequel, hostCall, bound, due };
};

/** Numbers of a frame: `pc`, `fp`, `sp`, `mark`. */
const FRAME_NUMBERS = 4;

export class SavedFiber implements Saved {
  readonly bytes: number;
  private readonly fields: FiberFields;
  private readonly i32: Int32Array;
  private readonly refs: readonly unknown[];
  private readonly funcs: readonly FuncInstance[];
  private readonly numbers: Int32Array;
  private readonly caught: readonly (readonly [number, readonly ExceptionInstance[]])[];

  constructor(
    private readonly fiber: Fiber,
    words: number,
  ) {
    this.fields = fieldsOf(fiber);
    this.i32 = fiber.i32.slice(0, words);
    this.refs = fiber.refs.slice(0, (words + 1) >> 1);
    const frames = fiber.frames.slice(0, fiber.depth);
    this.funcs = frames.map(({ func }) => func);
    this.numbers = new Int32Array(FRAME_NUMBERS * frames.length);
    frames.forEach(({ pc, fp, sp, mark }, i) =>
      this.numbers.set([pc, fp, sp, mark], FRAME_NUMBERS * i),
    );
    this.caught = frames.flatMap(({ caught }, i) =>
      caught === null ? [] : [[i, caught.slice()] as const],
    );
    this.bytes = 4 * words + 8 * this.refs.length + 40 * frames.length + 300;
  }

  /** Whether the fiber is as it was. */
  fits(words: number): boolean {
    const { fiber, fields, i32, refs, funcs, numbers } = this;
    // One that runs is hardly ever the same; this is for the many that are suspended.
    if (i32.length !== words || this.caught.length > 0) return false;
    const now = fieldsOf(fiber);
    for (const key of Object.keys(fields) as (keyof FiberFields)[])
      if (fields[key] !== now[key]) return false;
    for (let i = 0; i < words; i++) if (i32[i] !== fiber.i32[i]) return false;
    for (let i = 0; i < refs.length; i++) if (refs[i] !== fiber.refs[i]) return false;
    for (let i = 0; i < funcs.length; i++) {
      const { func, pc, fp, sp, mark, caught } = fiber.frames[i]!;
      const at = FRAME_NUMBERS * i;
      const equal =
        func === funcs[i] &&
        caught === null &&
        pc === numbers[at] &&
        fp === numbers[at + 1] &&
        sp === numbers[at + 2] &&
        mark === numbers[at + 3];
      if (!equal) return false;
    }
    return true;
  }

  restore(): void {
    const { fiber, numbers } = this;
    Object.assign(fiber, this.fields);
    fiber.reserve(this.i32.length);
    fiber.i32.set(this.i32);
    fiber.refs = this.refs.slice();
    this.funcs.forEach((func, i) => {
      const frame = (fiber.frames[i] ??= new Frame());
      const at = FRAME_NUMBERS * i;
      frame.func = func;
      frame.pc = numbers[at]!;
      frame.fp = numbers[at + 1]!;
      frame.sp = numbers[at + 2]!;
      frame.mark = numbers[at + 3]!;
      frame.caught = null;
    });
    for (const [i, caught] of this.caught) fiber.frames[i]!.caught = caught.slice();
  }
}
