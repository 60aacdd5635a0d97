// Frames: one that was rewound goes on with the values that it was unwound with. Many of
// them are dead, and need not: so a value that differs is followed until it is used. That
// takes a look at each instruction of the frame, so only some frames of each call are watched.

import { type Code, offsetOfPc, wordsOf, wordsOfAll } from "../../exec/code.js";
import type { FiberView } from "../../exec/fiber.js";
import type { Departure } from "../../exec/hooks.js";
import { codeOf } from "../../exec/lower.js";
import type { FuncInstance } from "../../runtime/instances.js";
import type { Instruction } from "../../syntax/instruction.js";
import { type ValidModule, visitFunction } from "../../valid/validate.js";
import type { FunctionState, OperandType } from "../../valid/visitor.js";
import type { RecordEvent } from "../events.js";
import { LostValues, type Origin, type Slot } from "./lost-values.js";
import type { Monitor, Surroundings } from "./monitor.js";

/** Frames that are watched of each call, and instructions of each. */
const FRAMES = 10;
const STEPS = 10_000;

/** A frame as it was unwound: locals, operands. */
interface Image {
  readonly pc: number;
  readonly words: Int32Array;
  /** Of a frame that was watched: for how long it may be still. */
  readonly left: number;
}
interface Watch {
  readonly values: LostValues;
  readonly pushed: number;
  left: number;
}

export class FrameMonitor implements Monitor {
  private readonly images = new WeakMap<RecordEvent, Image>();
  private returned: { readonly fiber: FiberView; readonly depth: number; readonly image: Image } | null = null; // prettier-ignore
  private watches: Watch[] = [];
  /** By function and call, how many were looked at. */
  private readonly seen = new Map<number, number>();
  private readonly operands = new Map<number, ReadonlyMap<number, readonly OperandType[]>>();

  constructor(
    private readonly on: Surroundings,
    private readonly module: ValidModule,
  ) {}

  /** Wanted only while a frame that is watched is the innermost one. */
  get instruction(): ((fiber: FiberView) => undefined) | undefined {
    return this.watches.some(({ values }) => values.onTop) ? this.step : undefined;
  }

  enter(fiber: FiberView): void {
    const { context, facts, shadow } = this.on;
    if (shadow.state !== "rewinding") return;
    const { func } = fiber.top;
    // It has its parameters in its record.
    const own = context.own(func) && facts.part(func.index) === "instrumented";
    if (fiber.depth >= 2) this.rewound(fiber, fiber.depth - 1, own);
  }
  hostCall(fiber: FiberView | null): void {
    if (fiber !== null) this.rewound(fiber, fiber.depth, false);
  }
  leave(fiber: FiberView, how: Departure): void {
    if (this.watches.length > 0)
      this.watches = this.watches.filter(({ values }) => !values.is(fiber, fiber.depth));
    if (how !== "trap" && how !== "exception" && fiber.depth >= 2)
      this.unwound(fiber, fiber.depth - 1);
  }
  hostReturn(fiber: FiberView | null): void {
    if (fiber !== null) this.unwound(fiber, fiber.depth);
  }

  push(event: RecordEvent): void {
    const { returned } = this;
    const { fiber } = this.on.context;
    this.returned = null;
    if (returned === null || returned.fiber !== fiber || returned.depth !== fiber.depth) return;
    this.images.set(event, returned.image);
  }

  /** A call of the frame at `depth` returned, and the frame stands as before the call. */
  private unwound(fiber: FiberView, depth: number): void {
    if (this.on.shadow.state !== "unwinding" || !this.unwinds(fiber, depth)) return;
    const { func, pc, fp, sp } = fiber.frames[depth - 1]!;
    const watch = this.watches.find(({ values }) => values.is(fiber, depth));
    if (watch === undefined && (this.seen.get(siteOf(func, pc)) ?? 0) >= FRAMES) return;
    const words = (fiber.i32 as unknown as Int32Array).slice(fp, sp);
    // What it lost before and never used it has still lost.
    watch?.values.correct(words);
    this.returned = { fiber, depth, image: { pc, words, left: watch?.left ?? 0 } };
  }

  /** The frame at `depth` makes a call again, of a function that has its arguments already or takes these. */
  private rewound(fiber: FiberView, depth: number, argumentsDead: boolean): void {
    const { shadow, report } = this.on;
    const { rewind } = shadow;
    if (shadow.state !== "rewinding" || rewind === null || report.blamed) return;
    if (!this.unwinds(fiber, depth)) return;
    const { func, pc } = fiber.frames[depth - 1]!;
    const event = rewind.popped === 0 ? undefined : rewind.last?.event;
    const image = event === undefined ? undefined : this.images.get(event);
    // Optimizers may have made one call of several, or several of one.
    if (image?.pc !== pc || event?.func !== func.index) return;
    const site = siteOf(func, pc);
    this.seen.set(site, (this.seen.get(site) ?? 0) + 1);
    const { kept, taken } = this.slots(func, pc);
    const { origin } = new LostValues(fiber, depth, image.words, argumentsDead ? [] : taken);
    if (origin !== null) return this.tell(func, origin, event.seq);
    const values = new LostValues(fiber, depth, image.words, kept);
    if (values.size === 0) return;
    this.watches.push({ values, pushed: event.seq, left: image.left || STEPS });
  }

  private readonly step = (fiber: FiberView): undefined => {
    const watch = this.watches.find(({ values }) => values.is(fiber, fiber.depth));
    if (watch === undefined) return;
    const { values } = watch;
    const origin = values.step();
    // An unwind writes down whatever stands there.
    if (origin !== null && this.on.shadow.state === "normal") {
      this.tell(fiber.top.func, origin, watch.pushed);
      watch.left = 0;
    }
    if (--watch.left <= 0 || values.size === 0)
      this.watches = this.watches.filter((other) => other !== watch);
  };

  private tell({ name }: FuncInstance, { what, was, is }: Origin, pushed: number): void {
    this.on.report.addFirst(
      "frame-differs",
      `${name}: ${what} was ${was} when it was unwound, and is used as ${is}`,
      { other: { event: pushed, text: `the push of the record of ${name}` } },
    );
  }

  private unwinds(fiber: FiberView, depth: number): boolean {
    const func = fiber.frames[depth - 1]?.func;
    const { context, facts } = this.on;
    return func !== undefined && context.own(func) && facts.part(func.index) === "instrumented";
  }

  /** What stands in a frame at a call: locals and operands, and those that the call takes. */
  private slots(func: FuncInstance, pc: number): { kept: Slot[]; taken: Slot[] } {
    const code = codeOf(func);
    const kept: Slot[] = code.localTypes.map((type, i) => ({
      what: `local ${i}`,
      at: code.localOffsets[i]!,
      type: type as OperandType,
    }));
    const types = this.operandsOf(func, code, pc) ?? [];
    const first = code.localWords + wordsOfAll(types) - code.words[pc + 3]!;
    const taken: Slot[] = [];
    let at = code.localWords;
    for (const type of types) {
      const place = at < first ? kept : taken;
      const what =
        place === kept ? `operand ${kept.length - code.localTypes.length}` : `argument ${taken.length} of its call`; // prettier-ignore
      place.push({ what, at, type });
      at += wordsOf(type);
    }
    return { kept, taken };
  }

  private operandsOf(
    func: FuncInstance,
    code: Code,
    pc: number,
  ): readonly OperandType[] | undefined {
    let known = this.operands.get(func.index);
    if (known === undefined) {
      known = operandsOfCalls(this.module, func.index);
      this.operands.set(func.index, known);
    }
    return known.get(offsetOfPc(code, pc));
  }
}

const siteOf = ({ index }: FuncInstance, pc: number): number => index * 2 ** 32 + pc;

/** The operands on the stack at each call of a function, by its offset. */
function operandsOfCalls(
  module: ValidModule,
  func: number,
): ReadonlyMap<number, readonly OperandType[]> {
  const found = new Map<number, readonly OperandType[]>();
  visitFunction(module, func - module.imported.func, {
    instruction({ op, offset }: Instruction, { operands }: FunctionState) {
      if (op.mnemonic.startsWith("call")) found.set(offset, [...operands]);
    },
  });
  return found;
}
