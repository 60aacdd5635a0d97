// The bytes of a file as a machine that goes on where the saved one stood.

import type { Fiber } from "../exec/fiber.js";
import { Machine, type MachineOptions } from "../exec/machine.js";
import type { Asyncify, AsyncifySettings } from "../fiber/asyncify/asyncify.js";
import type { FiberAbi, FiberAbiSettings } from "../fiber/abi/abi.js";
import {
  type FuncInstance,
  type Imports,
  mergeImports,
  type ModuleInstance,
} from "../runtime/instances.js";
import type { ValidModule } from "../valid/validate.js";
import { makeAsyncify, readAsyncify, restoreAsyncify, type SavedSettings } from "./asyncify.js";
import { SectionReader } from "./bytes.js";
import type { Codec } from "./codec.js";
import { SnapshotError } from "./errors.js";
import { FEATURES, type SectionName, type SnapshotFile, unpack } from "./format.js";
import { Chains, FiberReader, type SuspendedChain } from "./load-fibers.js";
import { Heap } from "./load-heap.js";
import { fillElements, type InstancePlan, readPlans } from "./load-instances.js";
import { linkInstances } from "./load-link.js";
import { type KnownModules, readModules, type SupplyModule } from "./load-modules.js";
import { fillMemory, Parts } from "./load-parts.js";
import { readTypes, type Sections } from "./load-shared.js";
import { makeNative, readNative, restoreNative, type SavedAbi } from "./native-fibers.js";
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
  readonly module?: SupplyModule;
  /** Equal modules are these, with what is known of them: lines of their sources. */
  readonly known?: KnownModules;
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
  /** Fibers that nobody waits for now: continuations hold them, or native switches put them aside. */
  readonly suspended: readonly SuspendedChain[];
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
  const embedded = (file.features & FEATURES.moduleReferences) === 0;
  const modules = await readModules(
    sectionsOf(file)("modules"),
    embedded,
    options.module,
    options.known,
  );
  return new Loader(file, modules, options).load();
}

const sectionsOf = ({ sections }: SnapshotFile): Sections => {
  const readers = new Map(
    sections.map(({ name, bytes }) => [name, new SectionReader(bytes, name)]),
  );
  return (name) => readers.get(name)!;
};

class Loader {
  private readonly sections: Sections;
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
    const settings = this.optional("asyncify", FEATURES.asyncify, readAsyncify);
    const saved = this.optional("native fibers", FEATURES.nativeFibers, readNative);
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
    const suspended = this.loadFibers(reader, things, heap, saved);
    return { machine: this.machine, instances, asyncify: this.asyncify, fibers: this.abi, suspended }; // prettier-ignore
  }

  private get unwinds(): boolean {
    return (this.file.features & FEATURES.unwinds) !== 0;
  }

  private readMachine(r: SectionReader): Machine {
    this.current = r.flag("whether a fiber runs") ? r.uint("a fiber") : null;
    const executed = r.uint("a number of instructions");
    const fuel = r.flag("whether fuel is limited") ? r.uint("an amount of fuel") : Infinity;
    const nextFiber = r.uint("the next fiber's id");
    const maxFrames = r.uint("a number of frames");
    const maxNesting = r.uint("a number of calls");
    const drops = this.unwinds ? r.uint("a number of frames dropped") : 0;
    r.end();
    const given = this.options.machine ?? {};
    const machine = new Machine({ maxFrames, maxNesting, ...given });
    machine.counters = { executed, drops, fuel: given.fuel ?? fuel, nextFiber };
    return machine;
  }

  /** What only some machines have: their files' features say so. */
  private optional<T>(name: SectionName, feature: number, read: (r: SectionReader) => T): T | null {
    const r: SectionReader = this.sections(name);
    const present = r.flag(`whether there is ${name}`);
    const expected = (this.file.features & feature) !== 0;
    r.ensure(present === expected, `section ${name} is not as the file's features say`, 0);
    if (present) return read(r);
    r.end();
    return null;
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
    this.abi = makeNative(module, this.options.fibers);
    return this.abi.functions;
  }

  /** Gives instances their imports, and binds what runs on one of them to it. */
  private async link(
    r: SectionReader,
    plans: readonly InstancePlan[],
    parts: Parts,
    saved: SavedAbi | null,
    settings: SavedSettings | null,
  ): Promise<void> {
    const { machine, options } = this;
    const none: Imports = new Map();
    const supplied: Imports[] = [];
    for (const [i, { instance }] of plans.entries())
      supplied.push(
        mergeImports(
          settings?.instance === i ? new Map([["asyncify", this.asyncify!.imports]]) : none,
          saved?.instance === i ? this.abi!.imports : none,
          (await options.supply?.(machine, instance.module, i)) ?? none,
        ),
      );
    linkInstances(r, plans, parts, supplied, options.allowMissing === true);
    this.asyncify?.attach(plans[settings!.instance]!.instance);
    if (settings !== null && this.asyncify === null)
      throw new SnapshotError("there is no such instance", { section: "asyncify" });
    machine.interposer = this.asyncify;
    this.abi?.attach(plans[saved!.instance]!.instance);
    if (saved !== null && this.abi === null)
      throw new SnapshotError("there is no such instance", { section: "native fibers" });
  }

  private loadFibers(
    reader: FiberReader,
    things: Things,
    heap: Heap,
    saved: SavedAbi | null,
  ): readonly SuspendedChain[] {
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
    if (this.unwinds !== (machine.drops > 0 || (machine.fiber !== null && machine.fiber.due >= 0)))
      throw new SnapshotError("the file's features are wrong about unwinding", { section: "machine" }); // prettier-ignore
    for (const { type, fiber, outer } of heap.continuations)
      if (fiber !== null) chains.continuation(type, fiber, outer!);
    if (saved !== null)
      restoreNative(abi!, saved, chains, (index) => fiberAt("native fibers", index));
    chains.end();
    return chains.suspended;
  }
}

const heapThings = ({ structs, arrays, exceptions, continuations, hosts }: Heap) => ({
  structs,
  arrays,
  exceptions,
  continuations,
  hosts,
});
