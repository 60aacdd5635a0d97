// Stops put into the code of one machine's instances, as breaks: what the program comes to
// there, and what it is about to do.

import { InstructionReader } from "../binary/code.js";
import { addBreaks, removeBreaks } from "../exec/breaks.js";
import { offsetOfPc, pcOfOffset } from "../exec/code.js";
import type { FiberView } from "../exec/fiber.js";
import { codeOf } from "../exec/lower.js";
import { type Place, Writers } from "../exec/writers.js";
import type { FuncInstance, ModuleInstance } from "../runtime/instances.js";
import type { MemoryInstance } from "../runtime/memory.js";
import type { CodeStop, Stops, WatchStop } from "./stops.js";
import { type Content, contentOf, placeOf, sameContent } from "./watch.js";

/** A watchpoint at work. */
export interface Watching {
  readonly stop: number;
  readonly writers: Writers;
  /** What was there when it was looked at last. */
  last: Content;
}

/** The bytes [from, to) of a memory. */
export interface Written {
  readonly memory: MemoryInstance;
  readonly from: number;
  readonly to: number;
}
const overlap = (place: Place & { kind: "memory" }, { memory, from, to }: Written): boolean =>
  memory === place.memory && from < place.address + place.size && place.address < to;

type Positions = Map<FuncInstance, Map<number, number[]>>;

export class Marks {
  private version = -1;
  /** Ids of breakpoints. */
  private readonly code: Positions = new Map();
  private readonly throws: Positions = new Map();
  private watches: Watching[] = [];

  /** @param instance whose indices the stops name @param instances all whose code may write */
  constructor(
    private readonly stops: Stops,
    private readonly instance: ModuleInstance,
    private readonly instances: readonly ModuleInstance[],
  ) {}

  /** Brings the breaks up to date. */
  update(): void {
    const { stops } = this;
    if (this.version === stops.version) return;
    this.version = stops.version;
    const enabled = stops.all.filter((stop) => stop.enabled);
    unmark(this.code);
    for (const stop of enabled) if (stop.kind === "code") this.addCode(stop);
    const throwing = enabled.some((stop) => stop.kind === "event" && stop.event === "throw");
    if (!throwing) unmark(this.throws);
    else if (this.throws.size === 0) this.addThrows();
    const watched = enabled.filter((stop): stop is WatchStop => stop.kind === "watch");
    this.watches = this.watches.filter(({ stop, writers }) => {
      const kept = watched.some(({ id }) => id === stop);
      if (!kept) writers.removeBreaks();
      return kept;
    });
    for (const { id, target } of watched) {
      if (this.watches.some(({ stop }) => stop === id)) continue;
      const writers = new Writers(placeOf(target, this.instance), this.instances);
      writers.addBreaks();
      this.watches.push({ stop: id, writers, last: null });
    }
  }

  /** Takes all breaks out. */
  remove(): void {
    unmark(this.code);
    unmark(this.throws);
    for (const { writers } of this.watches) writers.removeBreaks();
    this.watches = [];
    this.version = -1;
  }

  /** Ids of the breakpoints before the instruction at which the top frame stands. */
  codeAt({ top: { func, pc } }: FiberView): readonly number[] {
    return this.code.get(func)?.get(pc) ?? [];
  }
  /** Whether that throws an exception; nobody looks if no stop asks for it. */
  throwsAt({ top: { func, pc } }: FiberView): boolean {
    return this.throws.get(func)?.has(pc) === true;
  }
  /** The watchpoints to which it is about to write. */
  writesAt(fiber: FiberView): Watching[] {
    return this.watches.filter(({ writers }) => writers.writes(fiber));
  }

  /** What writes to what is watched. */
  get writers(): readonly Writers[] {
    return this.watches.map(({ writers }) => writers);
  }

  /** Notes what watchpoints hold. */
  look(fiber: FiberView | null): void {
    for (const watch of this.watches) watch.last = contentOf(watch.writers.place, fiber);
  }
  /** Those that hold something else than when they were looked at last, or lie where bytes were written. */
  changed(fiber: FiberView | null, written: Written | null = null): Watching[] {
    return this.watches.filter(({ writers: { place }, last }) => {
      // A frame that is gone has no locals, but nobody wrote to them.
      if (place.kind === "local") return false;
      if (place.kind === "memory" && written !== null && overlap(place, written)) return true;
      return !sameContent(last, contentOf(place, fiber));
    });
  }

  private addCode({ id, func: index, offset }: CodeStop): void {
    const func = this.instance.funcs[index]!;
    const pc = pcOfOffset(codeOf(func), offset);
    const at = this.code.get(func) ?? new Map<number, number[]>();
    this.code.set(func, at);
    const ids = at.get(pc);
    if (ids !== undefined) ids.push(id);
    else {
      at.set(pc, [id]);
      addBreaks(func, [pc]);
    }
  }

  private addThrows(): void {
    for (const instance of this.instances) {
      for (const func of instance.funcs) {
        if (func.instance !== instance) continue;
        const pcs = throwsIn(func);
        if (pcs.length === 0) continue;
        this.throws.set(func, new Map(pcs.map((pc) => [pc, []])));
        addBreaks(func, pcs);
      }
    }
  }
}

function unmark(positions: Positions): void {
  for (const [func, at] of positions) removeBreaks(func, [...at.keys()]);
  positions.clear();
}

const THROWS: ReadonlySet<string> = new Set(["throw", "throw_ref", "rethrow", "resume_throw", "resume_throw_ref"]); // prettier-ignore

function throwsIn(func: FuncInstance): number[] {
  const { module } = func.instance!;
  const { body } = module.functions[func.index - module.imported.func]!;
  const reader = new InstructionReader(module.bytes, body.offset, body.end);
  const pcs: number[] = [];
  while (reader.next()) {
    const { op, offset } = reader.instruction;
    if (!THROWS.has(op.mnemonic)) continue;
    const pc = pcOfOffset(codeOf(func), offset);
    if (pc >= 0 && offsetOfPc(codeOf(func), pc) === offset) pcs.push(pc);
  }
  return pcs;
}
