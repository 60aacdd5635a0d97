// Whether what a program comes to, is about to do, or has done, is one of its stops: place,
// fiber, condition and counts. Knows how to look; `session.ts` is who runs the machine.

import type { FiberView, HostCall } from "../exec/fiber.js";
import type { FiberSwitch, Observer } from "../exec/hooks.js";
import { offsetOfPc } from "../exec/code.js";
import { codeOf } from "../exec/lower.js";
import { ExceptionInstance } from "../runtime/exceptions.js";
import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import type { Value } from "../runtime/values.js";
import type { FuncType } from "../syntax/types.js";
import { UsageError } from "../util/errors.js";
import { typesAt } from "../valid/types-at.js";
import { evaluate, isTrue } from "./evaluate.js";
import { type Happening, isFor } from "./happenings.js";
import { messageText } from "./log-message.js";
import { Marks, type Watching } from "./marks.js";
import { recordMemory } from "./records.js";
import type { CodeStop, EventName, EventStop, StopPoint, Stops, WatchStop } from "./stops.js";
import { frameView, operandsOf, type Position } from "./views.js";
import { type Content, contentOf } from "./watch.js";

/** Who wrote to what is watched. */
export type Writer =
  | { readonly kind: "instruction"; readonly position: Position }
  | { readonly kind: "host"; readonly func: string }
  | { readonly kind: "event"; readonly happening: Happening };

/** The program came to a stop. `problem`: its condition could not be told true or false. */
export type Hit = { readonly problem?: string } & (
  | { readonly kind: "breakpoint"; readonly stop: CodeStop }
  | { readonly kind: "event"; readonly stop: EventStop; readonly happening: Happening }
  | {
      readonly kind: "watch";
      readonly stop: WatchStop;
      readonly before: Content;
      readonly after: Content;
      readonly by: Writer;
    }
);

/** What an instruction is about to do that somebody wants to know. */
export interface About {
  readonly position: Position;
  readonly writes: readonly Watching[];
}

/** Whose stops they are. */
export interface Program {
  readonly instance: ModuleInstance;
  readonly instances: readonly ModuleInstance[];
  /** The program's fiber that is on. */
  readonly logical: number;
  /** Whether a fiber belongs to what is debugged. */
  isOurs(fiber: FiberView): boolean;
  readonly asyncify: Asyncify | null;
  /** Whether somebody tells of switches between its fibers. */
  readonly tracker: unknown;
}

/** The exception that the instruction at which the top frame stands throws. */
function throwing(fiber: FiberView): Happening {
  const { func, pc } = fiber.top;
  const code = codeOf(func);
  const position = typesAt(func.instance!.module, func.index, offsetOfPc(code, pc));
  const thrown = { event: "throw", func: func.name } as const;
  const { tags } = func.instance!;
  const operands = operandsOf(fiber, 0).map(({ value }) => value);
  const tag = position?.mnemonic === "throw" ? tags[position.a] : undefined;
  if (tag !== undefined) {
    const { params } = tag.type.sub.comp as FuncType<unknown>;
    return { ...thrown, values: params.length === 0 ? [] : operands.slice(-params.length) };
  }
  const top = operands.at(-1);
  const exception = top?.type === "ref" && top.ref instanceof ExceptionInstance ? top.ref : null;
  return exception === null ? thrown : { ...thrown, values: exception.values };
}

export class StopLook {
  readonly marks: Marks;

  constructor(
    private readonly stops: Stops,
    private readonly program: Program,
  ) {
    this.marks = new Marks(stops, program.instance, program.instances);
  }

  /** The program is about to run. */
  begin(fiber: FiberView): void {
    this.marks.update();
    this.marks.look(fiber);
  }

  /** What stops before the instruction at which the top frame stands: a breakpoint, or that it throws. */
  arrives(fiber: FiberView): Hit | null {
    if (fiber.depth === 0) return null;
    const hit = this.codeHit(fiber);
    const throws = this.marks.throwsAt(fiber) ? this.event(throwing(fiber), fiber) : null;
    return hit ?? throws;
  }

  private codeHit(fiber: FiberView): Hit | null {
    return this.first(this.marks.codeAt(fiber), (id) => {
      const stop = this.stops.all.find((s) => s.id === id);
      if (stop?.kind !== "code") return null;
      return this.consider(stop, fiber, (now) => ({ kind: "breakpoint", stop: now }));
    });
  }

  /** What that instruction is about to do, as far as a stop may be for it. */
  about(fiber: FiberView): About | null {
    if (fiber.depth === 0) return null;
    const writes = this.marks.writesAt(fiber);
    return writes.length === 0 ? null : { position: frameView(fiber, 0), writes };
  }

  /** After it was done. */
  after({ position, writes }: About, fiber: FiberView): Hit | null {
    return this.written(writes, fiber, { kind: "instruction", position });
  }

  /** Something happened, or is about to, while `fiber` is current. */
  happened(happening: Happening, fiber: FiberView): Hit | null {
    const hit = this.event(happening, fiber);
    return this.changed(happening, fiber) ?? hit;
  }

  /** The host had control, and may have written to what is watched. */
  hostChanged(func: string, fiber: FiberView): Hit | null {
    return this.written(this.marks.changed(fiber), fiber, { kind: "host", func });
  }

  /** What is watched may have been written to by what happened. */
  changed(happening: Happening, fiber: FiberView): Hit | null {
    const { event, address, size } = happening;
    const memory = event === "push" ? recordMemory(this.program).memory : null;
    const pushed = memory && { memory, from: address!, to: address! + size! };
    const changed = this.marks.changed(fiber, pushed);
    return this.written(changed, fiber, { kind: "event", happening });
  }

  hostCall({ func, args }: HostCall, fiber: FiberView): Hit | null {
    return this.event({ event: "host-call", func: func.name, values: args }, fiber);
  }

  hostReturned({ name }: FuncInstance, values: readonly Value[], fiber: FiberView): Hit | null {
    const written = this.hostChanged(name, fiber);
    const returned = this.event({ event: "host-return", func: name, values }, fiber);
    return written ?? returned;
  }

  /** What must watch the machine, only while some stop asks for it. */
  observer(happened: (happening: Happening) => void): Observer {
    const { program } = this;
    const asks = (name: EventName) => this.stops.all.some((s) => s.kind === "event" && s.event === name); // prettier-ignore
    return {
      ...(asks("catch") && {
        caught(fiber: FiberView) {
          if (program.isOurs(fiber)) happened({ event: "catch", func: fiber.top.func.name });
        },
      }),
      ...(asks("switch") &&
        program.tracker === null && {
          fiberSwitch: (_from: FiberView, to: FiberView, how: FiberSwitch) =>
            happened({ event: "switch", action: how, fibers: [to.id] }),
        }),
    };
  }

  private event(happening: Happening, fiber: FiberView): Hit | null {
    return this.first(this.stops.all.slice(), (stop) => {
      if (stop.kind !== "event" || !isFor(stop, happening)) return null;
      return this.consider(stop, fiber, (now) => ({ kind: "event", stop: now, happening }));
    });
  }

  private written(watches: readonly Watching[], fiber: FiberView, by: Writer): Hit | null {
    return this.first(watches, (watch) => {
      const before = watch.last;
      const after = (watch.last = contentOf(watch.writers.place, fiber));
      const stop = this.stops.all.find(({ id }) => id === watch.stop);
      if (stop?.kind !== "watch") return null;
      return this.consider(stop, fiber, (now) => ({ kind: "watch", stop: now, before, after, by }));
    });
  }

  /** The first that stops; the others are asked too, for they count. */
  private first<T>(all: readonly T[], ask: (one: T) => Hit | null): Hit | null {
    let first: Hit | null = null;
    for (const one of all) {
      const hit = ask(one);
      first ??= hit;
    }
    return first;
  }

  private consider<S extends StopPoint>(
    stop: S,
    fiber: FiberView,
    hitOf: (stop: S) => Hit,
  ): Hit | null {
    const { instance, logical } = this.program;
    if (!stop.enabled || (stop.fiber !== null && stop.fiber !== logical)) return null;
    const condition = this.stops.conditionOf(stop);
    let problem: string | undefined;
    try {
      const scope = { instance, fiber, level: 0, logical };
      if (condition !== undefined && !isTrue(evaluate(condition, scope))) return null;
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problem = error.message;
    }
    const now = this.stops.hit(stop) as S | null;
    if (now === null) return null;
    const message = this.stops.messageOf(stop);
    if (message !== undefined) {
      this.stops.onMessage(messageText(message, { instance, fiber, level: 0, logical }));
      return null;
    }
    return problem === undefined ? hitOf(now) : { ...hitOf(now), problem };
  }
}
