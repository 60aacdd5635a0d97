// What runs of a program tell about how to instrument it: which functions stood on the
// stack at an unwind, so must be instrumented, which never did, through which indirect
// calls, and how large the buffers had to be. Lists have Binaryen's names.
// What no run did, no advice knows of.

import { type Observer, observers } from "../exec/hooks.js";
import type { RuntimeEvent, TraceEvent } from "../observe/events.js";
import { binaryenNames } from "../fiber/asyncify/analyze-names.js";
import { analyzeRoles } from "../fiber/asyncify/analyze.js";
import { OverflowTrap } from "../fiber/asyncify/overflow.js";
import type { AsyncifyOptions, CallSite, Roles } from "../fiber/asyncify/roles.js";
import type { ValidModule } from "../valid/validate.js";
import { compareRuns, type Difference } from "./compare.js";
import { runNative } from "./native.js";
import { failureOf, type Run, type RunRequest } from "./run.js";

/** A function whose frames were unwound. */
export interface UnwoundFunction {
  /** Binaryen's name, for lists. */
  readonly name: string;
  /** Records pushed, over all runs. */
  readonly records: number;
  /** Call indices at which it stood, ascending. */
  readonly calls: readonly number[];
}

/** An indirect call that was live at an unwind. */
export interface IndirectCall {
  readonly caller: string;
  readonly callIndex: number;
  /** Byte offset of the call. */
  readonly offset: number;
  /** Whose frames it had called, as far as they were unwound too. */
  readonly callees: readonly string[];
}

/** The buffer at one data pointer. */
export interface BufferUse {
  /** The data pointer. */
  readonly data: number;
  /** The export through which its first unwind left. */
  readonly root: string | null;
  readonly unwinds: number;
  /** Frames of its deepest unwind. */
  readonly frames: number;
  /** Most bytes that its records took; what its program keeps there itself is counted too. */
  readonly used: number;
  /** Bytes between position and end when that unwind began. */
  readonly room: number;
  /** Whether all unwinds did; else `used` is what the first that did not would have taken. */
  readonly fits: boolean;
}

/** Plain data: that of several runs can be put together by `mergeAdvice`. */
export interface Advice {
  readonly unwinds: number;
  readonly unwound: readonly UnwoundFunction[];
  /** Functions of the runtime that unwound functions called: an only-list must have them as well. */
  readonly runtime: readonly string[];
  /** Functions that are instrumented by default and were never on the stack at an unwind. */
  readonly unused: readonly string[];
  readonly indirect: readonly IndirectCall[];
  readonly buffers: readonly BufferUse[];
}

/** `asyncify-onlylist`: what must be instrumented for these runs, and no more. */
export const onlyListOf = ({ unwound, runtime }: Advice): string[] =>
  [...unwound.map(({ name }) => name), ...runtime].sort();

/** Collects advice from the events of one run with native asyncify. */
export class AdviceCollector {
  private unwinds = 0;
  private readonly names: readonly string[];
  private readonly records = new Map<number, { count: number; calls: Set<number> }>();
  private readonly runtime = new Set<number>();
  private readonly indirect = new Map<string, IndirectUse>();
  private readonly buffers = new Map<number, MutableBuffer>();
  private readonly exports: string[] = [];
  private begun: { buffer: MutableBuffer; start: RuntimeEvent; frames: number } | null = null;
  /** The function whose record was pushed last in this unwind, and where that ended. */
  private inner: number | null = null;
  private pushed = 0;

  constructor(
    module: ValidModule,
    private readonly roles: Roles,
  ) {
    this.names = binaryenNames(module);
  }

  readonly event = (event: TraceEvent): void => {
    if (event.type === "call") this.exports.push(event.name);
    else if (event.type === "return" || event.type === "trap" || event.type === "exit")
      this.exports.pop();
    else if (event.type === "push") {
      this.pushed = event.pos ?? 0;
      this.push(event.func, event.callIndex);
    } else if (event.type === "runtime") this.runtimeCall(event);
  };

  /** For the machine: where the buffer is too small, no event tells of it. */
  readonly observer: Observer = {
    trap: (_fiber, error) => {
      if (error instanceof OverflowTrap) this.overflow(error);
    },
  };

  private runtimeCall(event: RuntimeEvent): void {
    if (event.name === "start_unwind") {
      this.unwinds++;
      this.inner = null;
      let buffer = this.buffers.get(event.data);
      if (buffer === undefined) {
        buffer = {
          data: event.data,
          root: this.exports[0] ?? null,
          unwinds: 0,
          frames: 0,
          used: 0,
          room: (event.end ?? 0) - (event.pos ?? 0),
          fits: true,
        };
        this.buffers.set(event.data, buffer);
      }
      buffer.unwinds++;
      this.begun = { buffer, start: event, frames: 0 };
      this.pushed = event.pos ?? 0;
    } else if (event.before === "unwinding" && this.begun !== null) {
      this.end((event.pos ?? 0) - (this.begun.start.pos ?? 0));
    }
  }

  /** The unwind under way ended because its buffer is too small for what is left of it. */
  private overflow({ pending }: OverflowTrap): void {
    if (this.begun === null) return;
    const { buffer, start } = this.begun;
    this.begun.frames += pending.frames;
    this.end(this.pushed - (start.pos ?? 0) + pending.bytes);
    buffer.fits = false;
  }

  private end(used: number): void {
    const { buffer, start, frames } = this.begun!;
    if (used > buffer.used) {
      buffer.used = used;
      buffer.room = (start.end ?? 0) - (start.pos ?? 0);
    }
    buffer.frames = Math.max(buffer.frames, frames);
    this.begun = null;
  }

  private push(func: number, callIndex: number): void {
    let entry = this.records.get(func);
    if (entry === undefined) this.records.set(func, (entry = { count: 0, calls: new Set() }));
    entry.count++;
    entry.calls.add(callIndex);
    if (this.begun !== null) this.begun.frames++;
    const site = this.roles.sites(func)[callIndex];
    if (site !== undefined) this.live(func, site);
    this.inner = func;
  }

  private live(func: number, site: CallSite): void {
    const { callee, callIndex, offset } = site;
    if (callee !== null) {
      if (this.roles.functions[callee]?.kind === "top-most runtime") this.runtime.add(callee);
      return;
    }
    const key = `${func}:${callIndex}`;
    let use = this.indirect.get(key);
    if (use === undefined)
      this.indirect.set(key, (use = { func, callIndex, offset, callees: new Set() }));
    if (this.inner !== null) use.callees.add(this.inner);
  }

  get advice(): Advice {
    const name = (index: number) => this.names[index]!;
    const { functions } = this.roles;
    return {
      unwinds: this.unwinds,
      unwound: [...this.records]
        .sort(([a], [b]) => a - b)
        .map(([func, { count, calls }]) => ({
          name: name(func),
          records: count,
          calls: [...calls].sort((a, b) => a - b),
        })),
      runtime: [...this.runtime].sort((a, b) => a - b).map(name),
      unused: functions
        .filter(({ kind, index }) => kind === "instrumented" && !this.records.has(index))
        .map(({ index }) => name(index)),
      indirect: [...this.indirect.values()].map(({ func, callIndex, offset, callees }) => ({
        caller: name(func),
        callIndex,
        offset,
        callees: [...callees].sort((a, b) => a - b).map(name),
      })),
      buffers: [...this.buffers.values()].map((buffer) => ({ ...buffer })),
    };
  }
}

type MutableBuffer = { -readonly [K in keyof BufferUse]: BufferUse[K] };
interface IndirectUse {
  readonly func: number;
  readonly callIndex: number;
  readonly offset: number;
  readonly callees: Set<number>;
}

/** What several runs tell together. Buffers at the same data pointer are taken for the same. */
export function mergeAdvice(all: readonly Advice[]): Advice {
  const merge = <T>(pick: (advice: Advice) => readonly T[], key: (item: T) => string) => {
    const groups = new Map<string, T[]>();
    for (const item of all.flatMap(pick))
      groups.set(key(item), [...(groups.get(key(item)) ?? []), item]);
    return [...groups.values()];
  };
  const unwound = merge(
    (advice) => advice.unwound,
    ({ name }) => name,
  ).map((uses) => ({
    name: uses[0]!.name,
    records: sum(uses.map(({ records }) => records)),
    calls: [...new Set(uses.flatMap(({ calls }) => calls))].sort((a, b) => a - b),
  }));
  const seen = new Set(unwound.map(({ name }) => name));
  const indirect = merge(
    (advice) => advice.indirect,
    ({ caller, callIndex }) => `${callIndex} ${caller}`,
  );
  const buffers = merge(
    (advice) => advice.buffers,
    ({ data }) => String(data),
  );
  return {
    unwinds: sum(all.map(({ unwinds }) => unwinds)),
    unwound,
    runtime: [...new Set(all.flatMap(({ runtime }) => runtime))],
    unused: [...new Set(all.flatMap(({ unused }) => unused))].filter((name) => !seen.has(name)),
    indirect: indirect.map((uses) => ({
      ...uses[0]!,
      callees: [...new Set(uses.flatMap(({ callees }) => callees))],
    })),
    buffers: buffers.map((uses) => ({
      ...uses.reduce((a, b) => (b.used > a.used ? b : a)),
      unwinds: sum(uses.map(({ unwinds }) => unwinds)),
      frames: Math.max(...uses.map(({ frames }) => frames)),
      fits: uses.every(({ fits }) => fits),
    })),
  };
}
const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

export interface AdviceRequest extends RunRequest {
  readonly module: ValidModule;
  /** Which imports may unwind; lists of functions are what the advice is about, and are left aside. */
  readonly asyncify?: AsyncifyOptions;
  readonly limits?: Parameters<typeof runNative>[0]["limits"];
  /** Watches the first of the runs as well. */
  readonly observer?: Observer;
}

export interface Advised {
  readonly run: Run;
  readonly advice: Advice;
  /**
   * How the run differs when only `onlyListOf(advice)` is instrumented: null, or the list is
   * not enough for what the program does. Undefined where the run failed.
   */
  readonly difference?: Difference | null;
}

/**
 * Runs the program with everything instrumented that may have to be, then once more with the only-list.
 * @throws AsyncifyError for what Binaryen cannot instrument
 */
export async function advise(request: AdviceRequest): Promise<Advised> {
  const { module, limits = {} } = request;
  const free = withoutLists(request.asyncify);
  const collector = new AdviceCollector(module, analyzeRoles(module, free));
  const native = { ...request, module, limits, suspend: true };
  const run = await runNative({
    ...native,
    asyncify: free,
    observer: observers(collector.observer, request.observer ?? {}),
    onEvent: (event) => {
      collector.event(event);
      request.onEvent?.(event);
    },
  });
  const { advice } = collector;
  if (failureOf(run) !== undefined) return { run, advice };
  const onlyList = onlyListOf(advice);
  // An empty list would be no list: then there is nothing to instrument, and nothing to try.
  if (onlyList.length === 0) return { run, advice, difference: null };
  const { onEvent: _, observer: __, ...quiet } = native;
  const again = await runNative({
    ...quiet,
    context: { log: () => undefined },
    asyncify: { ...free, onlyList },
  });
  return { run, advice, difference: compareRuns(unnumbered(run), unnumbered(again), "E1") };
}

/** What says which functions are instrumented: that is what advice is about. */
const LISTS: ReadonlySet<string> = new Set<keyof AsyncifyOptions>([
  "removeList",
  "addList",
  "onlyList",
  "propagateAddList",
  "ignoreIndirect",
]);

/** Advice is for Binaryen: what only Bobbin can do is left out, too. */
export function withoutLists(options: AsyncifyOptions = {}): AsyncifyOptions {
  const others = Object.entries(options).filter(([key]) => !LISTS.has(key));
  return { ...(Object.fromEntries(others) as AsyncifyOptions), strict: true };
}

/** With fewer functions instrumented fewer calls are numbered: indices are left out. */
const unnumbered = (run: Run): Run => ({
  ...run,
  events: run.events.map((event) =>
    event.type === "push" || event.type === "pop" ? { ...event, callIndex: 0 } : event,
  ),
});
