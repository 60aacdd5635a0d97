// The native fiber ABI: the crate stackful's three functions as switches between fibers
// of the machine (`rules.md` has the reduction rules). Nothing unwinds and no frame is
// looked at; what the program can see of a switch (the stack pointer, the results, the
// payload and entry words below a suspended stack) is as the assembly leaves it.
//
// A suspended fiber is known by the program's word for it, its stack pointer, and by a
// word that lies 16 bytes below: where the assembly keeps its position in the asyncify
// stack, this keeps a number, new for each suspension. What the program overwrote is
// gone, as with the assembly.

import { NULLARY } from "../../exec/constants.js";
import { type Chain, checkRoom, cutChain, joinChain } from "../../exec/chains.js";
import type { Fiber } from "../../exec/fiber.js";
import type { Machine } from "../../exec/machine.js";
import { writeSlots } from "../../exec/slots.js";
import { callee } from "../../exec/tables.js";
import {
  type ExternInstance,
  FuncInstance,
  type GlobalInstance,
  type Imports,
  type ModuleInstance,
} from "../../runtime/instances.js";
import type { MemoryInstance } from "../../runtime/memory.js";
import { Trap } from "../../runtime/traps.js";
import { i32, type Value } from "../../runtime/values.js";
import { functionName, importsOf } from "../../syntax/module.js";
import { UsageError } from "../../util/errors.js";
import { hex } from "../../util/hex.js";
import type { ValidModule } from "../../valid/validate.js";
import type { SwitchEvent } from "./events.js";
import { type FiberAssembly, type FiberFunction, recognizeFibers } from "./recognize.js";

export interface FiberAbiSettings {
  /** Told every switch, after it happened. */
  readonly listener?: (event: SwitchEvent) => void;
}

/** What a fiber that was entered goes back to. */
export interface Link {
  /** Stack pointer of who entered it: what a `fiber_switch_leave` for here names. */
  readonly caller: number;
  /** Where that one wants its results. */
  readonly ret: number;
  /** The entry pointer, which the word at -8 gets. */
  readonly entry: number;
}

interface Suspended {
  readonly chain: Chain;
  readonly sp: number;
  /** Where the `fiber_switch_leave` that it stands at wants its results. */
  readonly ret: number;
}

/** What the ABI knows of a fiber that was entered. */
export interface SavedLink {
  readonly fiber: Fiber;
  /** Null for a fiber between those that a switch moved: it has one of its own, or none. */
  readonly link: Link | null;
  /** The stack pointer that it began with; null once its entry has returned. */
  readonly stack: number | null;
}
export interface SavedFibers {
  readonly nextNumber: number;
  /** How many suspended fibers there may be before those are dropped that nobody can resume. */
  readonly sweepAt?: number;
  readonly links: readonly SavedLink[];
  readonly suspended: readonly (Chain & {
    readonly number: number;
    readonly sp: number;
    readonly ret: number;
  })[];
}

/** Bytes below a suspended stack pointer, and words in them. */
const HEADER = 16;
const NUMBER = 0;
const ENTRY = 8;
const PAYLOAD = 12;

/** The ABI for one instance of one module. */
export class FiberAbi {
  /** Give these to `instantiate`, in place of the module's own. */
  readonly functions: ReadonlyMap<number, FuncInstance>;
  /** Those that the module imports instead of defining them. */
  readonly imports: Imports;
  /** What it is attached to. */
  instance: ModuleInstance | null = null;
  private stackPointer!: GlobalInstance;
  private links = new WeakMap<Fiber, Link>();
  /** Of what a fiber calls when its entry returns: the stack that the fiber was given. */
  private readonly stacks = new WeakMap<FuncInstance, number>();
  private readonly suspended = new Map<number, Suspended>();
  private nextNumber = 1;
  private sweepAt = 1000;

  /** @throws UsageError where the module has no fiber assembly */
  constructor(
    module: ValidModule,
    private readonly settings: FiberAbiSettings = {},
    private readonly assembly: FiberAssembly = required(module),
  ) {
    const functions = new Map<number, FuncInstance>();
    const imports = new Map<string, Map<string, ExternInstance>>();
    const wanted = importsOf(module, "func");
    for (const [index, name] of assembly.functions) {
      const func = FuncInstance.native(
        module.context.defTypes[module.context.funcs[index]!]!,
        functionName(module, index),
        (args: readonly Value[], machine: Machine) => this.call(name, args, machine),
        index,
      );
      const imported = wanted[index];
      if (imported === undefined) functions.set(index, func);
      else {
        if (!imports.has(imported.module)) imports.set(imported.module, new Map());
        imports.get(imported.module)!.set(imported.name, { kind: "func", func });
      }
    }
    this.functions = functions;
    this.imports = imports;
  }

  /** Binds the ABI to an instance, before its start function runs. */
  attach(instance: ModuleInstance): void {
    this.instance = instance;
    this.stackPointer = instance.globals[this.assembly.stackPointer]!;
  }

  /** All that the ABI knows beside the instance and its memory; of links, those of these fibers. */
  save(fibers: Iterable<Fiber>): SavedFibers {
    this.sweep();
    return this.copy(fibers);
  }

  /** The same, and nothing is dropped on the way. */
  copy(fibers: Iterable<Fiber>): SavedFibers {
    const links: SavedLink[] = [];
    for (const fiber of fibers) {
      const link = this.links.get(fiber);
      const stack = fiber.sequel === null ? undefined : this.stacks.get(fiber.sequel);
      if (link !== undefined || stack !== undefined)
        links.push({ fiber, link: link ?? null, stack: stack ?? null });
    }
    const suspended = [...this.suspended].map(([number, { chain, sp, ret }]) => ({
      ...chain,
      number,
      sp,
      ret,
    }));
    return { nextNumber: this.nextNumber, sweepAt: this.sweepAt, links, suspended };
  }

  /** Puts the ABI where the saved one was. Each fiber with a stack has an entry. */
  restore({ nextNumber, sweepAt, links, suspended }: SavedFibers): void {
    this.nextNumber = nextNumber;
    this.links = new WeakMap();
    this.suspended.clear();
    for (const { fiber, link, stack } of links) {
      if (link !== null) this.links.set(fiber, link);
      if (stack !== null) fiber.sequel = this.entryReturned(fiber.entry!, stack);
    }
    for (const { fiber, outer, number, sp, ret } of suspended)
      this.suspended.set(number, { chain: { fiber, outer }, sp, ret });
    this.sweepAt = sweepAt ?? Math.max(1000, 2 * this.suspended.size);
  }

  /** Fibers that are suspended now, as far as anybody can still resume them. */
  get suspendedCount(): number {
    this.sweep();
    return this.suspended.size;
  }

  private call(
    name: FiberFunction,
    args: readonly Value[],
    machine: Machine,
  ): readonly Value[] | null {
    const [ret, sp, payload, entry = 0] = args.map(
      (value) => (value as Value & { type: "i32" }).value >>> 0,
    ) as [number, number, number, number?];
    if (name === "fiber_switch_leave") return this.leave(machine, ret, sp, payload);
    return entry === 0
      ? this.resume(machine, ret, sp, payload)
      : this.create(machine, ret, sp, payload, entry);
  }

  /** Rule fiber/enter. */
  private create(machine: Machine, ret: number, sp: number, payload: number, entry: number): null {
    const resumer = machine.fiber!;
    const caller = this.sp;
    this.sp = sp;
    const func = callee(this.instance!, this.assembly.type, this.assembly.table, entry, 0);
    const fiber = machine.freshFiber(func);
    const chain = { fiber, outer: fiber };
    checkRoom(machine, resumer, chain);
    writeSlots(fiber, 0, [i32(caller), i32(payload)]);
    fiber.sequel = this.entryReturned(func, sp);
    this.links.set(fiber, { caller, ret, entry });
    joinChain(machine, chain, resumer, "resume");
    this.tell("fiber_enter", caller, sp, payload, resumer, 1, func.name);
    machine.proceed();
    return null;
  }

  /** Rule fiber/switch_enter. */
  private resume(machine: Machine, ret: number, sp: number, payload: number): readonly Value[] {
    const resumer = machine.fiber!;
    const caller = this.sp;
    const header = (sp - HEADER) >>> 0;
    const number = this.word(header + NUMBER);
    const found = this.suspended.get(number);
    if (found?.sp !== sp) return this.refuse(machine, sp, number);
    const { chain } = found;
    checkRoom(machine, resumer, chain);
    this.sp = sp;
    this.setWord(header + PAYLOAD, payload);
    this.setWord(header + NUMBER, ~number);
    this.suspended.delete(number);
    this.links.set(chain.outer, { caller, ret, entry: this.word(header + ENTRY) });
    joinChain(machine, chain, resumer, "resume");
    this.setWord(found.ret, caller);
    this.setWord(found.ret + 4, this.word(header + PAYLOAD));
    if (this.settings.listener !== undefined)
      this.tell("fiber_switch_enter", caller, sp, payload, resumer, this.lengthOf(chain));
    return [];
  }

  /** Rule fiber/switch_leave. */
  private leave(machine: Machine, ret: number, target: number, payload: number): readonly Value[] {
    const leaving = machine.fiber!;
    const { sp } = this;
    const { outer, link } = this.enteredFrom(leaving, target);
    const header = (sp - HEADER) >>> 0;
    this.setWord(header + PAYLOAD, payload);
    const number = this.nextNumber++;
    this.setWord(header + NUMBER, number);
    const chain = cutChain(machine, outer);
    this.suspended.set(number, { chain, sp, ret });
    if (this.suspended.size >= this.sweepAt) this.sweep();
    this.setWord(header + ENTRY, link.entry);
    this.setWord(link.ret, sp);
    this.setWord(link.ret + 4, this.word(header + PAYLOAD));
    this.sp = link.caller;
    if (this.settings.listener !== undefined) {
      const moved = this.lengthOf(chain);
      this.tell("fiber_switch_leave", sp, target, payload, machine.fiber!, moved);
    }
    return [];
  }

  /** The innermost fiber that was entered from the stack pointer `target`, or rule fiber/unknown. */
  private enteredFrom(leaving: Fiber, target: number): { outer: Fiber; link: Link } {
    for (let fiber: Fiber | null = leaving; fiber !== null; fiber = fiber.parent) {
      const link = this.links.get(fiber);
      if (link?.caller === target) return { outer: fiber, link };
    }
    const beyond = this.chainOf(leaving).some(({ caller }) => caller === target);
    throw new Trap(
      "unknown fiber",
      `fiber_switch_leave(${hex(target)}): ` +
        (beyond
          ? "a call of the host lies between"
          : leaving.parent === null
            ? "no fiber was entered"
            : "no fiber around this one was entered from that stack pointer"),
    );
  }

  /** Rule fiber/unknown. @throws Trap always */
  private refuse(machine: Machine, sp: number, number: number): never {
    const around = this.chainOf(machine.fiber!);
    const why =
      sp === this.sp && around.length > 0
        ? "it is the running fiber"
        : around.some(({ caller }) => caller === sp)
          ? "it waits for a fiber that it entered"
          : ~number > 0 && ~number < this.nextNumber
            ? "it was resumed already, and has not left again"
            : "no fiber is suspended there";
    throw new Trap("unknown fiber", `fiber_switch_enter(${hex(sp)}): ${why}`);
  }

  /** Rule fiber/returned. */
  private entryReturned({ name }: FuncInstance, sp: number): FuncInstance {
    const returned = FuncInstance.native(NULLARY, "fiber entry", () => {
      throw new Trap(
        "fiber entry returned",
        `${name}, the entry of the fiber on stack ${hex(sp)}, must leave it for good with fiber_switch_leave`,
      );
    });
    this.stacks.set(returned, sp);
    return returned;
  }

  /** Rule fiber/dropped, for all whose number is no longer where it was: nobody can resume them. */
  private sweep(): void {
    for (const [number, { sp }] of this.suspended)
      if (this.word(sp - HEADER + NUMBER) !== number) this.suspended.delete(number);
    this.sweepAt = Math.max(1000, 2 * this.suspended.size);
  }

  /** The links of all fibers that wait for each other, those around calls of the host too. */
  private chainOf(innermost: Fiber): Link[] {
    const links: Link[] = [];
    for (let fiber: Fiber | null = innermost; fiber !== null; fiber = fiber.resumer) {
      const link = this.links.get(fiber);
      if (link !== undefined) links.push(link);
    }
    return links;
  }

  private lengthOf({ fiber: innermost, outer }: Chain): number {
    let length = 0;
    for (let fiber: Fiber | null = innermost; ; fiber = fiber.resumer!) {
      if (this.links.has(fiber)) length++;
      if (fiber === outer) return length;
    }
  }

  /** @param below the fiber below those that are moved */
  private tell(
    name: FiberFunction,
    from: number,
    to: number,
    payload: number,
    below: Fiber,
    fibers: number,
    entry?: string,
  ): void {
    const { listener } = this.settings;
    if (listener === undefined) return;
    const depth = this.chainOf(below).length + (name === "fiber_switch_leave" ? fibers : 0);
    listener({
      type: "switch",
      name,
      from,
      to,
      payload,
      depth,
      fibers,
      ...(entry === undefined ? {} : { entry }),
    });
  }

  private get sp(): number {
    return this.stackPointer.words[0]! >>> 0;
  }
  private set sp(value: number) {
    this.stackPointer.words[0] = value;
  }
  private get memory(): MemoryInstance {
    return this.instance!.memories[0]!;
  }
  /** @throws Trap out of bounds */
  private word(address: number): number {
    this.memory.check(address, 4);
    return this.memory.view.getInt32(address, true);
  }
  private setWord(address: number, value: number): void {
    this.memory.check(address, 4);
    this.memory.view.setInt32(address, value, true);
  }
}

function required(module: ValidModule): FiberAssembly {
  const assembly = recognizeFibers(module);
  if (assembly === null)
    throw new UsageError(
      "the module has no fiber assembly (fiber_enter, fiber_switch_enter, fiber_switch_leave) " +
        "as functions of their own",
    );
  return assembly;
}
