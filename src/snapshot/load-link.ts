// Imports of instances that are read back: of each other, as the file says, or of the new
// host, which may also take memories, tables, globals and tags into its own hands.

import { FuncInstance, type ExternInstance, type Imports } from "../runtime/instances.js";
import { type Import, importsOf } from "../syntax/module.js";
import { LinkError } from "../util/errors.js";
import type { SectionReader } from "./bytes.js";
import { SnapshotError } from "./errors.js";
import { assemble, type InstancePlan } from "./load-instances.js";
import type { Parts } from "./load-parts.js";

/**
 * Puts the instances together.
 * @param supplied by the host, for each instance
 * @throws LinkError for functions that are missing, unless that is allowed: calling them fails then
 */
export function linkInstances(
  r: SectionReader,
  plans: readonly InstancePlan[],
  parts: Parts,
  supplied: readonly Imports[],
  allowMissing: boolean,
): void {
  adopt(plans, parts, supplied);
  const fromHost = new Map<string, FuncInstance>();
  const missing = new Set<string>();
  const key = (instance: number, index: number) => `${instance}:${index}`;
  plans.forEach(({ imported, instance: { module, types } }, i) => {
    const wanted = importsOf(module, "func");
    imported.forEach((origin, index) => {
      if (origin !== null) return;
      const { module: group, name, description } = wanted[index]!;
      const given = supplied[i]!.get(group)?.get(name);
      if (given?.kind === "func") fromHost.set(key(i, index), given.func);
      else {
        missing.add(`${group}.${name}`);
        const type = types[description.type]!;
        fromHost.set(key(i, index), missingFunction(type, `${group}.${name}`, index));
      }
    });
  });
  if (missing.size > 0 && !allowMissing)
    throw new LinkError(
      `the host must supply the functions that the snapshot imports: ${[...missing].join(", ")}`,
    );
  plans.forEach((plan, i) =>
    assemble(r, plan, parts, (index) => {
      const origin = plan.imported[index] ?? { instance: i, index };
      const there = plans[origin.instance]!;
      const func =
        fromHost.get(key(origin.instance, origin.index)) ??
        there.defined[origin.index - there.instance.module.imported.func];
      return func ?? r.fail("an import comes from an import", plan.at);
    }),
  );
}

/** Hands the host's own objects over to those who import them from it. */
function adopt(plans: readonly InstancePlan[], parts: Parts, supplied: readonly Imports[]): void {
  for (const kind of ["memories", "tables", "globals", "tags"] as const) {
    const defined = plans.flatMap((plan) => plan[kind].slice(importedOf(plan, kind)));
    const owned = new Set(defined);
    if (owned.size < defined.length)
      throw new SnapshotError(`two instances define the same ${KINDS[kind]}`, { section: "instances" }); // prettier-ignore
    const seen = new Set<number>();
    plans.forEach((plan, i) => {
      const wanted = importsOf(plan.instance.module, KINDS[kind]);
      wanted.forEach(({ module, name }: Import, index: number) => {
        const id = plan[kind][index]!;
        if (owned.has(id) || seen.has(id)) return;
        seen.add(id);
        const given: ExternInstance | undefined = supplied[i]!.get(module)?.get(name);
        if (given !== undefined) parts.adopt(kind, id, given);
      });
    });
  }
}

const KINDS = { memories: "memory", tables: "table", globals: "global", tags: "tag" } as const;
const importedOf = ({ instance: { module } }: InstancePlan, kind: keyof typeof KINDS): number =>
  module.imported[KINDS[kind]];

const missingFunction = (type: FuncInstance["type"], name: string, index: number): FuncInstance =>
  FuncInstance.host(
    type,
    name,
    () => {
      throw new LinkError(`nobody supplies ${name}`);
    },
    index,
  );
