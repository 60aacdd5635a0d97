// Which fiber is on. The fiber assembly (stackful's `fiber_enter`,
// `fiber_switch_enter`, `fiber_switch_leave`) multiplexes fibers over asyncify: the
// machine sees one stack that unwinds and rewinds. This follows those functions by
// name and tells the fibers apart again.
//
// Entering a fiber nests it in the one that entered. Leaving unwinds all fibers
// above the target; they stay together as one continuation under the data pointer
// of the unwind, and come back together when it is rewound. The native fiber ABI tells
// the same story itself, of fibers that the machine has anyway. Tasks of TinyGo nest in
// the same way; fibers of Emscripten replace each other (`foreign-fibers.ts`).

import { offsetOfPc } from "../exec/code.js";
import { codeOf } from "../exec/lower.js";
import type { FiberView } from "../exec/fiber.js";
import type { Observer } from "../exec/hooks.js";
import type { Value } from "../runtime/values.js";
import type { Module } from "../syntax/module.js";
import type { SourcePosition } from "../syntax/source-lines.js";
import type { SwitchEvent, TraceEvent } from "./events.js";
import {
  ASYNCIFY_DATA,
  type FiberRuntime,
  type Swap,
  swapOf,
  tableEntry,
  type Task,
  taskOf,
  TINYGO_ENTERS,
} from "./foreign-fibers.js";

/** A fiber of the program. 0 is the stack that the host called. */
export interface LogicalFiber {
  readonly id: number;
  /** Its stack pointer when it was created; null for the main one. */
  readonly stack: number | null;
  /** The function it runs; null for the main one. */
  readonly entry: string | null;
  /** Who switches it; null for the main one, as long as nobody does. */
  readonly runtime: FiberRuntime | null;
}

/** A fiber and what it is about. */
export interface FiberState extends LogicalFiber {
  /** `waiting`: it entered the fiber after it, which is on or waits itself. */
  readonly status: "on" | "waiting" | "suspended";
  /** Data pointer of the continuation that holds its frames, where suspended. */
  readonly continuation: number | null;
  /** The fiber of the machine that it is; null where it is some frames of one. */
  readonly machine: FiberView | null;
  /**
   * How many of the machine's frames lie below its own, where it is some of them: Infinity while
   * it is to be rewound. Null for others.
   */
  readonly depth: number | null;
}

export interface FiberEvent {
  readonly type: "fiber";
  readonly action: "create" | "suspend" | "resume";
  /** Whose fibers they are. */
  readonly runtime: FiberRuntime;
  /** The fibers concerned, outermost first: several where a switch crosses fibers. */
  readonly fibers: readonly number[];
  /** Data pointer of the continuation; the stack pointer for `create`. */
  readonly at: number;
  /** The function that it runs: for `create`. */
  readonly entry?: string;
}

const MAIN: LogicalFiber = { id: 0, stack: null, entry: null, runtime: null };
const ENTERS = new Set(["fiber_enter", "fiber_switch_enter"]);
const SWITCHES = new Set([...ENTERS, ...TINYGO_ENTERS, "emscripten_fiber_swap"]);
/** Depth of a fiber that is one of the machine's: whatever runs, runs in the latest. */
const NATIVE = -Infinity;
/** The same of a fiber that replaces the one before it. */
const SWAPPED = -Infinity;
/** From a suspended fiber's stack pointer down to the data pointer of its unwind. */
const HEADER = 16;

interface Active {
  readonly fiber: LogicalFiber;
  /** Number of machine frames up to and including the `fiber_enter` that runs it. */
  depth: number;
  /** The fiber of the machine that runs it alone. */
  readonly machine: FiberView | null;
}

/** All that a tracker knows, to be put back: what it was told since is then forgotten. */
export interface SavedTracker {
  readonly active: readonly Active[];
  readonly continuations: readonly (readonly [number, readonly Active[]])[];
  readonly nextId: number;
  readonly state: string;
  readonly unwindData: number;
  readonly machineFiber: FiberView | null;
  readonly hostCall: FiberTracker["hostCall"];
  readonly swap: Swap | null;
}

export class FiberTracker {
  private readonly active: Active[] = [{ fiber: MAIN, depth: 0, machine: null }];
  private readonly continuations = new Map<number, Active[]>();
  private nextId = 1;
  private state = "normal";
  private unwindData = 0;
  private machineFiber: FiberView | null = null;
  /** The call of the host that may be a swap of Emscripten's fibers. */
  hostCall: { fiber: FiberView; args: readonly Value[] } | null = null;
  /** The swap for which the program unwinds. */
  private swap: Swap | null = null;

  constructor(private readonly listener: (event: FiberEvent) => void = () => undefined) {}

  /**
   * The fiber that the machine's top frame belongs to, also while frames unwind or
   * rewind one by one. `fiber_enter` and its implementation still run on the stack
   * of the one who enters.
   */
  get current(): LogicalFiber {
    const depth = this.callerDepth();
    return this.active.findLast((a) => a.depth + 1 < depth)?.fiber ?? MAIN;
  }

  save(): SavedTracker {
    const { nextId, state, unwindData, machineFiber, hostCall, swap } = this;
    return {
      active: this.active.map((a) => ({ ...a })),
      continuations: [...this.continuations].map(([at, held]) => [at, held.map((a) => ({ ...a }))]),
      nextId,
      state,
      unwindData,
      machineFiber,
      hostCall,
      swap,
    };
  }
  restore({ active, continuations, ...rest }: SavedTracker): void {
    this.active.splice(0, Infinity, ...active.map((a) => ({ ...a })));
    this.continuations.clear();
    for (const [at, held] of continuations)
      this.continuations.set(
        at,
        held.map((a) => ({ ...a })),
      );
    Object.assign(this, rest);
  }

  /** All fibers that are not known to be gone, in the order of their making. */
  states(): FiberState[] {
    const { current } = this;
    const active = this.active.map(({ fiber, machine, depth }) => ({
      ...fiber,
      status: fiber === current ? ("on" as const) : ("waiting" as const),
      continuation: null,
      machine,
      depth: depth === NATIVE ? null : depth,
    }));
    const suspended = [...this.continuations].flatMap(([continuation, held]) =>
      held.map(({ fiber, machine }) => ({
        ...fiber,
        status: "suspended" as const,
        continuation,
        machine,
        depth: null,
      })),
    );
    return [...active, ...suspended].sort((a, b) => a.id - b.id);
  }

  readonly observer: Observer = {
    fiberSwitch: (_from, to) => {
      this.machineFiber = to;
    },
    leave: (fiber) => {
      this.machineFiber = fiber;
      // A task that is over just returns to the scheduler.
      const last = this.active.at(-1);
      if (TINYGO_ENTERS.has(fiber.top.func.name) && last?.depth === fiber.depth - 1)
        this.active.pop();
    },
    hostCall: (fiber, _func, args) => {
      if (fiber !== null) this.hostCall = { fiber, args };
    },
    hostReturn: (fiber) => {
      if (fiber !== null) this.hostCall = null;
    },
    enter: (fiber) => {
      this.machineFiber = fiber;
      const { func, fp } = fiber.top;
      if (func.name === "tinygo_launch") return this.launch(fiber, taskOf(fiber));
      if (!ENTERS.has(func.name)) return;
      if (this.state === "rewinding") {
        // An intermediate `fiber_enter` is called again on the way in.
        const again = this.active[this.active.length - this.suspendedAbove()];
        if (again !== undefined) again.depth = fiber.depth;
      } else if (func.name === "fiber_enter") {
        // (result, stack pointer, payload, entry)
        const stack = fiber.i32[fp + codeOf(func).localOffsets[1]!]! >>> 0;
        const depth = { depth: fiber.depth, machine: null };
        this.create("stackful", stack, entryName(fiber), depth);
      }
    },
  };

  /** Feeds an event of the run, in order with the observer's calls. */
  event(event: TraceEvent): void {
    if (event.type === "switch") return this.switch(event);
    if (event.type !== "runtime") return;
    this.state = event.after;
    const depth = this.callerDepth();
    if (event.name === "start_unwind") {
      this.unwindData = event.data;
      this.swap = this.hostCall && swapOf(this.hostCall.fiber, this.hostCall.args, event);
    } else if (event.name === "stop_unwind" && event.before === "unwinding") {
      if (this.swap !== null) return this.swapped(this.swap);
      // Called by the implementation of the `fiber_enter` at which the unwind ends.
      const first = this.active.findIndex((a) => a.depth > 0 && a.depth >= depth - 1);
      if (first < 0) return;
      this.suspend(this.unwindData, this.active.splice(first));
    } else if (event.name === "start_rewind") {
      const [first] = this.continuations.get(event.data) ?? [];
      if (first?.depth === SWAPPED)
        return this.resume(event.data, (resumed) => this.active.push(...resumed));
      this.resume(event.data, (resumed) => {
        resumed[0]!.depth = depth - 1;
        for (const inner of resumed.slice(1)) inner.depth = Infinity;
        this.active.push(...resumed);
      });
    }
  }

  /** Where the program stands, as a line of its source, if that is known. */
  get source(): SourcePosition | undefined {
    const depth = this.callerDepth();
    if (depth === 0) return undefined;
    const { func, pc } = this.machineFiber!.frames[depth - 1]!;
    return func.instance?.module.lines?.at(offsetOfPc(codeOf(func), pc));
  }

  /** The native ABI: each fiber is one of the machine's. */
  private switch({ name, from, to, entry, depth, fibers }: SwitchEvent): void {
    // Fibers that an exception ended told nobody.
    this.active.length = Math.min(this.active.length, depth + 1);
    if (name === "fiber_enter") {
      this.create("stackful", to, entry ?? "?", { depth: NATIVE, machine: this.machineFiber });
    } else if (name === "fiber_switch_enter") {
      this.resume(to - HEADER, (resumed) => this.active.push(...resumed));
    } else {
      this.suspend(from - HEADER, this.active.splice(-fibers));
    }
  }

  /** A task of TinyGo starts on the stack of the scheduler's caller, as one of its frames. */
  private launch(fiber: FiberView, task: Task | null): void {
    if (task === null) return;
    this.create("tinygo", task.stack, task.entry, { depth: fiber.depth - 1, machine: null });
  }

  /** The old fiber is unwound: the host goes on to the new one. Nobody is on until then. */
  private swapped({ from, to, stack, entry }: Swap): void {
    this.swap = null;
    const old = this.active.splice(-1).map(({ fiber }) => ({
      fiber: { ...fiber, runtime: "emscripten" as const },
      depth: SWAPPED,
      machine: null,
    }));
    this.suspend(from + ASYNCIFY_DATA, old);
    if (entry === null) return;
    // A fiber that starts anew where one was suspended: that one is gone.
    this.continuations.delete(to + ASYNCIFY_DATA);
    this.create("emscripten", stack, entry, { depth: SWAPPED, machine: null });
  }

  private create(
    runtime: FiberRuntime,
    stack: number,
    entry: string,
    rest: Omit<Active, "fiber">,
  ): void {
    const fiber = { id: this.nextId++, stack, entry, runtime };
    this.listener({
      type: "fiber",
      action: "create",
      runtime,
      fibers: [fiber.id],
      at: stack,
      entry,
    });
    this.active.push({ fiber, ...rest });
  }

  private suspend(continuation: number, fibers: Active[]): void {
    this.continuations.set(continuation, fibers);
    this.tell("suspend", fibers, continuation);
  }

  private resume(continuation: number, activate: (resumed: Active[]) => void): void {
    const resumed = this.continuations.get(continuation);
    if (resumed === undefined) return;
    this.continuations.delete(continuation);
    // It is still the one who resumes that is on.
    this.tell("resume", resumed, continuation);
    activate(resumed);
  }

  /** Frames up to the one that called a runtime function: instrumented modules have frames of these too. */
  private callerDepth(): number {
    const { machineFiber: fiber } = this;
    if (fiber === null || fiber.depth === 0) return 0;
    return fiber.top.func.name.startsWith("asyncify_") ? fiber.depth - 1 : fiber.depth;
  }

  /** Position from the top of `active` of the next fiber to be entered again. */
  private suspendedAbove(): number {
    return this.active.filter((a) => a.depth === Infinity).length;
  }

  private tell(action: FiberEvent["action"], fibers: readonly Active[], at: number): void {
    const runtime = fibers[0]?.fiber.runtime ?? "stackful";
    this.listener({ type: "fiber", action, runtime, fibers: fibers.map((a) => a.fiber.id), at });
  }
}

/** Whether a module switches fibers, as far as names tell: only then is there anything to follow. */
export const namesFibers = ({ names, exports, imports }: Module): boolean =>
  [...names.functions.values()].some((name) => SWITCHES.has(name)) ||
  [...exports, ...imports].some(({ name }) => SWITCHES.has(name));

/** The function that `fiber_enter`'s fourth argument stands for. */
function entryName(fiber: FiberView): string {
  const { func, fp } = fiber.top;
  return tableEntry(fiber, fiber.i32[fp + codeOf(func).localOffsets[3]!]! >>> 0);
}
