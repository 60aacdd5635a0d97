// The bytes of a file as a machine that goes on where the saved one stood.

import { decode } from "../binary/decode.js";
import type { Fiber } from "../exec/fiber.js";
import { Machine, type MachineOptions } from "../exec/machine.js";
import type { Asyncify, AsyncifySettings } from "../fiber/asyncify/asyncify.js";
import { FiberAbi, type FiberAbiSettings, type Link } from "../fiber/abi/abi.js";
import {
  FuncInstance,
  type ExternInstance,
  type Imports,
  mergeImports,
  type ModuleInstance,
} from "../runtime/instances.js";
import { type Import, importsOf } from "../syntax/module.js";
import { BobbinError, LinkError, UsageError } from "../util/errors.js";
import { type ValidModule, validate } from "../valid/validate.js";
import { makeAsyncify, readSettings, restoreAsyncify, type SavedSettings } from "./asyncify.js";
import { SectionReader } from "./bytes.js";
import type { Codec } from "./codec.js";
import { SnapshotError } from "./errors.js";
import { FEATURES, hexOf, type SectionName, sha256, type SnapshotFile, unpack } from "./format.js";
import { Chains, FiberReader } from "./load-fibers.js";
import { Heap } from "./load-heap.js";
import { assemble, fillElements, type InstancePlan, readPlans } from "./load-instances.js";
import { fillMemory, Parts } from "./load-parts.js";
import { readTypes } from "./load-shared.js";
import type { Things } from "./references.js";

export interface LoadOptions {
  /**
   * What the host supplies to an instance again: its functions, and whatever else it wants to
   * keep in its own hands. Memories, tables, globals and tags that it does not supply are made.
   */
  readonly supply?: (
    machine: Machine,
    module: ValidModule,
    instance: number,
  ) => Imports | Promise<Imports>;
  /** Load even where functions are missing; calling one of them fails. For whoever only looks. */
  readonly allowMissing?: boolean;
  /** The bytes of a module that is not in the file, by the hexadecimal SHA-256 of them. */
  readonly module?: (hash: string) => Uint8Array | undefined | Promise<Uint8Array | undefined>;
  /** In place of what was saved (fuel, depths), and observers. */
  readonly machine?: Omit<MachineOptions, "interposer">;
  readonly asyncify?: Pick<AsyncifySettings, "listener">;
  readonly fibers?: FiberAbiSettings;
  readonly codec?: Codec;
  /** Bytes that the file may take inflated. Default 4 GiB. */
  readonly maxBytes?: number;
}

export interface LoadedSnapshot {
  readonly machine: Machine;
  /** As they were given to `saveSnapshot`; those that these reach follow. */
  readonly instances: readonly ModuleInstance[];
  /** Native asyncify and the native fiber ABI, where the program runs on them. */
  readonly asyncify: Asyncify | null;
  readonly fibers: FiberAbi | null;
}

/**
 * @throws SnapshotError for what is no snapshot, is damaged, or could not have been saved;
 * LinkError for functions of the host that are missing or of another type
 */
export async function loadSnapshot(
  bytes: Uint8Array,
  options: LoadOptions = {},
): Promise<LoadedSnapshot> {
  const file = await unpack(bytes, options.maxBytes ?? 2 ** 32);
  const modules = await readModules(sectionsOf(file)("modules"), file, options);
  return new Loader(file, modules, options).load();
}

const sectionsOf = ({ sections }: SnapshotFile) => {
  const readers = new Map(
    sections.map(({ name, bytes }) => [name, new SectionReader(bytes, name)]),
  );
  return (name: SectionName): SectionReader => readers.get(name)!;
};

async function readModules(
  r: SectionReader,
  { features }: SnapshotFile,
  options: LoadOptions,
): Promise<ValidModule[]> {
  const modules: ValidModule[] = [];
  for (let count = r.count("modules", 33); count > 0; count--) {
    const start = r.pos;
    const hash = r.raw(32, "a hash");
    const name = hexOf(hash);
    const embedded = r.flag("whether the module is here");
    if (embedded !== ((features & FEATURES.moduleReferences) === 0))
      r.fail("the module is not where the file's features say", start);
    const bytes = embedded ? r.sized("a module") : await options.module?.(name);
    if (bytes === undefined)
      throw new LinkError(`the snapshot needs the module with the SHA-256 ${name}`);
    if ((await sha256(bytes)).some((byte, i) => byte !== hash[i]))
      r.fail("the module is not the one that the hash is of", start);
    try {
      modules.push(validate(decode(new Uint8Array(bytes))));
    } catch (error) {
      if (error instanceof BobbinError) r.fail(`the module is none: ${error.message}`, start);
      throw error;
    }
  }
  r.end();
  return modules;
}

/** What the native fiber ABI has saved, as numbers. */
interface SavedAbi {
  readonly instance: number;
  readonly nextNumber: number;
  readonly suspended: readonly {
    readonly number: number;
    readonly fiber: number;
    readonly outer: number;
    readonly sp: number;
    readonly ret: number;
  }[];
  readonly links: readonly {
    readonly fiber: number;
    readonly link: Link | null;
    readonly stack: number | null;
  }[];
}

class Loader {
  private readonly sections: (name: SectionName) => SectionReader;
  private machine!: Machine;
  private current: number | null = null;
  private abi: FiberAbi | null = null;
  private asyncify: Asyncify | null = null;

  constructor(
    private readonly file: SnapshotFile,
    private readonly modules: readonly ValidModule[],
    private readonly options: LoadOptions,
  ) {
    this.sections = sectionsOf(file);
  }

  async load(): Promise<LoadedSnapshot> {
    const { sections, modules, file } = this;
    const types = readTypes(sections("types"));
    this.machine = this.readMachine(sections("machine"));
    const settings = this.readAsyncify(sections("asyncify"));
    const saved = this.readAbi(sections("native fibers"));
    const parts = new Parts(sections, types);
    const { memories, tables, globals, tags } = parts;
    const r = sections("instances");
    const counts = { memories: memories.length, tables: tables.length, globals: globals.length, tags: tags.length }; // prettier-ignore
    const plans = readPlans(r, modules, counts, (i, module) =>
      this.natives(saved, settings, i, module),
    );
    r.end();
    const instances = plans.map(({ instance }) => instance);
    await this.link(r, plans, parts, saved, settings);
    const heap = new Heap(sections, types, tags, this.options.codec);
    const things: Things = { ...heapThings(heap), instances };
    const reader = new FiberReader(sections("fibers"), things, this.machine.counters.nextFiber);
    parts.fill(things);
    for (const plan of plans) fillElements(r, plan, things);
    heap.fill(things, reader.fibers);
    for (const { name, bytes } of file.sections)
      if (name === "memory contents") fillMemory(new SectionReader(bytes, name), memories);
    if (this.asyncify !== null) restoreAsyncify(sections("asyncify"), this.asyncify, things);
    this.loadFibers(reader, things, heap, saved);
    return { machine: this.machine, instances, asyncify: this.asyncify, fibers: this.abi };
  }

  private readMachine(r: SectionReader): Machine {
    this.current = r.flag("whether a fiber runs") ? r.uint("a fiber") : null;
    const executed = r.uint("a number of instructions");
    const fuel = r.flag("whether fuel is limited") ? r.uint("an amount of fuel") : Infinity;
    const nextFiber = r.uint("the next fiber's id");
    const maxFrames = r.uint("a number of frames");
    const maxNesting = r.uint("a number of calls");
    r.end();
    const given = this.options.machine ?? {};
    const machine = new Machine({ maxFrames, maxNesting, ...given });
    machine.counters = { executed, fuel: given.fuel ?? fuel, nextFiber };
    return machine;
  }

  private readAsyncify(r: SectionReader): SavedSettings | null {
    const present = r.flag("whether there is asyncify");
    const expected = (this.file.features & FEATURES.asyncify) !== 0;
    r.ensure(present === expected, "asyncify is not as the file's features say", 0);
    if (present) return readSettings(r);
    r.end();
    return null;
  }

  private readAbi(r: SectionReader): SavedAbi | null {
    const present = r.flag("whether there are native fibers");
    const expected = (this.file.features & FEATURES.nativeFibers) !== 0;
    r.ensure(present === expected, "native fibers are not as the file's features say", 0);
    if (!present) {
      r.end();
      return null;
    }
    const pointer = (what: string) => r.below(2 ** 32, what);
    const instance = r.uint("an instance");
    const nextNumber = r.uint("the next suspension's number");
    const numbers = new Set<number>();
    const suspended = r.list("suspended fibers", () => {
      const start = r.pos;
      const number = r.below(nextNumber, "a suspension's number");
      r.ensure(number > 0 && !numbers.has(number), `two suspensions have number ${number}`, start);
      numbers.add(number);
      const fiber = r.uint("a fiber");
      return { number, fiber, outer: r.uint("a fiber"), sp: pointer("a stack pointer"), ret: pointer("an address") }; // prettier-ignore
    });
    const links = r.list("links", () => {
      const fiber = r.uint("a fiber");
      const link = r.flag("whether it was entered")
        ? { caller: pointer("a stack pointer"), ret: pointer("an address"), entry: pointer("an entry") } // prettier-ignore
        : null;
      return { fiber, link, stack: r.flag("whether its entry runs") ? pointer("a stack") : null };
    });
    r.end();
    return { instance, nextNumber, suspended, links };
  }

  private natives(
    saved: SavedAbi | null,
    settings: SavedSettings | null,
    instance: number,
    module: ValidModule,
  ): ReadonlyMap<number, FuncInstance> {
    if (settings?.instance === instance) {
      const { asyncify: listening } = this.options;
      const all = { ...settings.settings, ...listening };
      this.asyncify = makeAsyncify(this.sections("asyncify"), module, all);
    }
    if (saved?.instance !== instance) return new Map();
    try {
      this.abi = new FiberAbi(module, this.options.fibers);
    } catch (error) {
      if (error instanceof UsageError)
        throw new SnapshotError(error.message, { section: "native fibers" });
      throw error;
    }
    return this.abi.functions;
  }

  /** Gives instances their imports: of each other, or of the host. */
  private async link(
    r: SectionReader,
    plans: readonly InstancePlan[],
    parts: Parts,
    saved: SavedAbi | null,
    settings: SavedSettings | null,
  ): Promise<void> {
    const supplied: Imports[] = [];
    for (const [i, plan] of plans.entries()) {
      const { module } = plan.instance;
      supplied.push(
        mergeImports(
          settings?.instance === i ? new Map([["asyncify", this.asyncify!.imports]]) : new Map(),
          saved?.instance === i ? this.abi!.imports : new Map(),
          (await this.options.supply?.(this.machine, module, i)) ?? new Map(),
        ),
      );
    }
    this.adopt(plans, parts, supplied);
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
    if (missing.size > 0 && this.options.allowMissing !== true)
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
    this.asyncify?.attach(plans[settings!.instance]!.instance);
    if (settings !== null && this.asyncify === null)
      throw new SnapshotError("there is no such instance", { section: "asyncify" });
    this.machine.interposer = this.asyncify;
    this.abi?.attach(plans[saved!.instance]!.instance);
    if (saved !== null && this.abi === null)
      throw new SnapshotError("there is no such instance", { section: "native fibers" });
  }

  /** Hands the host's own objects over to those who import them from it. */
  private adopt(plans: readonly InstancePlan[], parts: Parts, supplied: readonly Imports[]): void {
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

  private loadFibers(
    reader: FiberReader,
    things: Things,
    heap: Heap,
    saved: SavedAbi | null,
  ): void {
    const { machine, current, abi } = this;
    const { fibers } = reader;
    const loaded = reader.read(things, {
      locals: this.asyncify !== null,
      operands: (this.asyncify?.state ?? 0) !== 0,
    });
    const chains = new Chains(reader, loaded);
    const fiberAt = (section: SectionName, index: number): Fiber => {
      const fiber = fibers[index];
      if (fiber === undefined) throw new SnapshotError(`there is no fiber ${index}`, { section });
      return fiber;
    };
    if (current !== null) machine.fiber = fiberAt("machine", current);
    // What stands on the heap of values has been restored before: a wait looks at memory.
    if (machine.fiber !== null) chains.current(machine.fiber);
    for (const { type, fiber, outer } of heap.continuations)
      if (fiber !== null) chains.continuation(type, fiber, outer!);
    if (saved !== null) {
      const at = (index: number) => fiberAt("native fibers", index);
      const suspended = saved.suspended.map((s) => ({ ...s, fiber: at(s.fiber), outer: at(s.outer) })); // prettier-ignore
      for (const { fiber, outer } of suspended) chains.suspended(fiber, outer);
      const links = saved.links.map((l) => ({ ...l, fiber: at(l.fiber) }));
      if (links.some(({ fiber }) => fiber.root))
        throw new SnapshotError("a fiber of the host was entered", { section: "native fibers" });
      abi!.restore({ nextNumber: saved.nextNumber, suspended, links });
    }
    chains.end();
  }
}

const KINDS = { memories: "memory", tables: "table", globals: "global", tags: "tag" } as const;
const importedOf = ({ instance: { module } }: InstancePlan, kind: keyof typeof KINDS): number =>
  module.imported[KINDS[kind]];

const heapThings = ({ structs, arrays, exceptions, continuations, hosts }: Heap) => ({
  structs,
  arrays,
  exceptions,
  continuations,
  hosts,
});

const missingFunction = (type: FuncInstance["type"], name: string, index: number): FuncInstance =>
  FuncInstance.host(
    type,
    name,
    () => {
      throw new LinkError(`nobody supplies ${name}`);
    },
    index,
  );
