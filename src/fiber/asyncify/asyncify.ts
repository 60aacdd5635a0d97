// Native asyncify: what Binaryen's instrumentation does to a module, done to its
// frames instead, at the same points (`rules.md` has the reduction rules).
// The runtime functions keep the state; while it is not normal, every entry of an
// instrumented function and every return into one of its instrumented calls pushes or
// pops a record, or skips. An exception asks nobody here: rule asyncify/throw.
// Source: src/passes/Asyncify.cpp, 1956-2011 (runtime), 1189-1240 and 1539-1715 (frames).

import type { Fiber } from "../../exec/fiber.js";
import type { Course, Interposer } from "../../exec/hooks.js";
import { pcOfOffset } from "../../exec/code.js";
import { codeOf } from "../../exec/lower.js";
import { type ExternInstance, FuncInstance, type ModuleInstance } from "../../runtime/instances.js";
import { Trap } from "../../runtime/traps.js";
import { i32, type Value } from "../../runtime/values.js";
import { opcodes } from "../../syntax/opcodes.js";
import { closeTypes } from "../../valid/deftypes.js";
import type { ValidModule } from "../../valid/validate.js";
import { runtimeType } from "./analyze-imports.js";
import { analyzeRoles } from "./analyze.js";
import { Asserts } from "./asserts.js";
import { lastCallsInCatches } from "./catches.js";
import { type AsyncifyEvent, type AsyncifyStack, type RecordEvent, RUNTIME_NAMES, type RuntimeName, stateName } from "./events.js"; // prettier-ignore
import { collectImages, ImageTable, ReferenceTable } from "./images.js";
import { OverflowTrap, type Pending } from "./overflow.js";
import { payloadWords, planSite, restoreWords, savedWords, type SitePlan, standAt } from "./plans.js"; // prettier-ignore
import { fullLayout, type LayoutOf, type RecordLayout } from "./records.js";
import type { AsyncifyOptions, Roles } from "./roles.js";
import { restoreState, type SavedAsyncify, saveState } from "./saved.js";
import { type AsyncifyGlobals, newGlobals, RecordStack } from "./stack.js";
import { cameByTailCall } from "./tail-calls.js";

const NORMAL = 0;
const UNWINDING = 1;
const REWINDING = 2;

export interface AsyncifySettings extends AsyncifyOptions {
  /** Default: self-contained records. */
  readonly layout?: LayoutOf;
  /**
   * `__asyncify_state` and `__asyncify_data` of another instance, to be shared (Binaryen's
   * asyncify-import-globals): linked modules unwind together. Default: its own.
   */
  readonly globals?: AsyncifyGlobals;
  /** Store past the end of the buffer, as Binaryen does, instead of trapping before. */
  readonly overflowLikeBinaryen?: boolean;
  /** Told everything that happens, after it happened. */
  readonly listener?: (event: AsyncifyEvent) => void;
  /** Told that a runtime function has set the state, or that it was restored, and nothing else. */
  readonly onState?: (asyncify: Asyncify) => void;
  /** What `analyzeRoles` says of the module under these options, where it is known already. */
  readonly roles?: Roles;
}

/** The instrumented calls of a function, by call index and by position in its code. */
interface FunctionPlan {
  readonly sites: readonly SitePlan[];
  readonly byPc: ReadonlyMap<number, SitePlan>;
  /** Under `strict`: calls without a number out of which an unwind ends the function. */
  readonly lastPcs: ReadonlySet<number>;
}

const attached = new WeakMap<ModuleInstance | FuncInstance, Asyncify>();

/** The asyncify that was attached to an instance, or whose runtime function `of` is. */
export const asyncifyOf = (of: ModuleInstance | FuncInstance): Asyncify | undefined =>
  attached.get(of);

/** Asyncify for one instance of one module. Give it to the machine as its interposer. */
export class Asyncify implements Interposer {
  readonly roles: Roles;
  readonly functions: ReadonlyMap<RuntimeName, FuncInstance>;
  readonly globals: AsyncifyGlobals;
  /** Frames that records name by number, and the references in any record. */
  readonly images = new ImageTable();
  readonly references = new ReferenceTable();
  readonly records: RecordStack;
  /** What it is attached to. */
  instance: ModuleInstance | null = null;
  private readonly layout: RecordLayout;
  private readonly plans = new Map<FuncInstance, FunctionPlan>();
  private readonly asserts: Asserts | null;
  private readonly tailCalls: boolean;

  /** @throws AsyncifyError for what Binaryen refuses too, and Bobbin has no meaning for */
  constructor(
    private readonly module: ValidModule,
    readonly settings: AsyncifySettings = {},
  ) {
    this.roles = settings.roles ?? analyzeRoles(module, settings);
    const { memory } = this.roles;
    this.globals = settings.globals ?? newGlobals(memory.pointer);
    this.records = new RecordStack(memory, this.globals);
    this.layout = (settings.layout ?? fullLayout)(this.images);
    this.asserts = settings.asserts === true ? new Asserts() : null;
    this.tailCalls = this.roles.tailCalls;
    this.functions = new Map(RUNTIME_NAMES.map((name) => [name, this.runtimeFunction(name)]));
    for (const func of this.functions.values()) attached.set(func, this);
  }

  /** `__asyncify_state`. */
  get state(): number {
    return this.globals.state.words[0]!;
  }
  private set state(state: number) {
    this.globals.state.words[0] = state;
  }
  /** `__asyncify_data`, as an unsigned number. */
  get data(): number {
    return this.records.data;
  }

  /** What the module may import from `asyncify`. */
  get imports(): ReadonlyMap<string, ExternInstance> {
    return new Map([...this.functions].map(([name, func]) => [name, { kind: "func", func }]));
  }

  /** What the pass adds to the module's exports. */
  get exports(): ReadonlyMap<string, ExternInstance> {
    const added = new Map<string, ExternInstance>();
    for (const [name, func] of this.functions)
      added.set(`asyncify_${name}`, { kind: "func", func });
    if (this.settings.exportGlobals === true) {
      added.set("__asyncify_state", { kind: "global", global: this.globals.state });
      added.set("__asyncify_data", { kind: "global", global: this.globals.data });
    }
    // Ours: nobody could reach it otherwise.
    const { own: memory } = this.records;
    if (this.settings.inSecondaryMemory === true && memory !== null)
      added.set("asyncify_memory", { kind: "memory", memory });
    return added;
  }

  /** Binds the state to an instance (before its start function runs) and adds the exports that the pass adds. */
  attach(instance: ModuleInstance): void {
    this.instance = instance;
    attached.set(instance, this);
    this.records.attach(instance);
    for (const [name, added] of this.exports) instance.exports.set(name, added);
  }

  /** Rules asyncify/enter-normal, asyncify/return-normal: while false, calls are ordinary calls. */
  get armed(): boolean {
    return this.state !== NORMAL || this.asserts !== null;
  }

  /** The prologue that Binaryen gives an instrumented function. */
  onEnter(fiber: Fiber): Course | FuncInstance {
    const { func } = fiber.top;
    this.asserts?.enter(fiber, this.state);
    if (this.state === NORMAL) return "go on";
    const plan = this.planOf(func);
    // asyncify/enter-plain
    if (plan === null) return "go on";
    return this.state === UNWINDING ? this.enterUnwinding(fiber, plan) : this.rewind(fiber, plan);
  }

  /** asyncify/enter-unwind: nothing but call 0 runs, on operands and under conditions nobody computed. */
  private enterUnwinding(fiber: Fiber, { sites: [site] }: FunctionPlan): Course {
    if (site === undefined || site.conditional) return "skip";
    standAt(fiber, site, codeOf(fiber.top.func).paramWords);
    return "go on";
  }

  private rewind(fiber: Fiber, { sites }: FunctionPlan): Course | FuncInstance {
    const { func } = fiber.top;
    const { layout, records } = this;
    const { memory, pos } = records;
    if (this.tailCalls) {
      // asyncify/enter-tail
      const target = layout.tailBelow(memory, pos);
      const reached = target === null ? undefined : this.instance!.funcs[target];
      if (reached !== undefined && reached !== func && this.planOf(reached) !== null)
        return reached;
    }
    const size = layout.sizeBelow(func.index, memory, pos);
    const address = pos - size;
    // The position moves before the record is read, as in Binaryen.
    records.move(-size);
    memory.check(address, size);
    const { callIndex, tail, words } = layout.read(func.index, memory, address, size);
    this.reportRecord("pop", func, { callIndex, address, size, tail });
    const site = sites[callIndex];
    // asyncify/enter-lost
    if (site === undefined || payloadWords(site) !== words.length) return "skip";
    // asyncify/enter-rewind
    return restoreWords(fiber, site, this.references, words) ? "go on" : "skip";
  }

  /** The check that Binaryen puts behind every instrumented call. */
  onReturnInto(fiber: Fiber): Course {
    const { func, pc } = fiber.top;
    const plan = this.planOf(func);
    if (this.asserts !== null && func.instance === this.instance)
      this.asserts.check(fiber, this.state, plan !== null);
    const site = plan?.byPc.get(pc);
    if (this.state === UNWINDING && plan !== null && site === undefined) refuseResume(fiber);
    // asyncify/return-catch
    if (this.state === UNWINDING && plan?.lastPcs.has(pc) === true) return "skip";
    // asyncify/return-plain
    if (site === undefined || this.state === NORMAL) return "go on";
    // asyncify/return-rewind
    if (this.state === REWINDING) return "skip";
    // asyncify/return-unwind, asyncify/return-unwind-tail
    const { layout, records } = this;
    const { index } = func;
    const { callIndex } = site;
    const address = records.pos;
    const tail = this.tailCalls && cameByTailCall(fiber);
    const size = layout.size(index, payloadWords(site), tail);
    this.checkRoom(fiber, site, address, size);
    records.memory.check(address, size);
    const words = savedWords(fiber, site, this.references);
    layout.write({ func: index, callIndex, tail, words }, records.memory, address);
    records.move(size);
    this.reportRecord("push", func, { callIndex, address, size, tail });
    return "leave";
  }

  /** Rule asyncify/tail-kept: whoever has no record of its own cannot stand for the caller. */
  keepsCaller(caller: FuncInstance, target: FuncInstance): boolean {
    if (!this.tailCalls || this.planOf(caller) === null || this.planOf(target) !== null)
      return false;
    return target.instance !== this.instance || this.roles.functions[target.index]!.canChangeState;
  }

  /** Rule asyncify/overflow. */
  private checkRoom(fiber: Fiber, site: SitePlan, address: number, size: number): void {
    const { end, data } = this.records;
    if (address + size <= end || this.settings.overflowLikeBinaryen === true) return;
    throw new OverflowTrap(
      `the record of ${fiber.top.func.name} (call ${site.callIndex}) needs ${size} bytes at ${address}, ` +
        `the buffer of data pointer ${data} ends at ${end}`,
      this.pendingOf(fiber),
    );
  }

  /** The records of the top frame and of those below it, down to one that is not instrumented. */
  private pendingOf({ frames, depth }: Fiber): Pending {
    const pending = { frames: 0, bytes: 0 };
    for (let i = depth - 1; i >= 0; i--) {
      const { func, pc } = frames[i]!;
      const site = this.planOf(func)?.byPc.get(pc);
      if (site === undefined) break;
      pending.frames++;
      pending.bytes += this.layout.size(func.index, payloadWords(site), false);
    }
    return pending;
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
    const code = codeOf(func);
    const sites = this.roles.sites(func.index).map((site) => planSite(code, site));
    const last = this.settings.strict === true ? lastCallsInCatches(this.module, func.index, this.roles) : []; // prettier-ignore
    const plan = {
      sites,
      byPc: new Map(sites.map((site) => [site.pc, site])),
      lastPcs: new Set([...last].map((offset) => pcOfOffset(code, offset))),
    };
    this.plans.set(func, plan);
    return plan;
  }

  // Rules asyncify/start_unwind, asyncify/start_rewind, asyncify/stop, asyncify/get_state.
  private runtimeFunction(name: RuntimeName): FuncInstance {
    const comp = runtimeType(name, this.roles.memory.pointer);
    const [type] = closeTypes([{ final: true, supers: [], comp, groupStart: 0, groupSize: 1 }]);
    return FuncInstance.native(type!, `asyncify.${name}`, (args) => this.call(name, args));
  }

  private call(name: RuntimeName, [argument]: readonly Value[]): readonly Value[] {
    const before = stateName(this.state);
    // The state changes before the check, so a trap leaves it changed.
    if (name === "start_unwind") this.state = UNWINDING;
    else if (name === "start_rewind") this.state = REWINDING;
    else if (name !== "get_state") this.state = NORMAL;
    const isPointer = argument?.type === "i32" || argument?.type === "i64";
    if (isPointer) this.records.data = argument.value;
    if (name !== "get_state") this.settings.onState?.(this);
    this.settings.listener?.({
      type: "runtime",
      name,
      argument: isPointer ? this.data : null,
      before,
      after: stateName(this.state),
      ...this.stack(),
    });
    if (name === "get_state") return [i32(this.state)];
    // asyncify/check
    const { records } = this;
    if (records.past) {
      throw new Trap(
        "unreachable",
        `asyncify.${name}: position ${records.pos} is past the end ${records.end} of the buffer at ${this.data}`,
      );
    }
    return [];
  }

  /** What a record of a function holds, and the call that it is for; null for bytes that are none. */
  recordAt(
    func: FuncInstance,
    address: number,
    size: number,
  ): { readonly site: SitePlan; readonly words: Int32Array } | null {
    const plan = this.planOf(func);
    const { memory } = this.records;
    if (plan === null || address < 0 || address + size > memory.view.byteLength) return null;
    const { callIndex, words } = this.layout.read(func.index, memory, address, size);
    const site = plan.sites[callIndex];
    return site === undefined || payloadWords(site) !== words.length ? null : { site, words };
  }

  /** Where the asyncify stack stands now. */
  stack(): AsyncifyStack {
    return this.records.look();
  }

  /** All that asyncify knows beside the instance and its frames, as plain data. */
  save(): SavedAsyncify {
    return saveState(this);
  }
  restore(saved: SavedAsyncify): void {
    restoreState(this, saved);
    this.settings.onState?.(this);
  }

  /**
   * Drops images and references that no word in any memory of the instance names. Only for
   * programs whose records are all there: whoever keeps copies elsewhere would lose them.
   * @returns how many were dropped
   */
  collect(): number {
    const memories = [...(this.instance?.memories ?? []), this.records.own];
    return collectImages(this.images, this.references, memories);
  }

  private reportRecord(
    type: "push" | "pop",
    { index, name }: FuncInstance,
    { tail, ...record }: Pick<RecordEvent, "callIndex" | "address" | "size"> & { tail: boolean },
  ): void {
    const { listener } = this.settings;
    if (listener === undefined) return;
    const by = tail ? { tail } : {};
    listener({ type, func: index, name, ...record, ...by, ...this.stack() });
  }
}

/** Rule asyncify/return-resume: rewinding would resume a continuation that is used up. */
function refuseResume(fiber: Fiber): void {
  const { func, pc } = fiber.top;
  if (!RESUMES.has(codeOf(func).words[pc]!)) return;
  throw new Trap(
    "unreachable",
    `${func.name} resumed a continuation that unwinds: asyncify cannot execute the resume again`,
  );
}
const RESUMES: ReadonlySet<number> = new Set([
  opcodes.resume.code,
  opcodes.resume_throw.code,
  opcodes.resume_throw_ref.code,
]);
