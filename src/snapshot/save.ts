// A machine, and all that it can reach, as the bytes of a file.

import type { Machine } from "../exec/machine.js";
import type { FiberAbi } from "../fiber/abi/abi.js";
import type { Asyncify } from "../fiber/asyncify/asyncify.js";
import type { ModuleInstance } from "../runtime/instances.js";
import { writeAsyncify } from "./asyncify.js";
import { ByteWriter } from "./bytes.js";
import type { Codec } from "./codec.js";
import { SnapshotError } from "./errors.js";
import type { AtOnce } from "./container.js";
import { FEATURES, pack, packAtOnce, type Section, type SectionName, SECTIONS, sha256, type SnapshotFile } from "./format.js"; // prettier-ignore
import { Graph, type Ids } from "./graph.js";
import { writeLinks, writeSuspended } from "./native-fibers.js";
import { checkChain, FiberWriter, isOver } from "./save-fibers.js";
import * as store from "./save-store.js";

export interface SaveOptions {
  /** The instances that the new process wants to find again, in this order; what they reach comes along. */
  readonly instances: readonly ModuleInstance[];
  /** The native fiber ABI, where the machine's program runs on it. */
  readonly fibers?: FiberAbi | null | undefined;
  /** Native asyncify, where the machine has it as its interposer. */
  readonly asyncify?: Asyncify | null | undefined;
  /** Whether modules are in the file (the default), or the loader has them. */
  readonly embedModules?: boolean;
  /** Default: sections are deflated. */
  readonly compress?: boolean;
  /** How objects of the host are saved. */
  readonly codec?: Codec | undefined;
}

/** A machine as it was, on its way to become a file. */
export interface TakenSnapshot {
  /** All instances that are in it: those of the options, and what they reach. */
  readonly instances: readonly ModuleInstance[];
  readonly bytes: Promise<Uint8Array<ArrayBuffer>>;
  /** The same for whoever cannot wait. */
  readonly atOnce: (host: AtOnce) => Uint8Array<ArrayBuffer>;
}

/**
 * Saves a machine that is at rest, stands between two instructions, or waits for the host in a
 * call that no other call of the host is around. All is read before this returns: the machine
 * may run on while the bytes are put together.
 * @throws SnapshotError, as a rejection, for what cannot be saved
 */
export const saveSnapshot = async (
  machine: Machine,
  options: SaveOptions,
): Promise<Uint8Array<ArrayBuffer>> => takeSnapshot(machine, options).bytes;

/** The same for whoever wants to know at once what is in it. @throws SnapshotError */
export function takeSnapshot(machine: Machine, options: SaveOptions): TakenSnapshot {
  checkMachine(machine, options);
  let roots = options.instances;
  for (;;) {
    const saver = new Saver(machine, options, roots);
    const problem = saver.walk();
    const { list } = saver.graph.instances;
    // Functions are known by their instances, so those must be known first.
    if (list.length > roots.length) roots = list;
    else if (problem !== null) throw problem;
    else
      return {
        instances: list,
        bytes: saver.finish(),
        atOnce: (host) => saver.finishAtOnce(host),
      };
  }
}

function checkMachine(machine: Machine, { fibers, instances, asyncify = null }: SaveOptions): void {
  if (machine.awaiting > 0)
    throw new SnapshotError(
      `${machine.awaiting} calls wait for promises of the host, which cannot be saved`,
    );
  if (machine.stop !== null)
    throw new SnapshotError("the machine has an outcome that nobody has fetched: run it first");
  if (machine.interposer !== asyncify)
    throw new SnapshotError("the machine has an interposer that the options do not name");
  if (machine.fiber !== null && !isOver(machine.fiber)) checkChain(machine.fiber);
  for (const { funcs, module } of instances) {
    const native = funcs.find((func, i) => i >= module.imported.func && func.instance === null);
    if (native !== undefined && fibers?.functions.get(native.index) !== native)
      throw new SnapshotError(`${native.name} is native code that the options do not name`);
  }
}

class Saver {
  readonly graph: Graph;
  private readonly fibers: FiberWriter;
  private readonly writers = new Map(SECTIONS.map((name) => [name, new ByteWriter()]));
  private readonly contents: Uint8Array<ArrayBuffer>[] = [];
  /** As the machine is read: it may run on while the file is put together. */
  private unwinds = false;

  constructor(
    private readonly machine: Machine,
    private readonly options: SaveOptions,
    roots: readonly ModuleInstance[],
  ) {
    this.graph = new Graph(roots);
    this.fibers = new FiberWriter(this.graph);
  }

  private to(name: SectionName): ByteWriter {
    return this.writers.get(name)!;
  }

  /** Writes all that can be reached. @returns what is wrong with it, as far as it is known */
  walk(): SnapshotError | null {
    try {
      this.writeMachine();
      this.writeAsyncify();
      this.writeSuspended();
      while (this.step());
      this.writeLinks();
      this.checkAsyncify();
      return null;
    } catch (error) {
      if (error instanceof SnapshotError) return error;
      throw error;
    }
  }

  private writeMachine(): void {
    const { fiber, counters, maxFrames, maxNesting } = this.machine;
    const w = this.to("machine");
    const current = fiber === null || isOver(fiber) ? null : fiber;
    w.flag(current !== null);
    if (current !== null) w.uint(this.graph.fibers.idOf(current));
    w.uint(counters.executed);
    w.flag(counters.fuel !== Infinity);
    if (counters.fuel !== Infinity) w.uint(counters.fuel);
    w.uint(counters.nextFiber);
    w.uint(maxFrames);
    w.uint(maxNesting);
    this.unwinds = counters.drops > 0 || (fiber !== null && fiber.due >= 0);
    if (this.unwinds) w.uint(counters.drops);
  }

  private writeAsyncify(): void {
    const { asyncify } = this.options;
    const w = this.to("asyncify");
    w.flag(asyncify != null);
    if (asyncify != null) writeAsyncify(w, this.graph, asyncify);
  }

  /** What of asyncify's own has got into other hands. */
  private checkAsyncify(): void {
    const { asyncify } = this.options;
    if (asyncify == null) return;
    const { globals, memories } = this.graph;
    const { state, data } = asyncify.globals;
    const { own } = asyncify.records;
    if (globals.has(state) || globals.has(data) || (own !== null && memories.has(own)))
      throw new SnapshotError("an instance imports the globals or the memory of asyncify");
  }

  private writeSuspended(): void {
    const w = this.to("native fibers");
    const { fibers } = this.options;
    w.flag(fibers != null);
    if (fibers != null) writeSuspended(w, this.graph, fibers);
  }

  private writeLinks(): void {
    const { fibers } = this.options;
    if (fibers != null) writeLinks(this.to("native fibers"), this.graph, fibers);
  }

  /** Writes one thing that has not been written, if there is any. */
  private step(): boolean {
    const { graph, options } = this;
    const write = <T>(ids: Ids<T>, name: SectionName, entry: (w: ByteWriter, item: T) => void) => {
      const item = ids.next();
      if (item !== undefined) entry(this.to(name), item);
      return item !== undefined;
    };
    return (
      write(graph.instances, "instances", (w, x) => store.writeInstance(w, graph, x)) ||
      write(graph.memories, "memories", (w, x) => this.writeMemory(w, x)) ||
      write(graph.tables, "tables", (w, x) => store.writeTable(w, graph, x)) ||
      write(graph.globals, "globals", (w, x) => store.writeGlobal(w, graph, x)) ||
      write(graph.tags, "tags", (w, x) => store.writeTag(w, graph, x)) ||
      write(graph.fibers, "fibers", (_w, x) => this.fibers.write(x)) ||
      write(graph.structs, "structures", (w, x) => store.writeStruct(w, graph, x)) ||
      write(graph.arrays, "arrays", (w, x) => store.writeArray(w, graph, x)) ||
      write(graph.exceptions, "exceptions", (w, x) => store.writeException(w, graph, x)) ||
      write(graph.continuations, "continuations", (w, x) => store.writeContinuation(w, graph, x)) ||
      write(graph.hosts, "host values", (w, x) => store.writeHost(w, x, options.codec))
    );
  }

  private writeMemory(w: ByteWriter, memory: Parameters<typeof store.writeMemory>[1]): void {
    store.writeMemory(w, memory);
    for (const part of store.memoryContents(memory, this.graph.memories.idOf(memory)))
      this.contents.push(part.slice());
  }

  async finish(): Promise<Uint8Array<ArrayBuffer>> {
    const { compress = true } = this.options;
    const modules = this.graph.modules.list;
    const hashes = await Promise.all(modules.map(({ bytes }) => sha256(bytes)));
    return pack(this.file(hashes), compress);
  }

  finishAtOnce(host: AtOnce): Uint8Array<ArrayBuffer> {
    const { list } = this.graph.modules;
    const { compress = true } = this.options;
    const file = this.file(list.map(({ bytes }) => host.sha256(bytes)));
    return packAtOnce(file, compress ? host : { ...host, deflate: (bytes) => bytes });
  }

  /** @param hashes of the modules */
  private file(hashes: readonly Uint8Array[]): SnapshotFile {
    const { graph, options } = this;
    const { embedModules = true } = options;
    const modules = new ByteWriter();
    graph.modules.list.forEach(({ bytes }, i) => {
      modules.raw(hashes[i]!);
      modules.flag(embedModules);
      if (embedModules) modules.sized(bytes);
    });
    const types = new ByteWriter();
    types.raw(graph.types.bytes);
    const fibers = new ByteWriter();
    fibers.raw(this.fibers.finish());
    const written = new Map([...this.writers, ["modules", modules], ["types", types], ["fibers", fibers]] as const); // prettier-ignore
    const counts = new Map<SectionName, number>([
      ["modules", graph.modules.list.length],
      ["instances", graph.instances.list.length],
      ["memories", graph.memories.list.length],
      ["tables", graph.tables.list.length],
      ["globals", graph.globals.list.length],
      ["tags", graph.tags.list.length],
      ["structures", graph.structs.list.length],
      ["arrays", graph.arrays.list.length],
      ["exceptions", graph.exceptions.list.length],
      ["continuations", graph.continuations.list.length],
      ["host values", graph.hosts.list.length],
    ]);
    const sections: Section[] = SECTIONS.slice(0, -1).map((name) => {
      const count = counts.get(name);
      const { bytes } = written.get(name)!;
      if (count === undefined) return { name, bytes };
      const w = new ByteWriter();
      w.uint(count);
      w.raw(bytes);
      return { name, bytes: w.bytes };
    });
    for (const bytes of this.contents) sections.push({ name: "memory contents", bytes });
    const features =
      (embedModules ? 0 : FEATURES.moduleReferences) |
      (options.asyncify == null ? 0 : FEATURES.asyncify) |
      (options.fibers == null ? 0 : FEATURES.nativeFibers) |
      (this.unwinds ? FEATURES.unwinds : 0);
    return { features, sections };
  }
}
