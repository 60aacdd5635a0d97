// Native asyncify: what Binaryen's instrumentation does to a module, done to its
// frames instead, at the same points (`rules.md` has the reduction rules).
// The four runtime functions keep the state; while it is not normal, every entry of
// an instrumented function and every return into one of its instrumented calls
// pushes or pops a record, or skips.
// Source: src/passes/Asyncify.cpp, 1956-2011 (runtime), 1189-1240 and 1539-1715 (frames).

import type { FuncType } from "../../syntax/types.js";
import type { Fiber } from "../../exec/fiber.js";
import type { Course, Interposer } from "../../exec/hooks.js";
import { codeOf } from "../../exec/lower.js";
import { getGlobal } from "../../exec/instantiate.js";
import {
  type ExternInstance,
  FuncInstance,
  type GlobalInstance,
  type ModuleInstance,
} from "../../runtime/instances.js";
import type { MemoryInstance } from "../../runtime/memory.js";
import { Trap } from "../../runtime/traps.js";
import { i32, type Value } from "../../runtime/values.js";
import { closeTypes } from "../../valid/deftypes.js";
import type { ValidModule } from "../../valid/validate.js";
import { analyzeRoles } from "./analyze.js";
import { AsyncifyError, type AsyncifyOptions, type Roles } from "./roles.js";
import { planSite, type SitePlan, standAt } from "./plans.js";
import { fullLayout, type RecordLayout } from "./records.js";
import { type AsyncifyEvent, type AsyncifyStack, type RuntimeName, stateName } from "./events.js";

const NORMAL = 0;
const UNWINDING = 1;
const REWINDING = 2;

export interface AsyncifySettings extends AsyncifyOptions {
  /** Default: self-contained records. */
  readonly layout?: RecordLayout;
  /** Store past the end of the buffer, as Binaryen does, instead of trapping before. */
  readonly overflowLikeBinaryen?: boolean;
  /** Told everything that happens, after it happened. */
  readonly listener?: (event: AsyncifyEvent) => void;
}

/** The instrumented calls of a function, by call index and by position in its code. */
interface FunctionPlan {
  readonly sites: readonly SitePlan[];
  readonly byPc: ReadonlyMap<number, SitePlan>;
}

/** Names of the synthesised exports, by runtime function. */
export const RUNTIME_NAMES: readonly RuntimeName[] = [
  "start_unwind",
  "stop_unwind",
  "start_rewind",
  "stop_rewind",
  "get_state",
];

/** Asyncify for one instance of one module. Give it to the machine as its interposer. */
export class Asyncify implements Interposer {
  readonly roles: Roles;
  readonly functions: ReadonlyMap<RuntimeName, FuncInstance>;
  /** `__asyncify_state` and `__asyncify_data`. */
  state = NORMAL;
  data = 0;
  private instance: ModuleInstance | null = null;
  private stackPointer: GlobalInstance | null = null;
  private readonly layout: RecordLayout;
  private readonly plans = new Map<FuncInstance, FunctionPlan>();

  /** @throws AsyncifyError for what Binaryen refuses too */
  constructor(
    module: ValidModule,
    private readonly settings: AsyncifySettings = {},
  ) {
    this.roles = analyzeRoles(module, settings);
    if (module.context.memories[0]?.limits.address === "i64") {
      throw new AsyncifyError("memories with 64-bit addresses cannot be unwound natively yet");
    }
    this.layout = settings.layout ?? fullLayout;
    this.functions = new Map(RUNTIME_NAMES.map((name) => [name, this.runtimeFunction(name)]));
  }

  /** What the module may import from `asyncify`. */
  get imports(): ReadonlyMap<string, ExternInstance> {
    return new Map([...this.functions].map(([name, func]) => [name, { kind: "func", func }]));
  }

  /** Binds the state to an instance (before its start function runs) and adds the `asyncify_*` exports. */
  attach(instance: ModuleInstance): void {
    this.instance = instance;
    for (const [name, func] of this.functions)
      instance.exports.set(`asyncify_${name}`, { kind: "func", func });
    this.stackPointer = findStackPointer(instance);
  }

  /** Rules asyncify/enter-normal, asyncify/return-normal: while false, calls are ordinary calls. */
  get armed(): boolean {
    return this.state !== NORMAL;
  }

  /** The prologue that Binaryen gives an instrumented function. */
  onEnter(fiber: Fiber): Course {
    const { func } = fiber.top;
    const plan = this.planOf(func);
    // asyncify/enter-plain
    if (plan === null) return "go on";
    if (this.state === UNWINDING) {
      // asyncify/enter-unwind: nothing but call 0 runs, on operands and under conditions nobody computed.
      const [site] = plan.sites;
      if (site === undefined || site.conditional) return "skip";
      standAt(fiber, site, codeOf(func).paramWords);
      return "go on";
    }
    const { memory } = this;
    const end = this.word(this.data);
    const size = this.layout.sizeBelow(func.index, memory, end);
    const address = end - size;
    // The position moves before the record is read, as in Binaryen.
    this.setPos(address);
    memory.check(address, 4);
    const callIndex = memory.view.getInt32(address, true);
    this.reportRecord("pop", func, callIndex, address, size);
    const site = plan.sites[callIndex];
    // asyncify/enter-lost
    if (site === undefined || this.layout.size(func.index, site) !== size) return "skip";
    // asyncify/enter-rewind
    this.layout.restore(fiber, site, memory, address);
    return "go on";
  }

  /** The check that Binaryen puts behind every instrumented call. */
  onReturnInto(fiber: Fiber): Course {
    const { func, pc } = fiber.top;
    const site = this.planOf(func)?.byPc.get(pc);
    // asyncify/return-plain
    if (site === undefined) return "go on";
    // asyncify/return-rewind
    if (this.state === REWINDING) return "skip";
    // asyncify/return-unwind
    const address = this.word(this.data);
    const size = this.layout.size(func.index, site);
    this.checkRoom(func, site, address, size);
    this.layout.write(fiber, site, this.memory, address);
    this.setPos(address + size);
    this.reportRecord("push", func, site.callIndex, address, size);
    return "leave";
  }

  /** Rule asyncify/overflow. */
  private checkRoom(func: FuncInstance, site: SitePlan, address: number, size: number): void {
    const end = this.word(this.data + 4);
    if (address + size <= end || this.settings.overflowLikeBinaryen === true) return;
    throw new Trap(
      "asyncify stack overflow",
      `the record of ${func.name} (call ${site.callIndex}) needs ${size} bytes at ${address}, ` +
        `the buffer of data pointer ${this.data} ends at ${end}`,
    );
  }

  /** The call sites of an instrumented function of this instance; null for all others. */
  private planOf(func: FuncInstance): FunctionPlan | null {
    const known = this.plans.get(func);
    if (known !== undefined) return known;
    if (
      func.instance !== this.instance ||
      this.roles.functions[func.index]?.kind !== "instrumented"
    )
      return null;
    const sites = this.roles.sites(func.index).map((site) => planSite(codeOf(func), site));
    const plan = { sites, byPc: new Map(sites.map((site) => [site.pc, site])) };
    this.plans.set(func, plan);
    return plan;
  }

  // Rules asyncify/start_unwind, asyncify/start_rewind, asyncify/stop, asyncify/get_state.
  private runtimeFunction(name: RuntimeName): FuncInstance {
    const starts = name.startsWith("start_");
    const comp: FuncType = {
      kind: "func",
      params: starts ? ["i32"] : [],
      results: name === "get_state" ? ["i32"] : [],
    };
    const [type] = closeTypes([{ final: true, supers: [], comp, groupStart: 0, groupSize: 1 }]);
    return FuncInstance.native(type!, `asyncify.${name}`, (args) => this.call(name, args));
  }

  private call(name: RuntimeName, args: readonly Value[]): readonly Value[] {
    const before = stateName(this.state);
    const argument = args[0]?.type === "i32" ? args[0].value >>> 0 : null;
    // The state changes before the check, so a trap leaves it changed.
    if (name === "start_unwind") this.state = UNWINDING;
    else if (name === "start_rewind") this.state = REWINDING;
    else if (name !== "get_state") this.state = NORMAL;
    if (argument !== null) this.data = argument;
    this.settings.listener?.({
      type: "runtime",
      name,
      argument,
      before,
      after: stateName(this.state),
      ...this.stack(),
    });
    if (name === "get_state") return [i32(this.state)];
    const pos = this.word(this.data);
    const end = this.word(this.data + 4);
    // asyncify/check
    if (pos > end) {
      throw new Trap(
        "unreachable",
        `asyncify.${name}: position ${pos} is past the end ${end} of the buffer at ${this.data}`,
      );
    }
    return [];
  }

  /** Where the asyncify stack stands now. */
  stack(): AsyncifyStack {
    const { view } = this.memory;
    const at = (address: number) =>
      address + 4 <= view.byteLength ? view.getUint32(address, true) : null;
    const sp = this.stackPointer === null ? null : getGlobal(this.stackPointer);
    return {
      data: this.data,
      pos: at(this.data),
      end: at(this.data + 4),
      sp: sp?.type === "i32" ? sp.value >>> 0 : null,
    };
  }

  private reportRecord(
    type: "push" | "pop",
    func: FuncInstance,
    callIndex: number,
    address: number,
    size: number,
  ): void {
    const { listener } = this.settings;
    if (listener === undefined) return;
    listener({
      type,
      func: func.index,
      name: func.name,
      callIndex,
      address,
      size,
      ...this.stack(),
    });
  }

  private get memory(): MemoryInstance {
    const memory = this.instance?.memories[0];
    if (memory === undefined)
      throw new Trap("out of bounds memory access", "asyncify needs a memory");
    return memory;
  }

  /** @throws Trap out of bounds */
  private word(address: number): number {
    this.memory.check(address, 4);
    return this.memory.view.getUint32(address, true);
  }
  private setPos(pos: number): void {
    this.memory.view.setUint32(this.data, pos, true);
  }
}

/** The global that clang's and rustc's modules keep their shadow stack in, by name or by export. */
export function findStackPointer(instance: ModuleInstance): GlobalInstance | null {
  const { module } = instance;
  for (const [index, name] of module.names.globals) {
    if (name === "__stack_pointer") return instance.globals[index] ?? null;
  }
  const exported = instance.exports.get("__stack_pointer");
  return exported?.kind === "global" ? exported.global : null;
}
