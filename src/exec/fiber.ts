// Fibers and frames: the whole state of a computation between two instructions,
// as plain data. Nothing here holds a closure or a JavaScript stack, so a fiber
// can be looked at, copied, put aside and resumed.

import type { ExceptionInstance } from "../runtime/exceptions.js";
import type { FuncInstance } from "../runtime/instances.js";
import type { Value } from "../runtime/values.js";
import type { Wait } from "./waits.js";

/**
 * One activation of a wasm function. While a callee runs, `pc` stays on the call
 * and the call's operands stay on the stack below the callee: a waiting frame is
 * exactly the frame before its call.
 *
 * Step/ctxt-frame: of a fiber's frames, the innermost steps.
 * Step/ctxt-{label,handler}: `pc` stands at the next instruction, in whatever blocks it is.
 */
export class Frame {
  func!: FuncInstance;
  /** Word index into the function's code. */
  pc = 0;
  /** First word of the frame's slots: parameters, locals, then operands. */
  fp = 0;
  /** First free word above the operands. */
  sp = 0;
  /** For an interposer: what it noted when the frame was entered. */
  mark = 0;
  /** Exceptions that legacy `catch` blocks have caught, by their nesting. */
  caught: ExceptionInstance[] | null = null;
}

/** A call that the host must answer: `Machine.answer`. */
export interface HostCall {
  readonly func: FuncInstance;
  readonly args: readonly Value[];
  /**
   * Of `memory.atomic.wait32` and `wait64`: what is waited for. The function waits in real
   * time; who has another time answers for it (`WaitResult`).
   */
  readonly wait?: Wait;
}

export type FiberStatus =
  /** Created, nothing run yet. */
  | "fresh"
  | "running"
  /** Waits for a fiber that it resumed (or did so when it became part of a continuation). */
  | "resuming"
  /** Waits for the host to answer a call. */
  | "waiting"
  /** Stopped between two instructions: by a budget, a breakpoint, a request; or put aside as a continuation. */
  | "suspended"
  /** Returned; its results stand at the bottom of its slots. */
  | "done"
  /** Trapped or abandoned. */
  | "dead";

/** What observers and front ends see of a frame. */
export type FrameView = Readonly<Frame>;

/** Numbers that can be read only. */
interface Words<T> {
  readonly length: number;
  readonly [index: number]: T;
}

/** What observers and front ends see of a fiber. A view stays valid until the fiber runs on. */
export interface FiberView {
  readonly id: number;
  /** What it began with. */
  readonly entry: FuncInstance | null;
  readonly status: FiberStatus;
  /** Frames 0..depth-1 are live, innermost last. */
  readonly frames: readonly FrameView[];
  readonly depth: number;
  readonly top: FrameView;
  readonly resumer: FiberView | null;
  readonly parent: FiberView | null;
  readonly below: number;
  readonly due: number;
  readonly i32: Words<number>;
  readonly f32: Words<number>;
  readonly f64: Words<number>;
  readonly i64: Words<bigint>;
  readonly refs: readonly unknown[];
}

const INITIAL_WORDS = 1024;

export class Fiber implements FiberView {
  status: FiberStatus = "fresh";
  /** Frames 0..depth-1 are live, innermost last. Later entries are kept for reuse. */
  readonly frames: Frame[] = [];
  depth = 0;
  /** One buffer of slots, seen as words and as floats. */
  i32: Int32Array;
  f32: Float32Array;
  f64: Float64Array;
  i64: BigInt64Array;
  /** References, at half the word index of their slot. */
  refs: unknown[] = [];
  /** Frames of the fibers that wait for this one by `resume`, all the way out. */
  below = 0;
  /** What it calls first, and whether it did. A tail call may put another function in its frame. */
  entry: FuncInstance | null = null;
  begun = false;
  /** What it calls with the results of that, instead of handing them to its resumer. */
  sequel: FuncInstance | null = null;
  /** While it waits for the host: the call that it wants to be answered. */
  hostCall: HostCall | null = null;
  /**
   * While it stands between two frames that an unwind drops: words above the top frame's
   * operands (from 0 without frames) that are due to it as results. Else -1.
   */
  due = -1;
  /** Of a continuation: words above its top operand (from 0 if fresh) that it was given already. */
  bound = 0;

  constructor(
    readonly id: number,
    /** The fiber that waits for this one: in a `resume`, or in a call of the host if this is a `root`. */
    public resumer: Fiber | null,
    /** Whether a call from the host started it: what happens here never leaves it for its resumer. */
    readonly root = true,
  ) {
    // Many continuations may be about at once, most of them shallow.
    this.i32 = new Int32Array(root ? INITIAL_WORDS : INITIAL_WORDS / 16);
    this.f32 = new Float32Array(this.i32.buffer);
    this.f64 = new Float64Array(this.i32.buffer);
    this.i64 = new BigInt64Array(this.i32.buffer);
  }

  get top(): Frame {
    return this.frames[this.depth - 1]!;
  }

  /** The fiber that resumed this one, and gets its results, exceptions and suspensions. */
  get parent(): Fiber | null {
    return this.root ? null : this.resumer;
  }

  /** Makes room for `words` words, keeping contents. Invalidates views taken before. */
  reserve(words: number): void {
    if (words <= this.i32.length) return;
    const i32 = new Int32Array(2 ** Math.ceil(Math.log2(words)));
    i32.set(this.i32);
    this.i32 = i32;
    this.f32 = new Float32Array(i32.buffer);
    this.f64 = new Float64Array(i32.buffer);
    this.i64 = new BigInt64Array(i32.buffer);
  }

  /** Moves `words` words, and the references among them where `refs`. */
  move(from: number, to: number, words: number, refs: boolean): void {
    this.i32.copyWithin(to, from, from + words);
    if (refs)
      for (let k = 0; k < words; k += 2) this.refs[(to + k) >> 1] = this.refs[(from + k) >> 1];
  }

  /** Copies words, and the references among them, out of another fiber. */
  copy(other: Fiber, from: number, to: number, words: number): void {
    this.i32.set(other.i32.subarray(from, from + words), to);
    for (let k = 0; k < words; k += 2) this.refs[(to + k) >> 1] = other.refs[(from + k) >> 1];
  }

  /** Puts zeros, and nulls, into `words` words. */
  clear(from: number, words: number): void {
    this.i32.fill(0, from, from + words);
    for (let k = 0; k < words; k += 2) this.refs[(from + k) >> 1] = null;
  }
}
