// What other runtimes keep of their fibers in linear memory, as far as a switch can be
// told by it. Emscripten's fibers are swapped by the host: whatever the import is called
// (optimized builds rename it), it is given two `emscripten_fiber_t` and unwinds into the
// first. TinyGo's tasks are switched inside of the module, by functions known by name.
// All words are those of wasm32.
// https://github.com/emscripten-core/emscripten/blob/main/system/include/emscripten/fiber.h
// https://github.com/tinygo-org/tinygo/blob/release/src/internal/task/task_asyncify.go

import { codeOf } from "../exec/lower.js";
import type { FiberView } from "../exec/fiber.js";
import { FuncInstance } from "../runtime/instances.js";
import type { Value } from "../runtime/values.js";
import type { RuntimeEvent } from "./events.js";

/** Whose functions switch a fiber. */
export type FiberRuntime = "stackful" | "emscripten" | "tinygo";

/** Offset of `asyncify_data` in an `emscripten_fiber_t`. */
export const ASYNCIFY_DATA = 20;
const STACK_BASE = 0;
const STACK_LIMIT = 4;
const STACK_POINTER = 8;
const ENTRY = 12;

/** A call of `emscripten_fiber_swap` that unwinds. */
export interface Swap {
  /** Addresses of the two structures. */
  readonly from: number;
  readonly to: number;
  /** Stack pointer of the new fiber. */
  readonly stack: number;
  /** The function that it starts with; null where it was suspended before. */
  readonly entry: string | null;
}

/** The swap for which a call of the host has just started to unwind; null where it is none. */
export function swapOf(
  fiber: FiberView,
  args: readonly Value[],
  { data, pos, end }: RuntimeEvent,
): Swap | null {
  const [from, to] = args.map((value) => (value.type === "i32" ? value.value >>> 0 : -1));
  if (args.length !== 2 || from === undefined || to === undefined || from < 0 || to < 0)
    return null;
  if (data !== from + ASYNCIFY_DATA || from === to) return null;
  if (pos === null || end === null || pos > end) return null;
  const word = (address: number) => wordAt(fiber, address);
  const grows = (at: number) => (word(at + STACK_BASE) ?? 0) > (word(at + STACK_LIMIT) ?? Infinity);
  const stack = word(to + STACK_POINTER);
  const entry = word(to + ENTRY);
  if (!grows(from) || !grows(to) || stack === null || entry === null) return null;
  if (stack < word(to + STACK_LIMIT)! || stack > word(to + STACK_BASE)!) return null;
  return { from, to, stack, entry: entry === 0 ? null : tableEntry(fiber, entry) };
}

/** The functions that run a task: anew, and where it paused. */
export const TINYGO_ENTERS: ReadonlySet<string> = new Set(["tinygo_launch", "tinygo_rewind"]);
/** In the state of a task: entry, arguments, asyncify stack, C stack. */
const TASK_STACK = 12;

export interface Task {
  readonly stack: number;
  readonly entry: string;
}

/** The task that the top frame, of `tinygo_launch`, was given; null where it is no such thing. */
export function taskOf(fiber: FiberView): Task | null {
  const { func, fp } = fiber.top;
  const [parameter, ...others] = func.signature.params;
  if (parameter !== "i32" || others.length > 0) return null;
  const state = fiber.i32[fp + codeOf(func).localOffsets[0]!]! >>> 0;
  const entry = wordAt(fiber, state);
  const stack = wordAt(fiber, state + TASK_STACK);
  return entry === null || stack === null ? null : { stack, entry: tableEntry(fiber, entry) };
}

/** The name of what a function pointer stands for: an element of the first table. */
export function tableEntry({ top }: FiberView, index: number): string {
  const element = top.func.instance?.tables[0]?.elements[index];
  return element instanceof FuncInstance ? element.name : `table entry ${index}`;
}

function wordAt({ top }: FiberView, address: number): number | null {
  const view = top.func.instance?.memories[0]?.view;
  return view === undefined || address + 4 > view.byteLength ? null : view.getUint32(address, true);
}
