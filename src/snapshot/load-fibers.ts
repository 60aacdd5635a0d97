// Fibers, read back: every frame must stand where validation knows an instruction, with
// slots of the types that it has there; every frame that waits must wait for what stands
// above it, and every fiber must be part of exactly one chain.

import { wordsOfAll } from "../exec/code.js";
import { beginWait, endWait } from "../exec/atomics.js";
import type { Chain } from "../exec/chains.js";
import { Fiber, Frame } from "../exec/fiber.js";
import { codeOf } from "../exec/lower.js";
import { writeSlots } from "../exec/slots.js";
import { ExceptionInstance } from "../runtime/exceptions.js";
import type { FuncInstance } from "../runtime/instances.js";
import { StoppedError } from "../runtime/traps.js";
import type { Value } from "../runtime/values.js";
import { formatValType, type ValType } from "../syntax/types.js";
import type { DefType } from "../valid/deftypes.js";
import { matchesValType } from "../valid/matching.js";
import type { SectionReader } from "./bytes.js";
import { type Position, Positions } from "./positions.js";
import * as at from "./positions.js";
import { readFunction, readReference, readValue, type Things } from "./references.js";
import { Waits } from "./save-fibers.js";

type Types = readonly ValType<DefType>[];

/** A fiber as its entry says, with what is needed to hold it against the others. */
export interface LoadedFiber {
  readonly fiber: Fiber;
  /** Where the entry stands. */
  readonly at: number;
  readonly positions: readonly Position[];
  readonly waits: number;
  readonly given: readonly Value[];
}

export class FiberReader {
  readonly fibers: Fiber[] = [];
  private readonly parents: (number | null)[] = [];
  private readonly places: { readonly func: FuncInstance; readonly position: Position }[] = [];

  /** Reads positions and what fibers there are. */
  constructor(
    readonly r: SectionReader,
    things: Things,
    nextFiber: number,
  ) {
    const positions = new Positions();
    const wanted = r.list("positions", () => {
      const start = r.pos;
      const func = readFunction(r, things);
      r.ensure(func.instance !== null, `${func.name} is no wasm function`, start);
      const offset = r.uint("a byte offset");
      positions.want(func, offset);
      return { func, offset, start };
    });
    for (const { func, offset, start } of wanted) {
      const position = positions.at(func, offset);
      r.ensure(position !== undefined, `no instruction of ${func.name} that could be reached starts at byte ${offset}`, start); // prettier-ignore
      this.places.push({ func, position });
    }
    const count = r.count("fibers");
    const ids = new Set<number>();
    for (let i = 0; i < count; i++) {
      const start = r.pos;
      const id = r.below(nextFiber, "the id of a fiber");
      r.ensure(id > 0 && !ids.has(id), `two fibers have the id ${id}`, start);
      ids.add(id);
      this.fibers.push(new Fiber(id, null, r.flag("whether the host started it")));
      this.parents.push(r.flag("whether it has a parent") ? r.below(count, "a fiber") : null);
    }
    this.parents.forEach((parent, i) => {
      if (parent !== null) this.fibers[i]!.resumer = this.fibers[parent]!;
    });
  }

  /** Reads what is in the fibers. @param orNull whether references may be null where their types do not say so */
  read(things: Things, orNull: OrNull): LoadedFiber[] {
    const loaded = this.fibers.map((fiber) => this.readFiber(fiber, things, orNull));
    this.r.end();
    return loaded;
  }

  private readFiber(fiber: Fiber, things: Things, orNull: OrNull): LoadedFiber {
    const r: SectionReader = this.r;
    const start = r.pos;
    fiber.begun = r.flag("whether it has begun");
    const entry = readFunction(r, things);
    fiber.entry = entry;
    const positions: Position[] = [];
    const depth = r.count("frames");
    for (let i = 0; i < depth; i++) {
      const place = r.pos;
      const { func, position } = this.places[r.below(this.places.length, "a position")]!;
      const results = i === 0 ? entry.signature.results : at.callResults(fiber.top.func, positions[i - 1]!); // prettier-ignore
      if (results === undefined)
        return r.fail(`a frame of ${func.name} lies above one that makes no call`, place);
      this.fits(func.signature.results, results, `results of ${func.name}`, place);
      this.readFrame(fiber, func, position, things, orNull);
      positions.push(position);
    }
    r.ensure(fiber.begun || depth === 0, "a fiber that has not begun has frames", start);
    const waits = r.below(4, "what it waits for");
    if (waits === Waits.hostCall) {
      const place = r.pos;
      const func = readFunction(r, things);
      r.ensure(func.host !== null, `${func.name} is no function of the host`, place);
      const args = func.signature.params.map((type) => readValue(r, things, type));
      fiber.hostCall = { func, args };
    }
    const types = givenTypes(fiber, positions.at(-1));
    const given = r.list("values given before", (i) => {
      r.ensure(i < types.length, `more than ${types.length} values`);
      return readValue(r, things, types[i]!);
    });
    const height = depth === 0 ? 0 : fiber.top.sp;
    if (waits === Waits.unwind) {
      const due = awaited(fiber, positions.at(-1)) ?? r.fail("it unwinds, but makes no call");
      fiber.due = wordsOfAll(due as readonly ValType[]);
      fiber.reserve(height + fiber.due);
      fiber.clear(height, fiber.due);
    }
    fiber.reserve(height + 4 * given.length + 2);
    const words = writeSlots(fiber, height, given);
    if (!fiber.root) fiber.bound = words;
    return { fiber, at: start, positions, waits, given };
  }

  private readFrame(
    fiber: Fiber,
    func: FuncInstance,
    { pc, locals, unset, operands, catches }: Position,
    things: Things,
    orNull: OrNull,
  ): void {
    const r: SectionReader = this.r;
    const code = codeOf(func);
    const fp = fiber.depth === 0 ? 0 : fiber.top.sp;
    const frame = (fiber.frames[fiber.depth++] = new Frame());
    frame.func = func;
    frame.pc = pc;
    frame.fp = fp;
    frame.sp = fp + wordsOfAll(locals as readonly ValType[]) + wordsOfAll(operands as readonly ValType[]); // prettier-ignore
    fiber.reserve(fp + code.maxWords);
    let word = fp;
    locals.forEach((type, i) => {
      const value = readValue(r, things, type, orNull.locals || unset.includes(i));
      word += writeSlots(fiber, word, [value]);
    });
    for (const type of operands)
      word += writeSlots(fiber, word, [readValue(r, things, type, orNull.operands)]);
    for (const place of catches) {
      const start = r.pos;
      const exception = readReference(r, things);
      if (!(exception instanceof ExceptionInstance)) return r.fail("expected an exception", start);
      (frame.caught ??= [])[place] = exception;
    }
  }

  /** Fails unless values of some types are what somebody waits for. */
  fits(found: Types, expected: Types, what: string, place: number): void {
    const list = (types: Types) => `[${types.map(formatValType).join(" ")}]`;
    const fit = found.length === expected.length && found.every((t, i) => matchesValType(t, expected[i]!)); // prettier-ignore
    this.r.ensure(fit, `${what}: ${list(found)}, expected ${list(expected)}`, place);
  }
}

/** Where references may be null that no program could make null: asyncify skips and forgets. */
export interface OrNull {
  readonly locals: boolean;
  readonly operands: boolean;
}

/** The types of what a fiber is given when it begins or goes on. */
function givenTypes(fiber: Fiber, top: Position | undefined): Types {
  if (!fiber.begun) return fiber.entry!.signature.params;
  return top === undefined ? [] : (at.suspendResults(fiber.top.func, top) ?? []);
}

/** The types of what its innermost frame gets as a call's results, or its resumer where it has none. */
const awaited = (fiber: Fiber, top: Position | undefined): Types | undefined =>
  top === undefined ? fiber.entry!.signature.results : at.callResults(fiber.top.func, top);

/** A chain that is put aside, and what can take it up again. */
export interface SuspendedChain extends Chain {
  readonly by: "continuation" | "fiber switch";
}

/** Puts fibers together to chains, and holds them against what they wait for. */
export class Chains {
  readonly suspended: SuspendedChain[] = [];
  private readonly taken = new Set<Fiber>();
  private readonly byFiber: ReadonlyMap<Fiber, LoadedFiber>;

  constructor(
    private readonly reader: FiberReader,
    private readonly loaded: readonly LoadedFiber[],
  ) {
    this.byFiber = new Map(loaded.map((l) => [l.fiber, l]));
  }

  private fail(fiber: Fiber, reason: string): never {
    return this.reader.r.fail(`fiber ${fiber.id} ${reason}`, this.byFiber.get(fiber)!.at);
  }

  /** The chain that the machine runs. */
  current(innermost: Fiber): void {
    const chain = this.chain(innermost);
    const outermost = chain[chain.length - 1]!;
    if (!outermost.root) this.fail(outermost, "was not started by the host, and has no parent");
    const { waits, positions, given } = this.byFiber.get(innermost)!;
    const { entry, begun, depth, hostCall: call, due } = innermost;
    const top = positions.at(-1);
    if (!begun) {
      if (
        !innermost.root ||
        waits !== Waits.nothing ||
        given.length < entry!.signature.params.length
      )
        this.fail(innermost, "has not begun, but runs");
    } else if (given.length > 0) this.fail(innermost, "runs, and was given values");
    const ready = waits === Waits.nothing || waits === Waits.unwind;
    innermost.status = ready ? "suspended" : "waiting";
    if (waits === Waits.hostCall) {
      const expected = awaited(innermost, top);
      if (expected === undefined) this.fail(innermost, "waits for the host, but makes no call");
      this.fits(innermost, call!.func.signature.results, expected, `results of ${call!.func.name}`);
    } else if (waits === Waits.notification) {
      if (top === undefined || !at.isWait(top.mnemonic)) this.fail(innermost, "stands at no wait");
      this.beginWait(innermost);
    } else if (begun && depth === 0 && due < 0)
      this.fail(innermost, "has no frames, and waits for nothing");
  }

  /** Waiting begins anew: other threads and clocks are those of whoever loads it */
  private beginWait(fiber: Fiber): void {
    try {
      const call = beginWait(fiber);
      if (typeof call !== "number") fiber.hostCall = call;
      else {
        endWait(fiber, call);
        fiber.status = "suspended";
      }
    } catch (error) {
      if (error instanceof StoppedError) this.fail(fiber, `cannot wait: ${error.message}`);
      throw error;
    }
  }

  /** A chain put aside by a continuation of this type. */
  continuation(type: DefType, innermost: Fiber, outer: Fiber): void {
    this.detached(innermost, outer, "continuation");
    const { params, results } = at.functionOf(type);
    const { positions, given } = this.byFiber.get(innermost)!;
    const top = positions.at(-1);
    const all = innermost.begun && top === undefined ? undefined : givenTypes(innermost, top);
    if (
      all === undefined ||
      (innermost.begun && at.suspendResults(innermost.top.func, top!) === undefined)
    )
      // prettier-ignore
      this.fail(innermost, "is a continuation's, but has not suspended");
    this.fits(innermost, params, all.slice(given.length), "what its continuation gives");
    this.fits(outer, outer.entry!.signature.results, results, "results of its continuation");
  }

  /** A chain put aside by a native fiber switch. */
  switched(innermost: Fiber, outer: Fiber): void {
    this.detached(innermost, outer, "fiber switch");
    const { positions, given } = this.byFiber.get(innermost)!;
    const top = positions.at(-1);
    if (
      top === undefined ||
      at.callResults(innermost.top.func, top)?.length !== 0 ||
      given.length > 0
    )
      this.fail(innermost, "stands at no call of a fiber switch");
  }

  private detached(innermost: Fiber, outer: Fiber, by: SuspendedChain["by"]): void {
    const chain = this.chain(innermost);
    if (chain[chain.length - 1] !== outer)
      this.fail(innermost, `has not fiber ${outer.id} outermost`);
    for (const fiber of chain) if (fiber.root) this.fail(fiber, "was started by the host, but is put aside"); // prettier-ignore
    if (this.byFiber.get(innermost)!.waits !== Waits.nothing) this.fail(innermost, "waits for the host, but is put aside"); // prettier-ignore
    innermost.status = innermost.begun ? "suspended" : "fresh";
    this.suspended.push({ by, fiber: innermost, outer });
  }

  /** A fiber and those that wait for it, innermost first. */
  private chain(innermost: Fiber): Fiber[] {
    const chain: Fiber[] = [];
    for (let fiber: Fiber | null = innermost; fiber !== null; fiber = fiber.resumer) {
      if (this.taken.has(fiber)) this.fail(fiber, "is in two chains, or in a circle");
      this.taken.add(fiber);
      chain.push(fiber);
      if (fiber.root && fiber.resumer !== null) this.fail(fiber, "was started by the host, but has a parent"); // prettier-ignore
    }
    for (let i = chain.length - 1; i > 0; i--) {
      const [fiber, child] = [chain[i]!, chain[i - 1]!];
      this.resuming(fiber, child);
      child.below = fiber.below + fiber.depth;
    }
    return chain;
  }

  /** A fiber waits for one that it resumed, or entered. */
  private resuming(fiber: Fiber, child: Fiber): void {
    const { waits, positions, given } = this.byFiber.get(fiber)!;
    const top = positions.at(-1);
    const expected =
      top && (at.resumeResults(fiber.top.func, top) ?? at.callResults(fiber.top.func, top));
    if (expected === undefined || waits !== Waits.nothing || given.length > 0)
      this.fail(fiber, `has fiber ${child.id} above it, but has not resumed it`);
    this.fits(child, child.entry!.signature.results, expected, "its results");
    fiber.status = "resuming";
  }

  private fits(fiber: Fiber, found: Types, expected: Types, what: string): void {
    this.reader.fits(found, expected, `${what} (fiber ${fiber.id})`, this.byFiber.get(fiber)!.at);
  }

  /** Every fiber must be somebody's. */
  end(): void {
    const stray = this.loaded.find(({ fiber }) => !this.taken.has(fiber));
    if (stray !== undefined) this.fail(stray.fiber, "is in no chain");
  }
}
