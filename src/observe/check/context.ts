// Where the program stands: the frames of the machine, the calls between it and its
// host, and which of them asks for an unwind.

import type { FiberView } from "../../exec/fiber.js";
import { codeOf } from "../../exec/lower.js";
import { stackOf } from "../../exec/stack.js";
import type { FuncInstance, GlobalInstance, ModuleInstance } from "../../runtime/instances.js";
import { findStackPointer } from "../../fiber/asyncify/stack.js";
import type { MemoryInstance } from "../../runtime/memory.js";
import type { Facts } from "./facts.js";
import type { Place } from "./finding.js";

/** Who called a runtime function. */
export interface Caller {
  readonly kind: "import" | "function" | "host";
  readonly name: string;
  /** Function index; of the host on its own, -1. */
  readonly func: number;
}

/** A call in the code of a function. */
export interface Site {
  readonly func: FuncInstance;
  readonly pc: number;
}

/** A call from the host into wasm, or from wasm to the host. */
interface Crossing {
  readonly into: "wasm" | "host";
  readonly func: FuncInstance;
  readonly fiber: FiberView | null;
}

const HOST: Caller = { kind: "host", name: "the host", func: -1 };
/** Frames of a stack that a finding holds. */
const FRAMES = 12;

export class Context {
  /** The machine's fiber that is on; null where no wasm is. */
  fiber: FiberView | null = null;
  instance: ModuleInstance | null = null;
  /** The innermost frame whose call returned, and where it stands. */
  site: { fiber: FiberView; depth: number; pc: number } | null = null;
  private stackPointer: GlobalInstance | null = null;
  private readonly crossings: Crossing[] = [];

  constructor(private readonly facts: Facts) {}

  attach(instance: ModuleInstance): void {
    this.instance = instance;
    this.stackPointer = findStackPointer(instance);
  }

  own(func: FuncInstance): boolean {
    return func.instance === this.instance;
  }

  /** `__stack_pointer` now. */
  get sp(): number | null {
    const { stackPointer } = this;
    if (stackPointer === null) return null;
    const [low, high] = stackPointer.words;
    return (low! >>> 0) + (stackPointer.type.type === "i64" ? (high! >>> 0) * 2 ** 32 : 0);
  }

  /** A copy of the memory that holds the records; null out of bounds. */
  bytes(address: number, length: number): Uint8Array | null {
    const memory = this.records?.bytes;
    return memory === undefined || address < 0 || length < 0 || address + length > memory.length
      ? null
      : memory.slice(address, address + length);
  }
  /** Up to four bytes of that memory as a number; -1 out of bounds. */
  number(address: number, size: number): number {
    const view = this.records?.view;
    if (view === undefined || address + size > view.byteLength) return -1;
    if (size === 4) return view.getUint32(address, true);
    let number = 0;
    for (let i = 0; i < size; i++) number |= view.getUint8(address + i) << (8 * i);
    return number;
  }
  get memorySize(): number {
    return this.records?.bytes.length ?? 0;
  }

  private get records(): MemoryInstance | undefined {
    const { memory } = this.facts.room;
    if (memory !== null) return this.instance?.memories[memory];
    const own = this.instance?.exports.get("asyncify_memory");
    return own?.kind === "memory" ? own.memory : undefined;
  }

  /** The host calls wasm. */
  call(func: FuncInstance): void {
    this.crossings.push({ into: "wasm", func, fiber: null });
  }
  ended(func: FuncInstance): void {
    this.remove("wasm", func);
    this.fiber = this.crossings.at(-1)?.fiber ?? null;
  }
  /** Wasm calls the host, or (`fiber` is null) the host itself an import that the module exports again. */
  hostCall(fiber: FiberView | null, func: FuncInstance): void {
    this.crossings.push({ into: "host", func, fiber });
    this.fiber = fiber;
  }
  hostReturn(fiber: FiberView | null, func: FuncInstance): void {
    this.remove("host", func);
    this.fiber = fiber;
  }
  private remove(into: Crossing["into"], func: FuncInstance): void {
    const at = this.crossings.findLastIndex((c) => c.into === into && c.func === func);
    if (at >= 0) this.crossings.splice(at, 1);
  }

  /** Calls from the host into wasm that are under way. */
  get calls(): number {
    return this.crossings.filter(({ into }) => into === "wasm").length;
  }

  /** The last crossing, but for calls of the runtime: of an instrumented module the host calls that like any other. */
  private get crossing(): Crossing | undefined {
    const { crossings } = this;
    const last = crossings.at(-1);
    return last !== undefined && this.isRuntime(last.func) ? crossings.at(-2) : last;
  }
  /** The fiber on which the caller of the runtime stands. */
  get callerFiber(): FiberView | null {
    const { crossing } = this;
    return crossing?.into === "host" ? crossing.fiber : this.fiber;
  }

  /** Who calls the runtime now: the innermost frame that is none of the runtime's own, or the host. */
  caller(): Caller {
    const { crossing, fiber } = this;
    if (crossing === undefined) return HOST;
    if (crossing.into === "host")
      return { kind: "import", name: crossing.func.name, func: crossing.func.index };
    if (fiber === null) return HOST;
    for (let i = fiber.depth - 1; i >= 0; i--) {
      const { func } = fiber.frames[i]!;
      if (this.isRuntime(func)) continue;
      return { kind: "function", name: func.name, func: func.index };
    }
    return HOST;
  }

  isRuntime(func: FuncInstance): boolean {
    // Native ones are no functions of the module.
    return func.native !== null || (this.own(func) && this.facts.part(func.index) === "runtime");
  }

  /** The frames that stand now, innermost first. */
  stack(): { readonly stack: readonly Place[]; readonly frames: number } {
    const { fiber } = this;
    if (fiber === null || fiber.depth === 0) return { stack: [], frames: 0 };
    return { stack: stackOf(fiber, FRAMES), frames: fiber.depth };
  }

  /** The `up`-th frame from the top, where it stands. */
  place(up = 0, fiber: FiberView | null = this.fiber): Place | null {
    if (fiber === null || fiber.depth <= up) return null;
    return stackOf(fiber, up + 1)[up] ?? null;
  }

  /** The frame that pushes its record now, and the call at which it stands. */
  get pushing(): Site | null {
    const { fiber, site } = this;
    if (fiber === null || site?.fiber !== fiber || site.depth !== fiber.depth) return null;
    return { func: fiber.top.func, pc: site.pc };
  }
}

/** An integer in a fiber's slots, as an unsigned number. */
export function unsigned({ i32 }: FiberView, at: number, type: "i32" | "i64"): number {
  return (i32[at]! >>> 0) + (type === "i64" ? (i32[at + 1]! >>> 0) * 2 ** 32 : 0);
}

/** An integer parameter of the function that was just entered. */
export function argument(fiber: FiberView, index: number): number {
  const { func, fp } = fiber.top;
  const type = func.signature.params[index] === "i64" ? "i64" : "i32";
  return unsigned(fiber, fp + codeOf(func).localOffsets[index]!, type);
}
