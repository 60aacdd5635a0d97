// The logical stack of every fiber of a program: frames of the machine as they are, and those
// that lie in memory as records of asyncify, decoded. Where nobody follows fibers, the
// machine's own are those of the program.

import type { Fiber, FiberView } from "../exec/fiber.js";
import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import { decodeRecord } from "../fiber/asyncify/decode.js";
import type { FiberState } from "../observe/fibers.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import { suspendedFibers } from "./continuations.js";
import { byFiber, type KeptRecord, isRuntime, type RecordLog } from "./records.js";
import { frameView, localsOf, operandsOf, type Position, type TypedValue } from "./views.js";

export interface StackFrame {
  readonly func: FuncInstance;
  /** Where it stands; null where only the function is known (a record of an instrumented module). */
  readonly position: Position | null;
  /** Whether it belongs to who switches fibers. */
  readonly runtime: boolean;
  /** Its level in `DebugSession.fiber`; null for frames elsewhere. */
  readonly level: number | null;
  /** The record that it was decoded from. */
  readonly record: KeptRecord | null;
  /** Where expressions about it are evaluated; null where its values are not known. */
  readonly view: { readonly fiber: FiberView; readonly level: number } | null;
  /** Null where they are not known. Of a record, locals that nobody will read are left out. */
  readonly locals: readonly TypedValue[] | null;
  readonly operands: readonly TypedValue[] | null;
}

export interface FiberStack {
  /** The program's number for it: 0 is the stack that the host called; else the machine's. */
  readonly id: number;
  readonly name: string;
  /** `waiting`: it entered the one that is on, or one that waits itself. */
  readonly status: "on" | "waiting" | "suspended";
  /** Data pointer of the continuation that holds it; null while it is none of asyncify's. */
  readonly continuation: number | null;
  /** Stack pointer that it began with. */
  readonly stack: number | null;
  /** The function that it runs. */
  readonly entry: string | null;
  /** Id of the machine's fiber that it is, or is a part of. */
  readonly machine: number | null;
  /** Innermost first. */
  readonly frames: readonly StackFrame[];
}

/** What stacks are made of. */
export interface StackSource {
  readonly instance: ModuleInstance;
  readonly instances: readonly ModuleInstance[];
  readonly fiber: Fiber;
  readonly asyncify: Asyncify | null;
  readonly records: RecordLog;
  fibers(): readonly FiberState[];
}

/** @param all whether frames of who switches fibers are there too */
export function stacksOf(source: StackSource, all = false): FiberStack[] {
  const states = source.fibers();
  const stacks = states.length === 0 ? machineStacks(source) : logicalStacks(source, states);
  const known = new Set(stacks.map(({ continuation }) => continuation));
  for (const data of source.records.continuations) {
    if (known.has(data) || data === source.records.moving) continue;
    stacks.push({ id: -1, name: "continuation", status: "suspended", continuation: data, stack: null, entry: null, machine: null, frames: recordFrames(source, source.records.of(data)) }); // prettier-ignore
  }
  if (all) return stacks;
  return stacks.map((stack) => ({ ...stack, frames: stack.frames.filter((f) => !f.runtime) }));
}

/**
 * The machine's fibers that wait for each other, innermost first: also those that wait for a
 * function of the host, which made the call that is on.
 */
function machineStacks(source: StackSource): FiberStack[] {
  const stacks: FiberStack[] = [];
  const { records } = source;
  const { moving } = records;
  for (let fiber: Fiber | null = source.fiber; fiber !== null; fiber = fiber.resumer) {
    const innermost = fiber === source.fiber;
    // Frames that unwind, or are to be rewound, are the innermost ones.
    const moved = innermost && moving !== null ? recordFrames(source, records.of(moving)) : [];
    const status = innermost ? "on" : "waiting";
    const frames = [...moved, ...liveFrames(source, fiber, 0, fiber.depth)];
    stacks.push({ ...nameOf(fiber), status, frames });
  }
  for (const inner of suspendedFibers(source.fiber, source.instances)) {
    for (let fiber: Fiber | null = inner; fiber !== null; fiber = fiber.resumer) {
      const status = "suspended";
      const frames = liveFrames(source, fiber, 0, fiber.depth);
      stacks.push({ ...nameOf(fiber), status, frames });
    }
  }
  return stacks;
}

/** A fiber that nobody but the machine knows of. */
const nameOf = ({ id, entry }: Pick<Fiber, "id" | "entry">) => ({
  id,
  name: `machine fiber ${id}`,
  continuation: null,
  stack: null,
  entry: entry?.name ?? null,
  machine: id,
});

function logicalStacks(source: StackSource, states: readonly FiberState[]): FiberStack[] {
  const live = states.filter(({ status }) => status !== "suspended");
  const { records } = source;
  const { moving } = records;
  const parts = moving === null ? [] : byFiber(records.of(moving));
  return states.map((state) => {
    const { id, status, continuation, stack, entry, machine } = state;
    const name = id === 0 ? "main" : `fiber ${id}`;
    const rest = { id, name, status, continuation, stack, entry };
    if (machine !== null) {
      const frames = liveFrames(source, machine, 0, machine.depth);
      return { ...rest, machine: machine.id, frames };
    }
    if (status === "suspended") {
      // Of several in one continuation, the innermost comes last, and its records first.
      const group = states.filter((s) => s.continuation === continuation);
      const held = byFiber(records.of(continuation!));
      const part = held[group.length - 1 - group.indexOf(state)] ?? [];
      return { ...rest, machine: null, frames: recordFrames(source, part) };
    }
    const base = frameFiber(source.fiber, states);
    const at = live.indexOf(state);
    const moved = recordFrames(source, parts[live.length - 1 - at] ?? []);
    const from = clip(state.depth, base);
    // Whoever enters a fiber stands below it.
    const to = clip(live[at + 1]?.depth ?? Infinity, base);
    const frames = [...moved, ...liveFrames(source, base, from, to)];
    return { ...rest, machine: base.id, frames };
  });
}

/** Of the machine's fibers that wait for each other, the one in whose frames those are that have none of their own. */
function frameFiber(innermost: Fiber, states: readonly FiberState[]): Fiber {
  let fiber = innermost;
  while (fiber.parent !== null && states.some(({ machine }) => machine === fiber))
    fiber = fiber.parent;
  return fiber;
}

const clip = (depth: number | null, fiber: FiberView): number =>
  Math.max(0, Math.min(depth ?? 0, fiber.depth));

/** Frames `from` to `to` of a fiber, counted from the outermost. */
function liveFrames(
  { fiber: current }: StackSource,
  fiber: FiberView,
  from: number,
  to: number,
): StackFrame[] {
  const frames: StackFrame[] = [];
  for (let i = to - 1; i >= from; i--) {
    const level = fiber.depth - 1 - i;
    const { func } = fiber.frames[i]!;
    frames.push({
      func,
      runtime: isRuntime(func),
      level: fiber === current ? level : null,
      view: { fiber, level },
      record: null,
      get position() {
        return frameView(fiber, level);
      },
      get locals() {
        return localsOf(fiber, level);
      },
      get operands() {
        return operandsOf(fiber, level);
      },
    });
  }
  return frames;
}

/** Records of a continuation as frames. */
export const recordFrames = (source: StackSource, records: readonly KeptRecord[]): StackFrame[] =>
  records.map((record) => recordFrame(source, record));

function recordFrame({ instance, asyncify }: StackSource, record: KeptRecord): StackFrame {
  const func = instance.funcs[record.func]!;
  const frame = asyncify && decodeRecord(asyncify, func, record.address, record.size);
  return {
    func,
    runtime: isRuntime(func),
    level: null,
    view: frame && { fiber: frame.fiber, level: 0 },
    record,
    position: frame && frameView(frame.fiber, 0),
    locals: frame && localsOf(frame.fiber, 0).filter(({ index }) => frame.liveLocals.includes(index)), // prettier-ignore
    operands: frame && operandsOf(frame.fiber, 0),
  };
}
