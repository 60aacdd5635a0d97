// The fibers of a program as a debugger's threads: their logical stacks, also of those whose
// frames lie in memory as records.

import { offsetOfPc, pcOfOffset } from "../exec/code.js";
import { getGlobal } from "../exec/instantiate.js";
import { codeOf } from "../exec/lower.js";
import type { DebugSession } from "../debug/session.js";
import type { FiberStack, StackFrame } from "../debug/stacks.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import type { Value } from "../runtime/values.js";
import type { FunctionDefinition, Module } from "../syntax/module.js";
import { hex } from "../util/hex.js";
import { addressOf } from "./addresses.js";

export interface Thread {
  /** From 1 on: 0 and -1 mean any thread and all in packets. */
  readonly id: number;
  readonly name: string;
  /** Innermost first. */
  readonly frames: readonly ThreadFrame[];
}

export interface ThreadFrame {
  /**
   * Of the innermost frame, the instruction that comes next; of the others, where they go on
   * when what they called returns.
   */
  readonly address: bigint;
  /** Parameters first; and the operand stack, bottom first. Undefined where it is not known. */
  local(index: number): Value | undefined;
  operand(index: number): Value | undefined;
  global(index: number): Value | undefined;
}

interface Offsets {
  has(offset: number): boolean;
}

/** A deeper stack is cut: a debugger reads it all at every stop. */
const FRAMES = 10_000;

/**
 * The one that is on first, if any is.
 * @param asked the code offsets for which the debugger has breakpoints
 */
export function threadsOf(session: DebugSession, asked: Offsets): readonly Thread[] {
  const stacks = session.stacks(true);
  const isOn = ({ status }: FiberStack) => status === "on";
  return [...stacks.filter(isOn), ...stacks.filter((stack) => !isOn(stack))].map((stack) => ({
    id: idOf(stack, session),
    name: nameOf(stack),
    frames: shown(stack)
      .slice(0, FRAMES)
      .map((frame, i) => frameOf(frame, i === 0, session.instances, asked)),
  }));
}

/** Above the ids of fibers: continuations of which nobody knows whose they are. */
const CONTINUATIONS = 2 ** 32;

/** Fibers of the program count from 0, those of the machine from 1. */
function idOf({ id, continuation }: FiberStack, { tracker }: DebugSession): number {
  if (id < 0) return CONTINUATIONS + (continuation ?? 0);
  return tracker === null ? id : id + 1;
}

function nameOf({ id, name, entry, continuation }: FiberStack): string {
  if (id < 0) return `${name} ${hex(continuation)}`;
  return entry === null ? name : `${name} (${entry})`;
}

/** Without frames of who switches fibers, unless the program stands in one. */
const shown = ({ status, frames }: FiberStack): readonly StackFrame[] =>
  status === "on" && frames[0]?.runtime === true ? frames : frames.filter((f) => !f.runtime);

function frameOf(
  frame: StackFrame,
  innermost: boolean,
  instances: readonly ModuleInstance[],
  asked: Offsets,
): ThreadFrame {
  const { func, position } = frame;
  const instance = func.instance!;
  const offset =
    position === null
      ? definitionOf(func).offset
      : innermost
        ? offsetAt(func, position.offset, asked)
        : offsetAfter(func, position.offset);
  const module = Math.max(0, instances.indexOf(instance));
  return {
    address: addressOf({ space: "object", module, offset }),
    local: (index) => frame.locals?.find((local) => local.index === index)?.value,
    operand: (index) => frame.operands?.[index]?.value,
    global(index) {
      const global = instance.globals[index];
      return global && getGlobal(global);
    },
  };
}

function definitionOf({ instance, index }: FuncInstance): FunctionDefinition {
  const { functions, imported } = instance!.module;
  return functions[index - imported.func]!;
}

/**
 * For LLDB a function begins where its locals are declared: a breakpoint by name is asked for there,
 * and found again only if it is there that the program stops.
 */
function offsetAt(func: FuncInstance, offset: number, asked: Offsets): number {
  const { body, offset: start } = definitionOf(func);
  return offset === body.offset && asked.has(start) && !asked.has(offset) ? start : offset;
}

/** The instruction that is meant by an offset in the code: that of a function's start is its first. */
export function firstInstruction({ functions }: Module, offset: number): number {
  const { body } = functions.find((f) => offset >= f.offset && offset < f.body.end) ?? {};
  return Math.max(offset, body?.offset ?? 0);
}

/** Offset of the instruction behind a call. */
function offsetAfter(func: FuncInstance, offset: number): number {
  const code = codeOf(func);
  return offsetOfPc(code, pcOfOffset(code, offset + 1));
}
