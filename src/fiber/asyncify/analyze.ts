// Which functions Asyncify instruments, and why: Binaryen's ModuleAnalyzer
// (Asyncify.cpp:535-861) on a module that has not been through wasm-opt. Roles are
// computed at once, call sites when asked for, but where references could make
// Binaryen refuse the module.

import type { ValidModule } from "../../valid/context.js";
import { validateBodies } from "../../valid/validate.js";
import { classifyImports, isBottom, isTop } from "./analyze-imports.js";
import { recordMemory } from "./analyze-memory.js";
import { binaryenNames, readableNames } from "./analyze-names.js";
import { FunctionLists } from "./analyze-lists.js";
import { scanBody, type BodyFacts } from "./analyze-scan.js";
import { type Extension, EXTENSIONS, type ExtensionUse } from "./extensions.js";
import {
  AsyncifyError,
  type AsyncifyOptions,
  type CallSite,
  type FunctionRole,
  type RecordMemory,
  type RoleKind,
  type Roles,
} from "./roles.js";
import { findSites } from "./sites.js";
import { hex } from "../../util/hex.js";

/** @throws AsyncifyError for modules and options that Binaryen refuses; what `validateBodies` throws */
export function analyzeRoles(module: ValidModule, options: AsyncifyOptions = {}): Roles {
  validateBodies(module);
  return new Analysis(module, options);
}

/** ModuleAnalyzer::Info (547-560) */
interface Info {
  can: boolean;
  top: boolean;
  bottom: boolean;
  removed: boolean;
  added: boolean;
  reason: string;
}

const instrumentedExport =
  /^asyncify_(start_unwind|stop_unwind|start_rewind|stop_rewind|get_state)$/;

class Analysis implements Roles {
  readonly functions: readonly FunctionRole[];
  readonly warnings: readonly string[];
  readonly memory: RecordMemory;
  private readonly names: readonly string[];
  private readonly imports;
  /** Of defined functions, from the first of them. */
  private readonly bodies: readonly BodyFacts[];
  private readonly infos: Info[];
  private readonly found = new Map<number, readonly CallSite[]>();

  constructor(
    private readonly module: ValidModule,
    readonly options: AsyncifyOptions,
  ) {
    const done = module.exports.find((e) => instrumentedExport.test(e.name));
    if (done) {
      throw new AsyncifyError(`the module is instrumented already: it exports ${done.name}`);
    }
    this.names = readableNames(module);
    this.memory = recordMemory(module, options);
    this.imports = classifyImports(module, options, this.memory.pointer);
    const lists = new FunctionLists(options, binaryenNames(module), this.imports);
    this.warnings = lists.warnings;
    this.bodies = module.functions.map((_, i) => {
      const index = module.imported.func + i;
      return scanBody(module, index, this.names[index]!, options.strict === true);
    });

    this.infos = this.names.map((_, index) => this.initial(index));
    for (const index of lists.removed) this.remove(index);
    if (options.propagateAddList === true) this.add(lists.added);
    this.propagate();
    if (lists.only !== undefined) this.restrictTo(lists.only);
    if (options.propagateAddList !== true) this.add(lists.added);

    this.functions = this.infos.map((info, index) => ({
      index,
      kind: this.kind(index),
      canChangeState: info.can,
      reason: info.reason,
    }));
    this.refuse();
  }

  sites(funcIndex: number): readonly CallSite[] {
    const { functions, imports, infos } = this;
    if (functions[funcIndex]?.kind !== "instrumented") return [];
    let sites = this.found.get(funcIndex);
    if (sites === undefined) {
      sites = findSites(this.module, funcIndex, this.names[funcIndex]!, {
        direct: (callee) => infos[callee]!.can,
        endsUnwinding: (callee) => isBottom(imports[callee]?.runtime),
        indirect: this.options.ignoreIndirect !== true || infos[funcIndex]!.added,
        strict: this.options.strict === true,
      });
      this.found.set(funcIndex, sites);
    }
    return sites;
  }

  get tailCalls(): boolean {
    return this.bodies.some(({ extensions }) => extensions.has("tail call"));
  }

  get extensions(): readonly ExtensionUse[] {
    const uses: ExtensionUse[] = [];
    this.imports.forEach(({ runtime }, func) => {
      if (runtime === "get_state") uses.push({ extension: "get_state", func, offset: null });
    });
    for (const { index: func, kind } of this.functions) {
      if (kind !== "instrumented") continue;
      const found = new Map(this.body(func)!.extensions);
      for (const { extension, offset, references } of this.sites(func)) {
        if (extension !== null && !found.has(extension)) found.set(extension, offset);
        if (references && !found.has("reference")) found.set("reference", offset);
      }
      const order = Object.keys(EXTENSIONS) as Extension[];
      for (const extension of order) {
        const offset = found.get(extension);
        if (offset !== undefined) uses.push({ extension, func, offset });
      }
    }
    return uses;
  }

  private body(index: number): BodyFacts | undefined {
    return this.bodies[index - this.imports.length];
  }

  /** The function alone, callees unseen but for the runtime (605-676). */
  private initial(index: number): Info {
    const info: Info = {
      can: false,
      top: false,
      bottom: false,
      removed: false,
      added: false,
      reason: "calls nothing that may unwind",
    };
    const imported = this.imports[index];
    if (imported) return { ...info, can: imported.canChangeState, reason: imported.reason };

    const { callees, indirect, through } = this.body(index)!;
    if (indirect >= 0 && this.options.ignoreIndirect !== true) {
      info.can = true;
      info.reason = `calls a function through a ${through} at byte ${hex(indirect)}`;
    }
    for (const callee of callees) {
      const { runtime, name } = this.imports[callee] ?? {};
      if (!isTop(runtime) && !isBottom(runtime)) continue;
      if (isTop(runtime)) info.top = info.can = true;
      else info.bottom = true;
      // Being bottom-most is what decides (669-671).
      if (isBottom(runtime) || !info.bottom) info.reason = `calls ${name}`;
    }
    if (info.bottom) info.can = false;
    return info;
  }

  /** 682-691 */
  private remove(index: number): void {
    const info = this.infos[index]!;
    info.removed = true;
    info.can = false;
    info.reason = "removed by the remove-list";
  }

  /** 714-733 */
  private add(indices: readonly number[]): void {
    for (const index of indices) {
      const info = this.infos[index]!;
      if (!info.can) info.reason = "in the add-list";
      info.can = true;
      info.added = true;
    }
  }

  /** To direct callers and theirs, but not into bottom-most or removed functions (746-761). */
  private propagate(): void {
    const { infos, imports } = this;
    const callers: number[][] = infos.map(() => []);
    this.bodies.forEach(({ callees }, i) => {
      for (const callee of callees) {
        if (imports[callee]?.runtime === undefined) callers[callee]!.push(imports.length + i);
      }
    });
    const queue = infos.flatMap((info, index) => (info.can ? [index] : []));
    for (const index of queue) {
      for (const caller of callers[index]!) {
        const info = infos[caller]!;
        if (info.can || info.bottom || info.removed) continue;
        info.can = true;
        info.reason = `calls ${this.names[index]}, which may unwind`;
        queue.push(caller);
      }
    }
  }

  /** 772-789 */
  private restrictTo(only: ReadonlySet<number>): void {
    for (let index = this.imports.length; index < this.infos.length; index++) {
      const info = this.infos[index]!;
      info.can = info.added = only.has(index);
      info.reason = info.can ? "in the only-list" : "not in the only-list";
    }
  }

  /** needsInstrumentation (802-805): a top-most function is never, a bottom-most one if a list says so. */
  private kind(index: number): RoleKind {
    const imported = this.imports[index];
    if (imported) return imported.runtime === undefined ? "import" : "runtime import";
    const { can, top, bottom } = this.infos[index]!;
    if (can) return top ? "top-most runtime" : "instrumented";
    return bottom ? "bottom-most runtime" : top ? "top-most runtime" : "not instrumented";
  }

  /** What Binaryen finds out while it instruments. */
  private refuse(): void {
    for (const { index, kind } of this.functions) {
      if (kind !== "instrumented") continue;
      const { refused, refusal, references } = this.body(index)!;
      if (refused >= 0) {
        throw new AsyncifyError(refusal, {
          name: this.names[index]!,
          func: index,
          offset: refused,
        });
      }
      // Under `strict`, what is live at a call may be refused.
      if (references && this.options.strict === true) this.sites(index);
    }
  }
}
