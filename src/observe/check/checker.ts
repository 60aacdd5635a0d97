// The fiber sanitizer: watches a program unwind and rewind, plain or instrumented, and
// tells every fault of it. It needs what the machine tells its observers and what
// asyncify tells its listener, nothing else.

import { type Observer, observers } from "../../exec/hooks.js";
import { analyzeRoles } from "../../fiber/asyncify/analyze.js";
import type { AsyncifyOptions, Roles } from "../../fiber/asyncify/roles.js";
import type { FuncInstance, ModuleInstance } from "../../runtime/instances.js";
import { Trap } from "../../runtime/traps.js";
import type { ValidModule } from "../../valid/validate.js";
import type { TraceEvent } from "../events.js";
import { namesFibers } from "../fibers.js";
import { type TracedEvent, Tracer } from "../tracer.js";
import { isInstrumented } from "../runtime-functions.js";
import { AllocationMonitor } from "./allocations.js";
import { BufferMonitor } from "./buffers.js";
import { CallMonitor } from "./calls.js";
import { Context } from "./context.js";
import { lastWords } from "./explain.js";
import { factsOfInstrumented, factsOfRoles } from "./facts.js";
import { FiberMonitor } from "./fiber-assembly.js";
import type { ChangedWord, Finding } from "./finding.js";
import { FrameMonitor } from "./frames.js";
import { LeafMonitor, StackPointerMonitor } from "./leaves.js";
import type { Monitor, Surroundings } from "./monitor.js";
import { DataMonitor, PartsMonitor } from "./parts.js";
import { RecordMonitor } from "./records.js";
import { PassageMonitor } from "./passages.js";
import { Report } from "./report.js";
import { Shadow } from "./shadow.js";
import { StateMonitor } from "./state.js";
import { WriterWatch } from "./writers.js";

export interface CheckerOptions {
  /** Binaryen's options, for a plain module: those that its `Asyncify` has. */
  readonly asyncify?: AsyncifyOptions;
  /** The same, where the roles are known already. */
  readonly roles?: Roles;
  /**
   * Words to find the writers of: `changedWords` of the findings of a run before, which this
   * one repeats. Every instruction is looked at, so it takes several times as long.
   */
  readonly watch?: readonly ChangedWord[];
  /** Told each finding when it is found; its count may yet grow. */
  readonly onFinding?: (finding: Finding) => void;
}

/** How much there was to check. */
export interface CheckCounts {
  readonly unwinds: number;
  readonly rewinds: number;
  readonly pushes: number;
  readonly pops: number;
}

/**
 * Checks one instance of a module while it runs. Give `observer` to the machine, every
 * event of asyncify to `event` (of `Asyncify`, or `InstrumentedEvents`), `attach` the
 * instance before any of its code runs, and call `finish` when the program is over.
 */
export class Checker {
  /** Sees the machine. Behind `InstrumentedEvents`, where both observe. */
  readonly observer: Observer;
  /** What the last call that failed has to do with the findings. */
  lastWords: string | null = null;
  private readonly on: Surroundings;
  private readonly monitors: readonly Monitor[];
  private readonly pushed: readonly Monitor[];
  private readonly popped: readonly Monitor[];
  private readonly tracer = new Tracer((event) => this.traced(event));
  private finished = false;

  /** @throws AsyncifyError, TwinError */
  constructor(
    module: ValidModule,
    { asyncify = {}, roles, watch = [], onFinding = () => undefined }: CheckerOptions = {},
  ) {
    const facts = isInstrumented(module)
      ? factsOfInstrumented(module)
      : factsOfRoles(module, roles ?? analyzeRoles(module, asyncify));
    const context = new Context(facts);
    const writers = watch.length === 0 ? null : new WriterWatch(context, watch);
    const shadow = new Shadow(context);
    this.on = { facts, context, shadow, report: new Report(context, onFinding), writers };
    // The allocator and the linker know one memory.
    const shared = facts.room.memory === 0;
    const frames = new FrameMonitor(this.on, module);
    this.monitors = [
      new FiberMonitor(this.on),
      new StateMonitor(this.on),
      new BufferMonitor(this.on),
      ...(shared ? [new AllocationMonitor(this.on), new PartsMonitor(this.on, module)] : []),
      new DataMonitor(this.on, module),
      new RecordMonitor(this.on),
      new PassageMonitor(this.on),
      new CallMonitor(this.on),
      new LeafMonitor(this.on),
      new StackPointerMonitor(this.on),
      frames,
    ];
    this.pushed = this.monitors.filter((monitor) => monitor.push !== undefined);
    this.popped = this.monitors.filter((monitor) => monitor.pop !== undefined);
    const own = this.machineObserver(frames);
    const watching = writers === null ? [] : [writers.observer];
    const tracing = namesFibers(module) ? [this.tracer.observer] : [];
    const all = [...watching, ...tracing, own];
    this.observer = all.length === 1 ? own : observers(...all);
  }

  attach(instance: ModuleInstance): void {
    this.on.context.attach(instance);
  }

  get findings(): readonly Finding[] {
    return this.on.report.findings;
  }
  get counts(): CheckCounts {
    return this.on.shadow.counts;
  }

  /** Takes the events of the run in order with what the observer sees. */
  readonly event = (event: TraceEvent): void => this.tracer.event(event);

  /** The program is over: nobody will stop what is still under way. */
  finish(): void {
    if (this.finished) return;
    this.finished = true;
    for (const monitor of this.monitors) monitor.finish?.();
  }

  private traced(event: TracedEvent): void {
    const { report, shadow, context, writers } = this.on;
    writers?.before(event);
    report.event = event.seq;
    report.fiber = event.fiber;
    switch (event.type) {
      case "runtime":
        report.stack = event;
        report.state = event.after;
        // What starts from the normal state does not follow from what was before.
        if (event.before === "normal") report.blamed = false;
        shadow.runtime(event);
        report.blamed ||= shadow.rewind?.continuation?.damaged === true;
        for (const monitor of this.monitors) monitor.runtime?.(event);
        if (shadow.suspended !== null) shadow.suspended.damaged = report.blamed;
        break;
      case "push": {
        const site = context.pushing;
        report.stack = event;
        report.pushing = site === null ? null : { ...site, callIndex: event.callIndex };
        for (const monitor of this.pushed) monitor.push!(event);
        shadow.push(event, site);
        report.pushing = null;
        break;
      }
      case "pop":
        report.stack = event;
        shadow.rewind?.popping(event);
        for (const monitor of this.popped) monitor.pop!(event);
        shadow.pop();
        break;
      default:
    }
  }

  private machineObserver(frames: FrameMonitor): Observer {
    const { context, facts, shadow, report } = this.on;
    const having = <K extends keyof Monitor>(key: K) =>
      this.monitors.filter((monitor) => monitor[key] !== undefined);
    const [entering, leaving] = [having("enter"), having("leave")];
    return {
      get instruction() {
        return frames.instruction;
      },
      call: (func) => context.call(func),
      return: (func) => this.ended(func, undefined),
      fail: (func, error) => {
        this.failed(error);
        this.ended(func, error);
      },
      enter: (fiber) => {
        context.fiber = fiber;
        const { func } = fiber.top;
        if (!context.own(func)) return;
        if (facts.part(func.index) === "instrumented") shadow.rewind?.entered(func.index);
        for (const monitor of entering) monitor.enter!(fiber);
      },
      leave: (fiber, how) => {
        context.fiber = fiber;
        if (how === "exception" && shadow.state !== "normal") this.exception(fiber.top.func);
        if (!context.own(fiber.top.func)) return;
        for (const monitor of leaving) monitor.leave!(fiber, how);
      },
      hostCall: (fiber, func) => {
        context.hostCall(fiber, func);
        for (const monitor of this.monitors) monitor.hostCall?.(fiber, func);
      },
      hostReturn: (fiber, func) => {
        context.hostReturn(fiber, func);
        for (const monitor of this.monitors) monitor.hostReturn?.(fiber, func);
      },
      hostThrow: (fiber, func) => context.hostReturn(fiber, func),
      trap: (fiber, error) => {
        context.fiber = fiber;
        const detail = error instanceof Trap ? error.detail : "";
        for (const monitor of this.monitors)
          monitor.trap?.(fiber, { reason: error.reason, detail });
        if (shadow.state !== "normal" && error instanceof Trap)
          report.addFirst(
            "trap-not-normal",
            // A runtime function that the host calls itself runs on a fiber without frames.
            `${fiber.depth > 0 ? fiber.top.func.name : "a function that the host called"} trapped (${error.reason}) while ${shadow.state}`,
          );
      },
    };
  }

  private exception(func: FuncInstance): void {
    const { report, shadow } = this.on;
    report.addFirst("exception-not-normal", `an exception left ${func.name} while ${shadow.state}`);
  }

  private failed(error: unknown): void {
    const { shadow, report } = this.on;
    if (shadow.state !== "normal" && !(error instanceof Trap))
      report.addFirst("exception-not-normal", `a call ended by an exception while ${shadow.state}`);
    this.lastWords = lastWords(error, shadow.state, report.findings);
  }

  private ended(func: FuncInstance, error: unknown): void {
    for (const monitor of this.monitors) monitor.ended?.(func, error);
    this.on.context.ended(func);
  }
}
