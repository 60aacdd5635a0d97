// Instances: read as plans first, put together once all that they share is there.

import { addExports, link } from "../exec/instantiate.js";
import { JS_TAG } from "../runtime/exceptions.js";
import { type ExternInstance, FuncInstance, ModuleInstance } from "../runtime/instances.js";
import { functionName, type Import } from "../syntax/module.js";
import { closeRefType, closeValType } from "../valid/deftypes.js";
import type { ValidModule } from "../valid/validate.js";
import type { SectionReader } from "./bytes.js";
import type { Parts } from "./load-parts.js";
import { type Counts, sameLimits, sameType, skipReference } from "./load-shared.js";
import { readTyped, type Things } from "./references.js";

/** An instance as its entry says, before it can be put together. */
export interface InstancePlan {
  readonly instance: ModuleInstance;
  readonly defined: readonly FuncInstance[];
  /** For each imported function where it comes from; null: from the host. */
  readonly imported: readonly ({ readonly instance: number; readonly index: number } | null)[];
  readonly memories: readonly number[];
  readonly tables: readonly number[];
  readonly globals: readonly number[];
  readonly tags: readonly number[];
  /** Where the element segments stand in the section. */
  readonly elems: number;
  /** Where the entry stands. */
  readonly at: number;
}

/** What reading instances needs to know of native functions, which the file does not hold. */
export type NativesOf = (
  instance: number,
  module: ValidModule,
) => ReadonlyMap<number, FuncInstance>;

export function readPlans(
  r: SectionReader,
  modules: readonly ValidModule[],
  counts: Counts,
  nativesOf: NativesOf,
): InstancePlan[] {
  const total = r.count("instances");
  return Array.from({ length: total }, (_, id) =>
    readPlan(r, id, total, modules, counts, nativesOf),
  );
}

function readPlan(
  r: SectionReader,
  id: number,
  total: number,
  modules: readonly ValidModule[],
  counts: Counts,
  nativesOf: NativesOf,
): InstancePlan {
  const at = r.pos;
  const module = modules[r.below(modules.length, "a module")]!;
  const instance = new ModuleInstance(module, module.context.defTypes);
  const imported = Array.from({ length: module.imported.func }, () =>
    r.flag("whether an import comes from an instance")
      ? { instance: r.below(total, "an instance"), index: r.uint("a function") }
      : null,
  );
  const natives = nativesOf(id, module);
  const saved = r.list("native functions", () => r.uint("a native function"));
  const known = [...natives.keys()].filter((i) => i >= module.imported.func).sort((a, b) => a - b);
  r.ensure(saved.join() === known.join(), `native functions [${saved.join()}], expected [${known.join()}]`, at); // prettier-ignore
  const defined = module.functions.map(({ type }, i) => {
    const index = module.imported.func + i;
    const name = functionName(module, index);
    return natives.get(index) ?? FuncInstance.wasm(instance.types[type]!, name, instance, index);
  });
  const indices = (kind: keyof Counts, count: number) =>
    Array.from({ length: count }, () => r.below(counts[kind], `an index in section ${kind}`));
  const { context, imported: imports } = module;
  const plan = {
    instance,
    defined,
    imported,
    memories: indices("memories", context.memories.length),
    tables: indices("tables", context.tables.length),
    globals: indices("globals", imports.global + module.globals.length),
    tags: indices("tags", context.tags.length),
    elems: r.pos,
    at,
  };
  for (const _ of module.elements) r.list("elements", () => skipReference(r));
  for (const { start, end } of module.datas)
    instance.datas.push(module.bytes.subarray(start, r.flag("whether a segment is there") ? end : start)); // prettier-ignore
  return plan;
}

/** Puts an instance together, whose imports are there. */
export function assemble(
  r: SectionReader,
  plan: InstancePlan,
  parts: Parts,
  funcOf: (index: number) => FuncInstance,
): void {
  const { instance, defined, at } = plan;
  const { module, types } = instance;
  const next = { func: 0, memory: 0, table: 0, global: 0, tag: 0 };
  for (const wanted of module.imports) link(instance, wanted, externOf(wanted));
  function externOf({ description: { kind } }: Import): ExternInstance {
    const i = next[kind]++;
    if (kind === "func") return { kind, func: funcOf(i) };
    if (kind === "memory") return { kind, memory: parts.memories[plan.memories[i]!]! };
    if (kind === "table") return { kind, table: parts.tables[plan.tables[i]!]! };
    if (kind === "global") return { kind, global: parts.globals[plan.globals[i]!]! };
    return { kind, tag: parts.tags[plan.tags[i]!]! };
  }
  for (const func of defined) instance.funcs.push(func);
  const check = (condition: boolean, what: string) =>
    r.ensure(condition, `${what} is of another type than its module says`, at);
  module.memories.forEach((type, i) => {
    const memory = parts.memories[plan.memories[next.memory + i]!]!;
    check(sameLimits(memory.type.limits, type.limits), `memory ${next.memory + i}`);
    instance.memories.push(memory);
  });
  module.tables.forEach(({ type }, i) => {
    const table = parts.tables[plan.tables[next.table + i]!]!;
    const { element, limits } = table.type;
    const same = sameType(element, closeRefType(types, type.element)) && sameLimits(limits, type.limits); // prettier-ignore
    check(same, `table ${next.table + i}`);
    instance.tables.push(table);
  });
  module.globals.forEach(({ type }, i) => {
    const global = parts.globals[plan.globals[next.global + i]!]!;
    const same = global.type.mutable === type.mutable && sameType(global.type.type, closeValType(types, type.type)); // prettier-ignore
    check(same, `global ${next.global + i}`);
    instance.globals.push(global);
  });
  module.tags.forEach(({ type }, i) => {
    const tag = parts.tags[plan.tags[next.tag + i]!]!;
    check(tag.type === types[type] && tag !== JS_TAG, `tag ${next.tag + i}`);
    instance.tags.push(tag);
  });
  addExports(instance);
}

/** Element segments: whole, or dropped. */
export function fillElements(
  r: SectionReader,
  { instance, elems }: InstancePlan,
  things: Things,
): void {
  r.pos = elems;
  for (const { type, mode, funcs, expressions } of instance.module.elements) {
    const start = r.pos;
    const closed = closeRefType(instance.types, type);
    const elements = r.list("elements", () => readTyped(r, things, closed));
    const whole = (funcs ?? expressions!).length;
    r.ensure(
      elements.length === 0 || (elements.length === whole && mode.kind === "passive"),
      `${elements.length} elements, expected 0 or ${whole} of a passive segment`,
      start,
    );
    instance.elems.push(elements);
  }
}
